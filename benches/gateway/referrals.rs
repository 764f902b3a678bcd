//! Referrals by number: a Task, its order, whom it is about. What they refer to beyond each other is not there.

use serde_json::{Value, json};

/// Tasks of the organisation that polls; where fewer are stored, all are its own.
const POLLED: usize = 10_000;
/// How many Patients there are.
pub const PATIENTS: usize = 1_000;

const TASK_PROFILE: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement";

/// A Task, as it is sent to whom it asks.
pub fn task(n: usize) -> Value {
    json!({
        "resourceType": "Task", "id": format!("t{n}"), "meta": {"profile": [TASK_PROFILE]},
        "status": "requested", "intent": "order", "priority": "routine",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill", "display": "Fulfill the focal request"}]},
        "focus": {"reference": format!("ServiceRequest/s{n}")},
        "for": {"reference": format!("Patient/p{}", n % PATIENTS), "display": "Rosa Example"},
        "authoredOn": "2026-11-01T10:00:00Z",
        "requester": {"reference": format!("PractitionerRole/r{}", n % 50)},
        "owner": {"reference": owner(n)},
        "note": [{"text": "The door at the back is open until six; a short call beforehand helps, since the phone is shared."}],
    })
}

fn owner(n: usize) -> String {
    if n < POLLED { "Organization/polled".into() } else { format!("Organization/other-{}", n % 500) }
}

/// The order that a Task is to fulfil.
pub fn order(n: usize) -> Value {
    json!({
        "resourceType": "ServiceRequest", "id": format!("s{n}"),
        "meta": {"profile": ["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-ServiceRequest"]},
        "status": "active", "intent": "order", "priority": "routine",
        "category": [
            {"coding": [{"system": "http://snomed.info/sct", "code": "410606002"}]},
            {"coding": [{"system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes", "code": "food-insecurity"}]},
        ],
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "467771000124109"}]},
        "subject": {"reference": format!("Patient/p{}", n % PATIENTS)},
        "authoredOn": "2026-11-01",
    })
}
