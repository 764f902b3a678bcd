//! All definitions at hand, found by canonical URL.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::by_canonical::ByCanonical;
use super::canonical::{self, PackageId};
use super::compact::{self, Header, Sort};
use super::embedded::{CompiledFile, Texts};
use super::package::{Manifest, Package};
use super::search_parameters::SearchParameters;
use super::snapshot::{self, SnapshotError};
use super::strip::Definition;
use super::structure::{Derivation, ElementDefinition, StructureDefinition};
use super::{
    CodeSystem, ConceptMap, DefinitionsError, OtherDefinition, SearchParameter, TypeGraph, ValueSet,
    inheritance,
};

/// The definitions of all packages at hand: those inside the binary and those the user added.
///
/// Types and search parameters are read at once, everything else when it is first asked for. Canonicals are
/// `url|version`, or `url` alone for the newest version.
#[derive(Default)]
pub struct Definitions {
    texts: Texts,
    packages: Vec<PackageId>,
    /// The packages that each depends on.
    dependencies: HashMap<PackageId, Vec<PackageId>>,
    types: TypeGraph,
    structures: ByCanonical<StructureDefinition>,
    /// Numbers of the structures that define types, by the type's name.
    type_numbers: HashMap<String, usize>,
    /// Numbers of the structures that constrain types, by the type's name.
    profile_numbers: HashMap<String, Vec<usize>>,
    value_sets: ByCanonical<ValueSet>,
    code_systems: ByCanonical<CodeSystem>,
    concept_maps: ByCanonical<ConceptMap>,
    others: ByCanonical<OtherDefinition>,
    search_parameters: SearchParameters,
    snapshot_errors: Vec<SnapshotError>,
}

impl Definitions {
    /// The definitions inside the binary.
    pub fn embedded() -> Result<Definitions, DefinitionsError> {
        Definitions::with_packages(&[])
    }

    /// The definitions inside the binary and those of further packages (`.tgz` files or folders). Where a package
    /// defines what is there already (same URL and version), the later one counts; the types of R4 stay as they are.
    pub fn with_packages(extra: &[PathBuf]) -> Result<Definitions, DefinitionsError> {
        Definitions::choose(|_| true, extra)
    }

    /// Like [`Definitions::with_packages`], with some of the packages inside the binary only. R4 itself must be among
    /// them.
    pub fn choose(
        is_wanted: impl Fn(&PackageId) -> bool,
        extra: &[PathBuf],
    ) -> Result<Definitions, DefinitionsError> {
        let mut definitions = Definitions { texts: Texts::unpack()?, ..Definitions::default() };
        let mut parameters = definitions.add_embedded(&is_wanted)?;
        let mut packages: Vec<Package> =
            extra.iter().map(|path| Package::read(path)).collect::<Result<_, _>>()?;
        definitions.snapshot_errors = snapshot::complete(&mut packages, Some(&definitions));
        for package in packages {
            definitions.add_package(package, &mut parameters);
        }
        definitions.types = TypeGraph::new(definitions.type_definitions());
        definitions.search_parameters = SearchParameters::new(parameters, &definitions.types);
        Ok(definitions)
    }

    /// The FHIR types.
    pub fn types(&self) -> &TypeGraph {
        &self.types
    }

    /// A type, profile or extension.
    pub fn structure(&self, canonical: &str) -> Option<&StructureDefinition> {
        self.structure_of_number(self.structures.find(canonical)?)
    }

    /// A type, profile or extension; without version it is that of the first of these packages that has one.
    pub(super) fn structure_near(
        &self,
        canonical: &str,
        packages: &[&PackageId],
    ) -> Option<&StructureDefinition> {
        self.structure_of_number(self.structures.find_near(canonical, packages)?)
    }

    /// The definition of a type: `Task`, `HumanName`, `code`.
    pub fn type_definition(&self, type_name: &str) -> Option<&StructureDefinition> {
        self.structure_of_number(*self.type_numbers.get(type_name)?)
    }

    /// The number of the structure that a canonical means where `user` has it: without version that of the user's own
    /// package or one it depends on, before the newest.
    pub(crate) fn structure_number_for(&self, canonical: &str, user: &StructureDefinition) -> Option<usize> {
        let near = self.packages_near(user);
        self.structures.find_near(canonical, &near).or_else(|| self.structures.find(canonical))
    }

    /// Like [`Definitions::structure_number_for`], for a value set.
    pub(crate) fn value_set_number_for(&self, canonical: &str, user: &StructureDefinition) -> Option<usize> {
        let near = self.packages_near(user);
        self.value_sets.find_near(canonical, &near).or_else(|| self.value_sets.find(canonical))
    }

    fn packages_near(&self, user: &StructureDefinition) -> Vec<&PackageId> {
        let own = self.structures.package(&user.url, &user.version);
        let dependencies = own.and_then(|own| self.dependencies.get(own));
        own.into_iter().chain(dependencies.into_iter().flatten()).collect()
    }

    /// The number of a structure, from 0; the same for all its canonicals.
    pub(crate) fn structure_number(&self, canonical: &str) -> Option<usize> {
        self.structures.find(canonical)
    }

