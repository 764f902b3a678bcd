//! The validator against fixtures of our own and the official examples.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use sdoh_gateway::definitions::Definitions;
use sdoh_gateway::fhir::{Issue, Resource, Severity, json};
use sdoh_gateway::validator::Validator;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn validator() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| Validator::new(Arc::new(Definitions::embedded().unwrap())))
}

/// `severity code expression rule profile`, the profile by the last part of its URL.
fn line(issue: &Issue) -> String {
    let mut line = format!(
        "{} {} {}",
        issue.severity.code(),
        issue.code.code(),
        issue.expression.as_deref().unwrap_or_default()
    );
    if let Some(rule) = &issue.rule {
        line.push_str(&format!(" {} {}", rule.name, rule.profile.rsplit('/').next().unwrap()));
    }
    line
}

#[test]
fn fixtures() {
    let mut count = 0;
    for file in ["shape", "rules", "profiles"] {
        let path = root().join(format!("fixtures/validator/{file}.json"));
        let cases: Vec<Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for case in cases {
            let resource = Resource::new(case["resource"].clone()).unwrap();
            let issues = validator().validate(&resource);
            let mut found: Vec<String> = issues.iter().map(line).collect();
            found.sort();
            let expected: Vec<&str> =
                case["issues"].as_array().unwrap().iter().map(|issue| issue.as_str().unwrap()).collect();
            assert_eq!(found, expected, "{file}: {}\n{issues:#?}", case["case"]);
            count += 1;
        }
    }
    println!("{count} resources");
}

#[test]
fn messages_say_what_would_do() {
    let task = serde_json::json!({"resourceType": "Task", "status": "done", "intent": "order", "priority": ["asap"]});
    let issues = validator().validate(&Resource::new(task).unwrap());
    let texts: Vec<&str> = issues.iter().map(|issue| issue.message.as_str()).collect();
    assert_eq!(
        texts,
        [
            "its code is not in the required value set http://hl7.org/fhir/ValueSet/task-status|4.0.1: accepted, \
             cancelled, completed, draft, entered-in-error, failed, in-progress, on-hold, ready, received, rejected, \
             requested",
            "must not be an array: FHIR allows only one value here",
        ]
    );
}

#[test]
fn compiled_trees() {
    const SDOHCC: &str = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/";
    for name in ["SDOHCC-TaskForReferralManagement", "SDOHCC-ServiceRequest", "SDOHCC-Condition"] {
        let compiled = validator().profile(&format!("{SDOHCC}{name}|3.0.0")).unwrap().unwrap();
        insta::assert_snapshot!(name, compiled);
    }
}

#[test]
fn every_profile_compiles() {
    let definitions = Definitions::embedded().unwrap();
    let profiles = definitions.structures().filter(|structure| !structure.is_type());
    let failed: Vec<String> = profiles
        .filter_map(|profile| {
            let error = validator().profile(&profile.canonical())?.err()?;
            Some(format!("{}: {error}", profile.canonical()))
        })
        .collect();
    assert_eq!(failed, Vec::<String>::new());
}

/// The resources of a package's examples, by file name; `None`, said aloud, where there is no such package.
fn examples(package: &str, folder: &str) -> Option<BTreeMap<String, Resource>> {
    let path: PathBuf = root().join(format!("../shared/fhir-packages/{package}.tgz"));
    let Ok(file) = fs::File::open(&path) else {
        println!("skipped: no examples at ../shared/fhir-packages/{package}.tgz");
        return None;
    };
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(GzDecoder::new(file)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let Some(name) =
            name.strip_prefix(folder).filter(|name| name.ends_with(".json") && !name.contains('/'))
        else {
            continue;
        };
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut text).unwrap();
        if let Ok(resource) =
            json::parse(&text).map_err(|_| ()).and_then(|json| Resource::new(json).map_err(|_| ()))
        {
            found.insert(name.to_owned(), resource);
        }
    }
    Some(found)
}

/// Every example that is not fine: file, and its worst issues in short.
fn check_examples(package: &str, folder: &str, expected_count: usize, expected: &[(&str, &str)]) {
    let Some(examples) = examples(package, folder) else { return };
    assert_eq!(examples.len(), expected_count, "{package}");
    let mut found = Vec::new();
    for (name, resource) in &examples {
        for issue in validator().validate(resource).iter().filter(|issue| issue.is_error()) {
            let line = line(issue);
            println!("{package} {name}: {line}: {}", issue.message);
            found.push((name.clone(), line));
        }
    }
    found.dedup_by(|a, b| a.0 == b.0);
    let found: Vec<(&str, &str)> = found.iter().map(|(name, line)| (name.as_str(), line.as_str())).collect();
    assert_eq!(found, expected, "{package}");
}

