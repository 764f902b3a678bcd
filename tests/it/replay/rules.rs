//! Which resources a search matches and in what order, by R4 §3.1.1: for the few parameters of the recorded clients, from
//! the resources alone, knowing nothing of how the gateway finds them.

use serde_json::Value;

/// `Type/id` of the matches, sorted.
pub fn matches<'r>(resources: impl Iterator<Item = &'r Value>, type_name: &str, query: &str) -> Vec<String> {
    let of_type = resources.filter(|resource| resource["resourceType"] == type_name);
    let conditions: Vec<(&str, &str)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| *name != "_sort")
        .collect();
    let matching =
        of_type.filter(|resource| conditions.iter().all(|(name, value)| meets(resource, name, value)));
    let mut names: Vec<String> =
        matching.map(|resource| format!("{type_name}/{}", resource["id"].as_str().unwrap())).collect();
    names.sort();
    names
}

fn meets(resource: &Value, name: &str, value: &str) -> bool {
    let type_name = resource["resourceType"].as_str().unwrap();
    match (type_name, name) {
        (_, "_profile") => texts(&resource["meta"]["profile"]).contains(&value),
        ("Task", "subject") => refers(&resource["for"], value),
        ("Consent", "patient") => refers(&resource["patient"], value),
        ("HealthcareService", "organization") => refers(&resource["providedBy"], value),
        ("Condition" | "Goal" | "Observation" | "ServiceRequest", "subject") => {
            refers(&resource["subject"], value)
        }
        ("Task", "requester" | "owner") | ("PractitionerRole", "practitioner") => {
            refers(&resource[name], value)
        }
        ("Observation", "category") | ("Organization", "type") => has_code(&resource[name], value),
        _ => panic!("no rule for {type_name}?{name}"),
    }
}

fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn texts(value: &Value) -> Vec<&str> {
    items(value).into_iter().filter_map(Value::as_str).collect()
}

/// A bare id means one of any type; `Type/id` says which.
fn refers(reference: &Value, value: &str) -> bool {
    items(reference).into_iter().filter_map(|r| r["reference"].as_str()).any(|literal| {
        match value.contains('/') {
            true => literal == value,
            false => literal.split_once('/').is_some_and(|(_, id)| id == value),
        }
    })
}

/// A code without a system means one of any.
fn has_code(concepts: &Value, code: &str) -> bool {
    let codings = items(concepts).into_iter().flat_map(|concept| items(&concept["coding"]));
    let mut codes = codings.filter_map(|coding| coding["code"].as_str());
    codes.any(|known| known.eq_ignore_ascii_case(code))
}

/// Fails unless the resources stand in the order of `_sort`, those without a value last.
pub fn check_order(path: &str, query: &str, resources: &[&Value]) {
    let Some(sort) = query.split('&').find_map(|pair| pair.strip_prefix("_sort=")) else { return };
    let (key, descending) = sort.strip_prefix('-').map_or((sort, false), |key| (key, true));
    let values: Vec<Option<String>> = resources.iter().map(|resource| value_of(resource, key)).collect();
    for pair in values.windows(2) {
        let in_order = match (&pair[0], &pair[1]) {
            (Some(a), Some(b)) if descending => a >= b,
            (Some(a), Some(b)) => a <= b,
            (None, Some(_)) => false,
            (_, None) => true,
        };
        assert!(in_order, "{path}: {values:?}");
    }
}

fn value_of(resource: &Value, key: &str) -> Option<String> {
    match key {
        "_lastUpdated" => resource["meta"]["lastUpdated"].as_str().map(str::to_owned),
        "title" => resource["title"].as_str().map(str::to_lowercase),
        "date" => resource["effectiveDateTime"].as_str().map(str::to_owned),
        _ => panic!("no rule for _sort={key}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn rules() {
        let task = json!({"resourceType": "Task", "id": "t", "meta": {"profile": ["http://a.example/p"]}, "for": {"reference": "Patient/p"},
            "owner": {"reference": "Organization/o"}});
        for (query, expected) in [
            ("", true),
            ("_profile=http://a.example/p&_sort=-_lastUpdated", true),
            ("_profile=http://a.example/", false),
            ("subject=p", true),
            ("subject=Patient/p", true),
            ("subject=Group/p", false),
            ("owner=p", false),
            ("owner=Organization/o&subject=p", true),
            ("owner=Organization/o&subject=q", false),
        ] {
            let found = super::matches([&task].into_iter(), "Task", query);
            assert_eq!(found.len(), usize::from(expected), "{query}");
        }
    }
}
