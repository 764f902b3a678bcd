//! Definitions kept as JSON: prose and publishing data taken out, the rest as it is.

use serde_json::{Map, Value, json};

use super::{extensions, objects, owned, text};
use crate::definitions::OtherDefinition;

/// The types that are kept.
const KEPT: [&str; 2] = ["CapabilityStatement", "CompartmentDefinition"];

/// Properties that tell people things, or tell where a definition comes from; at any depth.
const PROSE: [&str; 23] = [
    "extension",
    "text",
    "title",
    "description",
    "documentation",
    "purpose",
    "copyright",
    "contact",
    "publisher",
    "jurisdiction",
    "date",
    "status",
    "experimental",
    "meta",
    "id",
    "resourceType",
    "url",
    "version",
    "implementationGuide",
    "implementation",
    "software",
    "useContext",
    "definition",
];

/// How strongly a capability is asked for; kept as the property `expectation`.
const EXPECTATION: &str = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation";
/// Search parameters that go together; kept as the property `combinations`, each a list of codes.
const COMBINATION: &str =
    "http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination";

pub(super) fn strip(resource_type: &str, resource: &Map<String, Value>) -> Option<OtherDefinition> {
    if !KEPT.contains(&resource_type) {
        return None;
    }
    Some(OtherDefinition {
        resource_type: resource_type.to_owned(),
        url: owned(resource, "url")?,
        version: text(resource, "version").unwrap_or_default().to_owned(),
        content: object(resource, true),
    })
}

fn object(object: &Map<String, Value>, is_top: bool) -> Map<String, Value> {
    let kept = object.iter().filter(|(name, _)| {
        // Below the top, `definition` is a search parameter's or an operation's.
        let is_prose = PROSE.contains(&name.as_str());
        !is_prose || (!is_top && *name == "definition")
    });
    let stripped = kept.filter_map(|(name, value)| {
        // `_searchInclude` and its like stand beside an array, place by place.
        let value = match value {
            Value::Array(items) if name.starts_with('_') => {
                items.iter().map(|item| value_of(item).unwrap_or(Value::Null)).collect()
            }
            value => value_of(value)?,
        };
        Some((name.clone(), value))
    });
    let mut stripped: Map<String, Value> = stripped.collect();
    let expectation = extensions(object, EXPECTATION).find_map(|extension| extension.get("valueCode"));
    if let Some(expectation) = expectation {
        stripped.insert("expectation".to_owned(), expectation.clone());
    }
    let combinations: Vec<Value> = extensions(object, COMBINATION).map(combination).collect();
    if !combinations.is_empty() {
        stripped.insert("combinations".to_owned(), Value::Array(combinations));
    }
    stripped
}

/// `{"parameters": ["patient", "category"], "expectation": "SHALL"}`.
fn combination(extension: &Map<String, Value>) -> Value {
    let parts = objects(extension, "extension");
    let parameters = parts.filter(|part| matches!(text(part, "url"), Some("required" | "optional")));
    let names: Vec<Value> = parameters.filter_map(|part| part.get("valueString").cloned()).collect();
    let expectation = extensions(extension, EXPECTATION).find_map(|extension| extension.get("valueCode"));
    json!({"parameters": names, "expectation": expectation})
}

fn value_of(value: &Value) -> Option<Value> {
    match value {
        Value::Object(map) => {
            let object = object(map, false);
            (!object.is_empty()).then_some(Value::Object(object))
        }
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().filter_map(value_of).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        simple => Some(simple.clone()),
    }
}
