//! References: what they may lead to, and how (R4 §2.3.0).

use serde_json::{Map, Value};

use super::path::{Item, get};
use super::place::Place;
use super::rule::{Compiled, Targets};
use super::walk::Walk;
use crate::definitions::TypeId;
use crate::fhir::{Issue, IssueCode};
use crate::fhirpath::{Link, Resolution};

const REFERENCE: &str = "http://hl7.org/fhir/StructureDefinition/Reference";

/// What a reference leads to.
struct Target<'a> {
    resource: Option<&'a Value>,
    type_id: TypeId,
    /// `contained`, `bundled` or `referenced`.
    kind: &'static str,
}

impl<'a> Walk<'a> {
    /// What every reference must be like: `#id` has its contained resource (invariant ref-1), `type` tells the truth.
    pub(super) fn reference_shape(&mut self, reference: &'a Map<String, Value>, place: &Place<'_>) {
        let text = |name: &str| get(reference, name).and_then(Value::as_str);
        let Some(literal) = text("reference") else { return };
        if let Some(id) = literal.strip_prefix('#')
            && self.around.contained(self.container, id).is_none()
        {
            let issue = Issue::error(IssueCode::Invariant, "no contained resource has that id");
            return self.add(issue.at(place.to_string()).by("ref-1", REFERENCE));
        }
        if literal.starts_with("urn:") && self.around.is_bundle() && !self.around.entries().has_url(literal) {
            let issue = Issue::warning(IssueCode::NotFound, "no entry of the Bundle has that fullUrl");
            return self.add(issue.at(place.to_string()).by("reference", REFERENCE));
        }
        if self.around.context.demands.targets && !literal.starts_with('#') {
            self.must_lead_somewhere(literal, place);
        }
        let Some(declared) = text("type") else { return };
        let types = self.around.validator.definitions.types();
        let Some(target) = self.target(literal, None) else { return };
        let actual = &types[target.type_id].name;
        if actual != declared && types.resource(declared).is_some() {
            let text = format!("says it refers to a {declared}, but it refers to a {actual}");
            self.add(
                Issue::error(IssueCode::Structure, text).at(place.to_string()).by("reference", REFERENCE),
            );
        }
    }

    /// A reference to a resource on a server leads to one that is at hand.
    fn must_lead_somewhere(&mut self, literal: &'a str, place: &Place<'_>) {
        let is_known = self.target(literal, None).is_none_or(|target| target.resource.is_some());
        if !is_known {
            let issue = Issue::error(IssueCode::NotFound, "nothing at hand is what it refers to");
            self.add(issue.at(place.to_string()).by("reference", REFERENCE));
        }
    }

    /// Checks a reference against what it may lead to. What cannot be resolved is told by its text, as far as that
    /// goes.
    pub(super) fn targets(
        &mut self,
        targets: &'a Targets,
        reference: &'a Map<String, Value>,
        of: &Compiled,
        place: &Place<'_>,
    ) {
        let text = |name: &str| get(reference, name).and_then(Value::as_str);
        let Some(literal) = text("reference") else { return };
        let Some(target) = self.target(literal, text("type")) else { return };
        if !targets.aggregation.is_empty() && !targets.aggregation.iter().any(|kind| kind == target.kind) {
            let wanted = targets.aggregation.join(" or ");
            let text = format!("what it refers to must be {wanted}; it is {}", target.kind);
            self.add(
                Issue::error(IssueCode::Structure, text).at(place.to_string()).by("target", &of.canonical),
            );
        }
        if targets.allowed.is_empty() {
            return;
        }
        let of_type = || targets.allowed.iter().filter(|(id, _)| self.is_a(target.type_id, *id));
        if of_type().next().is_none() {
            let types = self.around.validator.definitions.types();
            let mut names: Vec<&str> =
                targets.allowed.iter().map(|(id, _)| types[*id].name.as_str()).collect();
            names.dedup();
            let own = &types[target.type_id].name;
            let text = format!("refers to a {own}; allowed here: {}", names.join(", "));
            return self.add(
                Issue::error(IssueCode::Structure, text).at(place.to_string()).by("target", &of.canonical),
            );
        }
        // A target of the right type, where no profile is asked for.
        if of_type().any(|(_, profile)| profile.is_none()) {
            return;
        }
        let Some(resource) = target.resource else { return };
        let profiles: Vec<_> = of_type().filter_map(|(_, profile)| profile.as_ref()).collect();
        let container = if target.kind == "contained" { self.container } else { resource };
        let item = Item { value: Some(resource), type_id: Some(target.type_id), container };
        let mut unknown = None;
        for profile in &profiles {
            match self.around.validator.profile_of(profile) {
                Some(compiled) if self.value_conforms(resource, item, compiled, profile.number) => return,
                Some(_) => {}
                None => unknown = Some(*profile),
            }
        }
        // What is not at hand cannot be held against it.
        if let Some(profile) = unknown {
            return self.not_at_hand(profile, place);
        }
        let names: Vec<&str> = profiles.iter().map(|profile| profile.canonical.as_str()).collect();
        let text = format!("what it refers to meets none of {}", names.join(", "));
        self.add(Issue::error(IssueCode::Structure, text).at(place.to_string()).by("target", &of.canonical));
    }

    /// What a reference leads to, as far as it can be told.
    fn target(&self, literal: &'a str, declared: Option<&str>) -> Option<Target<'a>> {
        let types = self.around.validator.definitions.types();
        let named = |resource: &Value| types.resource(resource.get("resourceType")?.as_str()?);
        if let Some(id) = literal.strip_prefix('#') {
            let resource = self.around.contained(self.container, id)?;
            return Some(Target { resource: Some(resource), type_id: named(resource)?, kind: "contained" });
        }
        let link = Link { literal: Some(literal), type_name: declared, container: Some(self.container) };
        if let Some(entry) = self.around.entries().find(literal, Some(self.container)) {
            return Some(Target { resource: Some(entry), type_id: named(entry)?, kind: "bundled" });
        }
        match self.around.find(link) {
            Resolution::Resource(resource) => {
                Some(Target { resource: Some(resource), type_id: named(resource)?, kind: "referenced" })
            }
            Resolution::Type(type_id) => Some(Target { resource: None, type_id, kind: "referenced" }),
            Resolution::Unknown => None,
        }
    }
}
