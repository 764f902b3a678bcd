//! Generated snapshots against published ones: every difference is in the table below with its reason, and the table
//! as a whole, with what either side has, in `snapshots/it__snapshot__differences.snap`.
//!
//! Compared is what the gateway keeps of a definition. Constraints that an element has because of its type, or of the
//! profile of its type, are kept there and not counted here: publishers repeat them at will.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sdoh_gateway::definitions::package::{Carried, Package};
use sdoh_gateway::definitions::strip::Definition;
use sdoh_gateway::definitions::{Definitions, ElementDefinition, StructureDefinition, snapshot};
use serde_json::{Value, json};

use crate::harness::{embedded, shared};

/// Why differences are as they are: package, structures, elements, fact, reason. `*` stands for any text.
const REASONS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "hl7.fhir.us.core-3.1.1",
        "head-occipital-frontal-circumference-percentile pediatric-bmi-for-age pediatric-weight-for-height us-core-goal",
        "*[x]",
        "type slicing",
        "Until 2022 the publisher took an optional valueQuantity to forbid other types; now it is an optional slice",
    ),
    (
        "hl7.fhir.r4.core-4.0.1",
        "bodyheight bodytemp bodyweight bp cholesterol hdlcholesterol headcircum heartrate ldlcholesterol oxygensat \
         resprate triglyceride structuredefinition-json-type structuredefinition-rdf-type structuredefinition-xml-type",
        "*.value[x]",
        "type slicing",
        "Until 2022 the publisher took an optional valueQuantity to forbid other types; now it is an optional slice",
    ),
    (
        "hl7.fhir.uv.sdc-3.0.0",
        "sdc-questionnaire-render",
        "Questionnaire.item.answerOption.value[x]",
        "type slicing",
        "Until 2022 the publisher took optional slices for types to forbid other types; now they forbid nothing",
    ),
    (
        "hl7.fhir.r4.core-4.0.1",
        "bmi devicemetricobservation",
        "*[x]",
        "min",
        "The slice for the only type must be there, hence the element must; later publishers say so",
    ),
    (
        "hl7.fhir.us.core-3.1.1",
        "us-core-race us-core-ethnicity",
        "Extension.extension:*.extension.*",
        "path",
        "Until 2022 the publisher repeated here what every Extension has; nothing is asked",
    ),
    (
        "hl7.fhir.uv.sdc-3.0.0",
        "sdc-questionnaire-answerOptionsToggleExpression sdc-questionnaire-choiceColumn \
         sdc-questionnaire-contextExpression sdc-questionnaire-launchContext sdc-questionnaire-pop-exp",
        "*.extension:*.extension.*",
        "path",
        "Until 2022 the publisher repeated here what every Extension has; nothing is asked",
    ),
    (
        "hl7.fhir.r4.core-4.0.1",
        "elementdefinition-de",
        "ElementDefinition.extension:*.*",
        "path",
        "The differential does not go below these extensions; what is there is what their definitions say anyway",
    ),
    (
        "hl7.fhir.us.sdoh-clinicalcare-2.2.0",
        "*",
        "Observation.extension:OtherSubject.extension",
        "max",
        "Its definition is an R5 element as an extension, which no package at hand has: what it forbids is not known",
    ),
    (
        "hl7.fhir.us.sdoh-clinicalcare-2.2.0",
        "*",
        "Observation.value[x].extension:DataAbsentReasonMasked.value[x]",
        "binding",
        "Published with the extension's later definition, in a package not at hand; R4's own names the version",
    ),
    (
        "hl7.fhir.uv.sdc-3.0.0",
        "parameters-questionnaire*",
        "Parameters.parameter:*.resource",
        "isSummary",
        "The publisher forgot the type's flag where a profile is named; a profile does not change summaries",
    ),
    (
        "hl7.fhir.uv.sdc-3.0.0",
        "sdc-questionnaire-adapt-srch sdc-questionnaire-search",
        "Questionnaire.useContext",
        "isSummary",
        "The publisher forgot the type's flag where a profile is named; a profile does not change summaries",
    ),
    (
        "hl7.fhir.r4.core-4.0.1",
        "structuredefinition-json-type structuredefinition-rdf-type structuredefinition-xml-type",
        "Extension.id Extension.url",
        "type",
        "Published with an extension where the type's code should be",
    ),
    (
        "hl7.fhir.r4.core-4.0.1",
        "catalog",
        "Composition.date",
        "snapshot",
        "Refused: it makes a slice of an element that is there once, and says nothing of telling slices apart",
    ),
    (
        "hl7.fhir.r4.core-4.0.1",
        "familymemberhistory-genetic",
        "FamilyMemberHistory.relationship",
        "snapshot",
        "Refused: it makes a slice of an element that is there once, and says nothing of telling slices apart",
    ),
];