    /// How many numbers structures have.
    pub(crate) fn structure_count(&self) -> usize {
        self.structures.len()
    }

    /// The element that the element at `index` of a structure starts from: what the type already says about it.
    pub(crate) fn inherited(
        &self,
        structure: &StructureDefinition,
        index: usize,
    ) -> Option<&ElementDefinition> {
        let element = structure.elements.get(index)?;
        let before = structure.elements.get(..index)?;
        inheritance::inherited(&element.path, structure, before, &|name| self.type_definition(name))
    }

    /// The profiles (for `Extension`: the extensions) that constrain a type, all versions.
    pub fn profiles_of(&self, type_name: &str) -> impl Iterator<Item = &StructureDefinition> {
        let numbers = self.profile_numbers.get(type_name).into_iter().flatten();
        let current = numbers.filter(|number| self.structures.is_current(**number));
        current.filter_map(|number| self.structure_of_number(*number))
    }

    /// All search parameters of a resource type, those of all resources included; one for each code, sorted by code.
    pub fn search_parameters(&self, resource_type: &str) -> &[Arc<SearchParameter>] {
        self.search_parameters.of(resource_type)
    }

    /// The search parameter of that code.
    pub fn search_parameter(&self, resource_type: &str, code: &str) -> Option<&Arc<SearchParameter>> {
        self.search_parameters.find(resource_type, code)
    }

    /// The newest search parameter of that URL; a version after the URL is not looked at.
    pub fn search_parameter_by_url(&self, url: &str) -> Option<&Arc<SearchParameter>> {
        self.search_parameters.by_url(canonical::split(url).0)
    }

    /// A value set.
    pub fn value_set(&self, canonical: &str) -> Option<&ValueSet> {
        self.value_set_of_number(self.value_sets.find(canonical)?)
    }

    /// The value set of that number.
    pub(crate) fn value_set_of_number(&self, number: usize) -> Option<&ValueSet> {
        self.value_sets.get(number, |file| serde_json::from_str(self.texts.read(file)).ok())
    }

    /// The number of a value set, from 0; the same for all its canonicals.
    pub(crate) fn value_set_number(&self, canonical: &str) -> Option<usize> {
        self.value_sets.find(canonical)
    }

    /// How many numbers value sets have.
    pub(crate) fn value_set_count(&self) -> usize {
        self.value_sets.len()
    }

    /// A code system.
    pub fn code_system(&self, canonical: &str) -> Option<&CodeSystem> {
        self.code_system_of_number(self.code_systems.find(canonical)?)
    }

    /// The number of a code system, from 0; the same for all its canonicals.
    pub(crate) fn code_system_number(&self, canonical: &str) -> Option<usize> {
        self.code_systems.find(canonical)
    }

    /// How many numbers code systems have.
    pub(crate) fn code_system_count(&self) -> usize {
        self.code_systems.len()
    }

    /// The code system of that number.
    pub(crate) fn code_system_of_number(&self, number: usize) -> Option<&CodeSystem> {
        self.code_systems.get(number, |file| serde_json::from_str(self.texts.read(file)).ok())
    }

    /// Every value set. Reads what has not been read yet.
    pub fn value_sets(&self) -> impl Iterator<Item = &ValueSet> {
        let read = |file: &CompiledFile| serde_json::from_str(self.texts.read(file)).ok();
        self.value_sets.numbers().filter_map(move |number| self.value_sets.get(number, read))
    }

    /// Every code system. Reads what has not been read yet.
    pub fn code_systems(&self) -> impl Iterator<Item = &CodeSystem> {
        let read = |file: &CompiledFile| serde_json::from_str(self.texts.read(file)).ok();
        self.code_systems.numbers().filter_map(move |number| self.code_systems.get(number, read))
    }

    /// A concept map.
    pub fn concept_map(&self, canonical: &str) -> Option<&ConceptMap> {
        let number = self.concept_maps.find(canonical)?;
        self.concept_maps.get(number, |file| serde_json::from_str(self.texts.read(file)).ok())
    }

    /// Every concept map. Reads what has not been read yet.
    pub fn concept_maps(&self) -> impl Iterator<Item = &ConceptMap> {
        let read = |file: &CompiledFile| serde_json::from_str(self.texts.read(file)).ok();
        self.concept_maps.numbers().filter_map(move |number| self.concept_maps.get(number, read))
    }

    /// A CapabilityStatement or CompartmentDefinition.
    pub fn other(&self, canonical: &str) -> Option<&OtherDefinition> {
        let number = self.others.find(canonical)?;
        self.others.get(number, |file| serde_json::from_str(self.texts.read(file)).ok())
    }

    /// The packages the definitions are from.
    pub fn packages(&self) -> &[PackageId] {
        &self.packages
    }

    /// What is wrong with profiles of the packages the user added whose snapshot had to be generated. One that carried
    /// a snapshot is used with that, one without is left out.
    pub fn snapshot_errors(&self) -> &[SnapshotError] {
        &self.snapshot_errors
    }

