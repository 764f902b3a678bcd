//! Slicing by every sort of discriminator and rule, with profiles of our own.

use std::fs;
use std::sync::{Arc, OnceLock};

use sdoh_gateway::definitions::Definitions;
use sdoh_gateway::fhir::Resource;
use sdoh_gateway::validator::{Context, Validator};
use serde_json::{Value, json};

use super::line;

const BASE: &str = "http://pantry.example.org/StructureDefinition/";

fn profile(name: &str, of: &str, elements: Value) -> Value {
    json!({
        "resourceType": "StructureDefinition", "url": format!("{BASE}{name}"), "version": "1", "name": name,
        "status": "active", "kind": "resource", "abstract": false, "type": of, "derivation": "constraint",
        "baseDefinition": format!("http://hl7.org/fhir/StructureDefinition/{of}"),
        "differential": {"element": elements},
    })
}

/// `Patient.identifier` in slices by `system`.
fn by_system(name: &str, rules: &str, ordered: bool) -> Value {
    profile(
        name,
        "Patient",
        json!([
            {"id": "Patient.identifier", "path": "Patient.identifier", "slicing": {
                "discriminator": [{"type": "value", "path": "system"}], "rules": rules, "ordered": ordered}},
            {"id": "Patient.identifier:a", "path": "Patient.identifier", "sliceName": "a", "min": 1, "max": "1"},
            {"id": "Patient.identifier:a.system", "path": "Patient.identifier.system", "min": 1, "fixedUri": "urn:pantry:a"},
            {"id": "Patient.identifier:a.value", "path": "Patient.identifier.value", "min": 1},
            {"id": "Patient.identifier:b", "path": "Patient.identifier", "sliceName": "b", "min": 0, "max": "1"},
            {"id": "Patient.identifier:b.system", "path": "Patient.identifier.system", "min": 1, "fixedUri": "urn:pantry:b"},
        ]),
    )
}

fn validator() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| {
        let profiles = [
            by_system("open", "open", false),
            by_system("ordered", "open", true),
            by_system("closed", "closed", false),
            by_system("open-at-end", "openAtEnd", false),
            profile("by-type", "Observation", json!([
                {"id": "Observation.value[x]", "path": "Observation.value[x]", "slicing": {
                    "discriminator": [{"type": "type", "path": "$this"}], "rules": "open"}},
                {"id": "Observation.value[x]:valueQuantity", "path": "Observation.value[x]",
                    "sliceName": "valueQuantity", "min": 0, "max": "1", "type": [{"code": "Quantity"}]},
                {"id": "Observation.value[x]:valueQuantity.code", "path": "Observation.value[x].code", "min": 1},
            ])),
            profile("by-existence", "Patient", json!([
                {"id": "Patient.telecom", "path": "Patient.telecom", "slicing": {
                    "discriminator": [{"type": "exists", "path": "period"}], "rules": "open"}},
                {"id": "Patient.telecom:dated", "path": "Patient.telecom", "sliceName": "dated", "min": 0, "max": "1"},
                {"id": "Patient.telecom:dated.period", "path": "Patient.telecom.period", "min": 1},
                {"id": "Patient.telecom:undated", "path": "Patient.telecom", "sliceName": "undated", "min": 0, "max": "1"},
                {"id": "Patient.telecom:undated.period", "path": "Patient.telecom.period", "max": "0"},
            ])),
            profile("by-pattern", "Observation", json!([
                {"id": "Observation.category", "path": "Observation.category", "slicing": {
                    "discriminator": [{"type": "pattern", "path": "$this"}], "rules": "open"}},
                {"id": "Observation.category:food", "path": "Observation.category", "sliceName": "food", "min": 1,
                    "max": "1", "patternCodeableConcept": {"coding": [{"system": "urn:pantry:c", "code": "food"}]}},
            ])),
            profile("by-target", "Observation", json!([
                {"id": "Observation.performer", "path": "Observation.performer", "slicing": {
                    "discriminator": [{"type": "type", "path": "resolve()"}], "rules": "open"}},
                {"id": "Observation.performer:patient", "path": "Observation.performer", "sliceName": "patient",
                    "min": 0, "max": "1", "type": [{"code": "Reference",
                        "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Patient"]}]},
            ])),
            profile("by-profile", "Observation", json!([
                {"id": "Observation.performer", "path": "Observation.performer", "slicing": {
                    "discriminator": [{"type": "profile", "path": "resolve()"}], "rules": "open"}},
                {"id": "Observation.performer:open", "path": "Observation.performer", "sliceName": "open",
                    "min": 1, "max": "1", "type": [{"code": "Reference", "targetProfile": [format!("{BASE}open")]}]},
            ])),
            profile("in-slices", "Patient", json!([
                {"id": "Patient.identifier", "path": "Patient.identifier", "slicing": {
                    "discriminator": [{"type": "value", "path": "system"}], "rules": "open"}},
                {"id": "Patient.identifier:a", "path": "Patient.identifier", "sliceName": "a", "min": 0, "max": "*",
                    "slicing": {"discriminator": [{"type": "value", "path": "use"}], "rules": "open"}},
                {"id": "Patient.identifier:a.system", "path": "Patient.identifier.system", "min": 1, "fixedUri": "urn:pantry:a"},
                {"id": "Patient.identifier:a/old", "path": "Patient.identifier", "sliceName": "a/old", "min": 0, "max": "1"},
                {"id": "Patient.identifier:a/old.use", "path": "Patient.identifier.use", "min": 1, "fixedCode": "old"},
                {"id": "Patient.identifier:a/old.period", "path": "Patient.identifier.period", "min": 1},
            ])),
        ];
        let folder = std::env::temp_dir().join(format!("sdoh-gateway-slicing-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("package.json"), r#"{"name": "pantry", "version": "1"}"#).unwrap();
        for profile in &profiles {
            fs::write(folder.join(format!("{}.json", profile["name"].as_str().unwrap())), profile.to_string()).unwrap();
        }
        let definitions = Definitions::with_packages(std::slice::from_ref(&folder)).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(definitions.snapshot_errors().is_empty(), "{:?}", definitions.snapshot_errors());
        Validator::new(Arc::new(definitions))
    })
}

