//! ConceptMap without prose (R4 §4.10).

use serde::{Deserialize, Serialize};

/// How codes of one system correspond to those of another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConceptMap {
    /// Canonical URL, without version.
    pub url: String,
    /// Business version.
    pub version: String,
    /// The value set of what is mapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The value set of what it is mapped to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The correspondences, by systems.
    #[serde(rename = "group", default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
}

/// Correspondences from one system to one other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Group {
    /// System of what is mapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_version: Option<String>,
    /// System of what it is mapped to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_version: Option<String>,
    /// The codes.
    #[serde(rename = "element", skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<Element>,
    /// What is done with codes that are not among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmapped: Option<Unmapped>,
}

/// What one code is mapped to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// The code.
    pub code: String,
    /// What it corresponds to; nothing, when it is known to have no counterpart.
    #[serde(rename = "target", default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
}

/// One counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its code; none, where the equivalence says that there is no counterpart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Text for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Value set concept-map-equivalence: how the target stands to the source.
    pub equivalence: String,
    /// What else must be so for the mapping to hold.
    #[serde(rename = "dependsOn", default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<OtherElement>,
    /// What else the mapping yields.
    #[serde(rename = "product", default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<OtherElement>,
}

/// Another element that a mapping depends on, or yields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherElement {
    /// Which.
    pub property: String,
    /// System of its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Its value.
    pub value: String,
    /// Text for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// What is done with codes that a group does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmapped {
    /// Value set conceptmap-unmapped-mode: `provided`, `fixed` or `other-map`.
    pub mode: String,
    /// With `fixed`: the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Text for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// With `other-map`: canonical of the map to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
