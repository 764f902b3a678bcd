//! Contained resources (R4 §2.3.0.4, invariants dom-2 to dom-5), and that people can read a resource (dom-6).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::place::Place;
use super::walk::{Standing, Walk};
use crate::fhir::{Issue, IssueCode, Severity};

const DOMAIN_RESOURCE: &str = "http://hl7.org/fhir/StructureDefinition/DomainResource";

impl<'a> Walk<'a> {
    /// What holds for all domain resources.
    pub(super) fn domain_resource(
        &mut self,
        resource: &'a Map<String, Value>,
        value: &'a Value,
        place: &Place<'_>,
        standing: Standing,
    ) {
        let has_narrative = resource.get("text").is_some_and(|text| text.get("div").is_some());
        if !has_narrative && standing == Standing::Own {
            self.broken("dom-6", Severity::Information, "should have a narrative, for people to read", place);
        }
        let Some(Value::Array(contained)) = resource.get("contained") else { return };
        if standing == Standing::Contained {
            return self.broken("dom-2", Severity::Error, "a contained resource contains no others", place);
        }
        let mut mentioned = None;
        for (index, inner) in contained.iter().enumerate() {
            let above = place.below("contained", None).at(index);
            let has_meta = |name: &str| inner.get("meta").is_some_and(|meta| meta.get(name).is_some());
            if has_meta("versionId") || has_meta("lastUpdated") {
                self.broken(
                    "dom-4",
                    Severity::Error,
                    "a contained resource has no version and no time of change",
                    &above,
                );
            }
            if has_meta("security") {
                self.broken("dom-5", Severity::Error, "a contained resource has no security label", &above);
            }
            let Some(id) = inner.get("id").and_then(Value::as_str) else {
                self.broken("dom-3", Severity::Error, "a contained resource has an id", &above);
                continue;
            };
            let mentioned = mentioned.get_or_insert_with(|| {
                let mut found = HashSet::new();
                mentions(value, &mut found);
                found
            });
            if !mentioned.contains(id) && !refers_out(inner) {
                let text = "nothing refers to this contained resource, nor does it refer to its container";
                self.broken("dom-3", Severity::Error, text, &above);
            }
        }
    }

    fn broken(&mut self, key: &str, severity: Severity, text: &str, place: &Place<'_>) {
        let issue = Issue::new(severity, IssueCode::Invariant, text).at(place.to_string());
        self.add(issue.by(key, DOMAIN_RESOURCE));
    }
}

/// The ids of contained resources that anything refers to: strings that begin with `#`. Narrative is passed over.
fn mentions<'v>(value: &'v Value, found: &mut HashSet<&'v str>) {
    match value {
        Value::String(text) => found.extend(text.strip_prefix('#').filter(|id| !id.is_empty())),
        Value::Array(items) => items.iter().for_each(|item| mentions(item, found)),
        Value::Object(object) => {
            let parts = object.iter().filter(|(name, _)| name.as_str() != "div");
            parts.for_each(|(_, part)| mentions(part, found));
        }
        _ => {}
    }
}

/// Whether a contained resource refers to its container: `#`.
fn refers_out(value: &Value) -> bool {
    match value {
        Value::String(text) => text == "#",
        Value::Array(items) => items.iter().any(refers_out),
        Value::Object(object) => object.values().any(refers_out),
        _ => false,
    }
}
