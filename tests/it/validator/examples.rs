//! The published examples have no errors, but for those that the Java validator finds wrong too.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use sdoh_gateway::fhir::{Resource, json};
use serde_json::Value;

use super::verdicts::{self, Verdict};
use super::{line, root, validator};

/// The resources of a package's examples, by file name; `None`, said aloud, where there is no such package.
pub(super) fn examples(package: &str, folder: &str) -> Option<BTreeMap<String, Resource>> {
    let path: PathBuf = root().join(format!("../shared/fhir-packages/{package}.tgz"));
    let Ok(file) = fs::File::open(&path) else {
        println!("skipped: no examples at ../shared/fhir-packages/{package}.tgz");
        return None;
    };
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(GzDecoder::new(file)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let is_example = |name: &&str| name.ends_with(".json") && !name.contains('/');
        let Some(name) = name.strip_prefix(folder).filter(is_example) else { continue };
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut text).unwrap();
        let Ok(mut value) = json::parse(&text) else { continue };
        PINNED
            .iter()
            .filter(|(of, ..)| *of == package)
            .for_each(|(_, base, version)| pin(&mut value, base, version));
        if let Ok(resource) = Resource::new(value) {
            found.insert(name.to_owned(), resource);
        }
    }
    Some(found)
}

/// The version that the examples of a package mean by canonicals without one: package, beginning of the canonical,
/// version. It is the package's own, or that of the package it depends on.
const PINNED: [(&str, &str, &str); 7] = [
    ("hl7.fhir.us.sdoh-clinicalcare-3.0.0", "http://hl7.org/fhir/us/sdoh-clinicalcare/", "3.0.0"),
    ("hl7.fhir.us.sdoh-clinicalcare-2.2.0", "http://hl7.org/fhir/us/sdoh-clinicalcare/", "2.2.0"),
    ("hl7.fhir.us.sdoh-clinicalcare-2.2.0", "http://hl7.org/fhir/us/core/", "3.1.1"),
    ("hl7.fhir.us.core-7.0.0", "http://hl7.org/fhir/us/core/", "7.0.0"),
    ("hl7.fhir.us.core-6.1.0", "http://hl7.org/fhir/us/core/", "6.1.0"),
    ("hl7.fhir.us.core-3.1.1", "http://hl7.org/fhir/us/core/", "3.1.1"),
    ("hl7.fhir.uv.sdc-3.0.0", "http://hl7.org/fhir/uv/sdc/", "3.0.0"),
];

fn pin(resource: &mut Value, base: &str, version: &str) {
    let claimed = resource.pointer_mut("/meta/profile").and_then(Value::as_array_mut);
    for profile in claimed.into_iter().flatten() {
        if let Some(canonical) = profile.as_str().filter(|url| url.starts_with(base) && !url.contains('|')) {
            *profile = format!("{canonical}|{version}").into();
        }
    }
    let entries = resource.get_mut("entry").and_then(Value::as_array_mut);
    let inner = entries.into_iter().flatten().filter_map(|entry| entry.get_mut("resource"));
    inner.for_each(|resource| pin(resource, base, version));
}

fn check(package: &str, folder: &str, expected_count: usize, verdicts: &[Verdict]) {
    let Some(examples) = examples(package, folder) else { return };
    assert_eq!(examples.len(), expected_count, "{package}");
    let all: Vec<(&String, &Resource)> = examples.iter().collect();
    // The examples of R4 are many: on two threads.
    let (left, right) = all.split_at(all.len() / 2);
    let found = std::thread::scope(|scope| {
        let left = scope.spawn(|| errors(left));
        let right = errors(right);
        left.join().unwrap().into_iter().chain(right).collect::<Vec<_>>()
    });
    found.iter().for_each(|(name, lines)| println!("{package} {name}: {lines:#?}"));
    let found: Vec<(&str, usize, &str)> =
        found.iter().map(|(name, lines)| (name.as_str(), lines.len(), lines[0].as_str())).collect();
    let expected: Vec<(&str, usize, &str)> =
        verdicts.iter().map(|(name, count, first, _)| (*name, *count, *first)).collect();
    assert_eq!(found, expected, "{package}");
    println!("{package}: {} examples, {} wrong by Java's verdict too", examples.len(), verdicts.len());
}

/// Place and rule of each error, of those that have any.
fn errors(examples: &[(&String, &Resource)]) -> Vec<(String, Vec<String>)> {
    let errors_of = |resource: &Resource| -> Vec<String> {
        let issues = validator().validate(resource);
        let errors = issues.iter().filter(|issue| issue.is_error());
        let told = errors.map(|issue| line(issue).split(' ').skip(2).take(2).collect::<Vec<_>>().join(" "));
        told.collect()
    };
    let with_errors = examples.iter().map(|(name, resource)| ((*name).clone(), errors_of(resource)));
    with_errors.filter(|(_, errors)| !errors.is_empty()).collect()
}

#[test]
fn sdohcc_examples() {
    check("hl7.fhir.us.sdoh-clinicalcare-3.0.0", "package/example/", 73, &[]);
    check("hl7.fhir.us.sdoh-clinicalcare-2.2.0", "package/example/", 59, &[]);
}

#[test]
fn us_core_examples() {
    check("hl7.fhir.us.core-7.0.0", "package/example/", 214, &[]);
    check("hl7.fhir.us.core-6.1.0", "package/example/", 183, verdicts::US_CORE_6);
    check("hl7.fhir.us.core-3.1.1", "package/example/", 84, verdicts::US_CORE_3);
}

#[test]
fn sdc_and_subscription_examples() {
    check("hl7.fhir.uv.sdc-3.0.0", "package/example/", 48, verdicts::SDC);
    check("hl7.fhir.uv.subscriptions-backport.r4-1.1.0", "package/example/", 12, &[]);
}

#[test]
fn r4_examples() {
    check("hl7.fhir.r4.examples-4.0.1", "package/", 5301, verdicts::R4);
}
