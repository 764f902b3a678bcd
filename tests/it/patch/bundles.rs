//! PATCH in batches and transactions: the patch is Parameters, or a Binary holds it (R4 §3.1.0.11.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::http::{task, to_by_fhirpath};
use crate::harness::{Client, entry, on_both, on_both_in_both_formats, transaction};

fn binary(content_type: &str, patch: &str) -> Option<Value> {
    Some(json!({"resourceType": "Binary", "contentType": content_type, "data": STANDARD.encode(patch)}))
}

fn json_patch(operations: Value) -> Option<Value> {
    binary("application/json-patch+json", &operations.to_string())
}

fn statuses(bundle: &Value) -> Vec<&str> {
    let entries = bundle["entry"].as_array().unwrap().iter();
    entries.map(|entry| &entry["response"]["status"].as_str().unwrap()[..3]).collect()
}

#[test]
fn each_format_in_batch_and_transaction() {
    on_both_in_both_formats(async |server| {
        for kind in ["batch", "transaction"] {
            for id in ["a", "b", "c"] {
                server.store(&task(id)).await;
            }
            let to = |status: &str| json!([{"op": "replace", "path": "/status", "value": status}]);
            let xml = "<diff><replace sel='/f:Task/f:status/@value'>on-hold</replace></diff>";
            let bundle = transaction(
                kind,
                vec![
                    entry("PATCH Task/a", json_patch(to("in-progress"))),
                    entry("PATCH Task/b", binary("application/xml-patch+xml", xml)),
                    entry("PATCH Task/c", Some(to_by_fhirpath("failed"))),
                    entry("GET Task/c", None),
                ],
            );
            let answer = server.post("", &bundle).await.expect(200).json();
            assert_eq!(statuses(&answer), ["200", "200", "200", "200"]);
            for (id, status) in [("a", "in-progress"), ("b", "on-hold"), ("c", "failed")] {
                assert_eq!(server.read(&format!("Task/{id}")).await["status"], status);
            }
            for id in ["a", "b", "c"] {
                server.delete(&format!("Task/{id}")).await.expect(204);
            }
        }
    });
}

#[test]
fn all_or_nothing() {
    on_both(async |server| {
        server.store(&task("t")).await;
        let good = || {
            entry(
                "PATCH Task/t",
                json_patch(json!([{"op": "replace", "path": "/status", "value": "on-hold"}])),
            )
        };
        let refused: [(Value, u16, &str); 5] = [
            (entry("PATCH Task/x", json_patch(json!([]))), 404, "error not-found Bundle.entry[1]"),
            (entry("PATCH Task?identifier=x", json_patch(json!([]))), 404, "error not-found Bundle.entry[1]"),
            (
                entry("PATCH Task/u", json_patch(json!([{"op": "remove", "path": "/x"}]))),
                422,
                "error processing Bundle.entry[1]",
            ),
            (entry("PATCH Task/u", binary("text/plain", "x")), 400, "error processing Bundle.entry[1]"),
            (entry("PATCH Task/t", json_patch(json!([]))), 400, "error duplicate"),
        ];
        server.store(&task("u")).await;
        for (bad, status, expected) in refused {
            let answer = server.post("", &transaction("transaction", vec![good(), bad])).await;
            assert_eq!(answer.status, status, "{}", answer.text());
            assert!(answer.issues().starts_with(expected), "{}", answer.issues());
        }
        let mut stale = good();
        stale["request"]["ifMatch"] = "W/\"7\"".into();
        server.post("", &transaction("transaction", vec![stale])).await.expect(412);
        assert_eq!(server.read("Task/t").await["meta"]["versionId"], "1");
        // In a batch each stands for itself.
        let entries = vec![good(), entry("PATCH Task/x", json_patch(json!([])))];
        let answer = server.post("", &transaction("batch", entries)).await.expect(200).json();
        assert_eq!(statuses(&answer), ["200", "404"]);
    });
}

#[test]
fn a_patch_may_speak_of_what_the_transaction_creates() {
    on_both(async |server| {
        let mut before = task("t");
        before["basedOn"] = json!([{"reference": "Procedure/1"}]);
        server.store(&before).await;
        let output = json!({"type": {"text": "made"}, "valueReference": {"reference": "urn:uuid:0b0b1a5c-77a1-4f0e-8b1d-000000000001"}});
        let mut created = entry(
            "POST Procedure",
            Some(
                json!({"resourceType": "Procedure", "status": "completed", "subject": {"reference": "Patient/p"}}),
            ),
        );
        created["fullUrl"] = "urn:uuid:0b0b1a5c-77a1-4f0e-8b1d-000000000001".into();
        let mut other = created.clone();
        other["fullUrl"] = "http://elsewhere.example/fhir/Procedure/1".into();
        let patch = json_patch(
            json!([{"op": "replace", "path": "/status", "value": "completed"}, {"op": "add", "path": "/output", "value": [output]}]),
        );
        let bundle = transaction("transaction", vec![entry("PATCH Task/t", patch), created, other]);
        let answer = server.post("", &bundle).await.expect(200).json();
        let location = answer["entry"][1]["response"]["location"].as_str().unwrap();
        let patched = server.read("Task/t").await;
        let reference = patched["output"][0]["valueReference"]["reference"].as_str().unwrap();
        assert!(
            reference.starts_with("Procedure/") && location.contains(&format!("{reference}/_history/")),
            "{reference}"
        );
        // What was there before is not the sender's.
        assert_eq!(patched["basedOn"][0]["reference"], "Procedure/1");
    });
}

#[test]
fn transactions_at_once_lose_nothing() {
    const CLIENTS: usize = 6;
    const CHANGES: usize = 8;
    on_both(async |server| {
        let mut before = task("t");
        before["note"] = json!([{"text": "first"}]);
        server.store(&before).await;
        let running: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let client = Client::new(&server.base);
                tokio::spawn(async move {
                    for change in 0..CHANGES {
                        let note = json!({"text": format!("{n}-{change}")});
                        let patch = json_patch(json!([{"op": "add", "path": "/note/-", "value": note}]));
                        let bundle = transaction("transaction", vec![entry("PATCH Task/t", patch)]);
                        client.post("", &bundle).await.expect(200);
                    }
                })
            })
            .collect();
        for one in running {
            one.await.unwrap();
        }
        assert_eq!(server.read("Task/t").await["note"].as_array().unwrap().len(), 1 + CLIENTS * CHANGES);
    });
}
