//! §4.8: the Java reference implementation: everything in transactions, chains and iterated includes.

use serde_json::{Value, json};

use super::{SDOHCC, cast, change, concept, history, status};
use crate::harness::{Found, Server, entry, on_both_in_both_formats, transaction};

const US_CORE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/";
const KINDS: &str = "http://kinds.example";
const CONNECTIONS: &str = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type";
const HAPI: (&str, &str) = (
    "Accept",
    "application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml+fhir;q=0.9, application/json+fhir;q=0.9",
);

/// The cast with the profiles, kinds and endpoints that this family goes by.
async fn stage(server: &Server) {
    cast(server).await;
    let organization = |id: &str, kind: &str, endpoint: Option<&str>| {
        let mut organization = json!({"resourceType": "Organization", "id": id, "meta": {"profile": [format!("{US_CORE}us-core-organization")]}, "name": id,
            "identifier": [{"system": "http://apps.example", "value": format!("http://{id}.example")}], "type": [concept(KINDS, kind)]});
        if let Some(endpoint) = endpoint {
            organization["endpoint"] = json!([{"reference": format!("Endpoint/{endpoint}")}]);
        }
        organization
    };
    server
        .store_all(&[
            organization("clinic", "ehr", None),
            organization("platform", "cp", Some("platform-fhir")),
            organization("pantry", "cbo", None),
            json!({"resourceType": "Endpoint", "id": "platform-fhir", "status": "active", "connectionType": {"system": CONNECTIONS, "code": "hl7-fhir-rest"}, "address": "http://platform.example/fhir"}),
            json!({"resourceType": "PractitionerRole", "id": "role", "meta": {"profile": [format!("{US_CORE}us-core-practitionerrole")]},
                "practitioner": {"reference": "Practitioner/doctor"}, "organization": {"reference": "Organization/clinic"}}),
            json!({"resourceType": "Goal", "id": "eat", "meta": {"profile": [format!("{SDOHCC}SDOHCC-Goal")]}, "subject": {"reference": "Patient/ada"}, "lifecycleStatus": "active", "description": {"text": "Enough"}}),
        ])
        .await;
    server.clock.advance(60);
}

async fn carry_out(server: &Server, entries: Vec<Value>) -> Vec<Value> {
    let answer = server.post_with("", &[HAPI], &transaction("transaction", entries)).await.expect(200).json();
    server.clock.advance(60);
    answer["entry"].as_array().unwrap().clone()
}

fn with_full_url(mut entry: Value, full_url: &str) -> Value {
    entry["fullUrl"] = full_url.into();
    entry
}

/// `Type/id` out of an entry's `response.location`.
fn place(entry: &Value) -> String {
    let location = entry["response"]["location"].as_str().unwrap();
    let segments: Vec<&str> = location.split('/').collect();
    let at = segments.iter().position(|segment| *segment == "_history").unwrap();
    format!("{}/{}", segments[at - 2], segments[at - 1])
}

fn stu1_task(focus: &str, owner: &str) -> Value {
    json!({"resourceType": "Task", "meta": {"profile": [format!("{SDOHCC}SDOHCC-Task")]}, "status": "requested", "intent": "order",
        "code": concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"), "focus": {"reference": focus}, "for": {"reference": "Patient/ada"},
        "authoredOn": "2026-11-22T09:01:30Z", "requester": {"reference": "Organization/clinic"}, "owner": {"reference": format!("Organization/{owner}")}})
}

/// The EHR's transaction: order and Task, the Task pointing at what the order is called in the Bundle.
async fn refer(server: &Server, owner: &str) -> (String, String) {
    let name = "urn:uuid:5f1c2a34-0000-4000-8000-000000000001";
    let order = json!({"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": {"reference": "Patient/ada"},
        "reasonReference": [{"reference": "Condition/hunger"}], "supportingInfo": [{"reference": "Goal/eat"}]});
    let entries = vec![
        with_full_url(entry("POST ServiceRequest", Some(order)), name),
        entry("POST Task", Some(stu1_task(name, owner))),
    ];
    let answers = carry_out(server, entries).await;
    let (order, task) = (place(&answers[0]), place(&answers[1]));
    assert_eq!(server.read(&task).await["focus"]["reference"], order);
    (order, task)
}