/// One thing that is not the same.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    structure: String,
    element: String,
    fact: String,
    ours: String,
    theirs: String,
}

fn id(structure: &StructureDefinition) -> String {
    structure.url.rsplit('/').next().unwrap().to_owned()
}

fn profiles(package: &Package) -> BTreeMap<String, &StructureDefinition> {
    let structures = package.definitions.iter().filter_map(|definition| match definition {
        Definition::Structure(structure) if !structure.is_type() => Some((id(structure), structure.as_ref())),
        _ => None,
    });
    structures.collect()
}

/// What is compared of an element.
fn facts(element: &ElementDefinition) -> BTreeMap<&'static str, Value> {
    let profiles = element.types.iter().flat_map(|of_type| &of_type.profile);
    let roots = profiles.filter_map(|profile| embedded().structure(profile)?.elements.first());
    let elsewhere: BTreeSet<&str> =
        roots.flat_map(|root| &root.constraints).map(|constraint| constraint.key.as_str()).collect();
    let keys: BTreeSet<&str> = element.constraints.iter().map(|constraint| constraint.key.as_str()).collect();
    BTreeMap::from([
        ("min", json!(element.min)),
        ("max", json!(element.max)),
        ("base", json!(element.base())),
        ("type", json!(element.types)),
        ("binding", json!(element.binding)),
        ("fixed, pattern, minValue, maxValue", json!(element.values)),
        ("slicing", json!(element.slicing)),
        ("constraint", json!(keys.difference(&elsewhere).collect::<Vec<_>>())),
        ("maxLength", json!(element.max_length)),
        ("mustSupport", json!(element.must_support)),
        ("isModifier", json!(element.is_modifier)),
        ("isSummary", json!(element.is_summary)),
    ])
}

fn compare(ours: &StructureDefinition, theirs: &StructureDefinition) -> Vec<Difference> {
    let structure = id(theirs);
    let differs = |element: &str, fact: &str, ours: String, theirs: String| Difference {
        structure: structure.clone(),
        element: element.to_owned(),
        fact: fact.to_owned(),
        ours,
        theirs,
    };
    let mut differences = Vec::new();
    let by_id = |structure: &StructureDefinition| -> BTreeMap<String, ElementDefinition> {
        structure.elements.iter().map(|element| (element.id.clone(), element.clone())).collect()
    };
    let (our, their) = (by_id(ours), by_id(theirs));
    assert_eq!(our.len(), ours.elements.len(), "{}: an id twice", ours.url);
    for (id, _) in our.iter().filter(|(id, _)| !their.contains_key(*id)) {
        differences.push(differs(id, "path", "there".to_owned(), "-".to_owned()));
    }
    for (id, element) in &their {
        let Some(own) = our.get(id) else {
            differences.push(differs(id, "path", "-".to_owned(), "there".to_owned()));
            continue;
        };
        assert_eq!((&own.path, &own.slice_name), (&element.path, &element.slice_name), "{}", ours.url);
        let theirs = facts(element);
        for (fact, value) in facts(own).into_iter().filter(|(fact, value)| theirs[fact] != *value) {
            differences.push(differs(id, fact, value.to_string(), theirs[fact].to_string()));
        }
    }
    let order = |structure: &StructureDefinition, other: &BTreeMap<String, _>| -> Vec<String> {
        let ids = structure.elements.iter().map(|element| element.id.clone());
        ids.filter(|id| other.contains_key(id)).collect()
    };
    assert_eq!(order(ours, &their), order(theirs, &our), "{}: order", ours.url);
    differences
}

