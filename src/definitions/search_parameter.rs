//! SearchParameter without prose (R4 §2.43).

use serde::{Deserialize, Serialize};

/// One search parameter of one or more resource types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchParameter {
    /// Canonical URL, without version.
    pub url: String,
    /// Business version.
    #[serde(default)]
    pub version: String,
    /// The name in a search URL.
    pub code: String,
    /// The resource types it is for; `Resource` and `DomainResource` mean all.
    pub base: Vec<String>,
    /// How values are compared.
    #[serde(rename = "type")]
    pub kind: SearchKind,
    /// FHIRPath that finds the values; absent for `_text` and its like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Types a reference may point at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target: Vec<String>,
    /// The parts of a composite.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub component: Vec<Component>,
}

/// One part of a composite parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Canonical of the parameter that compares this part.
    pub definition: String,
    /// FHIRPath from the composite's element to the part.
    pub expression: String,
}

/// Value set search-param-type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchKind {
    /// A number, compared with its precision.
    Number,
    /// A date or period.
    Date,
    /// Text, case and accents folded.
    String,
    /// A code, identifier or flag.
    Token,
    /// A link to another resource.
    Reference,
    /// Several parameters on one element.
    Composite,
    /// A number with a unit.
    Quantity,
    /// A URI.
    Uri,
    /// Something of its own.
    Special,
}
