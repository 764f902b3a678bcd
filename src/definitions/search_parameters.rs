//! Which search parameters each resource type has.

use std::collections::HashMap;
use std::sync::Arc;

use super::canonical::{Age, PackageId};
use super::{SearchParameter, TypeGraph, TypeKind};

/// The search parameters of every resource type.
#[derive(Debug, Default)]
pub(super) struct SearchParameters {
    by_type: HashMap<String, Vec<Arc<SearchParameter>>>,
    by_url: HashMap<String, Arc<SearchParameter>>,
}

impl SearchParameters {
    /// Sorts parameters to the types they are for. Where several packages define one code for one type, FHIR's own
    /// definition counts, then the newest: US Core defines many of FHIR's codes again under URLs of its own.
    pub(super) fn new(all: Vec<(PackageId, SearchParameter)>, types: &TypeGraph) -> SearchParameters {
        let mut all: Vec<(Age, bool, Arc<SearchParameter>)> = all
            .into_iter()
            .map(|(package, parameter)| {
                (Age::of(&package, &parameter.version), package.is_core(), Arc::new(parameter))
            })
            .collect();
        // The best first.
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| b.0.cmp(&a.0)).then_with(|| a.2.url.cmp(&b.2.url)));
        let mut tables = SearchParameters::default();
        for (_, _, parameter) in &all {
            tables.by_url.entry(parameter.url.clone()).or_insert_with(|| Arc::clone(parameter));
        }
        for id in types.ids().filter(|id| types[*id].kind == TypeKind::Resource) {
            let applies = |parameter: &SearchParameter| {
                parameter.base.iter().any(|base| types.find(base).is_some_and(|base| types.is_a(id, base)))
            };
            let mut own: Vec<Arc<SearchParameter>> = Vec::new();
            for (_, _, parameter) in all.iter().filter(|(_, _, parameter)| applies(parameter)) {
                if !own.iter().any(|better| better.code == parameter.code) {
                    own.push(Arc::clone(parameter));
                }
            }
            own.sort_by(|a, b| a.code.cmp(&b.code));
            tables.by_type.insert(types[id].name.clone(), own);
        }
        tables
    }

    pub(super) fn of(&self, resource_type: &str) -> &[Arc<SearchParameter>] {
        self.by_type.get(resource_type).map_or(&[], Vec::as_slice)
    }

    pub(super) fn find(&self, resource_type: &str, code: &str) -> Option<&Arc<SearchParameter>> {
        let own = self.of(resource_type);
        own.binary_search_by(|parameter| parameter.code.as_str().cmp(code)).ok().and_then(|at| own.get(at))
    }

    pub(super) fn by_url(&self, url: &str) -> Option<&Arc<SearchParameter>> {
        self.by_url.get(url)
    }
}
