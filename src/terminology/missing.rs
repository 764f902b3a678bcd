//! Why a question on codes cannot be answered.

use std::fmt;

/// What is not at hand, or not understood. Its text names canonicals and rules, never codes of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Missing {
    /// A value set.
    ValueSet(String),
    /// What a value set holds: it is here by name, without rules and without codes.
    Content(String),
    /// A code system, or the version of it that was asked for.
    System(String),
    /// The rest of a code system of which a part is here.
    RestOf(String),
    /// The meaning of a filter on a code system's concepts.
    Filter {
        /// The code system.
        system: String,
        /// The filter's property.
        property: String,
        /// Its operator.
        op: String,
    },
    /// A list of codes: the system tells its codes by a grammar, which has no end.
    List(String),
    /// An end: the value set contains itself.
    Cycle(String),
    /// A bound: the value set is made of more value sets than can be worked out.
    TooComplex(String),
}

impl Missing {
    /// The canonical of what would have to be there for an answer.
    pub fn canonical(&self) -> &str {
        match self {
            Missing::ValueSet(canonical)
            | Missing::Content(canonical)
            | Missing::System(canonical)
            | Missing::RestOf(canonical)
            | Missing::Filter { system: canonical, .. }
            | Missing::List(canonical)
            | Missing::Cycle(canonical)
            | Missing::TooComplex(canonical) => canonical,
        }
    }

    /// The code system that would have to be there, when that is what is missing.
    pub fn system(&self) -> Option<&str> {
        match self {
            Missing::System(system) | Missing::RestOf(system) | Missing::Filter { system, .. } => {
                Some(system)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::ValueSet(url) => write!(f, "value set {url} is not at hand"),
            Missing::Content(url) => write!(f, "value set {url} is here without its rules and codes"),
            Missing::System(url) => write!(f, "code system {url} is not at hand"),
            Missing::RestOf(url) => write!(f, "only a part of code system {url} is at hand"),
            Missing::Filter { system, property, op } => {
                write!(f, "the filter '{property} {op}' on code system {system} is not understood")
            }
            Missing::List(url) => {
                write!(f, "code system {url} tells its codes by a grammar: they cannot be listed")
            }
            Missing::Cycle(url) => write!(f, "value set {url} contains itself"),
            Missing::TooComplex(url) => write!(f, "value set {url} is made of too many value sets"),
        }
    }
}
