//! What resources refer to: resources of this server by type and id, definitions by their canonicals.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::definitions::{TypeGraph, TypeId};
use crate::fhir::{Reference, json};
use crate::store::Version;

/// Most URLs of canonicals that are looked for.
pub(super) const MOST_URLS: usize = 256;

/// Gathers what resources refer to.
pub(super) struct Links<'l> {
    types: &'l TypeGraph,
    base: &'l str,
    /// Types and ids.
    pub(super) resources: BTreeSet<(String, String)>,
    pub(super) canonicals: BTreeSet<String>,
}

impl<'l> Links<'l> {
    /// Nothing yet. References to `base` are to this server.
    pub(super) fn new(types: &'l TypeGraph, base: &'l str) -> Links<'l> {
        Links { types, base, resources: BTreeSet::new(), canonicals: BTreeSet::new() }
    }

    /// Adds what a resource refers to, and what it contains does. The profiles it claims are about it, not of it.
    pub(super) fn follow(&mut self, resource: &Value) {
        self.walk(resource, None);
    }

    /// `type_id` is the type as far as the place tells. JSON comes in here no deeper than it may be.
    fn walk(&mut self, value: &Value, type_id: Option<TypeId>) {
        match value {
            Value::Object(map) => {
                let own = map.get("resourceType").and_then(Value::as_str);
                let type_id = own.map_or(type_id, |name| self.types.resource(name));
                // Without a type nothing is known of what is in it.
                let Some(of_type) = type_id.map(|id| &self.types[id]) else { return };
                if let (Some(Value::String(literal)), "Reference") =
                    (map.get("reference"), of_type.name.as_str())
                    && let Some((type_name, id)) = Reference::parse(literal).local(self.base)
                {
                    self.resources.insert((type_name.to_owned(), id.to_owned()));
                }
                for (name, value) in map.iter().filter(|(name, _)| *name != "meta") {
                    if let Some((_, value_type)) = of_type.json_property(name) {
                        self.walk(value, Some(value_type));
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, type_id)),
            Value::String(canonical) if type_id.is_some_and(|id| self.types[id].name == "canonical") => {
                self.canonicals.insert(canonical.clone());
            }
            _ => {}
        }
    }
}

/// The URLs of canonicals, without versions.
pub(super) fn urls(canonicals: &BTreeSet<String>) -> BTreeSet<String> {
    canonicals.iter().map(|canonical| parts(canonical).0.to_owned()).collect()
}

/// Of resources, oldest first, those that canonicals name; of several of one name the last.
pub(super) fn named(canonicals: &BTreeSet<String>, resources: Vec<Version>) -> Vec<Version> {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, version) in resources.iter().enumerate() {
        let resource = version.body.as_deref().and_then(|body| json::parse(body.as_bytes()).ok());
        let text = |name: &str| resource.as_ref().and_then(|resource| resource.get(name)?.as_str());
        let Some(own_url) = text("url") else { continue };
        for canonical in canonicals {
            let (url, version) = parts(canonical);
            if url == own_url && (version.is_none() || version == text("version")) {
                found.insert(canonical, index);
            }
        }
    }
    let kept: BTreeSet<usize> = found.into_values().collect();
    let numbered = resources.into_iter().enumerate();
    numbered.filter(|(index, _)| kept.contains(index)).map(|(_, version)| version).collect()
}

/// URL and version of a canonical, the fragment left out.
fn parts(canonical: &str) -> (&str, Option<&str>) {
    let whole = canonical.split('#').next().unwrap_or(canonical);
    whole.split_once('|').map_or((whole, None), |(url, version)| (url, Some(version)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::definitions::Definitions;

    #[test]
    fn links() {
        let definitions = Definitions::embedded().unwrap();
        for (resource, resources, canonicals) in [
            (
                json!({"resourceType": "Task", "owner": {"reference": "Organization/o"}, "meta": {"profile": ["http://p"]},
                    "instantiatesCanonical": "http://a|1",
                    "input": [{"valueReference": {"reference": "http://gw/fhir/Questionnaire/q/_history/2"}},
                        {"valueCanonical": "http://q"}, {"valueString": "Organization/x"}]}),
                "Organization/o Questionnaire/q",
                "http://a|1 http://q",
            ),
            (
                json!({"resourceType": "Observation", "subject": {"reference": "#c"}, "performer": [
                    {"reference": "urn:uuid:1"}, {"reference": "http://other/fhir/Practitioner/p"}, {"reference": 7}],
                    "extension": [{"url": "http://e", "valueReference": {"reference": "Location/l"}}],
                    "contained": [{"resourceType": "Patient", "id": "c", "managingOrganization": {"reference": "Organization/o"}}],
                    "unknown": {"reference": "Location/x"}}),
                "Location/l Organization/o",
                "",
            ),
            (json!({"resourceType": "Nothing", "owner": {"reference": "Organization/o"}}), "", ""),
            (json!([1, null]), "", ""),
        ] {
            let mut links = Links::new(definitions.types(), "http://gw/fhir");
            links.follow(&resource);
            let found: Vec<String> =
                links.resources.iter().map(|(name, id)| format!("{name}/{id}")).collect();
            assert_eq!(found.join(" "), resources, "{resource}");
            assert_eq!(Vec::from_iter(links.canonicals).join(" "), canonicals, "{resource}");
        }
    }
}
