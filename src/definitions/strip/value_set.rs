//! ValueSet (R4 §4.9).

use serde_json::{Map, Value};

use super::{Malformed, objects, owned, required, text, texts};
use crate::definitions::canonical;
use crate::definitions::value_set::{Coding, ConceptReference, Filter, Include, ValueSet};

/// The longest expansion that is kept.
const MAX_EXPANSION: usize = 1000;

/// A value set; without a URL when it is meant to be used where it stands.
pub(super) fn strip(resource: &Map<String, Value>) -> Result<ValueSet, Malformed> {
    let compose = resource.get("compose").and_then(Value::as_object);
    let rules = |name: &str| -> Result<Vec<Include>, Malformed> {
        compose.into_iter().flat_map(|compose| objects(compose, name)).map(include).collect()
    };
    Ok(ValueSet {
        url: text(resource, "url").unwrap_or_default().to_owned(),
        version: text(resource, "version").unwrap_or_default().to_owned(),
        name: text(resource, "name").unwrap_or_default().to_owned(),
        status: text(resource, "status").unwrap_or("active").to_owned(),
        inactive: compose.and_then(|compose| compose.get("inactive")?.as_bool()),
        include: rules("include")?,
        exclude: rules("exclude")?,
        expansion: resource.get("expansion").and_then(Value::as_object).and_then(expansion),
    })
}

fn include(rule: &Map<String, Value>) -> Result<Include, Malformed> {
    let filter = |filter: &Map<String, Value>| -> Result<Filter, Malformed> {
        Ok(Filter {
            property: required(filter, "property")?,
            op: required(filter, "op")?,
            value: required(filter, "value")?,
        })
    };
    let concept = |concept: &Map<String, Value>| -> Result<ConceptReference, Malformed> {
        Ok(ConceptReference { code: required(concept, "code")?, display: owned(concept, "display") })
    };
    // Some publishers pin the version within the system.
    let (system, pinned) = match text(rule, "system").map(canonical::split) {
        Some((system, pinned)) => (Some(system.to_owned()), pinned),
        None => (None, None),
    };
    Ok(Include {
        system,
        version: text(rule, "version").or(pinned).map(str::to_owned),
        value_sets: texts(rule, "valueSet"),
        filters: objects(rule, "filter").map(filter).collect::<Result<_, _>>()?,
        concepts: objects(rule, "concept").map(concept).collect::<Result<_, _>>()?,
    })
}

/// The expansion, when it is whole: neither a page of it nor a sample of a set too large to write down.
fn expansion(expansion: &Map<String, Value>) -> Option<Vec<Coding>> {
    let is_sample = objects(expansion, "extension").any(|extension| {
        let url = text(extension, "url").unwrap_or_default();
        url.ends_with("/valueset-toocostly") || url.ends_with("/valueset-unclosed")
    });
    let mut codes = Vec::new();
    contains(expansion, 0, &mut codes);
    let total = expansion.get("total").and_then(Value::as_u64);
    let is_whole = !is_sample && total.is_none_or(|total| total == codes.len() as u64);
    (is_whole && (1..=MAX_EXPANSION).contains(&codes.len())).then_some(codes)
}

fn contains(level: &Map<String, Value>, depth: usize, codes: &mut Vec<Coding>) {
    for item in objects(level, "contains") {
        let is_abstract = item.get("abstract").and_then(Value::as_bool) == Some(true);
        if let (false, Some(code)) = (is_abstract, owned(item, "code")) {
            codes.push(Coding { system: owned(item, "system"), code, display: owned(item, "display") });
        }
        if depth < 32 {
            contains(item, depth + 1, codes);
        }
    }
}
