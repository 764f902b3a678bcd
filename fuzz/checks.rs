//! What must hold of any bytes at all: nothing panics, overflows the stack, or takes time or memory without bound, and what
//! is read can be written and read again. The fuzz targets call these, and so do the tests (`tests/it/fuzz`).

// Each target uses one of them.
#![allow(dead_code)]

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use flate2::Compression;
use flate2::write::GzEncoder;
use sdoh_gateway::definitions::package::Package;
use sdoh_gateway::definitions::{Definitions, TypeGraph, snapshot};
use sdoh_gateway::fhir::time::Instant;
use sdoh_gateway::fhir::{Issue, IssueCode, Resource, json as fhir_json, locate};
use sdoh_gateway::fhirpath::{Bundled, Environment, Expression, Node, TypeOfReference};
use sdoh_gateway::validator::{Context, Validator};
use sdoh_gateway::xml as fhir_xml;
use serde_json::Value;

/// 22 November 2026.
const NOW: Instant = Instant(1_795_305_600_000_000);

/// The definitions inside the binary.
fn definitions() -> &'static Arc<Definitions> {
    static DEFINITIONS: OnceLock<Arc<Definitions>> = OnceLock::new();
    DEFINITIONS.get_or_init(|| Arc::new(Definitions::embedded().unwrap()))
}

fn types() -> &'static TypeGraph {
    definitions().types()
}

fn validator() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| Validator::new(Arc::clone(definitions())))
}

/// Bytes as JSON: what is read is written as something that reads as the same, and elements are found in it or not.
pub fn json(bytes: &[u8]) {
    let Ok(value) = fhir_json::parse(bytes) else { return };
    let text = value.to_string();
    assert_eq!(fhir_json::parse(text.as_bytes()).as_ref(), Ok(&value));
    let paths =
        ["X", "X.a", "X.a[0].b.c[1]", "X.resourceType", "X.entry[0].resource.id", "X.value.ofType(string)"];
    let mut issues = paths.map(|path| Issue::error(IssueCode::Value, "x").at(path));
    locate::place_issues(bytes, &mut issues);
    assert!(issues.iter().all(|issue| issue.position.is_some()));
}

/// Bytes as XML: what is read goes to XML and back as the same.
pub fn xml(bytes: &[u8]) {
    let Ok(value) = fhir_xml::to_json(types(), bytes) else { return };
    for write in [fhir_xml::from_json, fhir_xml::from_json_pretty] {
        let text = write(types(), &value).unwrap();
        assert_eq!(fhir_xml::to_json(types(), text.as_bytes()).as_ref(), Ok(&value));
    }
    let mut issues =
        ["X", "X.id", "X.entry[0].resource.text.div"].map(|p| Issue::error(IssueCode::Value, "x").at(p));
    fhir_xml::place_issues(bytes, &mut issues);
    assert!(issues.iter().all(|issue| issue.position.is_some()));
}

/// Bytes as a FHIRPath expression: evaluated within a budget, on a patient and on a Bundle.
pub fn fhirpath(bytes: &[u8]) {
    static FOCUSES: OnceLock<[Value; 2]> = OnceLock::new();
    let [patient, bundle] =
        FOCUSES.get_or_init(|| [FOCUS.0, FOCUS.1].map(|text| fhir_json::parse(text.as_bytes()).unwrap()));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(expression) = Expression::parse(text) else { return };
    for resource in [patient, bundle] {
        let by_name = TypeOfReference(types());
        let bundled = Bundled::new(resource, Some(&by_name));
        let mut environment = Environment { budget: 50_000, ..Environment::new(types(), NOW) };
        environment.resolver = Some(&bundled);
        let focus = Node::resource(types(), resource);
        if let Ok(items) = expression.evaluate(&focus, &environment) {
            for item in &items {
                let _ = item.text();
            }
        }
        let _ = expression.evaluate_bool(&focus, &environment);
    }
    let _ = expression.check(types(), types().find("Patient").unwrap());
}

const FOCUS: (&str, &str) = (
    r##"{"resourceType":"Patient","id":"p","active":true,"birthDate":"1980-02-29","_birthDate":{"id":"b"},
        "name":[{"given":["Ada","B."],"family":"Bramble"},{"text":"A"}],"multipleBirthInteger":2,
        "contained":[{"resourceType":"Organization","id":"o","name":"O"}],"managingOrganization":{"reference":"#o"},
        "extension":[{"url":"http://a.example/w","valueQuantity":{"value":70.50,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}]}"##,
    r#"{"resourceType":"Bundle","type":"collection","timestamp":"2026-11-22T09:00:00.123+01:00","entry":[
        {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Task","status":"draft","intent":"order","focus":{"reference":"urn:uuid:2"}}},
        {"fullUrl":"urn:uuid:2","resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueDecimal":0.1}}]}"#,
);

/// Bytes as a package: the file itself; the archive inside the file; a definition inside the archive.
pub fn package(bytes: &[u8]) {
    let (kind, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let file = match kind % 3 {
        0 => file_of(bytes),
        1 => file_of(&compressed(bytes)),
        _ => file_of(&archive(bytes)),
    };
    read_package(file.path());
}

fn read_package(path: &Path) {
    let Ok(read) = Package::read(path) else { return };
    let mut packages = [read];
    let _ = snapshot::complete(&mut packages, Some(definitions()));
}

/// Bytes as a profile that a user adds: its snapshot, its rules, and a Patient and a Task held against them.
pub fn profile(bytes: &[u8]) {
    let Ok(value) = fhir_json::parse(bytes) else { return };
    if value["resourceType"] != "StructureDefinition" {
        return;
    }
    let file = file_of(&archive(bytes));
    let Ok(loaded) = Definitions::with_packages(&[file.path().to_owned()]) else { return };
    let validator = Validator::new(Arc::new(loaded));
    let url = value["url"].as_str().unwrap_or_default();
    if let Some(Ok(_)) = validator.profile(url) {
        let context = Context { profiles: &[url], now: Some(NOW), ..Context::default() };
        for text in [FOCUS.0, FOCUS.1] {
            let resource = Resource::new(fhir_json::parse(text.as_bytes()).unwrap()).unwrap();
            let _ = validator.validate_with(&resource, &context);
        }
    }
}

/// Bytes as a resource, JSON or XML: judged, and its issues placed.
pub fn validate(bytes: &[u8]) {
    let is_xml = bytes.starts_with(b"<");
    let value = match is_xml {
        true => fhir_xml::to_json(types(), bytes).ok(),
        false => fhir_json::parse(bytes).ok(),
    };
    let Some(resource) = value.and_then(|value| Resource::new(value).ok()) else { return };
    let context = Context { now: Some(NOW), ..Context::default() };
    let mut issues = validator().validate_with(&resource, &context);
    match is_xml {
        true => fhir_xml::place_issues(bytes, &mut issues),
        false => locate::place_issues(bytes, &mut issues),
    }
    // The same whenever it is asked.
    assert_eq!(validator().validate_with(&resource, &context).len(), issues.len());
}

fn file_of(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".tgz").tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A package with one definition.
pub fn archive(definition: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let manifest: &[u8] = br#"{"name": "fuzz", "version": "1.0.0"}"#;
    for (path, content) in [("package/package.json", manifest), ("package/x.json", definition)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}
