//! batch: entries one by one.

use serde_json::{Value, json};

use super::patient;
use crate::harness::{Client, Found, entry, on_both, on_both_with, transaction};

/// Carries out a Bundle and gives the entries of the answer.
pub async fn carry_out(client: &Client, kind: &str, entries: Vec<Value>) -> Vec<Value> {
    let count = entries.len();
    let answer = client.post("", &transaction(kind, entries)).await.expect(200).json();
    assert_eq!(
        (&answer["resourceType"], &answer["type"]),
        (&json!("Bundle"), &json!(format!("{kind}-response")))
    );
    let entries = answer["entry"].as_array().cloned().unwrap_or_default();
    assert_eq!(entries.len(), count, "an answer for each entry");
    entries
}

/// The status of each entry.
pub fn statuses(entries: &[Value]) -> Vec<u16> {
    let status = |entry: &Value| entry["response"]["status"].as_str().unwrap()[..3].parse().unwrap();
    entries.iter().map(status).collect()
}

#[test]
fn a_batch_mixes_good_and_bad_entries() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        server.store(&patient("gone")).await;
        let mut guarded = entry("PUT Patient/p", Some(patient("p")));
        guarded["request"]["ifMatch"] = "W/\"7\"".into();
        let mut known = entry("GET Patient/gone", None);
        known["request"]["ifNoneMatch"] = "W/\"1\"".into();
        let entries = vec![
            entry("POST Patient", Some(patient("x"))),
            entry("PUT Patient/q", Some(patient("q"))),
            guarded,
            known,
            entry("GET Patient/none", None),
            entry("GET Patient?name=bramble&_count=1", None),
            entry("GET Patient/p/_history", None),
            entry("GET Patient/p/_history/1", None),
            entry("GET metadata", None),
            entry("DELETE Patient/never", None),
            entry("PUT Patient/r", Some(patient("not-r"))),
            entry("POST Patient", None),
            entry("POST Pateint", Some(patient("x"))),
            entry("POST Patient", Some(json!({"resourceType": "Observation"}))),
            entry("PATCH Patient/p", Some(patient("p"))),
            json!({"resource": patient("s")}),
            json!({"request": {"method": "GET"}}),
            json!({"request": "GET Patient/p"}),
            json!("GET Patient/p"),
            entry("GET Patient?gender:exact=x", None),
            entry("POST Patient/_search?_id=p", None),
            entry(&format!("GET {}/Patient/p", server.base), None),
            entry("POST /", Some(transaction("batch", Vec::new()))),
        ];
        let answers = carry_out(server, "batch", entries).await;
        assert_eq!(
            statuses(&answers),
            [
                201, 201, 412, 304, 404, 200, 200, 200, 200, 204, 400, 400, 404, 400, 400, 400, 400, 400,
                400, 400, 200, 200, 400
            ]
        );
        let created = &answers[0];
        let id = created["resource"]["id"].as_str().unwrap();
        assert_eq!(created["response"]["location"], format!("{}/Patient/{id}/_history/1", server.base));
        assert_eq!(created["response"]["etag"], "W/\"1\"");
        assert!(created["response"]["lastModified"].is_string());
        let page = Found::of(answers[5]["resource"].clone(), "nested");
        assert_eq!((page.matches.len(), page.next.is_some()), (1, true));
        assert_eq!(answers[6]["resource"]["type"], "history");
        assert_eq!(answers[8]["resource"]["resourceType"], "CapabilityStatement");
        assert_eq!(answers[21]["resource"]["id"], "p");
        for (entry, status) in answers.iter().zip(statuses(&answers)) {
            let failed = status >= 400;
            let issues = entry["response"]["outcome"]["issue"].as_array();
            let is_error =
                issues.is_some_and(|issues| issues.iter().any(|issue| issue["severity"] == "error"));
            assert_eq!(is_error, failed, "{entry}");
            assert!(!failed || entry.get("resource").is_none(), "{entry}");
        }
        server.finds("Patient", &format!("p gone q {id}")).await;
    });
}

#[test]
fn a_batch_keeps_the_order_of_its_entries() {
    on_both(async |server| {
        let entries = (0..100).map(|n| entry(&format!("PUT Patient/n{n}"), Some(patient(&format!("n{n}")))));
        let answers = carry_out(server, "batch", entries.collect()).await;
        for (n, answer) in answers.iter().enumerate() {
            assert_eq!(answer["resource"]["id"], format!("n{n}"));
        }
        assert_eq!(carry_out(server, "batch", Vec::new()).await, Vec::<Value>::new());
    });
}

#[test]
fn bundles_that_are_none() {
    on_both_with(
        |config| config.limits.bundle_entries = 3,
        async |server| {
            let entries = |count| vec![entry("GET metadata", None); count];
            for (body, expected) in [
                (patient("p"), "only a Bundle"),
                (json!({"resourceType": "Bundle"}), "type batch or transaction"),
                (json!({"resourceType": "Bundle", "type": "collection"}), "type batch or transaction"),
                (json!({"resourceType": "Bundle", "type": "batch", "entry": {}}), "array"),
                (transaction("batch", entries(4)), "bundle-entries"),
                (transaction("transaction", entries(4)), "bundle-entries"),
            ] {
                let answer = server.post("", &body).await.expect(400);
                assert!(answer.issues().contains(expected), "{}", answer.issues());
            }
            carry_out(server, "transaction", entries(3)).await;
            // To keep a Bundle is another matter.
            server.post("Bundle", &transaction("batch", entries(4))).await.expect(201);
        },
    );
}
