//! What a resource is validated in: the time, what it refers to, and who knows codes and profiles.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::Validator;
use super::entries::Entries;
use super::narrative;
use super::path::contained;
use super::walk::Walk;
use crate::fhir::time::Instant;
use crate::fhirpath::{self, Coding, Element, Environment, Link, Resolution, TypeOfReference};
use crate::terminology::{CodeSet, Membership};

/// What is passed in beside a resource. Nothing here does I/O: whatever is to be known has been fetched.
#[derive(Clone, Copy, Default)]
pub struct Context<'c> {
    /// Canonicals of profiles the resource must meet, besides those it claims.
    pub profiles: &'c [&'c str],
    /// Who finds resources that are referred to.
    pub resolver: Option<&'c dyn Resolver>,
    /// Who knows the codes that local definitions do not tell of.
    pub terminology: Option<&'c dyn fhirpath::Terminology>,
    /// The present moment; `None` where rules that depend on it are to be left out.
    pub now: Option<Instant>,
    /// What is asked for beyond the rules of FHIR.
    pub demands: Demands,
    /// Where extensions need not be at hand even so: beginnings of their URLs.
    pub trusted_extensions: &'c [&'c str],
}

/// What may be asked for beyond the rules of FHIR; nothing by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demands {
    /// References in a Bundle or Parameters, or that the resolver should find, lead somewhere.
    pub targets: bool,
    /// Extensions and profiles that are named are at hand.
    pub definitions: bool,
    /// No URL is one of those reserved for examples.
    pub no_examples: bool,
    /// Markdown has no HTML in it.
    pub no_html: bool,
}

/// Finds resources beyond the one that is validated, among what has been fetched already. References to contained
/// resources and to entries of the same Bundle do not come here.
pub trait Resolver {
    /// The resource a reference, canonical or URI leads to.
    fn resolve<'s>(&'s self, link: Link<'_>) -> Resolution<'s>;
}

/// How far profiles may lead to references, whose targets must meet profiles, and so on.
const MAX_HOPS: u32 = 8;

/// What a walk knows of the world around the resource.
pub(super) struct Around<'a> {
    pub(super) validator: &'a Validator,
    pub(super) context: Context<'a>,
    /// The resource as given; its entries, when it is a Bundle.
    root: &'a Value,
    entries: OnceCell<Entries<'a>>,
    /// Whether somebody was asked what he could not tell.
    is_unsure: Cell<bool>,
    /// Whether a resource (by address) meets a profile (by number), as far as known.
    verdicts: RefCell<HashMap<(usize, usize), bool>>,
    pub(super) hops: Cell<u32>,
    /// Value sets contained in resources, worked out, by address.
    code_sets: RefCell<HashMap<usize, Option<Arc<CodeSet>>>>,
    /// What resources (by address) that hold many others contain, by id.
    contained: RefCell<HashMap<usize, HashMap<&'a str, &'a Value>>>,
    /// What narratives may link to, by the address of the resource.
    anchors: RefCell<HashMap<usize, Rc<HashSet<&'a str>>>>,
}

