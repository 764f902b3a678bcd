//! Each invariant that SDOH Clinical Care and US Core state, broken on purpose by a resource of our own.

use std::collections::BTreeSet;
use std::fs;

use sdoh_gateway::fhir::Resource;
use sdoh_gateway::fhir::time::Instant;
use sdoh_gateway::validator::{Context, Rule};
use serde_json::Value;

use super::{line, root, validator};

#[test]
fn broken_invariants_are_told() {
    let cases = fs::read(root().join("fixtures/validator/broken/invariants.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let mut missed = Vec::new();
    for case in &cases {
        let text = |name: &str| case[name].as_str().unwrap();
        let resource = Resource::new(case["resource"].clone()).unwrap();
        let profiles = [text("profile")];
        let now = Some(Instant(1_795_000_000_000_000));
        let context = Context { profiles: &profiles, now, ..Context::default() };
        let issues = validator().validate_with(&resource, &context);
        let is_it = |issue: &&sdoh_gateway::fhir::Issue| {
            let rule = issue.rule.as_ref().map(|rule| rule.name.as_str());
            rule == Some(text("key")) && issue.expression.as_deref() == Some(text("at"))
        };
        if !issues.iter().any(|issue| is_it(&issue)) {
            missed.push(format!(
                "{} at {}: {:#?}",
                text("key"),
                text("at"),
                issues.iter().map(line).collect::<Vec<_>>()
            ));
        }
    }
    println!("{} of {} broken invariants told", cases.len() - missed.len(), cases.len());
    assert!(missed.is_empty(), "{missed:#?}");
}

/// No invariant of these guides is left out above.
#[test]
fn every_invariant_is_broken_once() {
    let cases = fs::read(root().join("fixtures/validator/broken/invariants.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let broken: BTreeSet<&str> = cases.iter().map(|case| case["key"].as_str().unwrap()).collect();
    let definitions = sdoh_gateway::definitions::Definitions::embedded().unwrap();
    let own = definitions.structures().filter(|structure| {
        structure.url.contains("/us/sdoh-clinicalcare/") && structure.version == "3.0.0"
            || structure.url.contains("/us/core/") && structure.version == "7.0.0"
    });
    let mut left = BTreeSet::new();
    for profile in own {
        let Some(Ok(compiled)) = validator().profile(&profile.canonical()) else { continue };
        let stated = compiled.root().rules.iter().filter_map(|rule| match rule {
            Rule::Invariant(invariant) => Some(invariant.key.clone()),
            _ => None,
        });
        left.extend(stated.filter(|key| !broken.contains(key.as_str())));
    }
    // Those of R4's vital signs and of data types are broken elsewhere.
    left.retain(|key| key.starts_with("SDOH") || key.starts_with("us-core"));
    assert!(left.is_empty(), "{left:?}");
}
