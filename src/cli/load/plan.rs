//! In which order what is in files is loaded, without holding it all.

use std::collections::{BTreeMap, BTreeSet};

use indicatif::ProgressBar;

use super::entry::Entry;
use super::files::{Flaw, Source};
use super::order;

/// Bytes of resources in memory at once. Within so much what is referred to comes first to the letter; beyond it by type.
const AT_ONCE: usize = 16 << 20;

/// What is in some files.
#[derive(Default)]
pub(super) struct Plan {
    /// The files, each with the types of its resources.
    sources: Vec<(Source, BTreeSet<String>)>,
    /// Which types refer to which.
    types: BTreeMap<String, BTreeSet<String>>,
    bytes: usize,
    /// How many resources there are.
    pub(super) count: u64,
}

impl Plan {
    /// Reads files through. What is no resource is told to `bad` and not part of the plan.
    pub(super) fn of(
        sources: Vec<Source>,
        bar: &ProgressBar,
        mut bad: impl FnMut(String, Flaw) -> Result<(), String>,
    ) -> Result<Plan, String> {
        let mut plan = Plan::default();
        for source in sources {
            let mut types = BTreeSet::new();
            for document in source.documents()? {
                let document = document?;
                bar.inc(1);
                let entry = match document.entry {
                    Ok(entry) => entry,
                    Err(flaw) => {
                        bad(document.place, flaw)?;
                        continue;
                    }
                };
                let name = entry.type_name();
                if !types.contains(name) {
                    types.insert(name.to_owned());
                    plan.types.entry(name.to_owned()).or_default();
                }
                if let Some(targets) = plan.types.get_mut(name) {
                    for (target, _) in entry.targets().filter_map(|target| target.split_once('/')) {
                        if !targets.contains(target) {
                            targets.insert(target.to_owned());
                        }
                    }
                }
                plan.bytes += entry.text().len();
                plan.count += 1;
            }
            plan.sources.push((source, types));
        }
        Ok(plan)
    }

    /// The resources in portions of some megabytes, each in ranks: a resource refers to those of its rank only in a circle.
    pub(super) fn portions(&self) -> impl Iterator<Item = Result<Vec<Vec<Entry>>, String>> + '_ {
        let passes = match self.bytes <= AT_ONCE {
            true => vec![self.types.keys().cloned().collect()],
            false => order::types_by_rank(&self.types),
        };
        passes.into_iter().flat_map(|types: BTreeSet<String>| {
            let sources = self.sources.iter().filter({
                let types = types.clone();
                move |(_, of_source)| !of_source.is_disjoint(&types)
            });
            let documents = sources.flat_map(|(source, _)| {
                let (documents, error) = match source.documents() {
                    Ok(documents) => (Some(documents), None),
                    Err(error) => (None, Some(Err(error))),
                };
                documents.into_iter().flatten().chain(error)
            });
            portions(documents.filter_map(move |document| match document {
                Err(error) => Some(Err(error)),
                Ok(document) => document.entry.ok().filter(|entry| types.contains(entry.type_name())).map(Ok),
            }))
        })
    }
}

/// Gathers resources into portions.
fn portions(
    mut entries: impl Iterator<Item = Result<Entry, String>>,
) -> impl Iterator<Item = Result<Vec<Vec<Entry>>, String>> {
    std::iter::from_fn(move || {
        let (mut portion, mut bytes) = (Vec::new(), 0);
        while bytes < AT_ONCE {
            match entries.next() {
                None => break,
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(entry)) => {
                    bytes += entry.text().len();
                    portion.push(entry);
                }
            }
        }
        (!portion.is_empty()).then(|| Ok(order::by_rank(portion)))
    })
}
