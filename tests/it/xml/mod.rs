//! The XML codec: pairs written by hand, all official examples there and back, what must be refused, random resources
//! and random bytes.

mod examples;
mod pairs;
mod random;
mod refused;

use sdoh_gateway::definitions::TypeGraph;
use sdoh_gateway::xml;
use serde_json::Value;

use crate::harness::embedded;

fn types() -> &'static TypeGraph {
    embedded().types()
}

/// What a value has become on its way through XML.
fn there_and_back(value: &Value) -> Result<Value, xml::XmlError> {
    xml::to_json(types(), xml::from_json(types(), value)?.as_bytes())
}