    /// Every type, profile and extension. Reads what has not been read yet.
    pub fn structures(&self) -> impl Iterator<Item = &StructureDefinition> {
        self.structures.numbers().filter_map(|number| self.structure_of_number(number))
    }

    /// The structure of that number.
    pub(crate) fn structure_of_number(&self, number: usize) -> Option<&StructureDefinition> {
        let find = |name: &str| self.type_definition(name);
        self.structures.get(number, |file| compact::read_structure(self.texts.read(file), &find).ok())
    }

    fn type_definitions(&self) -> impl Iterator<Item = &StructureDefinition> {
        let mut numbers: Vec<usize> = self.type_numbers.values().copied().collect();
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|number| self.structure_of_number(number))
    }

    /// Takes note of every compiled file; reads those of types and search parameters.
    fn add_embedded(
        &mut self,
        is_wanted: &dyn Fn(&PackageId) -> bool,
    ) -> Result<Vec<(PackageId, SearchParameter)>, DefinitionsError> {
        let files = self.texts.files().to_vec();
        let mut packages: HashMap<String, PackageId> = HashMap::new();
        for file in files.iter().filter(|file| file.path.ends_with("/package.json")) {
            let manifest: Manifest = serde_json::from_str(self.texts.read(file)).map_err(damaged(file))?;
            let (id, dependencies) = manifest.into_parts();
            if !is_wanted(&id) {
                continue;
            }
            self.packages.push(id.clone());
            self.dependencies.insert(id.clone(), dependencies);
            packages.insert(id.to_string(), id);
        }
        let mut parameters = Vec::new();
        for file in files {
            let Some(package) = file.path.split('/').next().and_then(|folder| packages.get(folder)) else {
                continue;
            };
            if file.path.ends_with("/package.json") {
                continue;
            }
            let text = self.texts.read(&file);
            let header = compact::header(text).map_err(damaged(&file))?;
            let Header { url, version, .. } = &header;
            match header.resource_type {
                Sort::StructureDefinition => {
                    let number = self.structures.add_file(package, url, version, file.clone());
                    let type_name = header.type_name.unwrap_or_default();
                    if header.derivation == Some(Derivation::Constraint) {
                        self.profile_numbers.entry(type_name).or_default().push(number);
                    } else {
                        self.type_numbers.entry(type_name).or_insert(number);
                    }
                }
                Sort::SearchParameter => {
                    let group = compact::read_search_parameters(text).map_err(damaged(&file))?;
                    parameters.extend(group.into_iter().map(|parameter| (package.clone(), parameter)));
                }
                Sort::ValueSet => {
                    self.value_sets.add_file(package, url, version, file);
                }
                Sort::CodeSystem => {
                    self.code_systems.add_file(package, url, version, file);
                }
                Sort::ConceptMap => {
                    self.concept_maps.add_file(package, url, version, file);
                }
                Sort::CapabilityStatement | Sort::CompartmentDefinition => {
                    self.others.add_file(package, url, version, file);
                }
            }
        }
        Ok(parameters)
    }

    fn add_package(&mut self, package: Package, parameters: &mut Vec<(PackageId, SearchParameter)>) {
        let Package { id, dependencies, definitions } = package;
        for definition in definitions {
            match definition {
                Definition::Structure(structure) => {
                    let (url, version) = (structure.url.clone(), structure.version.clone());
                    let (type_name, is_type) = (structure.type_name.clone(), structure.is_type());
                    let number = self.structures.add_value(&id, &url, &version, *structure);
                    if is_type {
                        self.type_numbers.entry(type_name).or_insert(number);
                    } else {
                        self.profile_numbers.entry(type_name).or_default().push(number);
                    }
                }
                // `snapshot::complete` leaves none.
                Definition::Differential(_) => {}
                Definition::SearchParameter(parameter) => parameters.push((id.clone(), parameter)),
                Definition::ValueSet(set) => {
                    let (url, version) = (set.url.clone(), set.version.clone());
                    self.value_sets.add_value(&id, &url, &version, set);
                }
                Definition::CodeSystem(system) => {
                    let (url, version) = (system.url.clone(), system.version.clone());
                    self.code_systems.add_value(&id, &url, &version, system);
                }
                Definition::ConceptMap(map) => {
                    let (url, version) = (map.url.clone(), map.version.clone());
                    self.concept_maps.add_value(&id, &url, &version, map);
                }
                Definition::Other(other) => {
                    let (url, version) = (other.url.clone(), other.version.clone());
                    self.others.add_value(&id, &url, &version, other);
                }
            }
        }
        self.dependencies.insert(id.clone(), dependencies);
        if !self.packages.contains(&id) {
            self.packages.push(id);
        }
    }
}

fn damaged(file: &CompiledFile) -> impl FnOnce(serde_json::Error) -> DefinitionsError {
    let file = file.path.clone();
    move |e| DefinitionsError::Embedded { file, reason: e.to_string() }
}

impl fmt::Debug for Definitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definitions").field("packages", &self.packages).finish_non_exhaustive()
    }
}
