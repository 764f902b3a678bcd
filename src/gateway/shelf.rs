//! The value sets, code systems and concept maps that clients have stored, fetched for a question that needs them.

use std::collections::BTreeSet;

use crate::access::Viewer;
use crate::definitions::canonical::split;
use crate::definitions::strip;
use crate::definitions::{ConceptMap, ValueSet};
use crate::fhir::{Issue, IssueCode, json};
use crate::search::{Handling, SearchRequest};
use crate::terminology::{Library, Shelf, Terminology};

use super::{Gateway, Refused, Space};

/// How often what was fetched may ask for more.
const MAX_ROUNDS: usize = 16;
/// How many canonicals are asked for at once.
const AT_ONCE: usize = 50;

/// Which definitions a question needs.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// Canonicals of value sets; what they are made of is needed as well.
    pub value_sets: BTreeSet<String>,
    /// Canonicals of code systems.
    pub code_systems: BTreeSet<String>,
    /// Canonicals of concept maps; those they hand codes on to are needed as well.
    pub concept_maps: BTreeSet<String>,
}

impl Needs {
    /// What a value set is made of.
    pub fn add_parts(&mut self, set: &ValueSet) {
        for part in set.include.iter().chain(&set.exclude) {
            self.code_systems.extend(part.system.clone());
            self.value_sets.extend(part.value_sets.iter().cloned());
        }
    }

    /// The maps that a map hands codes on to.
    pub fn add_other_maps(&mut self, map: &ConceptMap) {
        let unmapped = map.groups.iter().filter_map(|group| group.unmapped.as_ref());
        self.concept_maps.extend(unmapped.filter_map(|unmapped| unmapped.url.clone()));
    }
}

impl Gateway {
    /// The terminology of the definitions.
    pub fn terminology(&self) -> &Terminology {
        &self.inner.terminology
    }

    /// Puts what a space has of what is needed on a shelf.
    ///
    /// Errors: the store; a stored resource that is no value set, code system or concept map in spite of its type.
    pub async fn fill(&self, space: &Space, shelf: &mut Shelf<'_>, needs: Needs) -> Result<(), Refused> {
        let (mut next, mut asked) = (needs, Needs::default());
        for _ in 0..MAX_ROUNDS {
            let sets = fresh(std::mem::take(&mut next.value_sets), &mut asked.value_sets);
            let systems = fresh(std::mem::take(&mut next.code_systems), &mut asked.code_systems);
            let maps = fresh(std::mem::take(&mut next.concept_maps), &mut asked.concept_maps);
            if sets.is_empty() && systems.is_empty() && maps.is_empty() {
                break;
            }
            for resource in self.stored(space, "CodeSystem", "url", &systems).await? {
                shelf.add_code_system(strip::code_system(&resource).map_err(unusable)?);
            }
            for resource in self.stored(space, "ValueSet", "url", &sets).await? {
                let set = strip::value_set(&resource).map_err(unusable)?;
                next.add_parts(&set);
                shelf.add_value_set(set);
            }
            // The definitions' own sets are made of parts that clients may have stored.
            sets.iter()
                .filter_map(|url| shelf.terminology().value_set(url))
                .for_each(|set| next.add_parts(set));
            for resource in self.stored(space, "ConceptMap", "url", &maps).await? {
                let map = strip::concept_map(&resource).map_err(unusable)?;
                next.add_other_maps(&map);
                shelf.add_concept_map(map);
            }
        }
        Ok(())
    }

    /// Puts the stored concept maps on a shelf that have groups of a system: `source-system` or `target-system`.
    pub async fn fill_maps(
        &self,
        space: &Space,
        shelf: &mut Shelf<'_>,
        parameter: &str,
        value: &str,
    ) -> Result<(), Refused> {
        let mut needs = Needs::default();
        for resource in self.stored(space, "ConceptMap", parameter, &[value.to_owned()]).await? {
            let map = strip::concept_map(&resource).map_err(unusable)?;
            needs.add_other_maps(&map);
            shelf.add_concept_map(map);
        }
        self.fill(space, shelf, needs).await
    }

    /// The resources of a type that have one of these values.
    async fn stored(
        &self,
        space: &Space,
        type_name: &str,
        parameter: &str,
        values: &[String],
    ) -> Result<Vec<serde_json::Value>, Refused> {
        let mut found = Vec::new();
        for values in values.chunks(AT_ONCE) {
            let escaped: Vec<String> = values.iter().map(|value| escape(value)).collect();
            let parameters = [(parameter.to_owned(), escaped.join(","))];
            let request = SearchRequest::parse(
                &self.inner.definitions,
                &self.inner.registry,
                &space.base,
                type_name,
                &parameters,
                Handling::Strict,
            );
            // Of types that everybody may see.
            let answer =
                self.search(&Viewer::Everything, space, &request.map_err(Refused::Malformed)?).await?;
            let bodies = answer.matches.into_iter().filter_map(|version| version.body);
            found.extend(bodies.filter_map(|body| json::parse(body.as_bytes()).ok()));
        }
        Ok(found)
    }
}

/// The URLs that have not been asked for yet.
fn fresh(canonicals: BTreeSet<String>, asked: &mut BTreeSet<String>) -> Vec<String> {
    let urls = canonicals.into_iter().map(|canonical| split(&canonical).0.to_owned());
    urls.filter(|url| !url.is_empty() && asked.insert(url.clone())).collect()
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\\' | ',' | '|' | '$') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A stored resource may be anything that calls itself by a type's name.
fn unusable(error: strip::Malformed) -> Refused {
    let text =
        format!("a value set, code system or concept map that this needs is not what FHIR says: {error}");
    Refused::Invalid(Issue::error(IssueCode::Structure, text).into())
}
