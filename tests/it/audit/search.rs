//! Asking the record over HTTP.

use http::Method;
use serde_json::{Value, json};

use super::{events, is_own, own};
use crate::harness::{Server, on_both, on_both_with};

async fn past(server: &Server) -> Vec<Value> {
    let task = |id: &str, patient: &str| json!({"resourceType": "Task", "id": id, "status": "draft", "intent": "order", "for": {"reference": format!("Patient/{patient}")}});
    server.store(&task("t1", "p1")).await;
    server.clock.advance(3600);
    server.store(&task("t2", "p2")).await;
    server.get("Task/t1").await.expect(200);
    server.get("Task/t2").await.expect(200);
    server.get("Task/none").await.expect(404);
    // What is read is told a little later, and comes after what was written meanwhile.
    events(&server.client, "action=R", |found| found.len() == 3).await;
    server.delete("Task/t2").await.expect(204);
    own(&server.client, "action=C,R,D").await
}

/// What each search finds: actions, the latest first.
async fn finds(server: &Server, query: &str, expected: &str) {
    let actions: Vec<String> = own(&server.client, query)
        .await
        .iter()
        .filter(|event| event["type"]["code"] == "rest" && event["action"] != "E")
        .map(|event| format!("{}{}", event["action"].as_str().unwrap(), event["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(actions.join(" "), expected, "{query}");
}

#[test]
fn by_each_parameter() {
    on_both(async |server| {
        past(server).await;
        for (query, expected) in [
            ("patient=Patient/p1", "R0 C0"),
            ("patient=p2", "D0 R0 C0"),
            ("patient=p1,p2", "D0 R0 R0 C0 C0"),
            ("patient=p3", ""),
            ("entity=Task/t1", "R0 C0"),
            ("entity=Task/t2", "D0 R0 C0"),
            ("entity=Task/none", "R4"),
            ("patient=p2&action=R", "R0"),
            ("action=R,D&patient=p1,p2", "D0 R0 R0"),
            ("outcome=4", "R4"),
            ("subtype=http://hl7.org/fhir/restful-interaction|delete", "D0"),
            ("type=rest&subtype=create", "C0 C0"),
            ("date=lt2026-11-22T09:30:00Z", "C0"),
            ("date=ge2026-11-22T09:30:00Z&action=C", "C0"),
            ("date=2026-11-22&action=D", "D0"),
            ("date=gt2026-11-23", ""),
            ("address=127.0.0.1&action=D", "D0"),
            ("site:missing=true", ""),
            ("patient.name=x", ""),
            ("_lastUpdated=lt2026-11-22T09:30:00Z&action=C", "C0"),
        ] {
            finds(server, query, expected).await;
        }
        // A page at a time, each once.
        let whole = own(&server.client, "date=lt2026-11-22T09:30:00Z&_count=100").await;
        let pages = own(&server.client, "date=lt2026-11-22T09:30:00Z&_count=1").await;
        assert_eq!(whole, pages);
        let strict = [("Prefer", "handling=strict")];
        server.get_with("AuditEvent?nonsense=1", &strict).await.expect(400);
    });
}

#[test]
fn by_id() {
    on_both(async |server| {
        let past = past(server).await;
        let event = past.iter().find(|event| event["action"] == "D").unwrap();
        let id = event["id"].as_str().unwrap();
        let read = server.get(&format!("AuditEvent/{id}")).await.expect(200);
        assert_eq!((read.json(), read.header("etag")), (event.clone(), "W/\"1\""));
        assert_eq!(server.read(&format!("AuditEvent/{id}/_history/1")).await, *event);
        server.get_with(&format!("AuditEvent/{id}"), &[("If-None-Match", "W/\"1\"")]).await.expect(304);
        let xml = server.get_with(&format!("AuditEvent/{id}"), &[("Accept", "application/fhir+xml")]).await;
        assert_eq!(xml.expect(200).json()["id"], id);
        assert_eq!(own(&server.client, &format!("_id={id}")).await, std::slice::from_ref(event));
        for id in ["1795369620500000-0-0", &format!("{id}9"), "x"] {
            server.get(&format!("AuditEvent/{id}")).await.expect(404);
        }
    });
}

#[test]
fn nobody_writes_what_is_our_own() {
    on_both(async |server| {
        let past = past(server).await;
        let mut event = past[0].clone();
        let path = format!("AuditEvent/{}", event["id"].as_str().unwrap());
        event["outcome"] = "8".into();
        server.put(&path, &event).await.expect(403);
        server.delete(&path).await.expect(403);
        let patch = json!([{"op": "replace", "path": "/outcome", "value": "8"}]).to_string().into_bytes();
        let headers = [("Content-Type", "application/json-patch+json")];
        server.send(Method::PATCH, &path, &headers, Some(patch)).await.expect(404);
        assert_eq!(server.read(&path).await, past[0]);
    });
}

/// A gateway may keep the records of other systems: they are resources like all others, and come first.
#[test]
fn beside_those_of_others() {
    on_both(async |server| {
        let others = json!({
            "resourceType": "AuditEvent", "id": "theirs", "recorded": "2026-11-01T10:00:00Z", "action": "R",
            "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
            "agent": [{"requestor": true, "who": {"display": "somebody"}}],
            "source": {"observer": {"display": "their system"}},
            "entity": [{"what": {"reference": "Patient/p1"}}],
        });
        server.store(&others).await;
        server.get("Patient?_id=p1").await.expect(200);
        events(&server.client, "patient=p1&action=E", |found| !found.is_empty()).await;
        let found = server.search("AuditEvent?patient=p1&_count=2").await;
        let resources = found.resources();
        assert_eq!(resources[0]["id"], "theirs");
        assert!(!is_own(resources[0]) && is_own(resources[1]), "{resources:#?}");
        let found = server.search("AuditEvent?patient=p1&_count=1").await;
        assert_eq!(found.ids(), ["theirs"]);
        let found = server.search(&found.next.unwrap()).await;
        assert!(is_own(found.resources()[0]));
        // Neither counts for what is not its own.
        assert_eq!(server.search("AuditEvent?_summary=count").await.total, Some(1));
        server.finds("Patient?_has:AuditEvent:patient:action=R", "").await;
        server.delete("AuditEvent/theirs").await.expect(204);
    });
}

#[test]
fn each_space_has_its_own() {
    on_both_with(
        |config| config.spaces = ["north".to_owned()].into(),
        async |server| {
            let north = server.space("north");
            north.store(&json!({"resourceType": "Patient", "id": "p1"})).await;
            north.get("Patient/p1").await.expect(200);
            let found = events(&north, "patient=p1&action=C,R", |found| found.len() == 2).await;
            assert_eq!(own(&server.client, "patient=p1").await, [Value::Null; 0]);
            let path = format!("AuditEvent/{}", found[0]["id"].as_str().unwrap());
            assert_eq!(north.read(&path).await, found[0]);
            server.get(&path).await.expect(404);
        },
    );
}
