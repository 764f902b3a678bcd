//! The AuditEvents against IHE's Basic Audit Log Patterns 1.1, whose profiles are written down here by their facts.

use std::fs;

use http::Method;
use serde_json::{Value, json};

use super::own;
use crate::harness::{Server, on_both_with};

const PROFILES: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const REST: &str = "http://hl7.org/fhir/restful-interaction";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";

/// Name, subtypes, action, roles of client and server; for a search, the query is the entity.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static str,
    (&'static str, &'static str),
    (&'static str, &'static str),
);

const SOURCE: (&str, &str) = (DCM, "110153");
const DESTINATION: (&str, &str) = (DCM, "110152");
const CUSTODIAN: (&str, &str) =
    ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian");

const ROWS: [Row; 5] = [
    ("Create", &["create"], "C", SOURCE, DESTINATION),
    ("Read", &["read", "vread"], "R", DESTINATION, SOURCE),
    ("Update", &["update", "patch"], "U", SOURCE, DESTINATION),
    ("Delete", &["delete"], "D", (DCM, "110150"), CUSTODIAN),
    ("Query", &["search", "search-type", "search-system"], "E", SOURCE, DESTINATION),
];

fn slicing(path: &str, by: &str, min: u32) -> Value {
    let (id, path) = (format!("AuditEvent.{path}"), format!("AuditEvent.{path}"));
    json!({"id": id, "path": path, "min": min, "slicing": {"discriminator": [{"type": "pattern", "path": by}], "rules": "open"}})
}

fn element(id: &str, more: Value) -> Value {
    let path: Vec<&str> = id.split('.').map(|part| part.split(':').next().unwrap()).collect();
    let mut element = json!({"id": id, "path": path.join(".")});
    element.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    if let Some((_, name)) = id.rsplit('.').next().unwrap().split_once(':') {
        element["sliceName"] = name.into();
    }
    element
}

fn concept((system, code): (&str, &str)) -> Value {
    json!({"patternCodeableConcept": {"coding": [{"system": system, "code": code}]}, "min": 1})
}

fn coding(system: &str, code: &str) -> Value {
    json!({"patternCoding": {"system": system, "code": code}, "min": 1})
}

fn pattern(row: &Row) -> Value {
    let (name, subtypes, action, client, server) = row;
    let is_query = *name == "Query";
    let user = match *name {
        "Read" | "Query" => {
            json!({"patternCodeableConcept": {"coding": [{"system": PARTICIPATION, "code": "IRCP"}]}, "min": 1})
        }
        _ => {
            json!({"patternCodeableConcept": {"coding": [{"system": PARTICIPATION, "code": "AUT"}]}, "min": 1})
        }
    };
    let matter = if is_query { "query" } else { "data" };
    let of = |rest: &str| format!("AuditEvent.entity:{matter}.{rest}");
    let mut elements = vec![
        element("AuditEvent.type", coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest")),
        slicing("subtype", "$this", 1),
    ];
    for code in *subtypes {
        let fixed = json!({"patternCoding": {"system": REST, "code": code}, "max": "1", "min": 0});
        elements.push(element(&format!("AuditEvent.subtype:{code}"), fixed));
    }
    elements.extend([
        element("AuditEvent.action", json!({"patternCode": action, "min": 1})),
        element("AuditEvent.outcome", json!({"patternCode": "0", "min": 1})),
        slicing("agent", "type", 2),
        element("AuditEvent.agent:client", json!({"min": 1, "max": "1"})),
        element("AuditEvent.agent:client.type", concept(*client)),
        element("AuditEvent.agent:client.who", json!({"min": 1})),
        element("AuditEvent.agent:client.media", json!({"max": "0"})),
        element("AuditEvent.agent:client.network", json!({"min": 1})),
        element("AuditEvent.agent:server", json!({"min": 1, "max": "1"})),
        element("AuditEvent.agent:server.type", concept(*server)),
        element("AuditEvent.agent:server.who", json!({"min": 1})),
        element("AuditEvent.agent:server.network", json!({"min": 1})),
        element("AuditEvent.agent:user", json!({"min": 0, "max": "1"})),
        element("AuditEvent.agent:user.type", user),
        element("AuditEvent.agent:user.who", json!({"min": 1})),
        element("AuditEvent.agent:user.requestor", json!({"patternBoolean": true})),
        element("AuditEvent.agent:user.network", json!({"max": "0"})),
        slicing("entity", "type", 1),
        element("AuditEvent.entity:transaction", json!({"min": 0, "max": "1"})),
        element("AuditEvent.entity:transaction.what", json!({"min": 1})),
        element("AuditEvent.entity:transaction.what.identifier", json!({"min": 1})),
        element("AuditEvent.entity:transaction.what.identifier.value", json!({"min": 1})),
        element(
            "AuditEvent.entity:transaction.type",
            coding("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId"),
        ),
        element(&format!("AuditEvent.entity:{matter}"), json!({"min": 1, "max": "1"})),
    ]);
    if is_query {
        elements.extend([
            element(&of("what"), json!({"max": "0"})),
            element(&of("type"), coding(ENTITY_TYPE, "2")),
            element(&of("role"), coding(ROLE, "24")),
            element(&of("query"), json!({"min": 1})),
            element(&of("detail"), json!({"max": "0"})),
        ]);
    } else {
        elements.extend([
            element(&of("what"), json!({"min": 1})),
            element(&of("type"), coding(ENTITY_TYPE, "2")),
            element(&of("role"), coding(ROLE, "4")),
        ]);
    }
    profile(name, "http://hl7.org/fhir/StructureDefinition/AuditEvent", elements)
}

fn with_patient(name: &str) -> Value {
    let min = if name == "Query" { 1 } else { 2 };
    let elements = vec![
        json!({"id": "AuditEvent.entity", "path": "AuditEvent.entity", "min": min}),
        element("AuditEvent.entity:patient", json!({"min": 1, "max": "1"})),
        element(
            "AuditEvent.entity:patient.what",
            json!({"min": 1, "type": [{"code": "Reference", "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Patient"]}]}),
        ),
        element("AuditEvent.entity:patient.type", coding(ENTITY_TYPE, "1")),
        element("AuditEvent.entity:patient.role", coding(ROLE, "1")),
    ];
    profile(&format!("Patient{name}"), &format!("{PROFILES}{name}"), elements)
}

