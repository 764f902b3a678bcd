//! FHIR REST, R4, JSON: each interaction as R4 §3.1.0 has it.

mod body;
mod history;
mod read;
mod write;

use serde_json::{Value, json};

/// An invented patient.
fn patient(id: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "active": true, "name": [{"family": "Bramble", "given": ["Ada"]}]})
}
