//! What an expression is evaluated in: definitions, the resource at hand, the time, and what others are asked.

use serde_json::Value;

use super::collection::Collection;
use super::node::{Element, Node};
use crate::definitions::types::{TypeGraph, TypeId};
use crate::fhir::time::Instant;

/// Steps an evaluation may take unless the environment says otherwise: far more than any published expression needs on
/// a large resource; under a second, and under 100 MB.
pub const DEFAULT_BUDGET: u64 = 4_000_000;

/// What an expression is evaluated in. Cheap to make; one serves for all expressions on a resource.
#[derive(Clone)]
pub struct Environment<'a> {
    /// The FHIR types.
    pub types: &'a TypeGraph,
    /// The present moment, for `now()`, `today()` and `timeOfDay()`.
    pub now: Instant,
    /// `%resource`: the resource that holds the focus. When not given, the focus itself if it is a resource, or the one
    /// it belongs to; an element of a contained resource is then taken to belong to the container.
    pub resource: Option<Node<'a>>,
    /// `%rootResource`: the container, when that is a contained resource; `%resource` when not given.
    pub root_resource: Option<Node<'a>>,
    /// Variables besides those of the specifications, without the sign `%`.
    pub variables: Vec<(&'a str, Collection<'a>)>,
    /// Who finds the targets of references. Contained resources are found without.
    pub resolver: Option<&'a dyn Resolver<'a>>,
    /// Who knows value sets.
    pub terminology: Option<&'a dyn Terminology>,
    /// Who knows profiles.
    pub profiles: Option<&'a dyn Profiles>,
    /// How strictly the specification is taken.
    pub dialect: Dialect,
    /// Steps allowed. Each item that passes a step of a path, each comparison, each character a pattern looks at counts
    /// as one; what is kept counts as more.
    pub budget: u64,
}

impl<'a> Environment<'a> {
    /// An environment that knows the types and the time, and nobody to ask.
    pub fn new(types: &'a TypeGraph, now: Instant) -> Environment<'a> {
        Environment {
            types,
            now,
            resource: None,
            root_resource: None,
            variables: Vec::new(),
            resolver: None,
            terminology: None,
            profiles: None,
            dialect: Dialect::default(),
            budget: DEFAULT_BUDGET,
        }
    }
}

/// How strictly the specification is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// As the published R4 definitions need it: `as()` takes several items, a choice may be called by its JSON name
    /// (`valueDateTime`), and a primitive type may be written with a capital (`value.as(DateTime)`,
    /// `answer is Boolean`).
    #[default]
    Published,
    /// As the specification says.
    Strict,
}

/// A reference to be resolved.
#[derive(Debug, Clone, Copy)]
pub struct Link<'r> {
    /// `Reference.reference`, or the canonical or URI itself.
    pub literal: Option<&'r str>,
    /// `Reference.type`.
    pub type_name: Option<&'r str>,
    /// The resource that holds the reference: in a Bundle, the entry's.
    pub container: Option<&'r Value>,
}

/// What a reference leads to.
#[derive(Debug, Clone, Copy)]
pub enum Resolution<'a> {
    /// The resource.
    Resource(&'a Value),
    /// The resource is not at hand; its type is certain.
    Type(TypeId),
    /// Nothing is known of it.
    Unknown,
}

/// Finds the targets of references, among what has been fetched already.
pub trait Resolver<'a> {
    /// Resolves one reference. References to contained resources (`#id`) do not come here.
    fn resolve(&self, link: Link<'_>) -> Resolution<'a>;
}

/// Tells the type of a reference's target from its text, without fetching: what search indexing needs for
/// `resolve() is Patient`.
#[derive(Debug, Clone, Copy)]
pub struct TypeOfReference<'a>(pub &'a TypeGraph);

impl<'a> Resolver<'a> for TypeOfReference<'a> {
    fn resolve(&self, link: Link<'_>) -> Resolution<'a> {
        use crate::fhir::Reference::{Absolute, Relative};
        let named = match link.literal.map(crate::fhir::Reference::parse) {
            Some(Relative { type_name, .. } | Absolute { type_name, .. }) => self.0.resource(type_name),
            _ => None,
        };
        let declared = || self.0.resource(link.type_name?);
        named.or_else(declared).map_or(Resolution::Unknown, Resolution::Type)
    }
}

/// A code with what is known of its origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coding<'c> {
    /// The code system; `None` for elements of type code, string and uri: whatever the value set has.
    pub system: Option<&'c str>,
    /// Its version.
    pub version: Option<&'c str>,
    /// The code.
    pub code: &'c str,
}

/// Answers questions on value sets and code systems. `None`: it cannot tell.
pub trait Terminology {
    /// Whether a code belongs to a value set, named by its canonical.
    fn member_of(&self, value_set: &str, coding: Coding<'_>) -> Option<bool>;

    /// Whether `general` is `specific` or an ancestor of it.
    fn subsumes(&self, general: Coding<'_>, specific: Coding<'_>) -> Option<bool>;
}

/// Answers questions on profiles. `None`: it cannot tell.
pub trait Profiles {
    /// Whether an element conforms to a profile, named by its canonical.
    fn conforms_to(&self, element: &Element<'_>, profile: &str) -> Option<bool>;
}

/// Why an expression has no result. No text holds values of a resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// Several items where one at most may be.
    #[error("{0} takes a single item, not several")]
    NotSingle(&'static str),
    /// An item of a type that does not fit.
    #[error("{operation} cannot take {found}")]
    WrongType {
        /// The function or operator.
        operation: &'static str,
        /// Names of the types.
        found: String,
    },
    /// A type that no definition has.
    #[error("unknown type '{0}'")]
    UnknownType(String),
    /// A variable that nobody gave.
    #[error("unknown variable '%{0}'")]
    UnknownVariable(String),
    /// A variable defined a second time.
    #[error("variable '%{0}' is defined already")]
    Redefined(String),
    /// A profile nobody knows.
    #[error("unknown profile '{0}'")]
    UnknownProfile(String),
    /// A text that is no regular expression, or too large a one.
    #[error("{0}: not a regular expression")]
    Pattern(&'static str),
    /// An unknown modifier extension (`checkModifiers()`).
    #[error("unknown modifier extension")]
    Modifier,
    /// More steps, or longer texts, than allowed.
    #[error("the expression takes more steps than allowed")]
    TooCostly,
}