#[test]
fn the_ehr_prepares_by_a_transaction_of_gets() {
    on_both_in_both_formats(async |server| {
        stage(server).await;
        let queries = [
            "Patient/ada".to_owned(),
            format!(
                "PractitionerRole?practitioner=doctor&_profile={US_CORE}us-core-practitionerrole&organization._profile={US_CORE}us-core-organization"
            ),
            format!(
                "Organization?_id=platform&type={KINDS}|&_include=Organization:endpoint&endpoint.connection-type={CONNECTIONS}|hl7-fhir-rest"
            ),
            "Consent?_id=consent".to_owned(),
            format!("Condition?_id=hunger,other&_profile={SDOHCC}SDOHCC-Condition"),
            format!("Goal?_id=eat,other&_profile={SDOHCC}SDOHCC-Goal"),
            format!("Goal?_id=eat&_profile={SDOHCC}SDOHCC-Condition"),
        ];
        let answers =
            carry_out(server, queries.iter().map(|query| entry(&format!("GET {query}"), None)).collect())
                .await;
        assert_eq!(answers[0]["resource"]["id"], "ada");
        let expected: [(&[&str], &[&str]); 6] = [
            (&["PractitionerRole/role"], &[]),
            (&["Organization/platform"], &["Endpoint/platform-fhir"]),
            (&["Consent/consent"], &[]),
            (&["Condition/hunger"], &[]),
            (&["Goal/eat"], &[]),
            (&[], &[]),
        ];
        for ((answer, query), (matches, included)) in answers[1..].iter().zip(&queries[1..]).zip(expected) {
            let found = Found::of(answer["resource"].clone(), query);
            assert_eq!(found.matches, matches, "{query}");
            assert_eq!(found.included, included, "{query}");
        }
    });
}

#[test]
fn the_ehr_refers_lists_and_polls() {
    on_both_in_both_formats(async |server| {
        stage(server).await;
        let (order, task) = refer(server, "platform").await;
        let list = format!(
            "Task?patient=ada&_profile={SDOHCC}SDOHCC-Task&_include=Task:focus&owner:Organization.type={KINDS}|&_sort=-_lastUpdated"
        );
        let found = server.search(&list).await;
        assert_eq!((found.matches, found.included), (vec![task.clone()], vec![order.clone()]));
        // Every 30 seconds; four times status:not; what was authored ten seconds ago or earlier.
        let poll = |before: &str| {
            format!(
                "Task?_include=Task:focus&_include=Task:owner&_include:iterate=Organization:endpoint&owner:Organization.type={KINDS}|cp\
                 &status:not=failed&status:not=rejected&status:not=completed&status:not=cancelled&authored-on=lt{before}"
            )
        };
        let found = server.search(&poll("2026-11-22T10:02:00+01:00")).await;
        assert_eq!(found.matches, [task.as_str()]);
        assert_eq!(found.included, ["Endpoint/platform-fhir", "Organization/platform", &order]);
        assert!(server.search(&poll("2026-11-22T09:01:30+00:00")).await.matches.is_empty());
        // The platform fails: one transaction undoes what was announced.
        let (mut failed, mut revoked) = (server.read(&task).await, server.read(&order).await);
        failed["status"] = "failed".into();
        revoked["status"] = "revoked".into();
        let entries = vec![
            entry(&format!("PUT {}/{task}/_history/1", server.base), Some(failed)),
            entry(&format!("PUT {}/{order}", server.base), Some(revoked)),
        ];
        carry_out(server, entries).await;
        assert_eq!(
            (status(server, &task).await, status(server, &order).await),
            ("failed".into(), "revoked".into())
        );
        assert_eq!(history(server, &task, "status").await.len(), 2, "the client's own word stands");
        assert!(server.search(&poll("2026-11-22T10:02:00+01:00")).await.matches.is_empty());
    });
}

