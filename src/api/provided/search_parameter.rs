//! SearchParameters (R4 §2.43), from the definitions the gateway goes by. Their texts are our own: definitions have none.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::definitions::{SearchKind, SearchParameter};
use crate::fhir::Id;
use crate::gateway::Gateway;

/// Every search parameter that the gateway searches by, once.
pub(super) fn search_parameters(gateway: &Gateway) -> Vec<Value> {
    let (definitions, registry) = (gateway.definitions(), gateway.registry());
    // Those of all resources that need no entries.
    let own =
        ["_id", "_lastUpdated"].into_iter().filter_map(|code| definitions.search_parameter("Basic", code));
    let all = own.chain(registry.parameters().iter().map(|parameter| &parameter.definition));
    let (mut urls, mut ids) = (BTreeSet::new(), BTreeSet::new());
    let mut resources = Vec::new();
    for parameter in all.filter(|parameter| urls.insert(parameter.url.as_str())) {
        let id = id(&parameter.url, &mut ids);
        resources.push(resource(&id, parameter));
    }
    resources
}

/// The last part of a URL, where that is an id nobody has yet; else made one.
fn id(url: &str, taken: &mut BTreeSet<String>) -> String {
    let last = url.rsplit('/').next().unwrap_or_default();
    let kept: String = last.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let own = if Id::is_valid(last) { last } else { &kept[kept.len().saturating_sub(56)..] };
    let numbered = (1..).map(|number| if number == 1 { own.to_owned() } else { format!("{own}-{number}") });
    let free = numbered.into_iter().find(|id| !taken.contains(id)).unwrap_or_default();
    taken.insert(free.clone());
    free
}

fn resource(id: &str, parameter: &SearchParameter) -> Value {
    let (code, base) = (&parameter.code, parameter.base.join(", "));
    let mut resource = json!({
        "resourceType": "SearchParameter",
        "id": id,
        "url": parameter.url,
        "name": code,
        "status": "active",
        "description": format!("Finds {base} by '{code}': {}.", sort_of(parameter.kind)),
        "code": code,
        "base": parameter.base,
        "type": parameter.kind,
        "multipleOr": true,
        "multipleAnd": true,
    });
    let mut add = |name: &str, value: Value| {
        let is_empty = value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty);
        if let Some(map) = resource.as_object_mut().filter(|_| !is_empty) {
            map.insert(name.to_owned(), value);
        }
    };
    add("version", parameter.version.as_str().into());
    add("expression", parameter.expression.clone().into());
    add("target", parameter.target.clone().into());
    add("comparator", comparators(parameter.kind).into());
    add("modifier", modifiers(parameter).into());
    let parts = parameter.component.iter();
    add(
        "component",
        parts.map(|part| json!({"definition": part.definition, "expression": part.expression})).collect(),
    );
    resource
}

fn sort_of(kind: SearchKind) -> &'static str {
    match kind {
        SearchKind::Number => "a number",
        SearchKind::Date => "a date, a moment or a span of time",
        SearchKind::String => "a text",
        SearchKind::Token => "a code, an identifier or a flag",
        SearchKind::Reference => "a resource that is referred to",
        SearchKind::Composite => "several values that belong together",
        SearchKind::Quantity => "a number with its unit",
        SearchKind::Uri => "a URI",
        SearchKind::Special => "something of its own",
    }
}

/// The prefixes its values take here.
fn comparators(kind: SearchKind) -> &'static [&'static str] {
    match kind {
        SearchKind::Number | SearchKind::Date | SearchKind::Quantity => {
            &["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
        }
        _ => &[],
    }
}

/// The modifiers it takes here.
fn modifiers(parameter: &SearchParameter) -> &'static [&'static str] {
    match parameter.kind {
        // Every resource has them.
        _ if matches!(parameter.code.as_str(), "_id" | "_lastUpdated") => &[],
        SearchKind::Token => &["missing", "not"],
        SearchKind::String => &["missing", "exact", "contains"],
        SearchKind::Reference => &["missing", "identifier", "type"],
        SearchKind::Special => &[],
        _ => &["missing"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let mut taken = BTreeSet::new();
        let long = format!("http://a.example/{}", "long-".repeat(20));
        for (url, expected) in [
            ("http://hl7.org/fhir/SearchParameter/clinical-code", "clinical-code"),
            ("http://other.example/clinical-code", "clinical-code-2"),
            ("http://a.example/has_underscore", "has-underscore"),
            (long.as_str(), "-long-long-long-long-long-long-long-long-long-long-long-"),
        ] {
            assert_eq!(id(url, &mut taken), expected, "{url}");
            assert!(Id::is_valid(expected), "{url}");
        }
    }
}
