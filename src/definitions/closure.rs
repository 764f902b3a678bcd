//! Which value sets and code systems some packages need: all that guides define, those that the bindings of any
//! structure name other than as an example, those whose codes structures fix, and what these in turn are made of.
//!
//! FHIR's own package and HL7's terminology package define thousands; this is how the few hundred that matter are
//! found.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::ValueSet;
use super::canonical::{self, Age};
use super::package::Package;
use super::strip::Definition;
use super::structure::{BindingStrength, StructureDefinition};

/// Where a definition is: index of the package, index in the package.
type Place = (usize, usize);

/// Definitions by URL, with what it takes to choose among versions.
#[derive(Default)]
struct ByUrl<'p>(HashMap<&'p str, Vec<(Age, &'p str, Place)>>);

impl<'p> ByUrl<'p> {
    fn add(&mut self, package: &Package, url: &'p str, version: &'p str, place: Place) {
        self.0.entry(url).or_default().push((Age::of(&package.id, version), version, place));
    }

    /// The one with that version; without version the newest.
    fn resolve(&self, reference: &str) -> Option<Place> {
        let (url, version) = canonical::split(reference);
        let candidates = self.0.get(url)?.iter();
        match version {
            Some(version) => candidates.filter(|(_, own, _)| *own == version).map(|c| c.2).next_back(),
            None => candidates.max_by(|a, b| a.0.cmp(&b.0)).map(|candidate| candidate.2),
        }
    }
}

/// What is needed of the packages: places of value sets and code systems.
pub(super) fn needed(packages: &[Package]) -> BTreeSet<Place> {
    let mut search = Search { packages, ..Search::default() };
    for (place, package, definition) in places(packages) {
        match definition {
            Definition::ValueSet(set) => search.value_sets.add(package, &set.url, &set.version, place),
            Definition::CodeSystem(system) => {
                search.code_systems.add(package, &system.url, &system.version, place);
            }
            _ => {}
        }
    }
    for (place, package, definition) in places(packages) {
        match definition {
            Definition::Structure(structure) => search.structure(structure),
            Definition::ValueSet(_) | Definition::CodeSystem(_) if is_guide(package) => {
                search.need(Some(place))
            }
            _ => {}
        }
    }
    search.found
}

fn places(packages: &[Package]) -> impl Iterator<Item = (Place, &Package, &Definition)> {
    let packages = packages.iter().enumerate().filter(|(_, package)| !package.id.is_expansions());
    packages.flat_map(|(at, package)| {
        let definitions = package.definitions.iter().enumerate();
        definitions.map(move |(index, definition)| ((at, index), package, definition))
    })
}

/// Whether a package is a guide: it has profiles, and is not FHIR itself.
fn is_guide(package: &Package) -> bool {
    !package.id.is_core() && package.definitions.iter().any(|d| matches!(d, Definition::Structure(_)))
}

#[derive(Default)]
struct Search<'p> {
    packages: &'p [Package],
    value_sets: ByUrl<'p>,
    code_systems: ByUrl<'p>,
    found: BTreeSet<Place>,
}

impl Search<'_> {
    fn structure(&mut self, structure: &StructureDefinition) {
        for element in &structure.elements {
            for value in element.values.values() {
                self.systems_in(value);
            }
            // An example binding asks nothing of anyone.
            let Some(binding) = element.binding.as_ref().filter(|b| b.strength != BindingStrength::Example)
            else {
                continue;
            };
            let additional = binding.additional.iter().filter_map(|more| more.get("valueSet")?.as_str());
            let named = binding.value_set.as_deref().into_iter().chain(binding.max_value_set.as_deref());
            for reference in named.chain(additional) {
                self.need(self.value_sets.resolve(reference));
            }
        }
    }

    /// The code systems of the codings in a fixed or pattern value.
    fn systems_in(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(system)) = map.get("system") {
                    self.need(self.code_systems.resolve(system));
                }
                map.values().for_each(|value| self.systems_in(value));
            }
            Value::Array(items) => items.iter().for_each(|item| self.systems_in(item)),
            _ => {}
        }
    }

    fn need(&mut self, place: Option<Place>) {
        let Some((at, index)) = place else { return };
        if !self.found.insert((at, index)) {
            return;
        }
        match self.packages.get(at).and_then(|package| package.definitions.get(index)) {
            Some(Definition::ValueSet(value_set)) => self.parts(value_set),
            Some(Definition::CodeSystem(system)) => {
                if let Some(base) = &system.supplements {
                    self.need(self.code_systems.resolve(base));
                }
                // The set of all its codes is what people ask for by that name.
                if let Some(set) = &system.value_set {
                    self.need(self.value_sets.resolve(set));
                }
            }
            _ => {}
        }
    }

    fn parts(&mut self, value_set: &ValueSet) {
        for rule in value_set.include.iter().chain(&value_set.exclude) {
            if let Some(system) = &rule.system {
                let reference = rule.version.as_ref().map(|version| format!("{system}|{version}"));
                let exact = reference.and_then(|reference| self.code_systems.resolve(&reference));
                self.need(exact.or_else(|| self.code_systems.resolve(system)));
            }
            for set in &rule.value_sets {
                self.need(self.value_sets.resolve(set));
            }
        }
    }
}