fn profile(name: &str, base: &str, elements: Vec<Value>) -> Value {
    json!({
        "resourceType": "StructureDefinition", "url": format!("{PROFILES}{name}"), "version": "1.1.3", "name": name,
        "status": "active", "kind": "resource", "abstract": false, "type": "AuditEvent", "derivation": "constraint",
        "baseDefinition": base, "differential": {"element": elements},
    })
}

/// A package of the profiles.
fn package() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write =
        |file: &str, content: Value| fs::write(folder.path().join(file), content.to_string()).unwrap();
    write(
        "package.json",
        json!({"name": "ihe.iti.balp", "version": "1.1.3", "dependencies": {"hl7.fhir.r4.core": "4.0.1"}}),
    );
    for row in &ROWS {
        write(&format!("StructureDefinition-{}.json", row.0), pattern(row));
        write(&format!("StructureDefinition-Patient{}.json", row.0), with_patient(row.0));
    }
    folder
}

async fn everything(server: &Server) {
    let task = |n: u8| json!({"resourceType": "Task", "id": "t", "status": "draft", "intent": "order", "priority": "routine", "for": {"reference": "Patient/p"}, "note": [{"text": format!("{n}")}]});
    let organization = json!({"resourceType": "Organization", "id": "o", "name": "Open Shelf Food Pantry"});
    server
        .store_all(&[json!({"resourceType": "Patient", "id": "p"}), organization.clone(), task(1), task(2)])
        .await;
    server.store(&organization).await;
    let patch = json!([{"op": "replace", "path": "/priority", "value": "urgent"}]).to_string().into_bytes();
    let headers = [("Content-Type", "application/json-patch+json")];
    server.send(Method::PATCH, "Task/t", &headers, Some(patch)).await.expect(200);
    for path in
        ["Task/t", "Task/t/_history/1", "Organization/o", "Task?patient=p", "Organization?name=open", "Task"]
    {
        server.get(path).await.expect(200);
    }
    server.delete("Task/t").await.expect(204);
    server.delete("Organization/o").await.expect(204);
}

#[test]
fn what_names_a_pattern_meets_it() {
    let folder = package();
    on_both_with(
        |config| config.ig = vec![folder.path().to_owned()],
        async |server| {
            everything(server).await;
            let all = super::events(&server.client, "_count=200", |found| found.len() >= 15).await;
            let mut seen = std::collections::BTreeSet::new();
            for event in &all {
                let Some(profile) = event["meta"]["profile"][0].as_str() else { continue };
                seen.insert(profile.strip_prefix(PROFILES).unwrap().to_owned());
                let path = format!("AuditEvent/$validate?profile={profile}");
                let outcome = server.post(&path, event).await.expect(200).json();
                let issues = outcome["issue"].as_array().unwrap();
                let wrong = issues
                    .iter()
                    .filter(|issue| issue["severity"] == "error" || issue["severity"] == "fatal");
                assert_eq!(wrong.count(), 0, "{outcome:#}\n{event:#}");
            }
            let expected = ROWS.iter().flat_map(|row| [row.0.to_owned(), format!("Patient{}", row.0)]);
            assert_eq!(seen, expected.collect());
            // The profiles are no empty words: what is taken away is missed.
            let read = all
                .iter()
                .find(|event| event["meta"]["profile"][0] == format!("{PROFILES}PatientRead"))
                .unwrap();
            for (name, change) in CHANGES {
                let mut changed = read.clone();
                change(&mut changed);
                let path = format!("AuditEvent/$validate?profile={PROFILES}PatientRead");
                let outcome = server.post(&path, &changed).await.expect(200).json();
                assert!(outcome.to_string().contains("\"error\""), "{name}: {outcome:#}");
            }
            assert!(own(&server.client, "action=D").await.len() >= 2);
        },
    );
}

/// What spoils a pattern, by the element that it spoils.
type Change = (&'static str, fn(&mut Value));

const CHANGES: [Change; 4] = [
    ("action", |event| event["action"] = "U".into()),
    ("subtype", |event| {
        event["subtype"] = json!([{"system": REST, "code": "read"}, {"system": REST, "code": "read"}])
    }),
    ("network", |event| drop(event["agent"][0].as_object_mut().unwrap().shift_remove("network"))),
    ("patient", |event| drop(event["entity"].as_array_mut().unwrap().remove(0))),
];
