//! From a resource as published to what the gateway needs of it, without prose.
//!
//! Each resource is stripped by itself: what comes out depends on nothing but what goes in.

mod code_system;
mod concept_map;
mod differential;
mod other;
mod search_parameter;
mod structure;
mod value_set;

use serde_json::{Map, Value};

pub(super) use self::structure::comes_with_type;
use super::snapshot::Differential;
use super::{CodeSystem, ConceptMap, OtherDefinition, SearchParameter, StructureDefinition, ValueSet};

/// A definition of one of the types the gateway has a use for.
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    /// A type, profile or extension, with its snapshot.
    Structure(Box<StructureDefinition>),
    /// A profile or extension as its differential tells it; see [`super::snapshot`].
    Differential(Box<Differential>),
    /// A search parameter.
    SearchParameter(SearchParameter),
    /// A value set.
    ValueSet(ValueSet),
    /// A code system.
    CodeSystem(CodeSystem),
    /// A concept map.
    ConceptMap(ConceptMap),
    /// A definition that is kept as JSON.
    Other(OtherDefinition),
}

impl Definition {
    /// Gives a definition without a version that of its package.
    pub(super) fn default_version(&mut self, version: &str) {
        let own = match self {
            Definition::Structure(structure) => &mut structure.version,
            Definition::Differential(differential) => &mut differential.structure.version,
            Definition::SearchParameter(parameter) => &mut parameter.version,
            Definition::ValueSet(value_set) => &mut value_set.version,
            Definition::CodeSystem(system) => &mut system.version,
            Definition::ConceptMap(map) => &mut map.version,
            Definition::Other(other) => &mut other.version,
        };
        if own.is_empty() {
            version.clone_into(own);
        }
    }

    /// Has the snapshot that came with a differential take its place.
    pub(super) fn settle(&mut self) {
        if let Definition::Differential(differential) = self
            && !differential.structure.elements.is_empty()
        {
            *self = Definition::Structure(Box::new(differential.structure.clone()));
        }
    }
}

/// Why a resource could not be stripped.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// A property that every such resource has is missing or of another kind.
    #[error("'{0}' is missing or not what FHIR says")]
    Property(&'static str),
    /// A part of it is not as FHIR says.
    #[error("{place}: {source}")]
    Part {
        /// Which part, by id or code.
        place: String,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// Strips a resource; `None` when it is of a type the gateway does not use, an example, or a logical model. A profile
/// that has a differential comes as that, its snapshot beside it.
pub fn strip(resource: &Value) -> Result<Option<Definition>, Malformed> {
    let Some(resource) = resource.as_object() else { return Ok(None) };
    if text(resource, "id").is_some_and(|id| id == "example" || id.starts_with("example-")) {
        return Ok(None);
    }
    match text(resource, "resourceType") {
        Some("StructureDefinition") => {
            let Some(structure) = structure::strip(resource)? else { return Ok(None) };
            Ok(match differential::strip(resource, &structure)? {
                Some(differential) if !structure.is_type() => {
                    Some(Definition::Differential(Box::new(differential)))
                }
                _ if structure.elements.is_empty() => None,
                _ => Some(Definition::Structure(Box::new(structure))),
            })
        }
        Some("SearchParameter") => Ok(search_parameter::strip(resource)?.map(Definition::SearchParameter)),
        // Without a URL nothing can refer to it.
        Some("ValueSet") if resource.contains_key("url") => {
            Ok(Some(Definition::ValueSet(value_set::strip(resource)?)))
        }
        Some("ValueSet") => Ok(None),
        Some("CodeSystem") => Ok(Some(Definition::CodeSystem(code_system::strip(resource, false)?))),
        // Those made to show how maps are written say that they are experimental.
        Some("ConceptMap") if resource.get("experimental").and_then(Value::as_bool) != Some(true) => {
            Ok(Some(Definition::ConceptMap(concept_map::strip(resource)?)))
        }
        Some(resource_type) => Ok(other::strip(resource_type, resource).map(Definition::Other)),
        None => Ok(None),
    }
}

/// A ValueSet as a client sends or stores it, examples and those without a URL included.
pub fn value_set(resource: &Value) -> Result<ValueSet, Malformed> {
    value_set::strip(resource.as_object().ok_or(Malformed::Property("resourceType"))?)
}

/// A CodeSystem as a client sends or stores it, with those of its properties that are texts.
pub fn code_system(resource: &Value) -> Result<CodeSystem, Malformed> {
    code_system::strip(resource.as_object().ok_or(Malformed::Property("resourceType"))?, true)
}

/// A ConceptMap as a client sends or stores it, examples and those without a URL included.
pub fn concept_map(resource: &Value) -> Result<ConceptMap, Malformed> {
    concept_map::strip(resource.as_object().ok_or(Malformed::Property("resourceType"))?)
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    object.get(name)?.as_str()
}

fn owned(object: &Map<String, Value>, name: &str) -> Option<String> {
    text(object, name).map(str::to_owned)
}

fn required(object: &Map<String, Value>, name: &'static str) -> Result<String, Malformed> {
    owned(object, name).ok_or(Malformed::Property(name))
}

fn objects<'v>(object: &'v Map<String, Value>, name: &str) -> impl Iterator<Item = &'v Map<String, Value>> {
    object.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn texts(object: &Map<String, Value>, name: &str) -> Vec<String> {
    let values = object.get(name).and_then(Value::as_array);
    values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The extensions of that URL.
fn extensions<'v>(
    object: &'v Map<String, Value>,
    url: &'static str,
) -> impl Iterator<Item = &'v Map<String, Value>> {
    objects(object, "extension").filter(move |extension| text(extension, "url") == Some(url))
}

/// Reads a part whose JSON has one of FHIR's closed lists of codes.
fn part<T: serde::de::DeserializeOwned>(
    object: &Map<String, Value>,
    name: &'static str,
) -> Result<T, Malformed> {
    let value = object.get(name).cloned().unwrap_or(Value::Null);
    serde_json::from_value(value).map_err(|source| Malformed::Part { place: name.to_owned(), source })
}
