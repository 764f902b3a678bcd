//! References between the entries of a Bundle (R4 §2.36.4, "resolving references in Bundles").

use std::collections::HashMap;

use serde_json::Value;

use super::environment::{Link, Resolution, Resolver};
use crate::fhir::Reference;

/// Resolves references among the entries of a Bundle; indexed once, so that each takes constant time.
pub struct Bundled<'a> {
    by_url: HashMap<&'a str, &'a Value>,
    by_identity: HashMap<(&'a str, &'a str), &'a Value>,
    /// The `fullUrl` of each resource, by where it is in memory.
    urls: HashMap<usize, &'a str>,
    /// Asked for what is not in the Bundle.
    otherwise: Option<&'a dyn Resolver<'a>>,
}

impl<'a> Bundled<'a> {
    /// Indexes a Bundle; `otherwise` is asked for what is not in it.
    pub fn new(bundle: &'a Value, otherwise: Option<&'a dyn Resolver<'a>>) -> Bundled<'a> {
        let (mut by_url, mut by_identity, mut urls) = (HashMap::new(), HashMap::new(), HashMap::new());
        for entry in bundle.get("entry").and_then(Value::as_array).into_iter().flatten() {
            let Some(resource) = entry.get("resource") else { continue };
            let text = |name| resource.get(name).and_then(Value::as_str);
            if let Some(url) = entry.get("fullUrl").and_then(Value::as_str) {
                by_url.entry(url).or_insert(resource);
                urls.insert(std::ptr::from_ref(resource).addr(), url);
            }
            if let (Some(type_name), Some(id)) = (text("resourceType"), text("id")) {
                by_identity.entry((type_name, id)).or_insert(resource);
            }
        }
        Bundled { by_url, by_identity, urls, otherwise }
    }

    fn find(&self, link: Link<'_>) -> Option<&'a Value> {
        let literal = link.literal?;
        if let Some(resource) = self.by_url.get(literal) {
            return Some(resource);
        }
        match Reference::parse(literal) {
            Reference::Relative { type_name, id, .. } => {
                let own_url =
                    link.container.and_then(|resource| self.urls.get(&std::ptr::from_ref(resource).addr()));
                match own_url.map(|url| Reference::parse(url)) {
                    // Relative to the server the entry came from.
                    Some(Reference::Absolute { base, .. }) => {
                        self.by_url.get(format!("{base}/{type_name}/{id}").as_str()).copied()
                    }
                    _ => self.by_identity.get(&(type_name, id)).copied(),
                }
            }
            Reference::Absolute { base, type_name, id, version: Some(_) } => {
                self.by_url.get(format!("{base}/{type_name}/{id}").as_str()).copied()
            }
            _ => None,
        }
    }
}

impl<'a> Resolver<'a> for Bundled<'a> {
    fn resolve(&self, link: Link<'_>) -> Resolution<'a> {
        match (self.find(link), self.otherwise) {
            (Some(resource), _) => Resolution::Resource(resource),
            (None, Some(otherwise)) => otherwise.resolve(link),
            (None, None) => Resolution::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_entries() {
        let bundle = json!({"resourceType": "Bundle", "entry": [
            {"fullUrl": "http://a.example/Task/1", "resource": {"resourceType": "Task", "id": "1"}},
            {"fullUrl": "http://b.example/Task/1", "resource": {"resourceType": "Task", "id": "1", "n": "b"}},
            {"fullUrl": "urn:uuid:0", "resource": {"resourceType": "Patient", "id": "p"}},
            {"fullUrl": "http://b.example/Basic/1"},
        ]});
        let resolver = Bundled::new(&bundle, None);
        let resource = |index: usize| &bundle["entry"][index]["resource"];
        for (container, literal, expected) in [
            (0, "Task/1", Some(0)),
            (1, "Task/1", Some(1)),
            (2, "Task/1", Some(0)),
            (0, "http://b.example/Task/1/_history/3", Some(1)),
            (0, "urn:uuid:0", Some(2)),
            (2, "Patient/p", Some(2)),
            (0, "Patient/p", None),
            (0, "http://c.example/Task/1", None),
        ] {
            let link = Link { literal: Some(literal), type_name: None, container: Some(resource(container)) };
            let found = match resolver.resolve(link) {
                Resolution::Resource(found) => Some(found),
                _ => None,
            };
            assert_eq!(
                found.map(std::ptr::from_ref),
                expected.map(|at| std::ptr::from_ref(resource(at))),
                "{literal}"
            );
        }
    }
}
