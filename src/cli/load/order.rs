//! What comes first: what others refer to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::entry::Entry;

/// Resources in ranks: each refers only to resources of ranks before its own, or of none. Where resources refer to each
/// other in a circle, the one met first is taken not to. What comes again is of a later rank than what came before.
pub(super) fn by_rank(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    // Of each place the first and the last that is for it.
    let mut places: HashMap<String, (usize, usize)> = HashMap::new();
    let mut earlier = vec![None; entries.len()];
    for (index, entry) in entries.iter().enumerate() {
        if let Some(place) = entry.place() {
            let (_, last) = places.entry(place).or_insert((index, index));
            earlier[index] = Some(std::mem::replace(last, index)).filter(|earlier| *earlier != index);
        }
    }
    let targets: Vec<Vec<usize>> = entries
        .iter()
        .zip(earlier)
        .map(|(entry, earlier)| {
            let targets = entry.targets().filter_map(|target| Some(places.get(target)?.0));
            targets.chain(earlier).collect()
        })
        .collect();
    let mut ranked: Vec<Vec<Entry>> = Vec::new();
    for (entry, rank) in entries.into_iter().zip(ranks(&targets)) {
        if ranked.len() <= rank {
            ranked.resize_with(rank + 1, Vec::new);
        }
        ranked[rank].push(entry);
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fhir::Resource;

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
            let resource = json!({"resourceType": "Basic", "id": id, "extension": refers});
            Entry::new(&Resource::new(resource).unwrap(), String::new())
        };
        let ranks = by_rank(vec![
            resource("a", &["b", "c"]),
            resource("b", &["c", "elsewhere"]),
            resource("c", &[]),
            resource("d", &["e"]),
            resource("e", &["d"]),
            resource("f", &["f"]),
            resource("c", &["f"]),
            resource("f", &["f"]),
            resource("f", &[]),
        ]);
        let ids: Vec<String> =
            ranks.iter().map(|rank| rank.iter().filter_map(|entry| entry.place()?.pop()).collect()).collect();
        assert_eq!(ids, ["cef", "bdcf", "af"]);
    }
}
