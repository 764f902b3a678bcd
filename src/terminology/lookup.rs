//! What a code system says about a code (R4 §4.8.16.1, `$lookup`).

use super::concepts::{Concepts, is_abstract, is_inactive};
use super::grammar;
use super::library::Library;
use super::membership::Membership;
use super::missing::Missing;
use super::verdict::versioned;
use crate::definitions::code_system::{Concept, Content};

/// A concept with what is around it.
#[derive(Debug, Clone)]
pub struct Found<'s> {
    /// The system and all its concepts.
    pub concepts: Concepts<'s>,
    /// The concept.
    pub concept: &'s Concept,
    /// Whether it only groups others.
    pub is_abstract: bool,
    /// Whether it is out of use.
    pub is_inactive: bool,
}

/// What a code is found to be.
#[derive(Debug, Clone)]
pub enum Looked<'s> {
    /// A concept of a list.
    Up(Box<Found<'s>>),
    /// A code of the right grammar, which is its own name.
    Formed,
}

/// Why nothing is said about a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// Its system is not at hand.
    #[error("{0}")]
    Missing(Missing),
    /// Its system does not have it.
    #[error("code system {0} has no such code")]
    Code(String),
}

/// Looks a code up.
///
/// Errors: the system, or that version of it, is not at hand; the code is not in it.
pub fn lookup<'l>(
    library: &'l dyn Library,
    system: &str,
    version: Option<&str>,
    code: &str,
) -> Result<Looked<'l>, NotFound> {
    let canonical = versioned(system, version);
    if let Some(concepts) = library.concepts(&canonical) {
        return match concepts.get(code) {
            Some(concept) => Ok(Looked::Up(Box::new(Found {
                concept,
                is_abstract: is_abstract(concept),
                is_inactive: is_inactive(concept),
                concepts,
            }))),
            None if concepts.system.content == Content::Complete => Err(NotFound::Code(canonical)),
            None => Err(NotFound::Missing(Missing::RestOf(canonical))),
        };
    }
    match grammar::of_system(system, &[]) {
        Some(grammar) if grammar.contains(code) == Membership::Member => Ok(Looked::Formed),
        Some(_) => Err(NotFound::Code(canonical)),
        None => Err(NotFound::Missing(Missing::System(canonical))),
    }
}