impl<'a> Around<'a> {
    pub(super) fn new(validator: &'a Validator, context: Context<'a>, root: &'a Value) -> Around<'a> {
        Around {
            validator,
            context,
            root,
            entries: OnceCell::new(),
            is_unsure: Cell::new(false),
            verdicts: RefCell::default(),
            hops: Cell::new(0),
            code_sets: RefCell::default(),
            contained: RefCell::default(),
            anchors: RefCell::default(),
        }
    }

    /// An environment for expressions on a resource.
    pub(super) fn environment(&'a self) -> Environment<'a> {
        Environment {
            resolver: Some(self),
            terminology: Some(self),
            profiles: Some(self),
            ..Environment::new(self.validator.definitions.types(), self.context.now.unwrap_or(Instant(0)))
        }
    }

    /// Runs something; whether it asked what nobody could tell.
    pub(super) fn watch<T>(&self, run: impl FnOnce() -> T) -> (T, bool) {
        let before = self.is_unsure.replace(false);
        let result = run();
        (result, self.is_unsure.replace(before))
    }

    /// The entries of the Bundle, when the resource as given is one.
    pub(super) fn entries(&self) -> &Entries<'a> {
        self.entries.get_or_init(|| Entries::of(self.root))
    }

    /// Whether the resource as given is a Bundle.
    pub(super) fn is_bundle(&self) -> bool {
        self.root.get("resourceType").and_then(Value::as_str) == Some("Bundle")
    }

    /// What a reference leads to: an entry of the Bundle, what the resolver finds, or at least its type. Not for
    /// references to contained resources.
    pub(super) fn find(&self, link: Link<'_>) -> Resolution<'a> {
        if let Some(literal) = link.literal
            && let Some(entry) = self.entries().find(literal, link.container)
        {
            return Resolution::Resource(entry);
        }
        match self.context.resolver.map(|resolver| resolver.resolve(link)) {
            Some(found @ (Resolution::Resource(_) | Resolution::Type(_))) => found,
            _ => fhirpath::Resolver::resolve(&TypeOfReference(self.validator.definitions.types()), link),
        }
    }

    /// What a canonical leads to: an entry of the Bundle that says so of itself, or what the resolver finds.
    pub(super) fn canonical(&self, link: Link<'_>) -> Resolution<'a> {
        let url = link.literal.map(|literal| literal.split('|').next().unwrap_or(literal));
        let entries = self.root.get("entry").and_then(Value::as_array).into_iter().flatten();
        let mut resources = entries.filter_map(|entry| entry.get("resource")).filter(|_| self.is_bundle());
        let is_it = |resource: &&Value| url.is_some() && resource.get("url").and_then(Value::as_str) == url;
        if let Some(found) = resources.find(is_it) {
            return Resolution::Resource(found);
        }
        self.context.resolver.map_or(Resolution::Unknown, |resolver| resolver.resolve(link))
    }

    /// What narratives in a resource may link to.
    pub(super) fn anchors(&self, resource: &'a Value) -> Rc<HashSet<&'a str>> {
        let mut known = self.anchors.borrow_mut();
        let found = known.entry(std::ptr::from_ref(resource).addr()).or_insert_with(|| {
            let mut found = HashSet::new();
            narrative::anchors(resource, &mut found);
            Rc::new(found)
        });
        Rc::clone(found)
    }

    /// The resource of that id contained in another; that one itself where there is no id.
    pub(super) fn contained(&self, container: &'a Value, id: &str) -> Option<&'a Value> {
        const MANY: usize = 16;
        let all = container.get("contained").and_then(Value::as_array);
        let Some(all) = all.filter(|all| all.len() > MANY && !id.is_empty()) else {
            return contained(container, id);
        };
        let mut known = self.contained.borrow_mut();
        let by_id = known.entry(std::ptr::from_ref(container).addr()).or_insert_with(|| {
            // The first of several with one id counts.
            let with_id =
                all.iter().rev().filter_map(|resource| Some((resource.get("id")?.as_str()?, resource)));
            with_id.collect()
        });
        by_id.get(id).copied()
    }

    /// A value set contained in a resource, worked out once.
    pub(super) fn code_set(
        &self,
        contained: &Value,
        work_out: impl FnOnce() -> Option<Arc<CodeSet>>,
    ) -> Option<Arc<CodeSet>> {
        let address = std::ptr::from_ref(contained).addr();
        if let Some(known) = self.code_sets.borrow().get(&address) {
            return known.clone();
        }
        let codes = work_out();
        self.code_sets.borrow_mut().insert(address, codes.clone());
        codes
    }

    /// Whether a code is in a value set: by local definitions, else by whoever knows more.
    pub(super) fn membership(&self, value_set: &str, coding: Coding<'_>, local: Membership) -> Membership {
        if local != Membership::Unknown {
            return local;
        }
        match self.context.terminology.and_then(|other| other.member_of(value_set, coding)) {
            Some(true) => Membership::Member,
            Some(false) => Membership::NotMember,
            None => Membership::Unknown,
        }
    }

    /// A verdict that has been reached, or assumed meanwhile: resources may refer to each other in circles.
    pub(super) fn verdict(&self, resource: &Value, profile: usize) -> Option<bool> {
        self.verdicts.borrow().get(&(std::ptr::from_ref(resource).addr(), profile)).copied()
    }

    pub(super) fn set_verdict(&self, resource: &Value, profile: usize, verdict: bool) {
        self.verdicts.borrow_mut().insert((std::ptr::from_ref(resource).addr(), profile), verdict);
    }

    /// Whether references have led too far already.
    pub(super) fn is_far(&self) -> bool {
        self.hops.get() >= MAX_HOPS
    }

    fn unsure<T>(&self, answer: Option<T>) -> Option<T> {
        if answer.is_none() {
            self.is_unsure.set(true);
        }
        answer
    }
}

impl<'a> fhirpath::Resolver<'a> for Around<'a> {
    fn resolve(&self, link: Link<'_>) -> Resolution<'a> {
        let found = self.find(link);
        if !matches!(found, Resolution::Resource(_)) {
            self.is_unsure.set(true);
        }
        found
    }
}

impl fhirpath::Terminology for Around<'_> {
    fn member_of(&self, value_set: &str, coding: Coding<'_>) -> Option<bool> {
        let local = self.validator.terminology.contains(value_set, coding.system, coding.code);
        self.unsure(match self.membership(value_set, coding, local) {
            Membership::Member => Some(true),
            Membership::NotMember => Some(false),
            Membership::Unknown => None,
        })
    }

    fn subsumes(&self, general: Coding<'_>, specific: Coding<'_>) -> Option<bool> {
        let system = general.system.filter(|system| Some(*system) == specific.system);
        let local = system
            .and_then(|system| self.validator.terminology.is_kind_of(system, specific.code, general.code));
        let others = || self.context.terminology.and_then(|other| other.subsumes(general, specific));
        self.unsure(local.or_else(others))
    }
}

impl fhirpath::Profiles for Around<'_> {
    fn conforms_to(&self, element: &Element<'_>, profile: &str) -> Option<bool> {
        let value = element.value?;
        let compiled = self.unsure(self.validator.profile(profile)).and_then(Result::ok)?;
        if self.is_far() {
            return self.unsure(None);
        }
        let inner = Around::new(self.validator, self.context, element.container.unwrap_or(value));
        inner.hops.set(self.hops.get() + 1);
        Some(Walk::new(&inner).conforms(element, compiled))
    }
}
