//! What real clients do, scripted from their description (`spec/04`): the Rails clients and their servers (family A), and
//! the Java reference implementation, which works in transactions and chained searches (family B).

mod cancel;
mod family_b;
mod pantry;
mod patient;
mod platform;
mod servers;

use serde_json::{Value, json};

use crate::harness::Server;

const SDOHCC: &str = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/";
const CODES: &str = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes";
const REFERRALS: &str = "Task?_profile=http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement&_sort=-_lastUpdated";

fn concept(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}

/// A clinic, a platform, a pantry, a doctor, a patient with a food problem who consents.
async fn cast(server: &Server) {
    let organization = |id: &str, name: &str, kind: &str| {
        json!({"resourceType": "Organization", "id": id, "active": true, "name": name,
            "type": [concept("http://hl7.org/gravity/CodeSystem/sdohcc-temporary-organization-type-codes", kind)],
            "contact": [{"telecom": [{"system": "url"}]}]})
    };
    server
        .store_all(&[
            organization("clinic", "Riverside Clinic", "ehr"),
            organization("platform", "Helpers Together", "cp"),
            organization("pantry", "Corner Pantry", "cbo"),
            json!({"resourceType": "Practitioner", "id": "doctor", "name": [{"family": "Fernsby"}]}),
            json!({"resourceType": "PractitionerRole", "id": "role", "practitioner": {"reference": "Practitioner/doctor"}, "organization": {"reference": "Organization/clinic"}}),
            json!({"resourceType": "Patient", "id": "ada", "name": [{"family": "Bramble", "given": ["Ada"]}]}),
            json!({"resourceType": "Consent", "id": "consent", "status": "active", "patient": {"reference": "Patient/ada"}}),
            json!({"resourceType": "Condition", "id": "hunger", "meta": {"profile": [format!("{SDOHCC}SDOHCC-Condition")]}, "subject": {"reference": "Patient/ada"}, "code": {"text": "Food insecurity"}}),
        ])
        .await;
    server.clock.advance(60);
}

fn order() -> Value {
    json!({"meta": {"profile": [format!("{SDOHCC}SDOHCC-ServiceRequest")]}, "status": "active", "intent": "order",
        "category": [concept("http://snomed.info/sct", "410606002"), concept(CODES, "food-insecurity")],
        "priority": "asap", "code": concept("http://snomed.info/sct", "710925007"), "subject": {"reference": "Patient/ada", "display": "Ada Bramble"},
        "reasonReference": [{"reference": "Condition/hunger"}], "supportingInfo": [{"reference": "Consent/consent"}], "resourceType": "ServiceRequest"})
}

fn task(order: &str, owner: &str) -> Value {
    json!({"meta": {"profile": [format!("{SDOHCC}SDOHCC-TaskForReferralManagement")]}, "status": "requested", "intent": "order",
        "code": concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"), "focus": {"reference": order}, "for": {"reference": "Patient/ada"},
        "authoredOn": "2026-11-22T09:01:00.123Z", "requester": {"reference": "PractitionerRole/role"}, "owner": {"reference": format!("Organization/{owner}")}, "resourceType": "Task"})
}

/// The EHR refers: two requests, as the recorded one does. Gives the places of order and Task.
async fn refer(server: &Server, owner: &str) -> (String, String) {
    let order = format!("ServiceRequest/{}", server.post("ServiceRequest", &order()).await.expect(201).id());
    server.clock.advance(1);
    let task = format!("Task/{}", server.post("Task", &task(&order, owner)).await.expect(201).id());
    server.clock.advance(60);
    (order, task)
}

/// Reads a resource, changes some of its properties, and puts it back whole. Gives the answer's resource.
async fn change(server: &Server, place: &str, changes: Value) -> Value {
    let mut resource = server.read(place).await;
    for (name, value) in changes.as_object().unwrap() {
        resource[name] = value.clone();
    }
    let stored = server.put(place, &resource).await.expect(200).json();
    server.clock.advance(60);
    stored
}

/// Posts a Procedure for an order and completes the Task with it. Gives its place.
async fn complete(server: &Server, order: &str, task: &str) -> String {
    let done = server.read(order).await;
    let procedure = json!({"meta": {"profile": [format!("{SDOHCC}SDOHCC-Procedure")]}, "basedOn": [{"reference": order}], "status": "completed",
        "category": done["category"][0], "code": done["code"], "subject": done["subject"], "performedDateTime": "2026-11-22",
        "reasonReference": done["reasonReference"], "resourceType": "Procedure"});
    let procedure = format!("Procedure/{}", server.post("Procedure", &procedure).await.expect(201).id());
    let output =
        json!([{"type": concept(CODES, "resulting-activity"), "valueReference": {"reference": procedure}}]);
    change(server, task, json!({"status": "completed", "output": output})).await;
    procedure
}

/// The status of a resource.
async fn status(server: &Server, place: &str) -> String {
    server.read(place).await["status"].as_str().unwrap().to_owned()
}

/// The versions of a resource, newest first, by a property.
async fn history(server: &Server, place: &str, property: &str) -> Vec<String> {
    let bundle = server.read(&format!("{place}/_history")).await;
    let entries = bundle["entry"].as_array().unwrap().iter();
    entries.map(|entry| entry["resource"][property].as_str().unwrap_or("-").to_owned()).collect()
}
