//! What resources refer to in their space, fetched before they are validated.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::access::Viewer;
use crate::access::reach::Identity;
use crate::definitions::{TypeGraph, TypeId, TypeKind};
use crate::fhir::{Issue, IssueCode, Reference, Resource, json};
use crate::fhirpath::{Link, Resolution};
use crate::search::{Handling, SearchRequest, escape};
use crate::store::Key;
use crate::validator::Resolver;

use super::{Gateway, Refused, Space};

/// How many resources a resource may refer to that are fetched; the targets of further references are not looked at.
const MOST_TARGETS: usize = 1000;
/// How many Questionnaires are fetched.
const MOST_FORMS: usize = 20;

/// The resources of a space that others refer to.
pub(super) struct Targets<'r> {
    base: String,
    resources: HashMap<Identity, Cow<'r, Value>>,
    /// Questionnaires, by canonical.
    forms: HashMap<String, Value>,
    /// What is not there, with the places it is referred to from.
    missing: BTreeMap<Identity, Vec<String>>,
}

impl Targets<'_> {
    /// Whether it is there, for whoever refers to it.
    pub(super) fn sees(&self, target: &Identity) -> bool {
        self.resources.contains_key(target)
    }

    /// That what is referred to on this server is not there: it may come later, so it is no error.
    pub(super) fn issues(&self) -> impl Iterator<Item = Issue> {
        self.missing.iter().flat_map(|((type_name, id), places)| {
            places.iter().map(move |place| {
                let text = format!("refers to {type_name}/{id}, which is not here");
                Issue::warning(IssueCode::NotFound, text).at(place)
            })
        })
    }
}

impl Resolver for Targets<'_> {
    fn resolve<'s>(&'s self, link: Link<'_>) -> Resolution<'s> {
        if let Some(form) = link.literal.and_then(|literal| self.forms.get(literal)) {
            return Resolution::Resource(form);
        }
        let local = link.literal.and_then(|literal| Reference::parse(literal).local(&self.base));
        let found =
            local.and_then(|(type_name, id)| self.resources.get(&(type_name.to_owned(), id.to_owned())));
        found.map_or(Resolution::Unknown, |found| Resolution::Resource(found))
    }
}

impl Gateway {
    /// Fetches what resources of a space refer to. `beside` are those that come into the space together with them.
    pub(super) async fn targets<'r>(
        &self,
        viewer: &Viewer,
        space: &Space,
        referring: &[&Resource],
        beside: HashMap<Identity, Cow<'r, Value>>,
    ) -> Result<Targets<'r>, Refused> {
        let mut search =
            Search { types: self.definitions().types(), base: &space.base, found: BTreeMap::new() };
        let mut canonicals = BTreeSet::new();
        for resource in referring {
            let type_id = search.types.resource(resource.type_name());
            search.walk(resource.as_value(), type_id, resource.type_name().to_owned());
            questionnaires(resource.as_value(), &mut canonicals);
        }
        let mut missing = search.found;
        missing.retain(|identity, _| !beside.contains_key(identity));
        let keys: Vec<Key> =
            missing.keys().map(|(type_name, id)| Key::new(space.id, type_name, id)).collect();
        let mut resources = beside;
        for version in self.inner.store.read_all(viewer, &keys).await? {
            if let Some(value) = version.body.and_then(|body| json::parse(body.as_bytes()).ok()) {
                let identity = (version.key.type_name.to_string(), version.key.id.to_string());
                missing.remove(&identity);
                resources.insert(identity, Cow::Owned(value));
            }
        }
        // Entries of a Bundle may refer to each other.
        if referring.iter().any(|resource| resource.type_name() == "Bundle") {
            missing.clear();
        }
        let mut forms = HashMap::new();
        for canonical in canonicals.into_iter().take(MOST_FORMS) {
            if let Some(form) = self.questionnaire(viewer, space, canonical).await? {
                forms.insert(canonical.to_owned(), form);
            }
        }
        Ok(Targets { base: space.base.clone(), resources, forms, missing })
    }

    /// The Questionnaire of that canonical in a space; the one last written, where several are.
    async fn questionnaire(
        &self,
        viewer: &Viewer,
        space: &Space,
        canonical: &str,
    ) -> Result<Option<Value>, Refused> {
        let (url, version) =
            canonical.split_once('|').map_or((canonical, ""), |(url, version)| (url, version));
        let parameters = [
            ("url", &*escape(url)),
            ("version", &*escape(version)),
            ("_sort", "-_lastUpdated"),
            ("_count", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let search = SearchRequest::parse(
            self.definitions(),
            self.registry(),
            &space.base,
            "Questionnaire",
            &parameters,
            Handling::Strict,
        );
        let Ok(search) = search else { return Ok(None) };
        let found = self.search(viewer, space, &search).await?.matches.pop().and_then(|version| version.body);
        Ok(found.and_then(|body| json::parse(body.as_bytes()).ok()))
    }
}

/// The forms that responses anywhere in a resource say they answer.
fn questionnaires<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(map) => {
            let type_name = map.get("resourceType").and_then(Value::as_str);
            let form = map.get("questionnaire").and_then(Value::as_str);
            found.extend(form.filter(|_| type_name == Some("QuestionnaireResponse")));
            map.values().for_each(|value| questionnaires(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| questionnaires(value, found)),
        _ => {}
    }
}

/// Looks for references to this server.
struct Search<'s> {
    types: &'s TypeGraph,
    base: &'s str,
    /// With the places they are at, as simple FHIRPaths.
    found: BTreeMap<Identity, Vec<String>>,
}

impl Search<'_> {
    fn walk(&mut self, value: &Value, type_id: Option<TypeId>, path: String) {
        match value {
            Value::Object(map) => {
                let own = map.get("resourceType").and_then(Value::as_str);
                let type_id = own.map_or(type_id, |name| self.types.resource(name));
                // Without a type nothing is known of what is in it.
                let Some(type_id) = type_id else { return };
                if self.types[type_id].name == "Reference"
                    && let Some(Value::String(literal)) = map.get("reference")
                {
                    self.add(literal, path.clone());
                }
                for (name, value) in map {
                    let Some((property, value_type)) = self.types[type_id].json_property(name) else {
                        continue;
                    };
                    let of_type = &self.types[value_type];
                    if of_type.kind == TypeKind::Primitive {
                        continue;
                    }
                    let choice = match property.is_choice {
                        true => format!(".ofType({})", of_type.name),
                        false => String::new(),
                    };
                    self.walk(value, Some(value_type), format!("{path}.{}{choice}", property.name));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(item, type_id, format!("{path}[{index}]"));
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, literal: &str, path: String) {
        let Some((type_name, id)) = Reference::parse(literal).local(self.base) else { return };
        let identity = (type_name.to_owned(), id.to_owned());
        if self.types.resource(type_name).is_some()
            && (self.found.len() < MOST_TARGETS || self.found.contains_key(&identity))
        {
            self.found.entry(identity).or_default().push(path);
        }
    }
}
