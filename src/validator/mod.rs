//! Whether a resource is what FHIR and its profiles say it is.
//!
//! Every definition is compiled once, when first needed, into a tree of rules ([`Compiled`]); a resource is then walked
//! once, beside the trees of its type and of all its profiles. Findings are values ([`Issue`]); a definition that cannot
//! be used is a [`CompileError`].
//!
//! Severities tell what the write path does with an issue:
//! * **fatal**: malformed FHIR, refused always: unknown resource types, JSON of the wrong shape, ids no id can be.
//! * **error**: a rule is broken; refused where policy says so.
//! * **warning**, **information**: told. A code that cannot be checked from local definitions is never an error.

mod binding;
mod compare;
mod compile;
mod element;
mod format;
mod place;
mod primitive;
mod rule;
mod walk;

use std::fmt;
use std::sync::{Arc, OnceLock};

pub use compile::CompileError;
pub use rule::{BindingRule, Child, Compiled, Node, Rule};

use crate::definitions::{Definitions, TypeId, TypeKind};
use crate::fhir::{Issue, Resource};
use crate::terminology::Terminology;
use primitive::Primitive;
use walk::Walk;

/// A definition compiled, or why it cannot be.
type Result = std::result::Result<Compiled, CompileError>;

/// Validates resources against some definitions. To be shared between threads.
pub struct Validator {
    definitions: Arc<Definitions>,
    terminology: Arc<Terminology>,
    /// By type.
    types: Vec<OnceLock<Result>>,
    primitives: Vec<Option<Primitive>>,
    /// What stands beside primitive values is of this type.
    element: Option<TypeId>,
    /// By the structure's number in the definitions.
    profiles: Vec<OnceLock<Result>>,
}

impl Validator {
    /// A validator that knows these definitions.
    pub fn new(definitions: Arc<Definitions>) -> Validator {
        let terminology = Arc::new(Terminology::new(Arc::clone(&definitions)));
        Validator::with_terminology(definitions, terminology)
    }

    /// A validator that shares value sets already worked out.
    pub fn with_terminology(definitions: Arc<Definitions>, terminology: Arc<Terminology>) -> Validator {
        let graph = definitions.types();
        let primitives: Vec<Option<Primitive>> = graph
            .ids()
            .map(|id| (graph[id].kind == TypeKind::Primitive).then(|| Primitive::named(&graph[id].name)))
            .collect();
        Validator {
            types: graph.ids().map(|_| OnceLock::new()).collect(),
            primitives,
            element: graph.find("Element"),
            profiles: (0..definitions.structure_count()).map(|_| OnceLock::new()).collect(),
            definitions,
            terminology,
        }
    }

    /// Everything that is to be said about a resource: against its type and every profile it claims in
    /// `meta.profile`; resources in it (contained, Bundle entries, parameters) each against their own.
    pub fn validate(&self, resource: &Resource) -> Vec<Issue> {
        resource.as_value().as_object().map_or_else(Vec::new, |resource| Walk::all(self, resource))
    }

    /// The terminology codes are checked with.
    pub fn terminology(&self) -> &Arc<Terminology> {
        &self.terminology
    }

    /// A profile compiled; `None` when it is not at hand.
    pub fn profile(&self, canonical: &str) -> Option<std::result::Result<&Compiled, &CompileError>> {
        let slot = self.profiles.get(self.definitions.structure_number(canonical)?)?;
        let compile = || match self.definitions.structure(canonical) {
            Some(structure) => compile::profile(structure, &self.definitions, &self.terminology),
            None => Err(CompileError::UnknownType),
        };
        Some(slot.get_or_init(compile).as_ref())
    }

    /// What a type asks of its properties.
    fn of_type(&self, type_id: TypeId) -> Option<&Compiled> {
        let compile = || compile::of_type(type_id, &self.definitions, &self.terminology);
        self.types.get(type_id.index())?.get_or_init(compile).as_ref().ok()
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("definitions", &self.definitions).finish_non_exhaustive()
    }
}
