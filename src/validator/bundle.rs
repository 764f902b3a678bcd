//! Bundles: what is asked of entries together (R4 §2.36). Their invariants (bdl-1 to bdl-12) are evaluated like any.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::place::Place;
use super::walk::Walk;
use crate::fhir::{Issue, IssueCode, Reference};

const BUNDLE: &str = "http://hl7.org/fhir/StructureDefinition/Bundle";

impl<'a> Walk<'a> {
    /// The rules of a Bundle as a whole.
    pub(super) fn bundle(&mut self, bundle: &'a Map<String, Value>, place: &Place<'_>) {
        let kind = bundle.get("type").and_then(Value::as_str).unwrap_or_default();
        let entries = bundle.get("entry").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        self.first_entry(kind, entries, place);
        self.links(bundle, place);
        let mut seen = HashSet::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let place = place.below("entry", None).at(index);
            self.full_url(kind, entry, &place);
            // A history has many versions of a resource, a transaction may write one under a placeholder.
            let is_repeatable =
                matches!(kind, "history" | "batch" | "batch-response" | "transaction-response");
            let version = entry.pointer("/resource/meta/versionId").and_then(Value::as_str);
            if let Some(url) = entry.get("fullUrl").and_then(Value::as_str)
                && !seen.insert((url, version))
                && !is_repeatable
            {
                let issue = Issue::error(IssueCode::Duplicate, "another entry has the same fullUrl");
                self.add(issue.at(place.to_string()).by("bdl-7", BUNDLE));
            }
        }
    }

    /// A document begins with its Composition, a message with its header.
    fn first_entry(&mut self, kind: &str, entries: &[Value], place: &Place<'_>) {
        let wanted = match kind {
            "document" => "Composition",
            "message" => "MessageHeader",
            _ => return,
        };
        let first = entries.first().and_then(|entry| entry.pointer("/resource/resourceType")?.as_str());
        if first != Some(wanted) {
            let text = format!("the first resource of a {kind} is a {wanted}");
            let issue =
                Issue::error(IssueCode::Structure, text).at(place.below("entry", None).at(0).to_string());
            self.add(issue.by("first-entry", BUNDLE));
        }
    }

    /// Each relation is told once.
    fn links(&mut self, bundle: &Map<String, Value>, place: &Place<'_>) {
        let links = bundle.get("link").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut seen = HashSet::new();
        for (index, link) in links.iter().enumerate() {
            let Some(relation) = link.get("relation").and_then(Value::as_str) else { continue };
            if !seen.insert(relation) {
                let issue = Issue::error(IssueCode::Duplicate, "another link has the same relation");
                self.add(issue.at(place.below("link", None).at(index).to_string()).by("link", BUNDLE));
            }
        }
    }

    /// A `fullUrl` names the resource it stands beside; entries of documents and the like have one.
    fn full_url(&mut self, kind: &str, entry: &Value, place: &Place<'_>) {
        let Some(url) = entry.get("fullUrl").and_then(Value::as_str) else { return };
        let (own_type, own_id) = (entry.pointer("/resource/resourceType"), entry.pointer("/resource/id"));
        let Reference::Absolute { type_name, id, .. } = Reference::parse(url) else { return };
        // In a transaction the URL may stand for a resource that has no id yet.
        let is_other =
            |own: Option<&Value>, told: &str| own.and_then(Value::as_str).is_some_and(|own| own != told);
        let types = self.around.validator.definitions.types();
        if types.resource(type_name).is_none() || matches!(kind, "transaction" | "batch") {
            return;
        }
        if is_other(own_type, type_name) || is_other(own_id, id) {
            let text = "the resource is not the one that fullUrl names";
            let issue = Issue::error(IssueCode::Value, text).at(place.to_string());
            self.add(issue.by("fullUrl", BUNDLE));
        }
    }
}
