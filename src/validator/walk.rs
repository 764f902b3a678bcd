//! One walk through a resource: its shape against the types, and the rules of its type and profiles at every element.
//! Here the resources and objects; in `element` their properties and values.

use serde_json::{Map, Value};

use super::around::Around;
use super::element::{Asked, Element};
use super::path::Item;
use super::place::Place;
use super::rule::{Child, Compiled, Node};
use crate::definitions::{Property, TypeId, TypeKind};
use crate::fhir::{Issue, IssueCode, Severity};
use crate::fhirpath::{self, Environment};

/// How deep a resource may be: more than can be parsed, so only values made by hand reach it.
const MAX_DEPTH: usize = 200;

/// No more issues than this are told of one resource.
const MAX_ISSUES: usize = 1000;

/// A definition's node beside the element the walk is at.
#[derive(Clone, Copy)]
pub(super) struct Active<'a> {
    pub(super) node: &'a Node,
    pub(super) of: &'a Compiled,
}

/// Where a resource stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// By itself or in a Bundle: its id is a logical id.
    Own,
    /// In another resource.
    Contained,
}

/// An object and what stands around it.
#[derive(Clone, Copy)]
pub(super) struct Spot<'p, 'a> {
    pub(super) type_id: TypeId,
    /// The property it is a value of; `None` for a resource.
    pub(super) property: Option<&'a Property>,
    pub(super) place: &'p Place<'p>,
    pub(super) is_logical: bool,
}

pub(super) struct Walk<'a> {
    pub(super) around: &'a Around<'a>,
    pub(super) environment: Environment<'a>,
    /// The resource in which `#id` is looked for.
    pub(super) container: &'a Value,
    pub(super) issues: Vec<Issue>,
    is_malformed: bool,
    /// Whether only what profiles ask is looked at: the type's own rules are checked elsewhere.
    pub(super) only_asked: bool,
    /// How often each property of the objects now open was met, and each slice; each object has a stretch of it.
    pub(super) counts: Vec<u32>,
    /// The nodes beside the elements now open; each has a stretch of it.
    pub(super) nodes: Vec<Active<'a>>,
    /// What is asked of the properties now open; each has a stretch of it.
    pub(super) asked: Vec<Asked<'a>>,
}

static NO_RESOURCE: Value = Value::Null;

