//! Definitions that are kept as JSON: capability statements, compartments.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A definition without a struct of its own: its JSON without prose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherDefinition {
    /// `CapabilityStatement` or `CompartmentDefinition`.
    pub resource_type: String,
    /// Canonical URL, without version.
    pub url: String,
    /// Business version.
    #[serde(default)]
    pub version: String,
    /// The rest of it.
    #[serde(flatten)]
    pub content: Map<String, Value>,
}
