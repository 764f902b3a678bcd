//! ConceptMap (R4 §4.10).

use serde_json::{Map, Value};

use super::{Malformed, objects, owned, required, text};
use crate::definitions::concept_map::{ConceptMap, Element, Group, OtherElement, Target, Unmapped};

/// A concept map; without a URL when nothing refers to it.
pub(super) fn strip(resource: &Map<String, Value>) -> Result<ConceptMap, Malformed> {
    let choice = |canonical, uri| text(resource, canonical).or(text(resource, uri)).map(str::to_owned);
    Ok(ConceptMap {
        url: text(resource, "url").unwrap_or_default().to_owned(),
        version: text(resource, "version").unwrap_or_default().to_owned(),
        source: choice("sourceCanonical", "sourceUri"),
        target: choice("targetCanonical", "targetUri"),
        groups: objects(resource, "group").map(group).collect::<Result<_, _>>()?,
    })
}

fn group(group: &Map<String, Value>) -> Result<Group, Malformed> {
    let unmapped = |unmapped: &Map<String, Value>| -> Result<Unmapped, Malformed> {
        Ok(Unmapped {
            mode: required(unmapped, "mode")?,
            code: owned(unmapped, "code"),
            display: owned(unmapped, "display"),
            url: owned(unmapped, "url"),
        })
    };
    // An element without a code maps nothing.
    let elements = objects(group, "element").filter(|element| element.contains_key("code"));
    Ok(Group {
        source: owned(group, "source"),
        source_version: owned(group, "sourceVersion"),
        target: owned(group, "target"),
        target_version: owned(group, "targetVersion"),
        elements: elements.map(element).collect::<Result<_, _>>()?,
        unmapped: group.get("unmapped").and_then(Value::as_object).map(unmapped).transpose()?,
    })
}

fn element(element: &Map<String, Value>) -> Result<Element, Malformed> {
    let target = |target: &Map<String, Value>| -> Result<Target, Malformed> {
        Ok(Target {
            code: owned(target, "code"),
            display: owned(target, "display"),
            equivalence: required(target, "equivalence")?,
            depends_on: objects(target, "dependsOn").map(other_element).collect::<Result<_, _>>()?,
            products: objects(target, "product").map(other_element).collect::<Result<_, _>>()?,
        })
    };
    Ok(Element {
        code: required(element, "code")?,
        targets: objects(element, "target").map(target).collect::<Result<_, _>>()?,
    })
}

fn other_element(other: &Map<String, Value>) -> Result<OtherElement, Malformed> {
    Ok(OtherElement {
        property: required(other, "property")?,
        system: owned(other, "system"),
        value: required(other, "value")?,
        display: owned(other, "display"),
    })
}
