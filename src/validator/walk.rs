//! One walk through a resource: its shape against the types, and the rules of its type and profiles at every element.
//! Here the resources and objects; in `element` their properties and values.

use serde_json::{Map, Value};

use super::Validator;
use super::element::Element;
use super::place::Place;
use super::rule::{Compiled, Node};
use crate::definitions::{TypeId, TypeKind};
use crate::fhir::{Issue, IssueCode, Severity};

/// How deep a resource may be: more than can be parsed, so only values made by hand reach it.
const MAX_DEPTH: usize = 200;

/// No more issues than this are told of one resource.
const MAX_ISSUES: usize = 1000;

/// A definition's node beside the element the walk is at.
#[derive(Clone, Copy)]
pub(super) struct Active<'v> {
    pub(super) node: &'v Node,
    pub(super) of: &'v Compiled,
}

/// Where a resource stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// By itself or in a Bundle: its id is a logical id.
    Own,
    /// In another resource.
    Contained,
}

pub(super) struct Walk<'v> {
    pub(super) validator: &'v Validator,
    issues: Vec<Issue>,
    is_malformed: bool,
    /// How often each property of the objects now open was met; each object has a stretch of it.
    counts: Vec<u32>,
}

impl<'v> Walk<'v> {
    /// Walks a whole resource.
    pub(super) fn all(validator: &'v Validator, resource: &Map<String, Value>) -> Vec<Issue> {
        let mut walk =
            Walk { validator, issues: Vec::new(), is_malformed: false, counts: Vec::with_capacity(256) };
        let type_name = resource.get("resourceType").and_then(Value::as_str).unwrap_or("Resource");
        walk.resource(resource, &Place::root(type_name), Standing::Own);
        walk.issues
    }

    pub(super) fn resource(&mut self, resource: &Map<String, Value>, place: &Place<'_>, standing: Standing) {
        let validator = self.validator;
        let Some(type_name) = resource.get("resourceType").and_then(Value::as_str) else {
            return self.malformed(place, "a resource names its type in the property 'resourceType'");
        };
        let Some(type_id) = validator.definitions.types().resource(type_name) else {
            return self.malformed(place, "'resourceType' is no resource type of FHIR R4");
        };
        let profiles = self.profiles(type_id, resource, place);
        self.object(type_id, resource, &profiles, place, standing);
    }

