//! FHIR REST, R4: each interaction as R4 §3.1.0 has it.

mod batch;
mod binary;
mod body;
mod browser;
mod conditional;
mod docref;
mod everything;
mod history;
mod metadata;
mod methods;
mod odd;
mod provided;
mod read;
mod spaces;
mod transaction;
mod write;
mod xml;

use serde_json::{Value, json};

/// An invented patient.
fn patient(id: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "active": true, "name": [{"family": "Bramble", "given": ["Ada"]}]})
}
