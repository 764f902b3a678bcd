//! `ig compile`: from FHIR packages to the compact form in `profiles/`.
//!
//! ```text
//! profiles/hl7.fhir.r4.core-4.0.1/package.json
//!                                 types/Patient.json
//!                                 profiles/vitalsigns.json
//!                                 extensions/patient-birthPlace.json
//!                                 search-parameters/Patient.json       those of one type; several.json: of several
//!                                 value-sets/administrative-gender.json
//!                                 code-systems/administrative-gender.json
//!                                 concept-maps/sc-task-status.json
//! ```
//!
//! What is left out, besides prose: examples, logical models, operations, structure maps, naming systems; of FHIR's own package
//! and of terminology packages the value sets and code systems that no structure needs (see `closure.rs`); and
//! expansions of value sets whose rules can be worked out from the code systems at hand.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::code_system::Content;
use super::package::Package;
use super::snapshot::{self, SnapshotError};
use super::strip::Definition;
use super::{
    ConceptMap, DefinitionsError, PackageId, SearchParameter, StructureDefinition, ValueSet, closure, compact,
};

/// What a run of [`compile`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The packages read, in the order given.
    pub packages: Vec<PackageId>,
    /// How many files `out` now has from them.
    pub files: usize,
    /// How many bytes these are.
    pub bytes: u64,
    /// What is wrong with profiles whose snapshot had to be generated; see [`snapshot::complete`].
    pub snapshot_errors: Vec<SnapshotError>,
}

/// Compiles packages (`.tgz` or folder, R4 core among them) into `out`, one folder each; a folder that is already
/// there is replaced. Packages should be compiled together: what is kept of one depends on what the others need.
pub fn compile(packages: &[PathBuf], out: &Path) -> Result<Summary, DefinitionsError> {
    let mut packages: Vec<Package> =
        packages.iter().map(|path| Package::read(path)).collect::<Result<_, _>>()?;
    let snapshot_errors = snapshot::complete(&mut packages, None);
    let files = files(&packages);
    let ids = packages.iter().map(|package| package.id.clone()).collect();
    let bytes = files.values().map(|text| text.len() as u64).sum();
    let folders: BTreeSet<&Path> =
        files.keys().filter_map(|path| path.components().next()).map(|c| Path::new(c.as_os_str())).collect();
    for folder in folders {
        let folder = out.join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(DefinitionsError::file(&folder))?;
        }
    }
    for (path, text) in &files {
        let path = out.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(DefinitionsError::file(folder))?;
        }
        fs::write(&path, text).map_err(DefinitionsError::file(&path))?;
    }
    Ok(Summary { packages: ids, files: files.len(), bytes, snapshot_errors })
}

/// The text of every file, by path below `out`. Differentials must have become snapshots: those that have not are left
/// out.
pub fn files(packages: &[Package]) -> BTreeMap<PathBuf, String> {
    let all = All {
        types: types(packages),
        needed: closure::needed(packages),
        expansions: expansions(packages),
        complete: complete_systems(packages),
    };
    packages.iter().enumerate().flat_map(|(at, package)| all.files_of(at, package)).collect()
}

/// What it takes to know of all packages to compile one.
struct All<'p> {
    types: HashMap<&'p str, &'p StructureDefinition>,
    needed: BTreeSet<(usize, usize)>,
    expansions: HashMap<(&'p str, &'p str), &'p ValueSet>,
    complete: HashSet<&'p str>,
}