/// Generates all of a package's snapshots without looking at those it carries.
fn generated(package: &str) -> Option<(Package, Vec<snapshot::SnapshotError>, Duration)> {
    let mut packages =
        [Package::read_with(&shared(&format!("fhir-packages/{package}.tgz"))?, Carried::Nothing).unwrap()];
    let start = Instant::now();
    let errors = snapshot::complete(&mut packages, Some(embedded()));
    let [package] = packages;
    Some((package, errors, start.elapsed()))
}

fn matches(pattern: &str, text: &str) -> bool {
    pattern.split_whitespace().any(|pattern| {
        let pattern = regex::escape(pattern).replace(r"\*", ".*");
        regex::Regex::new(&format!("^{pattern}$")).unwrap().is_match(text)
    })
}

#[test]
fn differences() {
    let mut table = String::new();
    let mut used = BTreeSet::new();
    let mut unexplained = Vec::new();
    for package in [
        "hl7.fhir.us.sdoh-clinicalcare-2.2.0",
        "hl7.fhir.uv.sdc-3.0.0",
        "hl7.fhir.us.core-3.1.1",
        "hl7.fhir.us.core-6.1.0",
        "hl7.fhir.us.core-7.0.0",
        "hl7.fhir.r4.core-4.0.1",
    ] {
        let Some((ours, errors, _)) = generated(package) else { return };
        let published = Package::read(&shared(&format!("fhir-packages/{package}.tgz")).unwrap()).unwrap();
        let (ours, theirs) = (profiles(&ours), profiles(&published));
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
        let mut differences: Vec<Difference> = errors
            .iter()
            .map(|error| Difference {
                structure: error.structure.rsplit('/').next().unwrap().split('|').next().unwrap().to_owned(),
                element: error.element.clone().unwrap_or_default(),
                fact: "snapshot".to_owned(),
                ours: error.fault.to_string(),
                theirs: "there".to_owned(),
            })
            .collect();
        let refused: Vec<String> = differences.iter().map(|refused| refused.structure.clone()).collect();
        for (id, theirs) in theirs.iter().filter(|(id, _)| !refused.contains(id)) {
            differences.extend(compare(ours[id], theirs));
        }
        differences.sort();
        let elements: usize = theirs.values().map(|structure| structure.elements.len()).sum();
        table.push_str(&format!(
            "## {package}: {} profiles, {elements} elements, {} differences\n",
            theirs.len(),
            differences.len()
        ));
        let mut reason_before = usize::MAX;
        for difference in differences {
            let Difference { structure, element, fact, ours, theirs } = &difference;
            let reason = REASONS.iter().position(|(packages, structures, elements, facts, _)| {
                *packages == package
                    && matches(structures, structure)
                    && matches(elements, element)
                    && matches(facts, fact)
            });
            let Some(reason) = reason else {
                unexplained.push(format!("{package} {difference:?}"));
                continue;
            };
            used.insert(reason);
            if reason != reason_before {
                table.push_str(&format!("# {}\n", REASONS[reason].4));
                reason_before = reason;
            }
            table.push_str(&format!("{structure} | {element} | {fact} | ours {ours} | theirs {theirs}\n"));
        }
    }
    println!("{table}");
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let unused: Vec<_> = REASONS.iter().enumerate().filter(|(index, _)| !used.contains(index)).collect();
    assert!(unused.is_empty(), "{unused:#?}");
    insta::assert_snapshot!(table);
}

