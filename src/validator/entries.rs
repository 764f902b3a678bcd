//! The entries of a Bundle by what others call them (R4 §2.36.4, "resolving references in bundles").

use std::collections::HashMap;

use serde_json::Value;

use crate::fhir::Reference;

/// Entries by `fullUrl` and by type and id; the resources among Parameters likewise. Empty for anything else.
#[derive(Debug, Default)]
pub(super) struct Entries<'a> {
    by_url: HashMap<&'a str, &'a Value>,
    by_id: HashMap<(&'a str, &'a str), &'a Value>,
    /// The `fullUrl` of each resource, by its address.
    urls: HashMap<usize, &'a str>,
}

impl<'a> Entries<'a> {
    /// Takes note of all entries of a Bundle.
    pub(super) fn of(bundle: &'a Value) -> Entries<'a> {
        let text = |value: &'a Value, name: &str| value.get(name).and_then(Value::as_str);
        let mut entries = Entries::default();
        let list = match text(bundle, "resourceType") {
            Some("Bundle") => "entry",
            Some("Parameters") => "parameter",
            _ => return entries,
        };
        for entry in bundle.get(list).and_then(Value::as_array).into_iter().flatten() {
            let Some(resource) = entry.get("resource") else { continue };
            if let Some(url) = text(entry, "fullUrl") {
                entries.by_url.entry(url).or_insert(resource);
                entries.urls.insert(std::ptr::from_ref(resource).addr(), url);
            }
            if let (Some(type_name), Some(id)) = (text(resource, "resourceType"), text(resource, "id")) {
                entries.by_id.entry((type_name, id)).or_insert(resource);
            }
        }
        entries
    }

    /// The entry a reference in `from` (the resource of another entry) leads to.
    pub(super) fn find(&self, reference: &str, from: Option<&Value>) -> Option<&'a Value> {
        if self.by_url.is_empty() && self.by_id.is_empty() {
            return None;
        }
        if let Some(found) = self.by_url.get(reference) {
            return Some(found);
        }
        match Reference::parse(reference) {
            Reference::Relative { type_name, id, .. } => {
                let base = from.and_then(|from| self.base_of(from));
                let absolute =
                    base.and_then(|base| self.by_url.get(format!("{base}/{type_name}/{id}").as_str()));
                absolute.or_else(|| self.by_id.get(&(type_name, id))).copied()
            }
            Reference::Absolute { base, type_name, id, version: Some(_) } => {
                self.by_url.get(format!("{base}/{type_name}/{id}").as_str()).copied()
            }
            _ => None,
        }
    }

    /// Whether an entry stands under that URL.
    pub(super) fn has_url(&self, url: &str) -> bool {
        self.by_url.contains_key(url)
    }

    /// The base of the server an entry's resource is from.
    fn base_of(&self, resource: &Value) -> Option<&'a str> {
        match Reference::parse(self.urls.get(&std::ptr::from_ref(resource).addr())?) {
            Reference::Absolute { base, .. } => Some(base),
            _ => None,
        }
    }
}
