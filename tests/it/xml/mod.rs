//! The XML codec: pairs written by hand, all official examples there and back, what must be refused, random resources
//! and random bytes.

mod examples;
mod pairs;
mod random;
mod refused;

use std::sync::OnceLock;

use sdoh_gateway::definitions::{Definitions, TypeGraph};
use sdoh_gateway::xml;
use serde_json::Value;

fn types() -> &'static TypeGraph {
    static DEFINITIONS: OnceLock<Definitions> = OnceLock::new();
    DEFINITIONS.get_or_init(|| Definitions::embedded().unwrap()).types()
}

/// What a value has become on its way through XML.
fn there_and_back(value: &Value) -> Result<Value, xml::XmlError> {
    xml::to_json(types(), xml::from_json(types(), value)?.as_bytes())
}
