//! All snapshots that packages lack, each after those it builds on.

use std::cell::{Cell, OnceCell, RefCell};

use super::differential::Differential;
use super::error::{Fault, SnapshotError};
use super::generate::generate;
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
    completion.run();
    let mut errors = Vec::new();
    let mut outcomes = Vec::with_capacity(completion.pending.len());
    for pending in completion.pending {
        let outcome = pending.outcome.into_inner().unwrap_or_default();
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
    /// The snapshots that the one under way turned out to need first.
    needed: RefCell<Vec<usize>>,
}

/// Where a structure's snapshot is from.
#[derive(Debug, Clone, Copy)]
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
    /// Whether it has been tried: when it is not done, it waits for others.
    is_begun: Cell<bool>,
    outcome: OnceCell<Outcome>,
}

#[derive(Default)]
struct Outcome {
    structure: Option<StructureDefinition>,
    error: Option<SnapshotError>,
}

impl Outcome {
    /// `carried` is the structure as its package has it.
    fn new(result: Result<StructureDefinition, SnapshotError>, carried: &StructureDefinition) -> Outcome {
        match result {
            Ok(structure) => Outcome { structure: Some(structure), error: None },
            Err(error) => Outcome {
                structure: (!carried.elements.is_empty()).then(|| carried.clone()),
                error: Some(error),
            },
        }
    }
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
        Completion { packages, known, structures, pending, needed: RefCell::default() }
    }

    /// Generates all. One that turns out to need others is put off until these are done: however long the chain of
    /// profiles that need each other, nothing recurs.
    fn run(&self) {
        for first in 0..self.pending.len() {
            let mut stack = vec![first];
            while let Some(pending) = stack.last().and_then(|number| self.pending.get(*number)) {
                if pending.outcome.get().is_none() {
                    pending.is_begun.set(true);
                    let result = self.generate(pending);
                    let needed = self.needed.take();
                    if !needed.is_empty() {
                        stack.extend(needed);
                        continue;
                    }
                    let _ = pending.outcome.set(Outcome::new(result, &pending.differential.structure));
                }
                stack.pop();
            }
        }
    }

    fn generate(&self, pending: &Pending<'_>) -> Result<StructureDefinition, SnapshotError> {
        let structure = &pending.differential.structure;
        let fault = |fault| SnapshotError { structure: structure.canonical(), element: None, fault };
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

    /// The structure that a canonical in a package means. One whose snapshot is still to be generated is noted as
    /// needed; what the result is then does not matter.
    fn find(&self, canonical: &str, package: usize) -> Result<&StructureDefinition, Fault> {
        let package = self.packages.get(package);
        let near: Vec<&PackageId> = package
            .into_iter()
            .flat_map(|package| [&package.id].into_iter().chain(&package.dependencies))
            .collect();
        let own = |number: Option<usize>| self.structures.get(number?, |_| None).copied();
        let source = own(self.structures.find_near(canonical, &near))
            .or_else(|| Some(Source::Package(self.known?.structure_near(canonical, &near)?)))
            .or_else(|| own(self.structures.find(canonical)))
            .or_else(|| Some(Source::Package(self.known?.structure(canonical)?)));
        match source.ok_or_else(|| Fault::UnknownBase(canonical.to_owned()))? {
            Source::Package(structure) => Ok(structure),
            Source::Pending(number) => {
                let without = || Fault::BaseWithoutSnapshot(canonical.to_owned());
                let pending = self.pending.get(number).ok_or_else(without)?;
                match pending.outcome.get() {
                    Some(outcome) => outcome.structure.as_ref().ok_or_else(without),
                    None if pending.is_begun.get() => Err(Fault::Circular),
                    None => {
                        self.needed.borrow_mut().push(number);
                        Err(without())
                    }
                }
            }
        }
    }
}
