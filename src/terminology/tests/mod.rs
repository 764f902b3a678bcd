//! Membership in the embedded value sets.

mod compose;
mod embedded;
mod translation;

use std::sync::{Arc, OnceLock};

use super::Membership::{Member, NotMember, Unknown};
use super::Terminology;
use crate::definitions::Definitions;
use crate::fhirpath::ucum::Unit;

fn terminology() -> &'static Terminology {
    static TERMINOLOGY: OnceLock<Terminology> = OnceLock::new();
    TERMINOLOGY.get_or_init(|| Terminology::new(Arc::new(Definitions::embedded().unwrap())))
}

#[test]
fn membership() {
    let r4 = |name: &str| format!("http://hl7.org/fhir/ValueSet/{name}");
    let us_core = |name: &str| format!("http://hl7.org/fhir/us/core/ValueSet/{name}");
    let sdohcc =
        |name: &str| format!("http://hl7.org/fhir/us/sdoh-clinicalcare/ValueSet/SDOHCC-ValueSet{name}");
    let tho = |name: &str| format!("http://terminology.hl7.org/CodeSystem/{name}");
    let gender = "http://hl7.org/fhir/administrative-gender";
    let task_status = "http://hl7.org/fhir/task-status";
    let v3_code = tho("v3-ActCode");
    for (set, system, code, expected) in [
        // All of a system.
        (r4("administrative-gender|4.0.1"), Some(gender), "female", Member),
        (r4("administrative-gender"), None, "female", Member),
        (r4("administrative-gender"), Some(gender), "Female", NotMember),
        (r4("administrative-gender"), Some("http://other.example"), "female", NotMember),
        (r4("administrative-gender"), Some(gender), "f", NotMember),
        // All of a system but some.
        (sdohcc("ReferralTaskStatus"), Some(task_status), "accepted", Member),
        (sdohcc("ReferralTaskStatus"), Some(task_status), "received", NotMember),
        (sdohcc("ReferralTaskStatus"), Some(task_status), "ready", NotMember),
        (sdohcc("ReferralTaskStatus"), None, "ready", NotMember),
        // Codes one by one.
        (sdohcc("TaskPriority"), None, "urgent", Member),
        (sdohcc("TaskPriority"), None, "stat", NotMember),
        // Two systems.
        (r4("event-timing"), None, "ACM", Member),
        (r4("event-timing"), None, "MORN", Member),
        (r4("event-timing"), None, "NEVER", NotMember),
        // A value set in a value set.
        (r4("observation-vitalsignresult"), Some("http://loinc.org"), "8867-4", Member),
        (r4("all-types"), None, "HumanName", Member),
        (r4("all-types"), None, "Patient", Member),
        (r4("all-types"), None, "Any", Member),
        (r4("all-types"), None, "Patents", NotMember),
        // What is below a concept.
        (r4("consent-content-class"), Some("urn:ietf:bcp:13"), "application/hl7-cda+xml", Member),
        (
            tho("v3-ActCode").replace("CodeSystem", "ValueSet").replace("ActCode", "ActEncounterCode"),
            Some(&v3_code),
            "AMB",
            Member,
        ),
        (
            tho("v3-ActCode").replace("CodeSystem", "ValueSet").replace("ActCode", "ActEncounterCode"),
            Some(&v3_code),
            "IDSCL",
            NotMember,
        ),
        // Grammars.
        (r4("mimetypes"), None, "text/plain", Member),
        (r4("mimetypes"), None, "text plain", NotMember),
        (r4("all-languages"), None, "en-US", Member),
        (r4("currencies"), None, "USD", Member),
        (r4("currencies"), None, "ZZZ", Unknown),
        (r4("currencies"), None, "dollars", NotMember),
        (r4("ucum-units"), Some("http://unitsofmeasure.org"), "mm[Hg]", Member),
        (r4("ucum-units"), Some("http://unitsofmeasure.org"), "mm Hg", NotMember),
        // What others keep.
        (us_core("us-core-procedure-code"), Some("http://snomed.info/sct"), "410606002", Unknown),
        (us_core("us-core-procedure-code"), Some("http://other.example"), "1", NotMember),
        (us_core("omb-race-category|7.0.0"), Some("urn:oid:2.16.840.1.113883.6.238"), "2106-3", Unknown),
        (us_core("omb-race-category|3.1.1"), Some("urn:oid:2.16.840.1.113883.6.238"), "2106-3", Member),
        (us_core("omb-race-category|3.1.1"), Some("urn:oid:2.16.840.1.113883.6.238"), "0000-0", NotMember),
        ("http://nobody.example/vs".to_owned(), None, "x", Unknown),
        ("http://www.rfc-editor.org/bcp/bcp13.txt".to_owned(), None, "text/plain", Member),
    ] {
        assert_eq!(terminology().contains(&set, system, code), expected, "{set} {system:?} {code}");
    }
}

#[test]
fn systems_of_bare_codes() {
    for (set, code, expected) in [
        (
            "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1",
            "male",
            Some("http://hl7.org/fhir/administrative-gender"),
        ),
        ("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1", "?", None),
        ("http://hl7.org/fhir/ValueSet/mimetypes", "text/plain", Some("urn:ietf:bcp:13")),
        ("http://hl7.org/fhir/ValueSet/event-timing", "MORN", Some("http://hl7.org/fhir/event-timing")),
        (
            "http://hl7.org/fhir/ValueSet/event-timing",
            "ACM",
            Some("http://terminology.hl7.org/CodeSystem/v3-TimingEvent"),
        ),
        ("http://hl7.org/fhir/ValueSet/currencies", "USD", Some("urn:iso:std:iso:4217")),
        ("http://nobody.example/vs", "x", None),
    ] {
        assert_eq!(terminology().system_of(set, code), expected, "{set} {code}");
    }
}

#[test]
fn common_units_are_units() {
    let common = terminology().definitions.value_set("http://hl7.org/fhir/ValueSet/ucum-common").unwrap();
    let codes = common.include.iter().flat_map(|part| &part.concepts).map(|concept| concept.code.as_str());
    let others: Vec<&str> = codes.filter(|code| Unit::is_unit(code) != Some(true)).collect();
    assert!(others.is_empty(), "{others:?}");
}
