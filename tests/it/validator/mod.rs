//! The validator against fixtures of our own and the official examples.

mod cases;
mod examples;
mod invariants;
mod mutations;
mod random;
mod slicing;
mod spots;
mod verdicts;

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use sdoh_gateway::definitions::Definitions;
use sdoh_gateway::fhir::time::Instant;
use sdoh_gateway::fhir::{Issue, Resource};
use sdoh_gateway::validator::{Context, Validator};
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

/// Resources, the profiles they are to meet besides those they claim, and all issues but one: dom-6 would be told of
/// nearly every one.
#[test]
fn fixtures() {
    let mut count = 0;
    let folder = root().join("fixtures/validator");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|path| path.is_file()) {
        let cases: Vec<Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        for case in cases {
            let resource = Resource::new(case["resource"].clone()).unwrap();
            let profiles: Vec<&str> =
                case["profiles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let now = Some(Instant(1_795_000_000_000_000));
            let issues = validator()
                .validate_with(&resource, &Context { profiles: &profiles, now, ..Context::default() });
            let mut found: Vec<String> =
                issues.iter().map(line).filter(|line| !line.contains(" dom-6 ")).collect();
            found.sort();
            let expected: Vec<&str> =
                case["issues"].as_array().unwrap().iter().map(|issue| issue.as_str().unwrap()).collect();
            assert_eq!(found, expected, "{}: {}\n{issues:#?}", file.display(), case["case"]);
            count += 1;
        }
    }
    println!("{count} resources");
}

#[test]
fn messages_say_what_would_do() {
    let task = serde_json::json!({"resourceType": "Task", "status": "done", "intent": "order", "priority": ["asap"]});
    let issues = validator().validate(&Resource::new(task).unwrap());
    let texts: Vec<&str> =
        issues.iter().filter(|issue| issue.is_error()).map(|issue| issue.message.as_str()).collect();
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
