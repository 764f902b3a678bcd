//! Narrative: safe XHTML with some content, whose links lead somewhere (R4 §2.4.0, invariants txt-1 and txt-2).

use std::collections::HashSet;

use serde_json::Value;

use super::place::Place;
use super::walk::Walk;
use crate::fhir::{Issue, IssueCode};
use crate::fhirpath::html::{self, HtmlError};

const NARRATIVE: &str = "http://hl7.org/fhir/StructureDefinition/Narrative";

impl Walk<'_> {
    /// Checks `Narrative.div`.
    pub(super) fn narrative(&mut self, div: &str, place: &Place<'_>) {
        let links = match html::links(div) {
            Ok(links) => links,
            Err(error) => {
                let rule = if error == HtmlError::Empty { "txt-2" } else { "txt-1" };
                let issue = Issue::error(IssueCode::Invariant, error.to_string());
                return self.add(issue.at(place.to_string()).by(rule, NARRATIVE));
            }
        };
        let mut lost = links.targets.iter().filter(|target| !links.anchors.contains(target)).peekable();
        if lost.peek().is_none() {
            return;
        }
        let anchors = self.around.anchors(self.container);
        for _ in lost.filter(|target| !anchors.contains(**target)) {
            let text = "has a link within the resource ('#…') to what is not there";
            let issue = Issue::error(IssueCode::Value, text).at(place.to_string());
            self.add(issue.by("narrative-link", NARRATIVE));
        }
    }
}

/// Everything in a resource that a narrative may link to: elements with ids, in narratives ids and names.
pub(super) fn anchors<'v>(value: &'v Value, found: &mut HashSet<&'v str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| anchors(item, found)),
        Value::Object(object) => {
            for (name, part) in object {
                match (name.as_str(), part) {
                    ("id", Value::String(id)) => {
                        found.insert(id);
                    }
                    ("div", Value::String(div)) => found.extend(html::links(div).unwrap_or_default().anchors),
                    _ => anchors(part, found),
                }
            }
        }
        _ => {}
    }
}
