//! CodeSystem without prose (R4 §4.8).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The codes of one system, or those a publisher chose to give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeSystem {
    /// Canonical URL, without version: the `system` of codings.
    pub url: String,
    /// Business version.
    pub version: String,
    /// Computable name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How much of the system is here.
    pub content: Content,
    /// Whether `A` and `a` are different codes; so unless it says otherwise.
    pub case_sensitive: bool,
    /// Canonical of the value set of all its codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_set: Option<String>,
    /// Canonical of the system this one supplements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplements: Option<String>,
    /// What a parent means: `is-a`, `grouped-by` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hierarchy_meaning: Option<String>,
    /// The properties its concepts may have, [`STANDARD_PROPERTIES`] left out.
    #[serde(rename = "property", default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<PropertyDefinition>,
    /// The concepts, parents before children.
    #[serde(rename = "concept", default, skip_serializing_if = "Vec::is_empty")]
    pub concepts: Vec<Concept>,
}

impl CodeSystem {
    /// `url|version`.
    pub fn canonical(&self) -> String {
        format!("{}|{}", self.url, self.version)
    }
}

/// Value set codesystem-content-mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// The codes are defined elsewhere.
    NotPresent,
    /// A few, for show.
    Example,
    /// A part.
    Fragment,
    /// All of them.
    Complete,
    /// Additions to another system's concepts.
    Supplement,
}

/// One code of a code system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Concept {
    /// The code.
    pub code: String,
    /// Text for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Codes of the concepts above it, whether the publisher nested it there or named them as properties.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// Further texts for it, in other languages or for other uses.
    #[serde(rename = "designation", skip_serializing_if = "Vec::is_empty")]
    pub designations: Vec<Designation>,
    /// Other properties that value sets may filter by.
    #[serde(rename = "property", skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property>,
}

/// Properties that FHIR itself defines (R4 §4.8.11), and whose type it tells: boolean, code, dateTime.
pub const STANDARD_PROPERTIES: [&str; 5] =
    ["inactive", "notSelectable", "status", "deprecationDate", "effectiveDate"];

/// A property that a code system's concepts may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyDefinition {
    /// Its name.
    pub code: String,
    /// What it means, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Value set concept-property-type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A text for a concept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Designation {
    /// Its language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What it is for: system and code.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<(String, String)>,
    /// The text.
    pub value: String,
}

/// A property of a concept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Property {
    /// Which.
    pub code: String,
    /// Its value: a string for a code, else as FHIR has it.
    pub value: Value,
}
