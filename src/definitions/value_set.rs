//! ValueSet without prose (R4 §4.9).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A set of codes, told by rules or by listing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueSet {
    /// Canonical URL, without version.
    pub url: String,
    /// Business version.
    pub version: String,
    /// Computable name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Value set publication-status; `active` unless told.
    #[serde(default = "active", skip_serializing_if = "is_active")]
    pub status: String,
    /// `compose.inactive`: whether codes that are no longer in use are in the set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive: Option<bool>,
    /// `compose.include`: what is in the set; a code need meet only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<Include>,
    /// `compose.exclude`: what is taken out again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Include>,
    /// `expansion.contains` flattened, when the publisher's package has a whole one and the rules above need code
    /// systems that no package has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expansion: Option<Vec<Coding>>,
}

fn active() -> String {
    "active".to_owned()
}

fn is_active(status: &str) -> bool {
    status == "active"
}

impl ValueSet {
    /// `url|version`.
    pub fn canonical(&self) -> String {
        format!("{}|{}", self.url, self.version)
    }

    /// As a FHIR resource, without its expansion.
    pub fn to_resource(&self) -> Value {
        let mut compose = Map::new();
        if let Some(inactive) = self.inactive {
            compose.insert("inactive".to_owned(), inactive.into());
        }
        for (name, rules) in [("include", &self.include), ("exclude", &self.exclude)] {
            // The rules have the shape they have in FHIR.
            if let (false, Ok(rules)) = (rules.is_empty(), serde_json::to_value(rules)) {
                compose.insert(name.to_owned(), rules);
            }
        }
        let mut resource = Map::new();
        resource.insert("resourceType".to_owned(), "ValueSet".into());
        let texts =
            [("url", &self.url), ("version", &self.version), ("name", &self.name), ("status", &self.status)];
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            resource.insert(name.to_owned(), text.as_str().into());
        }
        if !compose.is_empty() {
            resource.insert("compose".to_owned(), compose.into());
        }
        resource.into()
    }
}

/// One rule of a value set: codes must meet all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Include {
    /// The code system; absent when only `value_sets` say what is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The code system's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Codes must be in all of these value sets.
    #[serde(rename = "valueSet", skip_serializing_if = "Vec::is_empty")]
    pub value_sets: Vec<String>,
    /// Codes must meet all of these.
    #[serde(rename = "filter", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    /// The codes one by one; empty means all of the system.
    #[serde(rename = "concept", skip_serializing_if = "Vec::is_empty")]
    pub concepts: Vec<ConceptReference>,
}

/// A code named in a value set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConceptReference {
    /// The code.
    pub code: String,
    /// Text for it, where the value set gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// A rule on a property of a code system's concepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The property, or `concept`, `code`, `display`.
    pub property: String,
    /// Value set filter-operator: `=`, `is-a`, `regex` …
    pub op: String,
    /// What the property is compared with.
    pub value: String,
}

/// A code with its system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coding {
    /// The code system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The code.
    pub code: String,
    /// Text for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}