    /// The profiles a resource says it meets, as far as they are at hand.
    fn profiles(
        &mut self,
        type_id: TypeId,
        resource: &Map<String, Value>,
        place: &Place<'_>,
    ) -> Vec<Active<'v>> {
        let validator = self.validator;
        let mut profiles = Vec::new();
        let claimed = resource.get("meta").and_then(|meta| meta.get("profile")).and_then(Value::as_array);
        for (index, canonical) in claimed.into_iter().flatten().enumerate() {
            let Some(canonical) = canonical.as_str() else { continue };
            let meta = place.below("meta", None);
            let place = meta.below("profile", None).at(index);
            match validator.profile(canonical) {
                Some(Ok(compiled)) if compiled.of_type == type_id => {
                    if !profiles.iter().any(|known: &Active<'_>| std::ptr::eq(known.of, compiled)) {
                        profiles.push(Active { node: &compiled.root, of: compiled });
                    }
                }
                Some(Ok(compiled)) => {
                    let own = &validator.definitions.types()[compiled.of_type].name;
                    let issue = Issue::error(
                        IssueCode::Structure,
                        format!(
                            "this profile is for {own}, not for {}",
                            validator.definitions.types()[type_id].name
                        ),
                    );
                    self.add(issue.at(place.to_string()).by("profile", &compiled.canonical));
                }
                Some(Err(error)) => {
                    let text = format!("not checked against this profile, which cannot be used: {error}");
                    self.add(Issue::warning(IssueCode::Exception, text).at(place.to_string()));
                }
                None => {
                    let text = "not checked against this profile, which is not at hand".to_owned();
                    let issue = Issue::new(Severity::Information, IssueCode::Informational, text);
                    self.add(issue.at(place.to_string()));
                }
            }
        }
        profiles
    }

    /// An object against its type and the nodes of profiles.
    pub(super) fn object(
        &mut self,
        type_id: TypeId,
        object: &Map<String, Value>,
        profiles: &[Active<'v>],
        place: &Place<'_>,
        standing: Standing,
    ) {
        if object.is_empty() {
            return self.malformed(place, "an object must not be empty");
        }
        if place.depth > MAX_DEPTH {
            return self.malformed(place, "nested too deeply");
        }
        let validator = self.validator;
        let of_type = &validator.definitions.types()[type_id];
        let own = validator.of_type(type_id).map(|of| Active { node: &of.root, of });
        let start = self.counts.len();
        self.counts.resize(start + of_type.properties.len(), 0);
        let has_shadows = object.keys().any(|name| name.starts_with('_'));
        for (name, value) in object {
            let (stem, is_shadow) = match name.strip_prefix('_') {
                Some(stem) => (stem, true),
                None => (name.as_str(), false),
            };
            let Some((index, value_type)) = of_type.json_property_index(stem) else {
                if of_type.kind != TypeKind::Resource || name != "resourceType" {
                    self.unknown(name, place, own.or(profiles.first().copied()));
                }
                continue;
            };
            let Some(property) = of_type.properties.get(index) else { continue };
            let is_primitive = validator.definitions.types()[value_type].kind == TypeKind::Primitive;
            let (value, shadow) = match (is_shadow, is_primitive) {
                (true, false) => {
                    self.unknown(name, place, own);
                    continue;
                }
                // Seen with the value beside which it stands.
                (true, true) if object.contains_key(stem) => continue,
                (true, true) => (None, Some(value)),
                (false, true) if has_shadows => (Some(value), object.get(&format!("_{name}"))),
                (false, _) => (Some(value), None),
            };
            let mut nodes = Vec::new();
            for active in own.iter().chain(profiles) {
                if let Some(child) = active.node.child(index).filter(|child| !child.node.is_empty()) {
                    nodes.push(Active { node: &child.node, of: active.of });
                }
            }
            let choice = property.is_choice.then(|| validator.definitions.types()[value_type].name.as_str());
            let is_own = of_type.kind == TypeKind::Resource && standing == Standing::Own;
            let element = Element {
                property,
                value_type,
                nodes: &nodes,
                is_logical_id: is_own && property.name == "id",
            };
            let count = self.property(&element, value, shadow, place.below(&property.name, choice));
            if let Some(total) = self.counts.get_mut(start + index) {
                *total += count;
            }
        }
        for active in own.iter().chain(profiles) {
            self.cardinality(*active, start, place);
        }
        self.counts.truncate(start);
    }

    /// How often the properties of an object must and may be there.
    fn cardinality(&mut self, active: Active<'v>, start: usize, place: &Place<'_>) {
        for child in &active.node.children {
            let count = self.counts.get(start + child.property).copied().unwrap_or(0);
            let name = &child.name;
            let issue = if count < child.min {
                let text = match (count, child.min) {
                    (0, 1) => format!("'{name}' is missing"),
                    (count, min) => format!("'{name}' is there {count} times; at least {min} times needed"),
                };
                Issue::error(IssueCode::Required, text)
            } else if child.max.is_some_and(|max| count > max) {
                let text = match child.max {
                    Some(0) => format!("'{name}' must not be there"),
                    max => format!("'{name}' is there {count} times; at most {} allowed", max.unwrap_or(0)),
                };
                Issue::error(IssueCode::Structure, text)
            } else {
                continue;
            };
            self.add(issue.at(place.to_string()).by("cardinality", &active.of.canonical));
        }
    }

    fn unknown(&mut self, name: &str, place: &Place<'_>, active: Option<Active<'v>>) {
        // The name is the sender's: keep it short and printable.
        let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        let issue = Issue::error(IssueCode::Structure, format!("'{name}' is no property FHIR has here"));
        let issue = issue.at(place.to_string());
        self.add(match active {
            Some(active) => issue.by("property", &active.of.canonical),
            None => issue,
        });
    }

    pub(super) fn malformed(&mut self, place: &Place<'_>, text: impl Into<String>) {
        self.add(Issue::new(Severity::Fatal, IssueCode::Structure, text).at(place.to_string()));
    }

    pub(super) fn add(&mut self, issue: Issue) {
        // That a resource is malformed must be told, however much else there is to tell.
        let is_first_fatal = issue.severity == Severity::Fatal && !self.is_malformed;
        if self.issues.len() < MAX_ISSUES || is_first_fatal {
            self.is_malformed |= is_first_fatal;
            self.issues.push(issue);
        }
    }
}
