//! Generated snapshots against published ones.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

use sdoh_gateway::definitions::package::{Carried, Package};
use sdoh_gateway::definitions::strip::Definition;
use sdoh_gateway::definitions::structure::StructureDefinition;
use sdoh_gateway::definitions::{Definitions, ElementDefinition, snapshot};

fn embedded() -> &'static Definitions {
    static DEFINITIONS: OnceLock<Definitions> = OnceLock::new();
    DEFINITIONS.get_or_init(|| Definitions::embedded().unwrap())
}

fn package_path(package: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../shared/fhir-packages/{package}.tgz"));
    if !path.exists() {
        println!("skipped: no official FHIR packages at ../shared/fhir-packages");
        return None;
    }
    Some(path)
}

fn structures(package: &Package) -> BTreeMap<&str, &StructureDefinition> {
    let structures = package.definitions.iter().filter_map(|definition| match definition {
        Definition::Structure(structure) if !structure.is_type() => {
            Some((structure.url.as_str(), structure.as_ref()))
        }
        _ => None,
    });
    structures.collect()
}

fn facts(element: &ElementDefinition) -> BTreeMap<&'static str, String> {
    let mut keys: Vec<&str> = element.constraints.iter().map(|c| c.key.as_str()).collect();
    keys.sort();
    BTreeMap::from([
        ("min", element.min.to_string()),
        ("max", element.max.clone()),
        ("base", serde_json::to_string(&element.base()).unwrap()),
        ("type", serde_json::to_string(&element.types).unwrap()),
        ("binding", serde_json::to_string(&element.binding).unwrap()),
        ("values", serde_json::to_string(&element.values).unwrap()),
        ("slicing", serde_json::to_string(&element.slicing).unwrap()),
        ("constraint", keys.join(" ")),
        ("mustSupport", element.must_support.to_string()),
        ("isModifier", element.is_modifier.to_string()),
        ("isSummary", element.is_summary.to_string()),
        ("maxLength", format!("{:?}", element.max_length)),
    ])
}

#[test]
fn explore() {
    for package in std::env::var("PKGS").unwrap_or_default().split(',') {
        let Some(path) = package_path(package) else { return };
        let mut published = Package::read(&path).unwrap();
        for d in &mut published.definitions {
            if let Definition::Differential(x) = d {
                *d = Definition::Structure(Box::new(x.structure.clone()));
            }
        }
        let mut ours = [Package::read_with(&path, Carried::Nothing).unwrap()];
        let start = Instant::now();
        let errors = snapshot::complete(&mut ours, Some(embedded()));
        println!("## {package}: {:?}", start.elapsed());
        for error in errors {
            println!("ERROR {error}");
        }
        let [ours] = ours;
        let (ours, published) = (structures(&ours), structures(&published));
        for (url, theirs) in published {
            let name = url.rsplit('/').next().unwrap();
            let Some(ours) = ours.get(url) else {
                println!("{name} MISSING");
                continue;
            };
            let our_ids: Vec<&str> = ours.elements.iter().map(|e| e.id.as_str()).collect();
            let their_ids: Vec<&str> = theirs.elements.iter().map(|e| e.id.as_str()).collect();
            for id in &our_ids {
                if !their_ids.contains(id) {
                    println!("{name} {id} only-ours");
                }
            }
            for id in &their_ids {
                if !our_ids.contains(id) {
                    println!("{name} {id} only-theirs");
                }
            }
            let (a, b): (Vec<_>, Vec<_>) = (
                our_ids.iter().filter(|id| their_ids.contains(id)).collect(),
                their_ids.iter().filter(|id| our_ids.contains(id)).collect(),
            );
            if a != b {
                let at = a.iter().zip(&b).find(|(a, b)| a != b);
                println!("{name} ORDER {at:?}");
            }
            for element in &ours.elements {
                let Some(their) = theirs.elements.iter().find(|other| other.id == element.id) else {
                    continue;
                };
                let (our, their) = (facts(element), facts(their));
                for (fact, value) in &our {
                    if their[fact] != *value {
                        println!("{name} {} {fact} OURS {value} THEIRS {}", element.id, their[fact]);
                    }
                }
            }
        }
    }
}
