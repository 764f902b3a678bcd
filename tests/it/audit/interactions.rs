//! What each interaction leaves in the record.

use http::Method;
use serde_json::{Value, json};

use super::{of_request, own, summary};
use crate::harness::{Answer, Server, entry, on_both, transaction};

fn task(id: &str, patient: &str) -> Value {
    json!({
        "resourceType": "Task", "id": id, "status": "requested", "intent": "order",
        "for": {"reference": format!("Patient/{patient}")},
    })
}

/// Sends a request under a name of its own, so that what came of it can be found.
async fn send(server: &Server, name: &str, what: &str, body: Option<Value>) -> Answer {
    let (method, path) = what.split_once(' ').unwrap();
    let content_type = match method {
        "PATCH" => "application/json-patch+json",
        _ => "application/fhir+json",
    };
    let headers = [("X-Request-Id", name), ("Content-Type", content_type)];
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let answer = server.send(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await;
    assert_eq!(answer.header("x-request-id"), name);
    answer
}

/// Each request, and what is told of it: an AuditEvent a line.
const CASES: &[(&str, &str, &[&str])] = &[
    (
        "read",
        "GET Task/t1",
        &["rest#read R 0 PatientRead | 110152* 110153 | 1:Patient/p1 2:Task/t1/_history/1"],
    ),
    (
        "read-by-pattern",
        "GET Organization/o1",
        &["rest#read R 0 Read | 110152* 110153 | 2:Organization/o1/_history/1"],
    ),
    (
        "read-of-a-patient",
        "GET Patient/p1",
        &["rest#read R 0 PatientRead | 110152* 110153 | 1:Patient/p1 2:Patient/p1/_history/1"],
    ),
    (
        "vread",
        "GET Task/t1/_history/1",
        &["rest#vread R 0 PatientRead | 110152* 110153 | 1:Patient/p1 2:Task/t1/_history/1"],
    ),
    (
        "part",
        "GET Task/t1?_elements=status",
        &["rest#read R 0 PatientRead | 110152* 110153 | 1:Patient/p1 2:Task/t1/_history/1"],
    ),
    ("not-there", "GET Task/none", &["rest#read R 4 | 110152* 110153 | 2:Task/none 24:GET /fhir/Task/none"]),
    (
        "a-patient-not-there",
        "GET Patient/none",
        &["rest#read R 4 | 110152* 110153 | 1:Patient/none 2:Patient/none 24:GET /fhir/Patient/none"],
    ),
    (
        "search",
        "GET Task?_sort=_id&status=requested",
        &[
            "rest#search-type E 0 PatientQuery | 110153* 110152 | 1:Patient/p1 24:GET /fhir/Task?_sort=_id&status=requested Task:Task/t1/_history/1",
            "rest#search-type E 0 PatientQuery | 110153* 110152 | 1:Patient/p2 24:GET /fhir/Task?_sort=_id&status=requested Task:Task/t2/_history/1",
        ],
    ),
    (
        "search-that-finds-nothing",
        "GET Task?patient=p9",
        &["rest#search-type E 0 PatientQuery | 110153* 110152 | 1:Patient/p9 24:GET /fhir/Task?patient=p9"],
    ),
    (
        "search-of-nobody",
        "GET Organization?name=x",
        &["rest#search-type E 0 Query | 110153* 110152 | 24:GET /fhir/Organization?name=x"],
    ),
    (
        "search-refused",
        "GET Task?_count=many",
        &["rest#search-type E 4 | 110153* 110152 | 24:GET /fhir/Task?_count=many"],
    ),
    (
        "count",
        "GET Task?_summary=count",
        &["rest#search-type E 0 Query | 110153* 110152 | 24:GET /fhir/Task?_summary=count"],
    ),
    (
        "instance-history",
        "GET Task/t1/_history",
        &[
            "rest#history-instance R 0 | 110152* 110153 | 1:Patient/p1 24:GET /fhir/Task/t1/_history Task:Task/t1/_history/1",
        ],
    ),
    (
        "type-history",
        "GET Organization/_history",
        &[
            "rest#history-type R 0 | 110152* 110153 | 24:GET /fhir/Organization/_history Organization:Organization/o1/_history/1",
        ],
    ),
    (
        "operation",
        "GET Task/t1/$timeline",
        &[
            "rest#operation E 0 | 110153* 110152 | 1:Patient/p1 24:GET /fhir/Task/t1/$timeline Task:Task/t1/_history/1",
        ],
    ),
    ("metadata", "GET metadata", &[]),
    ("head", "HEAD Task/t1", &[]),
];

#[test]
fn each_interaction_that_reads() {
    on_both(async |server| {
        server
            .store_all(&[
                json!({"resourceType": "Organization", "id": "o1"}),
                json!({"resourceType": "Patient", "id": "p1"}),
                task("t1", "p1"),
                task("t2", "p2"),
            ])
            .await;
        for (name, what, expected) in CASES {
            send(server, name, what, None).await;
            let told = of_request(server, name, expected.len()).await;
            let mut told: Vec<String> = told.iter().map(summary).collect();
            told.sort();
            assert_eq!(told, *expected, "{name}");
        }
        let form = [("X-Request-Id", "form"), ("Content-Type", "application/x-www-form-urlencoded")];
        server.send(Method::POST, "Task/_search", &form, Some(b"patient=p1".to_vec())).await.expect(200);
        let told = of_request(server, "form", 1).await;
        let expected = "rest#search-type E 0 PatientQuery | 110153* 110152 | 1:Patient/p1 24:POST /fhir/Task/_search\n\npatient=p1 Task:Task/t1/_history/1";
        assert_eq!(summary(&told[0]), expected);
        let all = own(server, "_count=50").await;
        for event in &all {
            let outcome = server.post("AuditEvent/$validate", event).await.expect(200).json();
            let issues = outcome["issue"].as_array().unwrap();
            let wrong =
                issues.iter().filter(|issue| issue["severity"] == "error" || issue["severity"] == "fatal");
            assert_eq!(wrong.count(), 0, "{outcome:#}\n{event:#}");
        }
        assert!(all.len() > 20, "{}", all.len());
        for name in ["metadata", "head"] {
            assert_eq!(own(server, &format!("entity:identifier={name}")).await, [Value::Null; 0]);
        }
    });
}

#[test]
fn each_interaction_that_writes() {
    on_both(async |server| {
        let told = async |name: &str, count: usize| {
            let mut told: Vec<String> = of_request(server, name, count).await.iter().map(summary).collect();
            told.sort();
            told
        };
        let id = send(server, "create", "POST Task", Some(task("x", "p1"))).await.expect(201).id();
        let expected =
            format!("rest#create C 0 PatientCreate | 110153* 110152 | 1:Patient/p1 2:Task/{id}/_history/1");
        assert_eq!(told("create", 1).await, [expected]);
        send(server, "put", "PUT Task/t1", Some(task("t1", "p1"))).await.expect(201);
        assert_eq!(
            told("put", 1).await,
            ["rest#create C 0 PatientCreate | 110153* 110152 | 1:Patient/p1 2:Task/t1/_history/1"]
        );
        // Whom it was about before is concerned as well.
        send(server, "update", "PUT Task/t1", Some(task("t1", "p2"))).await.expect(200);
        let update = |patient: &str, version: u8| {
            format!(
                "rest#update U 0 PatientUpdate | 110153* 110152 | 1:Patient/{patient} 2:Task/t1/_history/{version}"
            )
        };
        assert_eq!(told("update", 2).await, [update("p1", 2), update("p2", 2)]);
        let patch = json!([{"op": "replace", "path": "/for/reference", "value": "Patient/p1"}]);
        send(server, "patch", "PATCH Task/t1", Some(patch)).await.expect(200);
        assert_eq!(
            told("patch", 2).await,
            [update("p1", 3), update("p2", 3)].map(|line| line.replace("rest#update", "rest#patch"))
        );
        send(server, "delete", "DELETE Task/t1", None).await.expect(204);
        assert_eq!(
            told("delete", 1).await,
            ["rest#delete D 0 PatientDelete | 110150* custodian | 1:Patient/p1 2:Task/t1/_history/4"]
        );
        send(server, "gone", "GET Task/t1", None).await.expect(410);
        assert_eq!(
            told("gone", 1).await,
            ["rest#read R 4 | 110152* 110153 | 2:Task/t1 24:GET /fhir/Task/t1"]
        );
        // Nothing was there, nothing was done.
        send(server, "nothing", "DELETE Task/none", None).await.expect(204);
        assert_eq!(told("nothing", 0).await, [""; 0]);
        send(server, "malformed", "PUT Task/t2", Some(json!({"resourceType": "Task", "id": "other"})))
            .await
            .expect(400);
        assert_eq!(
            told("malformed", 1).await,
            ["rest#update U 4 | 110153* 110152 | 2:Task/t2 24:PUT /fhir/Task/t2"]
        );
    });
}

#[test]
fn each_entry_of_a_bundle() {
    on_both(async |server| {
        server.store(&task("t1", "p1")).await;
        let told = async |name: &str, count: usize| {
            let mut told: Vec<String> = of_request(server, name, count).await.iter().map(summary).collect();
            told.sort();
            told
        };
        let entries = || {
            vec![
                entry("GET Task/t1", None),
                entry("GET Task/none", None),
                entry("PUT Task/t2", Some(task("t2", "p2"))),
                entry("PUT Task/t3", Some(task("t3", "p2"))),
            ]
        };
        send(server, "batch", "POST /", Some(transaction("batch", entries()))).await.expect(200);
        let read = "rest#read R 0 PatientRead | 110152* 110153 | 1:Patient/p1 2:Task/t1/_history/1";
        let refused = "rest#read R 4 | 110152* 110153 | 2:Task/none 24:GET Task/none";
        let write = |kind: &str, id: &str, version: u8| {
            let (profile, action) =
                if kind == "create" { ("PatientCreate", "C") } else { ("PatientUpdate", "U") };
            format!(
                "rest#{kind} {action} 0 {profile} | 110153* 110152 | 1:Patient/p2 2:Task/{id}/_history/{version}"
            )
        };
        assert_eq!(
            told("batch", 4).await,
            [write("create", "t2", 1), write("create", "t3", 1), read.to_owned(), refused.to_owned()]
        );
        send(server, "transaction", "POST /", Some(transaction("transaction", entries()))).await.expect(200);
        assert_eq!(
            told("transaction", 4).await,
            [read.to_owned(), refused.to_owned(), write("update", "t2", 2), write("update", "t3", 2)]
        );
        // None of its writes was made.
        let mut entries = entries();
        entries.push(json!({"request": {"method": "PUT", "url": "Task/t1", "ifMatch": "W/\"9\""}, "resource": task("t1", "p1")}));
        send(server, "refused", "POST /", Some(transaction("transaction", entries))).await.expect(412);
        assert_eq!(told("refused", 1).await, ["rest#transaction E 4 | 110153* 110152 | 24:POST /fhir/"]);
    });
}

#[test]
fn what_a_conditional_create_shows_is_read() {
    on_both(async |server| {
        let patient = json!({"resourceType": "Patient", "id": "p1", "identifier": [{"system": "http://a", "value": "1"}]});
        server.store(&patient).await;
        let headers = [("X-Request-Id", "once"), ("If-None-Exist", "identifier=http://a|1")];
        server.post_with("Patient", &headers, &patient).await.expect(200);
        let told = of_request(server, "once", 1).await;
        assert_eq!(
            summary(&told[0]),
            "rest#read R 0 PatientRead | 110152* 110153 | 1:Patient/p1 2:Patient/p1/_history/1"
        );
        let entry = json!({
            "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=http://a|1"},
            "resource": patient,
        });
        send(server, "again", "POST /", Some(transaction("transaction", vec![entry]))).await.expect(200);
        let told = of_request(server, "again", 1).await;
        assert!(summary(&told[0]).starts_with("rest#read R 0 PatientRead"), "{}", summary(&told[0]));
    });
}