#[test]
fn sdohcc_examples() {
    check_examples("hl7.fhir.us.sdoh-clinicalcare-3.0.0", "package/example/", 73, &[]);
    check_examples("hl7.fhir.us.sdoh-clinicalcare-2.2.0", "package/example/", 59, &[]);
}

#[test]
fn us_core_examples() {
    check_examples("hl7.fhir.us.core-7.0.0", "package/example/", 214, &[]);
    check_examples("hl7.fhir.us.core-6.1.0", "package/example/", 183, &[]);
    // The first has a hash that is no base64; the second claims a profile without its version, and is judged by 7.0.0.
    let expected = [
        (
            "DiagnosticReport-cardiology-report.json",
            "error value DiagnosticReport.presentedForm[0].hash format base64Binary",
        ),
        (
            "Observation-some-day-smoker.json",
            "error required Observation cardinality us-core-smokingstatus|7.0.0",
        ),
    ];
    check_examples("hl7.fhir.us.core-3.1.1", "package/example/", 84, &expected);
}

#[test]
fn sdc_and_subscription_examples() {
    check_examples("hl7.fhir.uv.sdc-3.0.0", "package/example/", 48, &[]);
    check_examples("hl7.fhir.uv.subscriptions-backport.r4-1.1.0", "package/example/", 12, &[]);
}

/// R4's own examples are right but for a few, and each of these is wrong in plain sight: codes that end in a space,
/// elements of 1..1 that are not there, an id of more than 64 characters.
#[test]
fn r4_examples() {
    let Some(examples) = examples("hl7.fhir.r4.examples-4.0.1", "package/") else { return };
    let mut wrong = BTreeMap::new();
    for (name, resource) in &examples {
        for issue in validator().validate(resource).iter().filter(|issue| issue.is_error()) {
            println!("{name}: {}: {}", line(issue), issue.message);
            let worst: &mut Severity = wrong.entry(name.as_str()).or_insert(Severity::Error);
            *worst = (*worst).max(issue.severity);
        }
    }
    println!("{} of {} R4 examples have errors", wrong.len(), examples.len());
    insta::assert_debug_snapshot!("r4_examples", wrong);
}

/// JSON of any shape, under names that FHIR uses now and then.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["2026-11-22", "2026-1", "urn:oid:1.", "text/plain", "é", "Task", "Bundle"])
            .prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "resourceType",
        "id",
        "_id",
        "meta",
        "profile",
        "extension",
        "url",
        "valueString",
        "_valueString",
        "value",
        "code",
        "coding",
        "system",
        "status",
        "_status",
        "input",
        "type",
        "entry",
        "resource",
        "contained",
        "name",
        "given",
        "_given",
        "note",
        "text",
        "div",
        "authoredOn",
        "",
        "_",
        "ä",
    ]);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|pairs| pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Value>()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_json_makes_it_panic(
        resource_type in prop::sample::select(vec!["Task", "Patient", "Bundle", "Questionnaire", "Parameters", "X"]),
        mut value in any_json(),
    ) {
        if let Some(object) = value.as_object_mut() {
            object.insert("resourceType".to_owned(), resource_type.into());
            drop(validator().validate(&Resource::new(value).unwrap()));
        }
    }
}

/// Not a test but a measurement: `cargo test --release --test it speed -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    for (package, start) in [
        ("hl7.fhir.us.sdoh-clinicalcare-3.0.0", "Task"),
        ("hl7.fhir.us.sdoh-clinicalcare-3.0.0", ""),
        ("hl7.fhir.us.core-7.0.0", "Patient"),
    ] {
        let Some(examples) = examples(package, "package/example/") else { return };
        let resources: Vec<&Resource> = examples
            .iter()
            .filter(|(name, _)| name.starts_with(start))
            .map(|(_, resource)| resource)
            .collect();
        resources.iter().for_each(|resource| drop(validator().validate(resource)));
        let (started, mut count) = (Instant::now(), 0);
        while started.elapsed().as_millis() < 1000 {
            resources.iter().for_each(|resource| drop(std::hint::black_box(validator().validate(resource))));
            count += resources.len();
        }
        let rate = count as f64 / started.elapsed().as_secs_f64();
        println!("{package} {start}*: {rate:.0} resources/s on one core");
    }
}
