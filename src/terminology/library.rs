//! Where value sets, code systems and concept maps are looked up.

use std::sync::{Arc, OnceLock};

use super::Terminology;
use super::concepts::{Concepts, Index};
use crate::definitions::canonical::{compare_versions, split};
use crate::definitions::{CodeSystem, ConceptMap, ValueSet};

/// Finds what has a canonical: with its version, or the newest.
pub trait Library {
    /// A value set.
    fn value_set(&self, canonical: &str) -> Option<&ValueSet>;
    /// A code system with its concepts.
    fn concepts(&self, canonical: &str) -> Option<Concepts<'_>>;
    /// A concept map.
    fn concept_map(&self, canonical: &str) -> Option<&ConceptMap>;
    /// All concept maps.
    fn concept_maps(&self) -> Box<dyn Iterator<Item = &ConceptMap> + '_>;
}

/// Resources that a client sent or stored, in front of the definitions.
#[derive(Debug)]
pub struct Shelf<'t> {
    terminology: &'t Terminology,
    value_sets: Vec<ValueSet>,
    code_systems: Vec<(CodeSystem, OnceLock<Arc<Index>>)>,
    concept_maps: Vec<ConceptMap>,
}

impl<'t> Shelf<'t> {
    /// The definitions alone.
    pub fn new(terminology: &'t Terminology) -> Shelf<'t> {
        Shelf { terminology, value_sets: Vec::new(), code_systems: Vec::new(), concept_maps: Vec::new() }
    }

    /// What is behind it.
    pub fn terminology(&self) -> &'t Terminology {
        self.terminology
    }

    /// Whether nothing is in front of the definitions that could change what a value set holds.
    pub fn is_plain(&self) -> bool {
        self.value_sets.is_empty() && self.code_systems.is_empty()
    }

    /// Adds a value set.
    pub fn add_value_set(&mut self, set: ValueSet) {
        self.value_sets.push(set);
    }

    /// Adds a code system.
    pub fn add_code_system(&mut self, system: CodeSystem) {
        self.code_systems.push((system, OnceLock::new()));
    }

    /// Adds a concept map.
    pub fn add_concept_map(&mut self, map: ConceptMap) {
        self.concept_maps.push(map);
    }
}

impl Library for Shelf<'_> {
    fn value_set(&self, canonical: &str) -> Option<&ValueSet> {
        let own = newest(&self.value_sets, canonical, |set| (&set.url, &set.version));
        own.or_else(|| self.terminology.value_set(canonical))
    }

    fn concepts(&self, canonical: &str) -> Option<Concepts<'_>> {
        match newest(&self.code_systems, canonical, |(system, _)| (&system.url, &system.version)) {
            Some((system, index)) => {
                Some(Concepts::new(system, index.get_or_init(|| Arc::new(Index::new(system))).clone()))
            }
            None => self.terminology.concepts(canonical),
        }
    }

    fn concept_map(&self, canonical: &str) -> Option<&ConceptMap> {
        let own = newest(&self.concept_maps, canonical, |map| (&map.url, &map.version));
        own.or_else(|| self.terminology.concept_map(canonical))
    }

    fn concept_maps(&self) -> Box<dyn Iterator<Item = &ConceptMap> + '_> {
        let is_replaced = |map: &&ConceptMap| {
            self.concept_maps.iter().any(|own| own.url == map.url && (own.version == map.version))
        };
        let others = self.terminology.concept_maps().filter(move |map| !is_replaced(map));
        Box::new(self.concept_maps.iter().chain(others))
    }
}

/// The item with that canonical; without version the newest.
fn newest<'i, T>(items: &'i [T], canonical: &str, name: impl Fn(&T) -> (&String, &String)) -> Option<&'i T> {
    let (url, version) = split(canonical);
    let fits = |item: &&T| {
        let (own_url, own_version) = name(item);
        !url.is_empty() && own_url == url && version.is_none_or(|version| version == own_version)
    };
    items.iter().filter(fits).max_by(|a, b| compare_versions(name(a).1, name(b).1))
}
