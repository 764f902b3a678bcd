//! What comes first: what others refer to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::fhir::{Reference, Resource};

/// The resources in ranks: each refers only to resources of ranks before its own, or of none. Where resources refer to
/// each other in a circle, the one met first is taken not to.
pub(super) fn by_rank(resources: Vec<Resource>) -> Vec<Vec<Resource>> {
    let places: HashMap<String, usize> = resources
        .iter()
        .enumerate()
        .filter_map(|(index, resource)| Some((format!("{}/{}", resource.type_name(), resource.id()?), index)))
        .collect();
    let targets: Vec<Vec<usize>> = resources
        .iter()
        .map(|resource| {
            let mut found = Vec::new();
            references(resource.as_value(), &mut |text| {
                found.extend(target(text).and_then(|key| places.get(&key)))
            });
            found
        })
        .collect();
    let mut ranked: Vec<Vec<Resource>> = Vec::new();
    for (resource, rank) in resources.into_iter().zip(ranks(&targets)) {
        if ranked.len() <= rank {
            ranked.resize_with(rank + 1, Vec::new);
        }
        ranked[rank].push(resource);
    }
    ranked
}

/// The types in ranks, from which types refer to which: each refers only to types of ranks before its own, but for itself
/// and for those it stands in a circle with.
pub(super) fn types_by_rank(types: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let names: Vec<&String> = types.keys().collect();
    let place = |name: &String| names.binary_search(&name).ok();
    let targets: Vec<Vec<usize>> =
        types.values().map(|targets| targets.iter().filter_map(place).collect()).collect();
    let mut ranked: Vec<BTreeSet<String>> = Vec::new();
    for (name, rank) in names.into_iter().zip(ranks(&targets)) {
        if ranked.len() <= rank {
            ranked.resize_with(rank + 1, BTreeSet::new);
        }
        ranked[rank].insert(name.clone());
    }
    ranked
}

/// The types of resources that a resource refers to.
pub(super) fn target_types(resource: &Resource, visit: &mut impl FnMut(&str)) {
    references(resource.as_value(), &mut |text| {
        if let Reference::Relative { type_name, .. } = Reference::parse(text) {
            visit(type_name);
        }
    });
}

/// The rank of each, from which it refers to.
fn ranks(targets: &[Vec<usize>]) -> Vec<usize> {
    let mut ranks = vec![None; targets.len()];
    let mut open = vec![false; targets.len()];
    for index in 0..targets.len() {
        rank(index, targets, &mut ranks, &mut open);
    }
    ranks.into_iter().map(|rank| rank.unwrap_or(0)).collect()
}

/// Gives a resource and all it refers to their ranks. Goes down by a stack of its own: chains of references may be long.
/// Those that are `open` are on the way to theirs.
fn rank(start: usize, targets: &[Vec<usize>], ranks: &mut [Option<usize>], open: &mut [bool]) {
    let mut stack = vec![(start, 0)];
    while let Some((index, next)) = stack.pop() {
        if ranks[index].is_some() {
            continue;
        }
        open[index] = true;
        match targets[index].get(next) {
            Some(target) => {
                stack.push((index, next + 1));
                if ranks[*target].is_none() && !open[*target] {
                    stack.push((*target, 0));
                }
            }
            None => {
                ranks[index] = Some(
                    targets[index]
                        .iter()
                        .filter_map(|target| ranks[*target])
                        .max()
                        .map_or(0, |rank| rank + 1),
                );
            }
        }
    }
}

fn target(reference: &str) -> Option<String> {
    match Reference::parse(reference) {
        Reference::Relative { type_name, id, .. } => Some(format!("{type_name}/{id}")),
        _ => None,
    }
}

/// All literal references within a resource.
fn references(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == "reference" => visit(text),
                    value => references(value, visit),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types() {
        let refers = |names: &[(&str, &[&str])]| {
            let set = |targets: &[&str]| targets.iter().map(|name| (*name).to_owned()).collect();
            types_by_rank(&names.iter().map(|(name, targets)| ((*name).to_owned(), set(targets))).collect())
        };
        let ranked = refers(&[
            ("Condition", &["Patient", "Encounter"]),
            ("Encounter", &["Patient", "Condition"]),
            ("Patient", &["Patient", "Organization"]),
            ("Task", &["Condition", "Task"]),
        ]);
        let expected: [&[&str]; 4] = [&["Patient"], &["Encounter"], &["Condition"], &["Task"]];
        assert_eq!(ranked, expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect()));
    }

    #[test]
    fn resources() {
        let resource = |id: &str, refers: &[&str]| {
            let refers: Vec<Value> =
                refers.iter().map(|id| json!({"reference": format!("Basic/{id}")})).collect();
            Resource::new(json!({"resourceType": "Basic", "id": id, "extension": refers})).unwrap()
        };
        let ranks = by_rank(vec![
            resource("a", &["b", "c"]),
            resource("b", &["c", "elsewhere"]),
            resource("c", &[]),
            resource("d", &["e"]),
            resource("e", &["d"]),
            resource("f", &["f"]),
        ]);
        let ids: Vec<Vec<&str>> =
            ranks.iter().map(|rank| rank.iter().filter_map(Resource::id).collect()).collect();
        assert_eq!(ids, [vec!["c", "e", "f"], vec!["b", "d"], vec!["a"]]);
    }
}