fn check(profile: &str, resource: Value, expected: &[&str]) {
    let resource = Resource::new(resource).unwrap();
    let canonical = format!("{BASE}{profile}");
    let profiles = [canonical.as_str()];
    let issues = validator().validate_with(&resource, &Context { profiles: &profiles, ..Context::default() });
    let found: Vec<String> = issues.iter().filter(|issue| issue.is_error()).map(line).collect();
    let expected: Vec<String> = expected.iter().map(|line| format!("error {line} {profile}|1")).collect();
    assert_eq!(found, expected, "{profile} {:?}", resource.as_value());
}

fn patient(identifiers: Value) -> Value {
    json!({"resourceType": "Patient", "identifier": identifiers})
}

fn observation(more: Value) -> Value {
    let mut observation = json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}});
    observation.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    observation
}

#[test]
fn rules_of_slicing() {
    let a = json!({"system": "urn:pantry:a", "value": "1"});
    let b = json!({"system": "urn:pantry:b", "value": "1"});
    let other = json!({"system": "urn:pantry:z", "value": "1"});
    check("open", patient(json!([a, other, b])), &[]);
    check("open", patient(json!([b])), &["required Patient slicing"]);
    check("open", json!({"resourceType": "Patient"}), &["required Patient slicing"]);
    check("open", patient(json!([a, a])), &["structure Patient slicing"]);
    check(
        "open",
        patient(json!([{"system": "urn:pantry:a"}])),
        &["required Patient.identifier[0] cardinality"],
    );
    check("ordered", patient(json!([a, other, b])), &[]);
    check("ordered", patient(json!([b, a])), &["structure Patient.identifier[1] slicing"]);
    check("closed", patient(json!([b, a])), &[]);
    check("closed", patient(json!([a, other])), &["structure Patient.identifier[1] slicing"]);
    check("open-at-end", patient(json!([a, other])), &[]);
    check("open-at-end", patient(json!([other, a])), &["structure Patient.identifier[1] slicing"]);
}

#[test]
fn discriminators() {
    check("by-type", observation(json!({"valueString": "x"})), &[]);
    check(
        "by-type",
        observation(json!({"valueQuantity": {"value": 1}})),
        &["required Observation.value.ofType(Quantity) cardinality"],
    );
    let dated = json!({"system": "phone", "value": "1", "period": {"start": "2026"}});
    let undated = json!({"system": "phone", "value": "2"});
    let patient = |telecom: Value| json!({"resourceType": "Patient", "telecom": telecom});
    check("by-existence", patient(json!([dated, undated])), &[]);
    check("by-existence", patient(json!([undated, undated])), &["structure Patient slicing"]);
    check("by-existence", patient(json!([dated, dated])), &["structure Patient slicing"]);
    let food = json!({"coding": [{"system": "urn:pantry:c", "code": "food", "display": "Food"}]});
    check("by-pattern", observation(json!({"category": [{"text": "x"}, food]})), &[]);
    check("by-pattern", observation(json!({"category": [{"text": "x"}]})), &["required Observation slicing"]);
}

#[test]
fn what_references_lead_to() {
    let two = json!({"performer": [{"reference": "Patient/1"}, {"reference": "Patient/2"}]});
    check("by-target", observation(two), &["structure Observation slicing"]);
    let one = json!({"performer": [{"reference": "Patient/1"}, {"reference": "Organization/2"}]});
    check("by-target", observation(one), &[]);
    let fit = json!({"resourceType": "Patient", "id": "p", "identifier": [{"system": "urn:pantry:a", "value": "1"}]});
    let unfit = json!({"resourceType": "Patient", "id": "p"});
    let with =
        |patient: Value| observation(json!({"contained": [patient], "performer": [{"reference": "#p"}]}));
    check("by-profile", with(fit), &[]);
    check("by-profile", with(unfit), &["required Observation slicing"]);
}

#[test]
fn slices_in_slices() {
    let old = |period: bool| match period {
        true => json!({"system": "urn:pantry:a", "use": "old", "period": {"end": "2026"}}),
        false => json!({"system": "urn:pantry:a", "use": "old"}),
    };
    check("in-slices", patient(json!([old(true), {"system": "urn:pantry:a", "use": "usual"}])), &[]);
    check("in-slices", patient(json!([old(false)])), &["required Patient.identifier[0] cardinality"]);
    check("in-slices", patient(json!([old(true), old(true)])), &["structure Patient slicing"]);
    check("in-slices", patient(json!([{"system": "urn:pantry:b", "use": "old"}])), &[]);
}
