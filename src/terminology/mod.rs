//! Ring 2: which codes are in which value sets, from local definitions alone; what codes are called, how they stand to
//! each other, and what they correspond to in other systems.
//!
//! What cannot be told here (SNOMED CT, LOINC, value sets of others) is [`Membership::Unknown`], never "not a member", and
//! [`Missing`] says why.
//!
//! `compose` works a [`CodeSet`] out of a value set's rules; [`expansion`] lists it, [`verdict`] holds codes against it.
//! They look things up in a [`Library`]: the definitions, or a [`Shelf`] of a client's resources in front of them.

mod code_set;
mod compose;
pub mod concepts;
pub mod expansion;
mod filter;
mod grammar;
mod library;
pub mod lookup;
mod membership;
mod missing;
pub mod subsumption;
mod tables;
#[cfg(test)]
mod tests;
pub mod translation;
pub mod verdict;

use std::sync::{Arc, OnceLock};

pub use code_set::CodeSet;
pub use concepts::Concepts;
pub use library::{Library, Shelf};
pub use membership::Membership;
pub use missing::Missing;

use compose::Composer;
use concepts::Index;

use crate::definitions::code_system::Content;
use crate::definitions::{ConceptMap, Definitions, ValueSet};

/// The value sets and code systems of some definitions, each worked out once, when it is first asked for.
#[derive(Debug)]
pub struct Terminology {
    definitions: Arc<Definitions>,
    /// By the value set's number in the definitions.
    sets: Vec<OnceLock<Arc<CodeSet>>>,
    /// By the code system's number.
    systems: Vec<OnceLock<Arc<Index>>>,
    /// By URL, what bindings name although it is a specification and no value set.
    specifications: Vec<(&'static str, Arc<CodeSet>)>,
}

impl Terminology {
    /// The value sets of these definitions.
    pub fn new(definitions: Arc<Definitions>) -> Terminology {
        let sets = (0..definitions.value_set_count()).map(|_| OnceLock::new()).collect();
        let systems = (0..definitions.code_system_count()).map(|_| OnceLock::new()).collect();
        let specifications = grammar::SPECIFICATIONS
            .into_iter()
            .filter_map(|url| Some((url, Arc::new(CodeSet::of_grammar(grammar::specification(url)?)))))
            .collect();
        Terminology { definitions, sets, systems, specifications }
    }

    /// A value set worked out, by canonical with or without version; `None` when it is not at hand.
    pub fn set(&self, value_set: &str) -> Option<&Arc<CodeSet>> {
        let Some(number) = self.definitions.value_set_number(value_set) else {
            return self.specifications.iter().find(|(url, _)| *url == value_set).map(|(_, set)| set);
        };
        self.set_of_number(number)
    }

    /// The value set that has that number in the definitions.
    pub(crate) fn set_of_number(&self, number: usize) -> Option<&Arc<CodeSet>> {
        let definition = self.definitions.value_set_of_number(number)?;
        Some(self.sets.get(number)?.get_or_init(|| Composer::new(self).at_hand(definition)))
    }

    /// A value set that is no definition, say one contained in a resource, worked out.
    pub fn work_out(&self, value_set: &ValueSet) -> CodeSet {
        Composer::new(self).set(value_set)
    }

    /// Whether a code is in a value set. Without a system any code of that name will do, as for elements of type
    /// `code`, whose system the value set implies.
    pub fn contains(&self, value_set: &str, system: Option<&str>, code: &str) -> Membership {
        self.set(value_set).map_or(Membership::Unknown, |set| set.contains(system, code))
    }

    /// The system that a bare code has by the value set its element is bound to.
    pub fn system_of(&self, value_set: &str, code: &str) -> Option<&str> {
        self.set(value_set)?.system_of(code)
    }

    /// What a code should be called, when the text beside it is none of the names its system has for it. `None` when
    /// the text is fine, or nothing is known of the code.
    pub fn right_display(&self, system: &str, code: &str, text: &str) -> Option<&str> {
        let known = self.concepts(system)?;
        let is_whole = known.system.content == Content::Complete;
        let concept = known.get(code).filter(|concept| is_whole && !concepts::is_text_of(concept, text))?;
        concept.display.as_deref()
    }

    /// Whether one code of a system is the other or a kind of it; `None` when that cannot be told.
    pub fn is_kind_of(&self, system: &str, specific: &str, general: &str) -> Option<bool> {
        use subsumption::Subsumption;
        let found = subsumption::subsumes(self, system, None, general, specific).ok()?;
        Some(matches!(found, Subsumption::Equivalent | Subsumption::Subsumes))
    }
}

impl Library for Terminology {
    fn value_set(&self, canonical: &str) -> Option<&ValueSet> {
        self.definitions.value_set(canonical)
    }

    fn concepts(&self, canonical: &str) -> Option<Concepts<'_>> {
        let Some(system) = self.definitions.code_system(canonical) else {
            return tables::concepts(canonical);
        };
        let index = self.systems.get(self.definitions.code_system_number(canonical)?)?;
        Some(Concepts::new(system, Arc::clone(index.get_or_init(|| Arc::new(Index::new(system))))))
    }

    fn concept_map(&self, canonical: &str) -> Option<&ConceptMap> {
        self.definitions.concept_map(canonical)
    }

    fn concept_maps(&self) -> Box<dyn Iterator<Item = &ConceptMap> + '_> {
        Box::new(self.definitions.concept_maps())
    }
}

impl Shelf<'_> {
    /// A value set worked out, by canonical; `None` when it is not at hand.
    pub fn set(&self, canonical: &str) -> Option<Arc<CodeSet>> {
        if self.is_plain() {
            return self.terminology().set(canonical).cloned();
        }
        let is_known = self.value_set(canonical).is_some() || self.terminology().set(canonical).is_some();
        is_known.then(|| Composer::new(self).named(canonical))
    }

    /// A value set worked out that need not have a canonical.
    pub fn work_out(&self, set: &ValueSet) -> Arc<CodeSet> {
        Composer::new(self).at_hand(set)
    }
}
