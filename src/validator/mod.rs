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

mod around;
mod attachment;
mod binding;
mod bundle;
mod check;
mod compare;
mod compile;
mod contained;
mod demands;
mod discriminator;
mod display;
mod element;
mod entries;
mod errata;
mod extension;
mod format;
mod intent;
mod must_support;
mod narrative;
mod outline;
mod path;
mod place;
mod primitive;
mod questionnaire;
mod reference;
mod rule;
mod slice;
mod walk;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub use around::{Context, Demands, Resolver};
pub use compile::CompileError;
pub use must_support::MustSupport;
pub use rule::{
    BindingRule, Bound, Child, Compiled, Content, Context as ExtensionContext, Invariant, Node, NodeId,
    ProfileRef, Rule, Targets, Usage,
};
pub use slice::{Condition, Openness, Slice, Slicing, Test};

use crate::definitions::{Definitions, TypeId, TypeKind};
use crate::fhir::{Issue, Resource};
use crate::terminology::Terminology;
use around::Around;
use primitive::Primitive;
use walk::Walk;

/// A definition compiled, or why it cannot be.
type Compilation = Result<Compiled, CompileError>;

/// Validates resources against some definitions. To be shared between threads.
pub struct Validator {
    definitions: Arc<Definitions>,
    terminology: Arc<Terminology>,
    /// By type.
    types: Vec<OnceLock<Compilation>>,
    primitives: Vec<Option<Primitive>>,
    known: Known,
    /// By the structure's number in the definitions.
    profiles: Vec<OnceLock<Compilation>>,
    /// Invariants met so far, by key, severity and expression.
    invariants: Mutex<HashMap<(String, crate::fhir::Severity, String), Arc<Invariant>>>,
}

/// Types that have rules no definition tells.
#[derive(Debug, Clone, Copy)]
struct Known {
    domain_resource: Option<TypeId>,
    extension: Option<TypeId>,
    attachment: Option<TypeId>,
    markdown: Option<TypeId>,
    coding: Option<TypeId>,
    reference: Option<TypeId>,
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
            known: Known {
                domain_resource: graph.find("DomainResource"),
                extension: graph.find("Extension"),
                attachment: graph.find("Attachment"),
                markdown: graph.find("markdown"),
                coding: graph.find("Coding"),
                reference: graph.find("Reference"),
            },
            profiles: (0..definitions.structure_count()).map(|_| OnceLock::new()).collect(),
            invariants: Mutex::default(),
            definitions,
            terminology,
        }
    }

    /// Everything that is to be said about a resource by itself: against its type and every profile it claims in
    /// `meta.profile`; resources in it (contained, Bundle entries, parameters) each against their own.
    pub fn validate(&self, resource: &Resource) -> Vec<Issue> {
        self.validate_with(resource, &Context::default())
    }

    /// Everything that is to be said about a resource, given what is known of the world around it.
    pub fn validate_with(&self, resource: &Resource, context: &Context<'_>) -> Vec<Issue> {
        let around = Around::new(self, *context, resource.as_value());
        Walk::new(&around).all(resource.as_value())
    }

    /// The terminology codes are checked with.
    pub fn terminology(&self) -> &Arc<Terminology> {
        &self.terminology
    }

    /// A profile compiled; `None` when it is not at hand.
    pub fn profile(&self, canonical: &str) -> Option<Result<&Compiled, &CompileError>> {
        self.profile_of_number(self.definitions.structure_number(canonical)?)
    }

    /// A profile another definition names, when it is at hand and can be used.
    fn profile_of(&self, profile: &ProfileRef) -> Option<&Compiled> {
        self.profile_of_number(profile.number?)?.ok()
    }

    fn profile_of_number(&self, number: usize) -> Option<Result<&Compiled, &CompileError>> {
        let compile = || match self.definitions.structure_of_number(number) {
            Some(structure) => compile::profile(structure, self),
            None => Err(CompileError::UnknownType),
        };
        Some(self.profiles.get(number)?.get_or_init(compile).as_ref())
    }

    /// What a type asks of its properties.
    fn of_type(&self, type_id: TypeId) -> Option<&Compiled> {
        let compile = || compile::of_type(type_id, self);
        self.types.get(type_id.index())?.get_or_init(compile).as_ref().ok()
    }

    /// The invariant, or the one met before that is the same.
    fn intern(&self, invariant: Invariant) -> Arc<Invariant> {
        let key = (invariant.key.clone(), invariant.severity, invariant.expression.text().to_owned());
        let mut known = self.invariants.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(key).or_insert_with(|| Arc::new(invariant)))
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("definitions", &self.definitions).finish_non_exhaustive()
    }
}