impl All<'_> {
    fn files_of(&self, at: usize, package: &Package) -> BTreeMap<PathBuf, String> {
        let folder = PathBuf::from(package.id.to_string());
        let mut files = BTreeMap::new();
        let mut parameters: BTreeMap<&str, Vec<&SearchParameter>> = BTreeMap::new();
        for (index, definition) in package.definitions.iter().enumerate() {
            if let Definition::SearchParameter(parameter) = definition {
                let group = match parameter.base.as_slice() {
                    [single] => single,
                    _ => "several",
                };
                parameters.entry(group).or_default().push(parameter);
            }
            let is_needed = self.needed.contains(&(at, index));
            if let Some(file) = self.file(definition, is_needed, package.id.is_core()) {
                let mut path = folder.join(file.kind).join(file_name(file.url, None));
                if files.contains_key(&path) {
                    path.set_file_name(file_name(file.url, Some(file.version)));
                }
                files.insert(path, file.text);
            }
        }
        for (group, mut parameters) in parameters {
            parameters.sort_by(|a, b| (&a.code, &a.url).cmp(&(&b.code, &b.url)));
            let path = folder.join("search-parameters").join(file_name(group, None));
            files.insert(path, compact::write_search_parameters(&parameters));
        }
        if !files.is_empty() {
            let dependencies: BTreeMap<&str, &str> =
                package.dependencies.iter().map(|id| (id.name.as_str(), id.version.as_str())).collect();
            let mut manifest = serde_json::json!({"name": package.id.name, "version": package.id.version});
            if let (false, Some(manifest)) = (dependencies.is_empty(), manifest.as_object_mut()) {
                manifest.insert("dependencies".to_owned(), serde_json::json!(dependencies));
            }
            files.insert(folder.join("package.json"), format!("{manifest}\n"));
        }
        files
    }

    /// The file a definition has to itself; `None` when it has none, or is not kept.
    fn file<'d>(&self, definition: &'d Definition, is_needed: bool, is_core: bool) -> Option<OneFile<'d>> {
        let file = match definition {
            Definition::Structure(structure) => OneFile {
                kind: kind(structure),
                url: &structure.url,
                version: &structure.version,
                text: compact::write_structure(structure, &|name| self.types.get(name).copied()),
            },
            Definition::ValueSet(set) if is_needed => {
                let expanded = self.expansions.get(&(set.url.as_str(), set.version.as_str()));
                let expanded = expanded.filter(|_| !is_computable(set, &self.complete));
                let kept = ValueSet { expansion: expanded.and_then(|e| e.expansion.clone()), ..set.clone() };
                OneFile {
                    kind: "value-sets",
                    url: &set.url,
                    version: &set.version,
                    text: compact::write("ValueSet", &kept, None),
                }
            }
            Definition::CodeSystem(system) if is_needed => OneFile {
                kind: "code-systems",
                url: &system.url,
                version: &system.version,
                text: compact::write("CodeSystem", system, None),
            },
            // FHIR's own package has maps of other codes only to show what a map is.
            Definition::ConceptMap(map) if !is_core || maps_fhir_codes(map) => OneFile {
                kind: "concept-maps",
                url: &map.url,
                version: &map.version,
                text: compact::write("ConceptMap", map, None),
            },
            // FHIR's own capability statements are only models of what servers say.
            Definition::Other(other) if other.resource_type == "CompartmentDefinition" || !is_core => {
                OneFile {
                    kind: match other.resource_type.as_str() {
                        "CompartmentDefinition" => "compartments",
                        _ => "capability-statements",
                    },
                    url: &other.url,
                    version: &other.version,
                    text: compact::write(&other.resource_type, other, None),
                }
            }
            _ => return None,
        };
        Some(file)
    }
}

fn maps_fhir_codes(map: &ConceptMap) -> bool {
    map.source.as_deref().is_some_and(|source| source.starts_with("http://hl7.org/fhir/ValueSet/"))
}

struct OneFile<'d> {
    kind: &'static str,
    url: &'d str,
    version: &'d str,
    text: String,
}

fn types(packages: &[Package]) -> HashMap<&str, &StructureDefinition> {
    let structures = packages.iter().flat_map(|package| &package.definitions).filter_map(|d| match d {
        Definition::Structure(structure) if structure.is_type() => Some(structure.as_ref()),
        _ => None,
    });
    structures.map(|structure| (structure.type_name.as_str(), structure)).collect()
}

/// The whole expansions that any package has.
fn expansions(packages: &[Package]) -> HashMap<(&str, &str), &ValueSet> {
    let sets = packages.iter().flat_map(|package| &package.definitions).filter_map(|d| match d {
        Definition::ValueSet(set) if set.expansion.is_some() => Some(set),
        _ => None,
    });
    sets.map(|set| ((set.url.as_str(), set.version.as_str()), set)).collect()
}

fn complete_systems(packages: &[Package]) -> HashSet<&str> {
    let systems = packages.iter().flat_map(|package| &package.definitions).filter_map(|d| match d {
        Definition::CodeSystem(system) if system.content == Content::Complete => Some(system.url.as_str()),
        _ => None,
    });
    systems.collect()
}

/// Whether the rules of a value set say what is in it, given the code systems at hand.
fn is_computable(set: &ValueSet, complete: &HashSet<&str>) -> bool {
    !set.include.is_empty()
        && set.include.iter().chain(&set.exclude).all(|rule| match &rule.system {
            Some(system) => !rule.concepts.is_empty() || complete.contains(system.as_str()),
            None => true,
        })
}

fn kind(structure: &StructureDefinition) -> &'static str {
    match structure.type_name.as_str() {
        _ if structure.is_type() => "types",
        "Extension" => "extensions",
        _ => "profiles",
    }
}

/// The last part of a URL, as far as every file system can have it.
fn file_name(url: &str, version: Option<&str>) -> String {
    let last = url.rsplit(['/', ':']).next().unwrap_or(url);
    let version = version.map(|version| format!("-{version}")).unwrap_or_default();
    let name = format!("{last}{version}");
    let safe = name.chars().map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' });
    format!("{}.json", safe.collect::<String>())
}
