//! Packages, their compact form, and what is found in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sdoh_gateway::definitions::package::Package;
use sdoh_gateway::definitions::strip::Definition;
use sdoh_gateway::definitions::{Definitions, DefinitionsError, SearchKind, compile, snapshot};

use crate::harness::{embedded, root, shared};

/// The official packages; `None`, said aloud, where they are not.
fn packages() -> Option<&'static [Package]> {
    static PACKAGES: OnceLock<Vec<Package>> = OnceLock::new();
    let folder = shared("fhir-packages")?;
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| !path.to_string_lossy().contains("r4.examples"));
    paths.sort();
    let read = || {
        let mut packages: Vec<Package> = paths.iter().map(|path| Package::read(path).unwrap()).collect();
        assert_eq!(snapshot::complete(&mut packages, None), []);
        packages
    };
    Some(PACKAGES.get_or_init(read))
}

fn tree(folder: &Path, below: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tree(&path, below, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.insert(path.strip_prefix(below).unwrap().to_owned(), fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn profiles_are_what_the_packages_compile_to() {
    let Some(packages) = packages() else { return };
    let compiled = compile::files(packages);
    let mut kept = BTreeMap::new();
    tree(&root().join("profiles"), &root().join("profiles"), &mut kept);
    let names = |files: &BTreeMap<PathBuf, String>| files.keys().cloned().collect::<BTreeSet<_>>();
    let (fresh, old) = (names(&compiled), names(&kept));
    assert_eq!(fresh.difference(&old).collect::<Vec<_>>(), Vec::<&PathBuf>::new(), "missing in profiles/");
    assert_eq!(old.difference(&fresh).collect::<Vec<_>>(), Vec::<&PathBuf>::new(), "too much in profiles/");
    for (path, text) in &compiled {
        assert!(kept[path] == *text, "profiles/{} is not what its package compiles to", path.display());
    }
    let bytes: usize = kept.values().map(String::len).sum();
    println!("profiles/: {} files, {bytes} bytes", kept.len());
    assert!(bytes < 6_000_000, "{bytes} bytes");
    let lower: BTreeSet<String> = kept.keys().map(|path| path.to_string_lossy().to_lowercase()).collect();
    assert_eq!(lower.len(), kept.len(), "two files differ only in case");
}

#[test]
fn compiled_is_the_same_as_the_package() {
    let Some(packages) = packages() else { return };
    let definitions = embedded();
    let mut count = 0;
    for definition in packages.iter().filter(|p| !p.id.is_expansions()).flat_map(|p| &p.definitions) {
        match definition {
            Definition::Structure(structure) => {
                let canonical = structure.canonical();
                assert_eq!(definitions.structure(&canonical), Some(structure.as_ref()), "{canonical}");
                count += 1;
            }
            Definition::Differential(_) => panic!("a snapshot is missing"),
            Definition::ValueSet(set) => {
                let canonical = format!("{}|{}", set.url, set.version);
                if let Some(compiled) = definitions.value_set(&canonical) {
                    assert_eq!(
                        (&compiled.include, &compiled.exclude),
                        (&set.include, &set.exclude),
                        "{canonical}"
                    );
                }
            }
            Definition::CodeSystem(system) => {
                if let Some(compiled) = definitions.code_system(&system.canonical()) {
                    assert_eq!(compiled, system, "{}", system.url);
                }
            }
            Definition::SearchParameter(parameter) => {
                if let Some(compiled) = definitions.search_parameter_by_url(&parameter.url)
                    && compiled.version == parameter.version
                {
                    assert_eq!(compiled.as_ref(), parameter);
                }
            }
            Definition::ConceptMap(map) => {
                if let Some(compiled) = definitions.concept_map(&format!("{}|{}", map.url, map.version)) {
                    assert_eq!(compiled, map);
                }
            }
            Definition::Other(other) => {
                if let Some(compiled) = definitions.other(&format!("{}|{}", other.url, other.version)) {
                    assert_eq!(compiled, other);
                }
            }
        }
    }
    assert_eq!(definitions.structures().count(), count);
}

#[test]
fn every_compiled_file_can_be_read() {
    let mut files = BTreeMap::new();
    tree(&root().join("profiles"), &root().join("profiles"), &mut files);
    let is_structure = |path: &PathBuf| {
        ["types", "profiles", "extensions"].iter().any(|kind| path.iter().nth(1).is_some_and(|p| p == *kind))
    };
    assert_eq!(embedded().structures().count(), files.keys().filter(|path| is_structure(path)).count());
    for (path, text) in &files {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let canonical = format!(
            "{}|{}",
            json["url"].as_str().unwrap_or_default(),
            json["version"].as_str().unwrap_or_default()
        );
        let found = match json["resourceType"].as_str() {
            Some("ValueSet") => embedded().value_set(&canonical).is_some(),
            Some("CodeSystem") => embedded().code_system(&canonical).is_some(),
            Some("ConceptMap") => embedded().concept_map(&canonical).is_some(),
            Some("StructureDefinition") => embedded().structure(&canonical).is_some(),
            Some("CapabilityStatement" | "CompartmentDefinition") => embedded().other(&canonical).is_some(),
            _ => true,
        };
        assert!(found, "{}", path.display());
    }
}

#[test]
fn canonicals_resolve_with_versions() {
    const PATIENT: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient";
    let version = |canonical: &str| embedded().structure(canonical).map(|s| s.version.clone());
    for (canonical, expected) in [
        (PATIENT.to_owned(), Some("7.0.0")),
        (format!("{PATIENT}|6.1.0"), Some("6.1.0")),
        (format!("{PATIENT}|3.1.1"), Some("3.1.1")),
        (format!("{PATIENT}|5.0.0"), None),
        ("http://nobody.example/x".to_owned(), None),
        ("http://hl7.org/fhir/StructureDefinition/Task".to_owned(), Some("4.0.1")),
    ] {
        assert_eq!(version(&canonical).as_deref(), expected, "{canonical}");
    }
    // HL7 Terminology is newer than what R4 core carried along.
    let act_code = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    assert_eq!(embedded().code_system(act_code).unwrap().version, "10.0.0");
    let gender = "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1";
    assert_eq!(embedded().value_set(gender).unwrap().name, "AdministrativeGender");
    let tasks: Vec<&str> = embedded().profiles_of("Task").map(|profile| profile.name.as_str()).collect();
    assert!(tasks.contains(&"SDOHCCTaskForPatient"), "{tasks:?}");
    assert_eq!(embedded().type_definition("HumanName").unwrap().elements[0].id, "HumanName");
}

#[test]
fn search_parameters() {
    for (resource_type, code, expected) in [
        // FHIR's own come first, though US Core and Resource have such codes too.
        ("Patient", "birthdate", "http://hl7.org/fhir/SearchParameter/individual-birthdate"),
        ("Patient", "_id", "http://hl7.org/fhir/SearchParameter/Resource-id"),
        ("Condition", "subject", "http://hl7.org/fhir/SearchParameter/Condition-subject"),
        // What only guides define.
        (
            "Condition",
            "asserted-date",
            "http://hl7.org/fhir/us/core/SearchParameter/us-core-condition-asserted-date",
        ),
        ("Goal", "description", "http://hl7.org/fhir/us/core/SearchParameter/us-core-goal-description"),
        ("CareTeam", "role", "http://hl7.org/fhir/us/core/SearchParameter/us-core-careteam-role"),
        ("Task", "output", "http://hl7.org/fhir/us/sdoh-clinicalcare/SearchParameter/Task-output-reference"),
        (
            "ServiceRequest",
            "supporting-info",
            "http://hl7.org/fhir/us/sdoh-clinicalcare/SearchParameter/ServiceRequest-supporting-info",
        ),
    ] {
        let parameter = embedded().search_parameter(resource_type, code);
        assert_eq!(parameter.map(|p| p.url.as_str()), Some(expected), "{resource_type} {code}");
    }
    assert!(embedded().search_parameter("Patient", "owner").is_none());
    assert!(embedded().search_parameter("Nothing", "_id").is_none());
    for id in embedded().types().resources() {
        let name = &embedded().types()[id].name;
        let codes: Vec<&str> = embedded().search_parameters(name).iter().map(|p| p.code.as_str()).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{name}: {codes:?}");
        assert!(codes.contains(&"_lastUpdated"), "{name}");
    }
}

#[test]
fn a_profile_in_memory() {
    let canonical =
        "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForPatient|3.0.0";
    let structure = embedded().structure(canonical).unwrap();
    let line = |element: &sdoh_gateway::definitions::ElementDefinition| {
        let types: Vec<&str> = element.types.iter().map(|t| t.code.as_str()).collect();
        let keys: Vec<&str> = element.constraints.iter().map(|c| c.key.as_str()).collect();
        let values = serde_json::to_string(&element.values).unwrap();
        let binding = element
            .binding
            .as_ref()
            .map(|b| format!("{:?} {}", b.strength, b.value_set.as_deref().unwrap_or("-")));
        format!(
            "{} {}..{} [{}] base {:?} {} {} {}\n",
            element.id,
            element.min,
            element.max,
            types.join("|"),
            element.base().max,
            keys.join(","),
            binding.unwrap_or_default(),
            values,
        )
    };
    insta::assert_snapshot!(structure.elements.iter().map(line).collect::<String>());
}

#[test]
fn packages_are_stripped() {
    let garden = Package::read(&root().join("fixtures/packages/garden")).unwrap();
    assert_eq!(garden.id.to_string(), "example.garden-0.2.0");
    let files = compile::files(&[garden]);
    let text: String = files.iter().map(|(path, text)| format!("== {}\n{text}", path.display())).collect();
    assert!(!text.contains("Prose"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn users_add_packages() {
    let definitions = Definitions::with_packages(&[root().join("fixtures/packages/garden/package")]).unwrap();
    let task = definitions.structure("http://garden.example/StructureDefinition/garden-task").unwrap();
    assert_eq!(task.version, "0.2.0");
    assert!(definitions.profiles_of("Task").any(|profile| profile.name == "GardenTask"));
    assert_eq!(definitions.search_parameter("Task", "tool").unwrap().kind, SearchKind::Reference);
    // A guide does not change what FHIR itself says.
    assert_eq!(definitions.search_parameter("Task", "status").unwrap().kind, SearchKind::Token);
    assert!(definitions.value_set("http://garden.example/ValueSet/work|1.0.0").is_some());
    assert_eq!(definitions.packages().last().unwrap().name, "example.garden");
}

/// A `.tgz` of these files.
fn archive(files: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".tgz").tempfile().unwrap();
    let mut builder =
        tar::Builder::new(flate2::write::GzEncoder::new(file.reopen().unwrap(), flate2::Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // Written by hand: `tar` itself refuses to make paths such as `../x`.
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap().flush().unwrap();
    file
}

#[test]
fn bad_packages() {
    let manifest: (&str, &[u8]) = ("package/package.json", br#"{"name": "bad", "version": "1"}"#);
    let huge = vec![b' '; (64 << 20) + 1];
    for (files, expected) in [
        (vec![], "no package.json: not a FHIR package"),
        (vec![("package/x.json", b"{}".as_slice())], "no package.json: not a FHIR package"),
        (
            vec![("package/package.json", b"{}".as_slice())],
            "package.json: missing field `name` at line 1 column 2",
        ),
        (
            vec![("package/package.json", br#"{"name": "../x", "version": "1"}"#.as_slice())],
            "package.json: name or version is not one a package can have",
        ),
        (
            vec![manifest, ("package/a.json", b"{".as_slice())],
            "a.json: EOF while parsing an object at line 1 column 1",
        ),
        (
            vec![
                manifest,
                ("package/a.json", br#"{"resourceType": "StructureDefinition", "kind": "wish"}"#.as_slice()),
            ],
            "a.json: kind: unknown variant `wish`, expected one of `primitive-type`, `complex-type`, `resource`, `logical`",
        ),
        (vec![manifest, ("package/a.json", &huge)], "a.json: more than 67108864 bytes"),
    ] {
        let file = archive(&files);
        let error = Package::read(file.path()).unwrap_err();
        let text = error.to_string();
        assert_eq!(text.split_once(".tgz: ").unwrap().1, expected);
    }
    let file = archive(&[
        manifest,
        ("package/../../a.json", b"{"),
        ("/b.json", b"{"),
        ("package/example/c.json", b"{"),
    ]);
    assert!(Package::read(file.path()).unwrap().definitions.is_empty());
    let missing = Package::read(Path::new("no-such-package.tgz"));
    assert!(matches!(missing, Err(DefinitionsError::File { .. })), "{missing:?}");
    let mut text = tempfile::NamedTempFile::new().unwrap();
    text.write_all(b"this is no archive").unwrap();
    assert!(matches!(Package::read(text.path()), Err(DefinitionsError::Package { .. })));
}

#[test]
fn compiling_replaces_a_package_folder() {
    let out = tempfile::tempdir().unwrap();
    let stale = out.path().join("example.garden-0.2.0/types/Stale.json");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    fs::write(&stale, "{}").unwrap();
    fs::write(out.path().join("README.md"), "kept").unwrap();
    let summary = compile::compile(&[root().join("fixtures/packages/garden")], out.path()).unwrap();
    let mut files = BTreeMap::new();
    tree(out.path(), out.path(), &mut files);
    assert_eq!(
        (summary.files, summary.bytes),
        (files.len(), files.values().map(|text| text.len() as u64).sum())
    );
    assert!(!stale.exists());
    assert!(out.path().join("README.md").exists());
}