/// What follows from a client's write is the gateway's doing.
#[test]
fn what_the_gateway_does_of_itself() {
    on_both(async |server| {
        let order = json!({
            "resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order",
            "subject": {"reference": "Patient/p1"}, "code": {"text": "Groceries"},
        });
        let mut task = task("t", "p1");
        task["focus"] = json!({"reference": "ServiceRequest/s"});
        task["code"] =
            json!({"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]});
        task["owner"] = json!({"reference": "Organization/pantry"});
        task["status"] = "accepted".into();
        server.store_all(&[order, task.clone()]).await;
        task["status"] = "completed".into();
        task["output"] = json!([{"type": {"text": "made"}, "valueReference": {"reference": "Procedure/x"}}]);
        send(server, "completed", "PUT Task/t", Some(task)).await.expect(200);
        assert_eq!(server.read("ServiceRequest/s").await["status"], "completed");
        let told = of_request(server, "completed", 2).await;
        let mut who: Vec<(&str, &str)> = told
            .iter()
            .map(|event| {
                let what = &event["entity"].as_array().unwrap().last().unwrap()["what"]["reference"];
                (what.as_str().unwrap(), event["agent"][0]["who"]["display"].as_str().unwrap())
            })
            .collect();
        who.sort_unstable();
        assert_eq!(who[0], ("ServiceRequest/s/_history/2", "sdoh-gateway"));
        assert_eq!(who[1], ("Task/t/_history/2", "anyone who reaches the open gateway"));
    });
}

#[test]
fn names_of_requests() {
    on_both(async |server| {
        for (given, is_kept) in [("abc-1", true), ("a b", false), ("", false), (&*"x".repeat(65), false)] {
            let answer = server.get_with("metadata", &[("X-Request-Id", given)]).await.expect(200);
            let named = answer.header("x-request-id");
            assert_eq!(named == given, is_kept, "{given}: {named}");
            assert!(!named.is_empty());
        }
    });
}