impl<'a> Walk<'a> {
    pub(super) fn new(around: &'a Around<'a>) -> Walk<'a> {
        Walk {
            around,
            environment: around.environment(),
            container: &NO_RESOURCE,
            issues: Vec::new(),
            is_malformed: false,
            only_asked: false,
            counts: Vec::with_capacity(256),
            nodes: Vec::with_capacity(32),
            asked: Vec::with_capacity(32),
        }
    }

    /// Walks a whole resource.
    pub(super) fn all(mut self, resource: &'a Value) -> Vec<Issue> {
        let type_name = resource.get("resourceType").and_then(Value::as_str).unwrap_or("Resource");
        let place = Place::root(type_name);
        self.resource(resource, &place, Standing::Own, 0);
        self.issues
    }

    /// A resource, beside the nodes from `from` on, its type and the profiles it says it meets.
    pub(super) fn resource(&mut self, value: &'a Value, place: &Place<'_>, standing: Standing, from: usize) {
        let Some(resource) = value.as_object() else {
            return self.malformed(place, "must be an object in JSON");
        };
        let validator = self.around.validator;
        let Some(type_name) = resource.get("resourceType").and_then(Value::as_str) else {
            return self.malformed(place, "a resource names its type in the property 'resourceType'");
        };
        let Some(type_id) = validator.definitions.types().resource(type_name) else {
            return self.malformed(place, "'resourceType' is no resource type of FHIR R4");
        };
        let mut own = from;
        if !place.is_root() {
            // What is asked of the element that holds the resource is about the resource around it.
            own = self.nodes.len();
            self.rules(type_id, None, Some(value), None, from..own, place);
        }
        if !self.only_asked {
            self.nodes.extend(validator.of_type(type_id).map(|of| Active { node: of.root(), of }));
            if place.is_root() {
                for profile in self.around.context.profiles {
                    self.claim(profile, type_id, from, place);
                }
            }
            self.claimed(type_id, resource, from, place);
        }
        let node = fhirpath::Node::resource(validator.definitions.types(), value);
        let outer = (
            self.environment.resource.replace(node.clone()),
            self.environment.root_resource.clone(),
            self.container,
        );
        if standing == Standing::Own {
            self.environment.root_resource = Some(node);
            self.container = value;
        }
        let item = Item { value: Some(value), type_id: Some(type_id), container: self.container };
        self.profiles(type_id, item, from, place);
        self.rules(type_id, None, Some(value), None, own..self.nodes.len(), place);
        if !self.only_asked {
            if validator.known.domain_resource.is_some_and(|id| self.is_a(type_id, id)) {
                self.domain_resource(resource, value, place, standing);
            }
            match type_name {
                "Bundle" => self.bundle(resource, place),
                "StructureDefinition" => self.discriminators(resource, place),
                "QuestionnaireResponse" => self.response(resource, place),
                _ => {}
            }
        }
        let is_logical = standing == Standing::Own;
        self.object(Spot { type_id, property: None, place, is_logical }, resource, from);
        (self.environment.resource, self.environment.root_resource, self.container) = outer;
    }

    /// Adds the profiles a resource says it meets, as far as they are at hand.
    fn claimed(&mut self, type_id: TypeId, resource: &Map<String, Value>, from: usize, place: &Place<'_>) {
        let claimed = resource.get("meta").and_then(|meta| meta.get("profile")).and_then(Value::as_array);
        for (index, canonical) in claimed.into_iter().flatten().enumerate() {
            let Some(canonical) = canonical.as_str() else { continue };
            let meta = place.below("meta", None);
            self.claim(canonical, type_id, from, &meta.below("profile", None).at(index));
        }
    }

    fn claim(&mut self, canonical: &str, type_id: TypeId, from: usize, place: &Place<'_>) {
        let validator = self.around.validator;
        let types = validator.definitions.types();
        match validator.profile(canonical) {
            Some(Ok(of)) if types.is_a(type_id, of.of_type) => self.add_root(of, from),
            Some(Ok(compiled)) => {
                let own = &types[compiled.of_type].name;
                let text = format!("this profile is for {own}, not for {}", types[type_id].name);
                let issue = Issue::error(IssueCode::Structure, text);
                self.add(issue.at(place.to_string()).by("profile", &compiled.canonical));
            }
            Some(Err(error)) => {
                let text = format!("not checked against this profile, which cannot be used: {error}");
                self.add(Issue::warning(IssueCode::Exception, text).at(place.to_string()));
            }
            None => {
                let text = "not checked against this profile, which is not at hand";
                let issue = Issue::new(Severity::Information, IssueCode::Informational, text);
                self.add(issue.at(place.to_string()));
            }
        }
    }

    /// Adds the root of a definition to the nodes from `from` on, unless it is there.
    pub(super) fn add_root(&mut self, of: &'a Compiled, from: usize) {
        let node = of.root();
        let known = self.nodes.get(from..).unwrap_or_default();
        if !known.iter().any(|known| std::ptr::eq(known.node, node)) {
            self.nodes.push(Active { node, of });
        }
    }

    /// The properties of an object, beside the nodes from `from` on.
    pub(super) fn object(&mut self, spot: Spot<'_, 'a>, object: &'a Map<String, Value>, from: usize) {
        let place = spot.place;
        if object.is_empty() {
            return self.malformed(place, "an object must not be empty");
        }
        if place.depth > MAX_DEPTH {
            return self.malformed(place, "nested too deeply");
        }
        let to = self.nodes.len();
        let types = self.around.validator.definitions.types();
        let of_type = &types[spot.type_id];
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
                    self.unknown(name, place, from);
                }
                continue;
            };
            let Some(property) = of_type.properties.get(index) else { continue };
            let is_primitive = types[value_type].kind == TypeKind::Primitive;
            let (value, shadow) = match (is_shadow, is_primitive) {
                (true, false) => {
                    self.unknown(name, place, from);
                    continue;
                }
                // Seen with the value beside which it stands.
                (true, true) if object.contains_key(stem) => continue,
                (true, true) => (None, Some(value)),
                (false, true) if has_shadows => (Some(value), object.get(&format!("_{name}"))),
                (false, _) => (Some(value), None),
            };
            let first_asked = self.asked.len();
            for active in self.nodes.get(from..to).unwrap_or_default() {
                if let Some(child) =
                    active.node.child(index).filter(|child| !child.is_only_counted(active.of))
                {
                    self.asked.push(Asked { child, of: active.of });
                }
            }
            let choice = property.is_choice.then(|| types[value_type].name.as_str());
            let element = Element {
                property,
                value_type,
                owner: spot,
                object,
                asked: first_asked..self.asked.len(),
                is_logical_id: spot.is_logical && property.name == "id",
            };
            let count = if self.only_asked && element.asked.is_empty() {
                value.or(shadow).and_then(Value::as_array).map_or(1, Vec::len).try_into().unwrap_or(u32::MAX)
            } else {
                self.property(&element, value, shadow, place.below(&property.name, choice))
            };
            self.asked.truncate(first_asked);
            if let Some(total) = self.counts.get_mut(start + index) {
                *total += count;
            }
        }
        for index in from..to {
            if let Some(active) = self.nodes.get(index).copied() {
                self.cardinality(active, Some(start), place);
            }
        }
        self.counts.truncate(start);
    }

    /// How often the properties of an object must and may be there; all none without `start`.
    pub(super) fn cardinality(&mut self, active: Active<'a>, start: Option<usize>, place: &Place<'_>) {
        for child in &active.node.children {
            let count = start.and_then(|start| self.counts.get(start + child.property)).copied().unwrap_or(0);
            if count == 0 {
                self.count_none(child, active.of, place);
            }
            if let Some(issue) = miscounted(child, count) {
                self.add(issue.at(place.to_string()).by("cardinality", &active.of.canonical));
            }
        }
    }

    fn unknown(&mut self, name: &str, place: &Place<'_>, from: usize) {
        if self.only_asked {
            return;
        }
        // The name is the sender's: keep it short and printable.
        let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        let issue = Issue::error(IssueCode::Structure, format!("'{name}' is no property FHIR has here"));
        let issue = issue.at(place.to_string());
        let active = self.nodes.get(from);
        let issue = match active {
            Some(active) => issue.by("property", &active.of.canonical),
            None => issue,
        };
        self.add(issue);
    }

    pub(super) fn is_a(&self, descendant: TypeId, ancestor: TypeId) -> bool {
        self.around.validator.definitions.types().is_a(descendant, ancestor)
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

/// What is wrong with the number of a property's values.
fn miscounted(child: &Child, count: u32) -> Option<Issue> {
    let name = &child.name;
    if count < child.min {
        let text = match (count, child.min) {
            (0, 1) => format!("'{name}' is missing"),
            (count, min) => format!("'{name}' is there {count} times; at least {min} times needed"),
        };
        return Some(Issue::error(IssueCode::Required, text));
    }
    let text = match child.max.filter(|max| count > *max)? {
        0 => format!("'{name}' must not be there"),
        max => format!("'{name}' is there {count} times; at most {max} allowed"),
    };
    Some(Issue::error(IssueCode::Structure, text))
}