/// SDOHCC 3.0.0 is at hand only as SUSHI left it: its snapshots are ours.
#[test]
fn sdohcc_3_uses_generated_snapshots() {
    const PACKAGE: &str = "hl7.fhir.us.sdoh-clinicalcare-3.0.0";
    let Some((first, errors, _)) = generated(PACKAGE) else { return };
    assert_eq!(errors, []);
    for structure in profiles(&first).values() {
        assert_eq!(embedded().structure(&structure.canonical()), Some(*structure));
    }
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let (_, _, took) = generated(PACKAGE).unwrap();
        fastest = fastest.min(took);
    }
    println!("{PACKAGE}: {} snapshots generated in {fastest:?}", profiles(&first).len());
    assert!(fastest < Duration::from_secs(1), "{fastest:?}");
    // Its package says nothing of what its bases demand.
    let condition = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Condition|3.0.0";
    let root = &embedded().structure(condition).unwrap().elements[0];
    let con_3 = root.constraints.iter().find(|constraint| constraint.key == "con-3").unwrap();
    assert_eq!(con_3.source.as_deref(), Some("http://hl7.org/fhir/StructureDefinition/Condition"));
}

/// Writes a package without snapshots.
fn package(name: &str, dependencies: Value, profiles: &[Value]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write =
        |file: &str, content: &Value| fs::write(folder.path().join(file), content.to_string()).unwrap();
    write("package.json", &json!({"name": name, "version": "1.0.0", "dependencies": dependencies}));
    for (index, profile) in profiles.iter().enumerate() {
        write(&format!("StructureDefinition-{index}.json"), profile);
    }
    folder
}

fn profile(id: &str, base: &str, elements: Value) -> Value {
    json!({
        "resourceType": "StructureDefinition", "url": format!("http://garden.example/{id}"), "name": id,
        "kind": "resource", "abstract": false, "type": "Patient", "derivation": "constraint",
        "baseDefinition": base, "differential": {"element": elements},
    })
}

#[test]
fn packages_without_snapshots_are_loaded() {
    const US_CORE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient";
    let name = json!([{"id": "Patient.name", "path": "Patient.name", "max": "1"}]);
    let wings = json!([{"id": "Patient.wings", "path": "Patient.wings", "min": 1}]);
    let old = package(
        "garden.old",
        json!({"hl7.fhir.us.core": "3.1.1"}),
        &[profile("old", US_CORE, name.clone()), profile("winged", US_CORE, wings)],
    );
    let new = package(
        "garden.new",
        json!({}),
        &[
            profile("new", US_CORE, name.clone()),
            profile("pinned", &format!("{US_CORE}|6.1.0"), name.clone()),
        ],
    );
    // A package may build on one that is named after it.
    let child = package("garden.child", json!({}), &[profile("child", "http://garden.example/old", name)]);
    let paths: Vec<PathBuf> = [&child, &old, &new].iter().map(|folder| folder.path().to_owned()).collect();
    let definitions = Definitions::with_packages(&paths).unwrap();
    let errors: Vec<String> = definitions.snapshot_errors().iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["http://garden.example/winged|1.0.0: Patient.wings: the base has no such element"]);
    assert!(definitions.structure("http://garden.example/winged").is_none());
    for (id, version) in [("old", "3.1.1"), ("child", "3.1.1"), ("new", "7.0.0"), ("pinned", "6.1.0")] {
        let structure = definitions.structure(&format!("http://garden.example/{id}|1.0.0")).unwrap();
        let base = definitions.structure(&format!("{US_CORE}|{version}")).unwrap();
        let differing = structure.elements.iter().zip(&base.elements).filter(|(own, base)| own != base);
        let ids: Vec<&str> = differing.map(|(own, _)| own.id.as_str()).collect();
        assert_eq!((structure.elements.len(), ids), (base.elements.len(), vec!["Patient.name"]), "{id}");
    }
}