#[test]
fn the_platform_accepts_lists_and_follows_its_own_tasks() {
    on_both_in_both_formats(async |server| {
        stage(server).await;
        let (order, parent) = refer(server, "platform").await;
        assert_eq!(server.search("Task?status=requested").await.matches, [parent.as_str()]);
        // Accepting: an order and a Task of its own, and the parent's new status, in one.
        let name = "urn:uuid:5f1c2a34-0000-4000-8000-000000000002";
        let mut own = stu1_task(name, "pantry");
        own["intent"] = "filler-order".into();
        own["status"] = "received".into();
        own["basedOn"] = json!([{"reference": parent}]);
        let mut accepted = server.read(&parent).await;
        accepted["status"] = "accepted".into();
        let filler = json!({"resourceType": "ServiceRequest", "status": "active", "intent": "filler-order", "subject": {"reference": "Patient/ada"}, "basedOn": [{"reference": order}]});
        let answers = carry_out(
            server,
            vec![
                with_full_url(entry("POST ServiceRequest", Some(filler)), name),
                entry("POST Task", Some(own)),
                entry(&format!("PUT {}/{parent}/_history/1", server.base), Some(accepted)),
            ],
        )
        .await;
        let (own_order, own) = (place(&answers[0]), place(&answers[1]));
        assert_eq!(place(&answers[2]), parent);

        let lists: [(&str, &[&str], Vec<&str>); 4] = [
            (
                "Task?status:not=requested&intent=order&_include=Task:focus&_revinclude=Task:based-on&_include:iterate=Task:owner&_sort=-_lastUpdated",
                &[&parent],
                vec!["Organization/pantry", "Organization/platform", &order, &own],
            ),
            ("Task?intent=filler-order&_include=Task:based-on", &[&own], vec![&parent]),
            (
                &format!("Task?based-on={parent}&intent=filler-order&_include=Task:focus"),
                &[&own],
                vec![&own_order],
            ),
            (
                &format!(
                    "Task?intent=order&owner:Organization.type={KINDS}|cp&status:not=failed&status:not=completed&_revinclude=Task:based-on&_include:iterate=Task:focus"
                ),
                &[&parent],
                vec![&order, &own, &own_order],
            ),
        ];
        for (query, matches, mut included) in lists {
            let found = server.search(query).await;
            included.sort_unstable();
            assert_eq!(found.matches, matches, "{query}");
            assert_eq!(found.included, included, "{query}");
        }

        // The pantry knows its Tasks by the URL of its app.
        let mine = "Task?status:not=requested&intent=filler-order,order&owner:Organization.identifier=http://pantry.example\
                    &_include=Task:focus&_include=Task:subject&_include=Task:requester&_sort=-_lastUpdated";
        let found = server.search(mine).await;
        assert_eq!(found.matches, [own.as_str()]);
        let mut expected = vec!["Organization/clinic".to_owned(), "Patient/ada".into(), own_order.clone()];
        expected.sort();
        assert_eq!(found.included, expected);

        // Completing: what was done, the order and the Task, in one; the codes are those of the first edition.
        change(server, &own, json!({"status": "accepted"})).await;
        let (mut done, mut closed) = (server.read(&own).await, server.read(&own_order).await);
        let procedures = [
            "urn:uuid:5f1c2a34-0000-4000-8000-000000000003",
            "urn:uuid:5f1c2a34-0000-4000-8000-000000000004",
        ];
        done["status"] = "completed".into();
        done["output"] = procedures
            .map(|name| json!({"type": concept("http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/sdohcc-temporary-codes", "resulting-activity"), "valueReference": {"reference": name}}))
            .into();
        closed["status"] = "completed".into();
        let procedure = json!({"resourceType": "Procedure", "status": "completed", "subject": {"reference": "Patient/ada"}, "basedOn": [{"reference": own_order}]});
        let mut entries: Vec<Value> = procedures
            .map(|name| with_full_url(entry("POST Procedure", Some(procedure.clone())), name))
            .into();
        entries.push(entry(&format!("PUT {own_order}"), Some(closed)));
        entries.push(entry(&format!("PUT {own}"), Some(done)));
        let answers = carry_out(server, entries).await;
        let outputs = server.read(&own).await["output"].clone();
        assert_eq!(outputs[1]["valueReference"]["reference"].as_str(), Some(place(&answers[1]).as_str()));
        assert_eq!(history(server, &own_order, "status").await, ["completed", "active"], "no second write");
        let ids: Vec<String> =
            answers[..2].iter().map(|answer| place(answer).split_once('/').unwrap().1.to_owned()).collect();
        server.finds(&format!("Procedure?_id={}", ids.join(",")), &ids.join(" ")).await;
        assert_eq!(status(server, &order).await, "active");
    });
}

#[test]
fn the_platform_copies_by_identifier() {
    on_both_in_both_formats(async |server| {
        stage(server).await;
        let copies = ["c1", "c2"].map(|value| {
            json!({"resourceType": "Condition", "identifier": [{"system": "http://clinic.example/fhir", "value": value}], "subject": {"reference": "Patient/ada"}})
        });
        let answers = carry_out(
            server,
            copies.iter().map(|copy| entry("POST Condition", Some(copy.clone()))).collect(),
        )
        .await;
        let mut places: Vec<String> = answers.iter().map(place).collect();
        places.sort();
        let asked = vec![
            entry(
                "GET Condition?identifier=http://clinic.example/fhir|c1,http://clinic.example/fhir|c2",
                None,
            ),
            entry("GET Condition?identifier=http://clinic.example/fhir|c1,c2", None),
            entry("GET Condition?identifier=http://clinic.example/fhir|c9", None),
            entry("GET Patient/ada", None),
        ];
        let answers = carry_out(server, asked).await;
        for (answer, expected) in answers.iter().zip([&places[..], &places[..], &[]]) {
            let mut found = Found::of(answer["resource"].clone(), "nested").matches;
            found.sort();
            assert_eq!(found, expected);
        }
        // A Task of the EHR's, found again by its identifier.
        let mut task = stu1_task("http://clinic.example/fhir/ServiceRequest/1", "platform");
        task["identifier"] = json!([{"system": "http://clinic.example/fhir", "value": "77"}]);
        let posted = server.post_with("Task", &[HAPI], &task).await.expect(201).id();
        server.finds("Task?identifier=http://clinic.example/fhir|77&_include=Task:focus", &posted).await;
        // Content with the codes of today or of the first edition is kept as it is.
        assert_eq!(server.read(&format!("Task/{posted}")).await["code"], task["code"]);
    });
}
