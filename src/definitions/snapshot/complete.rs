//! All snapshots that packages lack, each after those it builds on.

use std::cell::{Cell, OnceCell};

use super::differential::Differential;
use super::error::{Fault, SnapshotError};
use super::generate::generate;
use super::limits;
use crate::definitions::by_canonical::ByCanonical;
use crate::definitions::canonical;
use crate::definitions::package::Package;
use crate::definitions::strip::Definition;
use crate::definitions::{Definitions, PackageId, StructureDefinition};

/// Puts a structure with its snapshot in the place of every differential in `packages`; `known` is what they may build
/// on besides each other.
///
/// A canonical without version means the one in the same package, else that in a package it depends on, else the newest.
/// Where a snapshot cannot be generated, the one its package carries stays; without one the structure is left out. The
/// errors tell both.
pub fn complete(packages: &mut [Package], known: Option<&Definitions>) -> Vec<SnapshotError> {
    let completion = Completion::new(packages, known);
    let mut errors = Vec::new();
    let mut outcomes = Vec::with_capacity(completion.pending.len());
    for (number, pending) in completion.pending.iter().enumerate() {
        completion.snapshot(number);
        let outcome = pending.outcome.get().cloned().unwrap_or_default();
        errors.extend(outcome.error);
        outcomes.push((pending.place, outcome.structure));
    }
    // From the back, so that places stay what they were.
    for ((package, index), structure) in outcomes.into_iter().rev() {
        let Some(definitions) = packages.get_mut(package).map(|package| &mut package.definitions) else {
            continue;
        };
        match structure {
            Some(structure) => definitions[index] = Definition::Structure(Box::new(structure)),
            None => drop(definitions.remove(index)),
        }
    }
    errors
}

struct Completion<'p> {
    packages: &'p [Package],
    known: Option<&'p Definitions>,
    structures: ByCanonical<Source<'p>>,
    pending: Vec<Pending<'p>>,
    /// How many snapshots wait for one another.
    depth: Cell<usize>,
}

/// Where a structure's snapshot is from.
#[derive(Debug)]
enum Source<'p> {
    Package(&'p StructureDefinition),
    /// The one to be generated, by its number.
    Pending(usize),
}

/// A snapshot to be generated.
struct Pending<'p> {
    differential: &'p Differential,
    /// The package, and where in it the differential is.
    place: (usize, usize),
    is_begun: Cell<bool>,
    outcome: OnceCell<Outcome>,
}

#[derive(Clone, Default)]
struct Outcome {
    structure: Option<StructureDefinition>,
    error: Option<SnapshotError>,
}

impl<'p> Completion<'p> {
    fn new(packages: &'p [Package], known: Option<&'p Definitions>) -> Completion<'p> {
        let (mut structures, mut pending) = (ByCanonical::default(), Vec::new());
        for (at, package) in packages.iter().enumerate() {
            for (index, definition) in package.definitions.iter().enumerate() {
                let (structure, source) = match definition {
                    Definition::Structure(structure) => (structure.as_ref(), Source::Package(structure)),
                    Definition::Differential(differential) => {
                        pending.push(Pending {
                            differential,
                            place: (at, index),
                            is_begun: Cell::new(false),
                            outcome: OnceCell::new(),
                        });
                        (&differential.structure, Source::Pending(pending.len() - 1))
                    }
                    _ => continue,
                };
                structures.add_value(&package.id, &structure.url, &structure.version, source);
            }
        }
        Completion { packages, known, structures, pending, depth: Cell::new(0) }
    }

    /// Generates a snapshot, unless that has been done.
    fn snapshot(&self, number: usize) -> Option<&StructureDefinition> {
        let pending = self.pending.get(number)?;
        if !pending.is_begun.replace(true) {
            self.depth.set(self.depth.get() + 1);
            let outcome = match self.generate(pending) {
                Ok(structure) => Outcome { structure: Some(structure), error: None },
                Err(error) => {
                    let carried = &pending.differential.structure;
                    let structure = (!carried.elements.is_empty()).then(|| carried.clone());
                    Outcome { structure, error: Some(error) }
                }
            };
            self.depth.set(self.depth.get() - 1);
            let _ = pending.outcome.set(outcome);
        }
        pending.outcome.get()?.structure.as_ref()
    }

    fn generate(&self, pending: &Pending<'_>) -> Result<StructureDefinition, SnapshotError> {
        let structure = &pending.differential.structure;
        let fault = |fault| SnapshotError { structure: structure.canonical(), element: None, fault };
        if self.depth.get() > limits::DEPTH {
            return Err(fault(Fault::TooDeep));
        }
        let canonical = structure.base_definition.as_deref().ok_or_else(|| fault(Fault::NoBase))?;
        let package = pending.place.0;
        let base = self.find(canonical, package).map_err(fault)?;
        // Below an element, another version of its profile tells more than its type alone does; and a profile that
        // waits for this one is made do without.
        let near = |canonical: &str| self.find(canonical, package);
        generate(pending.differential, base, &|canonical| {
            near(canonical).or_else(|_| near(canonical::split(canonical).0)).ok()
        })
    }

    /// The structure that a canonical in a package means; its snapshot is generated where that has not been done.
    fn find(&self, canonical: &str, package: usize) -> Result<&StructureDefinition, Fault> {
        let package = self.packages.get(package);
        let near: Vec<&PackageId> = package
            .into_iter()
            .flat_map(|package| [&package.id].into_iter().chain(&package.dependencies))
            .collect();
        let own = |number: Option<usize>| self.structures.get(number?, |_| None);
        let source = own(self.structures.find_near(canonical, &near));
        let known = || self.known.and_then(|known| known.structure_near(canonical, &near));
        let (source, known) = match source {
            Some(source) => (Some(source), None),
            None => match known() {
                Some(known) => (None, Some(known)),
                None => (
                    own(self.structures.find(canonical)),
                    self.known.and_then(|known| known.structure(canonical)),
                ),
            },
        };
        match (source, known) {
            (Some(Source::Package(structure)), _) => Ok(structure),
            (Some(Source::Pending(number)), _) => self.snapshot(*number).ok_or_else(|| {
                let is_done =
                    self.pending.get(*number).is_some_and(|pending| pending.outcome.get().is_some());
                if is_done { Fault::BaseWithoutSnapshot(canonical.to_owned()) } else { Fault::Circular }
            }),
            (None, Some(known)) => Ok(known),
            (None, None) => Err(Fault::UnknownBase(canonical.to_owned())),
        }
    }
}
