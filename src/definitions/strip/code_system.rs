//! CodeSystem (R4 §4.8).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Malformed, objects, owned, part, required, text};
use crate::definitions::code_system::{
    CodeSystem, Concept, Designation, Property, PropertyDefinition, STANDARD_PROPERTIES,
};

/// Where HL7's terminology editors keep notes on concepts: for publishing, not for choosing codes.
const EDITORIAL: &str = "http://terminology.hl7.org/CodeSystem/utg-concept-properties#";

/// Where FHIR's own properties are defined.
const STANDARD: &str = "http://hl7.org/fhir/concept-properties#";

/// What a concept's property is to us.
enum Use {
    Parent,
    Child,
    Keep,
    Drop,
}

/// A code system; `keeps_text` keeps properties of type string, which as often as not are prose.
pub(super) fn strip(resource: &Map<String, Value>, keeps_text: bool) -> Result<CodeSystem, Malformed> {
    let uses: HashMap<&str, Use> = objects(resource, "property")
        .filter_map(|property| Some((text(property, "code")?, use_of(property, keeps_text))))
        .collect();
    let properties = objects(resource, "property")
        .filter(|property| matches!(use_of(property, keeps_text), Use::Keep))
        .filter_map(definition);
    let properties = properties.collect();
    let mut concepts = Vec::new();
    add(resource, None, &uses, &mut concepts)?;
    parents_from_children(resource, &uses, &mut concepts);
    Ok(CodeSystem {
        url: required(resource, "url")?,
        version: text(resource, "version").unwrap_or_default().to_owned(),
        name: text(resource, "name").unwrap_or_default().to_owned(),
        content: part(resource, "content")?,
        case_sensitive: resource.get("caseSensitive").and_then(Value::as_bool).unwrap_or(true),
        value_set: owned(resource, "valueSet"),
        supplements: owned(resource, "supplements"),
        hierarchy_meaning: owned(resource, "hierarchyMeaning"),
        properties,
        concepts,
    })
}

fn use_of(property: &Map<String, Value>, keeps_text: bool) -> Use {
    let (code, uri) = (text(property, "code"), text(property, "uri").unwrap_or_default());
    match (code, uri) {
        (Some("parent"), _) | (_, "http://hl7.org/fhir/concept-properties#parent") => Use::Parent,
        (Some("child"), _) | (_, "http://hl7.org/fhir/concept-properties#child") => Use::Child,
        (_, uri) if uri.starts_with(EDITORIAL) => Use::Drop,
        _ if !keeps_text && text(property, "type") == Some("string") => Use::Drop,
        _ => Use::Keep,
    }
}

/// `None` for those of FHIR's own that need no definition.
fn definition(property: &Map<String, Value>) -> Option<PropertyDefinition> {
    let (code, uri) = (owned(property, "code")?, owned(property, "uri"));
    let is_standard = uri.as_deref().and_then(|uri| uri.strip_prefix(STANDARD)) == Some(&code);
    let goes_without_saying = is_standard && STANDARD_PROPERTIES.contains(&code.as_str());
    let kind = owned(property, "type")?;
    (!goes_without_saying).then_some(PropertyDefinition { code, uri, kind })
}

fn designation(designation: &Map<String, Value>) -> Option<Designation> {
    let usage = designation.get("use").and_then(Value::as_object);
    let usage = usage.and_then(|usage| Some((owned(usage, "system")?, owned(usage, "code")?)));
    Some(Designation { language: owned(designation, "language"), usage, value: owned(designation, "value")? })
}

fn add(
    level: &Map<String, Value>,
    parent: Option<&str>,
    uses: &HashMap<&str, Use>,
    concepts: &mut Vec<Concept>,
) -> Result<(), Malformed> {
    for item in objects(level, "concept") {
        let code = required(item, "code")?;
        let mut concept = Concept {
            code: code.clone(),
            display: owned(item, "display"),
            parents: parent.map(str::to_owned).into_iter().collect(),
            designations: objects(item, "designation").filter_map(designation).collect(),
            properties: Vec::new(),
        };
        for property in objects(item, "property") {
            let (Some(name), Some(value)) = (text(property, "code"), value_of(property)) else { continue };
            match (uses.get(name), value) {
                (Some(Use::Parent), Value::String(parent)) if !concept.parents.contains(parent) => {
                    concept.parents.push(parent.clone());
                }
                // Being active is what one expects of a concept.
                (Some(Use::Keep), value) if name != "status" || value != "active" => {
                    concept.properties.push(Property { code: name.to_owned(), value: value.clone() });
                }
                _ => {}
            }
        }
        concepts.push(concept);
        add(item, Some(&code), uses, concepts)?;
    }
    Ok(())
}

fn value_of(property: &Map<String, Value>) -> Option<&Value> {
    property.iter().find(|(name, _)| name.starts_with("value")).map(|(_, value)| value)
}

/// Some systems name a concept's children rather than its parents.
fn parents_from_children(level: &Map<String, Value>, uses: &HashMap<&str, Use>, concepts: &mut [Concept]) {
    if !uses.values().any(|u| matches!(u, Use::Child)) {
        return;
    }
    let mut pairs = Vec::new();
    children(level, uses, &mut pairs);
    let at: HashMap<String, usize> =
        concepts.iter().enumerate().map(|(index, concept)| (concept.code.clone(), index)).collect();
    for (parent, child) in pairs {
        if let Some(concept) = at.get(child).and_then(|index| concepts.get_mut(*index))
            && !concept.parents.iter().any(|known| known == parent)
        {
            concept.parents.push(parent.to_owned());
        }
    }
}

fn children<'v>(
    level: &'v Map<String, Value>,
    uses: &HashMap<&str, Use>,
    pairs: &mut Vec<(&'v str, &'v str)>,
) {
    for item in objects(level, "concept") {
        let Some(code) = text(item, "code") else { continue };
        for property in objects(item, "property") {
            let is_child = text(property, "code").and_then(|name| uses.get(name));
            if let (Some(Use::Child), Some(Value::String(child))) = (is_child, value_of(property)) {
                pairs.push((code, child));
            }
        }
        children(item, uses, pairs);
    }
}
