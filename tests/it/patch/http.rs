//! PATCH over HTTP (R4 §3.1.0.6), by the rules of an update.

use http::Method;
use sdoh_gateway::config::Enforcement;
use sdoh_gateway::xml;
use serde_json::{Value, json};

use super::types;
use crate::harness::{Answer, Client, Format, on_both, on_both_with};

const JSON_PATCH: &str = "application/json-patch+json";
const XML_PATCH: &str = "application/xml-patch+xml";

/// A referral, in the middle of its life.
pub(super) fn task(id: &str) -> Value {
    json!({"resourceType": "Task", "id": id, "status": "accepted", "intent": "order",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "focus": {"reference": "ServiceRequest/s"}, "for": {"reference": "Patient/p"},
        "requester": {"reference": "Organization/clinic"}, "owner": {"reference": "Organization/pantry"}})
}

async fn patch(client: &Client, path: &str, content_type: &str, more: &[(&str, &str)], body: &str) -> Answer {
    let headers = [&[("Content-Type", content_type)], more].concat();
    client.send(Method::PATCH, path, &headers, Some(body.into())).await
}

/// A JSON Patch that sets the status.
fn to(status: &str) -> String {
    json!([{"op": "replace", "path": "/status", "value": status}]).to_string()
}

/// The same as FHIRPath Patch.
pub(super) fn to_by_fhirpath(status: &str) -> Value {
    json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "Task.status"},
        {"name": "value", "valueCode": status}]}]})
}

#[test]
fn each_format() {
    on_both(async |server| {
        server.store(&task("t")).await;
        let parameters = |status| to_by_fhirpath(status);
        let xml_patch = |status: &str| {
            format!(
                "<diff xmlns:f='http://hl7.org/fhir'><replace sel='/f:Task/f:status/@value'>{status}</replace></diff>"
            )
        };
        for (version, (content_type, status, body)) in [
            (JSON_PATCH, "in-progress", to("in-progress")),
            (XML_PATCH, "on-hold", xml_patch("on-hold")),
            ("application/fhir+json", "in-progress", parameters("in-progress").to_string()),
            ("application/fhir+xml", "on-hold", xml::from_json(types(), &parameters("on-hold")).unwrap()),
            ("application/json", "in-progress", to("in-progress")),
            ("application/json-patch+json; charset=utf-8", "on-hold", to("on-hold")),
        ]
        .into_iter()
        .enumerate()
        {
            let before = server.read("Task/t").await;
            server.clock.advance(1);
            let answer = patch(server, "Task/t", content_type, &[("Accept", "*/*")], &body).await.expect(200);
            let (patched, version) = (answer.json(), version + 2);
            assert_eq!(patched["status"], status, "{content_type}");
            assert_eq!(answer.header("etag"), format!("W/\"{version}\""));
            assert_eq!(answer.header("location"), format!("{}/Task/t/_history/{version}", server.base));
            // All else stays as it was.
            let mut expected = before;
            expected["status"] = status.into();
            expected["meta"] = patched["meta"].clone();
            assert_eq!(patched, expected, "{content_type}");
            assert_eq!(server.read("Task/t").await, patched);
        }
        let history = server.read("Task/t/_history").await;
        let methods: Vec<_> =
            history["entry"].as_array().unwrap().iter().map(|entry| &entry["request"]["method"]).collect();
        assert_eq!(methods, ["PATCH", "PATCH", "PATCH", "PATCH", "PATCH", "PATCH", "PUT"]);
        // As asked for.
        let minimal =
            patch(server, "Task/t", JSON_PATCH, &[("Prefer", "return=minimal")], "[]").await.expect(200);
        assert!(minimal.body.is_empty());
        let xml = server.client.speaking(Format::Xml);
        let answer = patch(&xml, "Task/t", JSON_PATCH, &[], &to("in-progress")).await.expect(200);
        assert!(answer.text().contains("<status value=\"in-progress\"/>"));
        server.finds("Task?status=in-progress", "t").await;
    });
}

#[test]
fn a_narrative_that_is_not_spoken_of_stays_as_it_was_written() {
    on_both(async |server| {
        let div = "<div xmlns='http://www.w3.org/1999/xhtml' ><p>a&#160;b<br /><!-- c --></p></div>";
        let mut patient =
            json!({"resourceType": "Patient", "id": "p", "text": {"status": "generated", "div": div}});
        patient["multipleBirthInteger"] = json!(2);
        server.store(&patient).await;
        let body = "<diff><add sel='/f:Patient'><active value='true'/></add></diff>";
        let patched =
            patch(server, "Patient/p", XML_PATCH, &[("Accept", "application/fhir+json")], body).await;
        let patched = patched.expect(200).json();
        assert_eq!(patched["text"]["div"], div);
        assert_eq!((&patched["active"], &patched["multipleBirthInteger"]), (&json!(true), &json!(2)));
    });
}

#[test]
fn what_does_not_work_changes_nothing() {
    on_both(async |server| {
        server.store(&task("t")).await;
        for (content_type, body, status, expected) in [
            (JSON_PATCH, "[", 400, "error structure : the patch: not JSON"),
            (JSON_PATCH, "{}", 400, "error structure : the patch: a JSON Patch is an array"),
            (XML_PATCH, "<diff/>", 400, "error structure : the patch: an XML Patch has"),
            ("application/fhir+json", "{\"resourceType\":\"Task\"}", 400, "error structure : a patch is"),
            ("application/fhir+xml", "<diff/>", 400, "fatal structure"),
            ("text/plain", "x", 415, "error not-supported : a patch is sent as one of"),
            (
                JSON_PATCH,
                r#"[{"op":"remove","path":"/note"}]"#,
                422,
                "error processing : operation[0] (remove): there is nothing at /note",
            ),
            (
                JSON_PATCH,
                r#"[{"op":"test","path":"/status","value":"draft"}]"#,
                422,
                "error conflict : operation[0] (test)",
            ),
            (
                XML_PATCH,
                "<diff><remove sel='/f:Task/f:note'/></diff>",
                422,
                "error processing : operation[0] (remove)",
            ),
            (
                XML_PATCH,
                "<diff><add sel='/f:Task'><colour value='x'/></add></diff>",
                422,
                "error processing : the patch: what comes of it is no resource",
            ),
            (
                JSON_PATCH,
                r#"[{"op":"replace","path":"/id","value":"u"}]"#,
                422,
                "error value : a patch does not change",
            ),
            (
                JSON_PATCH,
                r#"[{"op":"replace","path":"/resourceType","value":"Patient"}]"#,
                422,
                "error value",
            ),
            (JSON_PATCH, r#"[{"op":"replace","path":"","value":[]}]"#, 422, "error value"),
            // What an update would be refused for as well.
            (JSON_PATCH, r#"[{"op":"replace","path":"/status","value":[]}]"#, 400, ""),
        ] {
            let answer = patch(server, "Task/t", content_type, &[("Accept", "*/*")], body).await;
            assert_eq!(answer.status, status, "{content_type} {body}: {}", answer.text());
            assert!(answer.issues().starts_with(expected), "{body}: {}", answer.issues());
        }
        patch(server, "Task/t", JSON_PATCH, &[], "").await.expect(400);
        patch(server, "Task/x", JSON_PATCH, &[], "[]").await.expect(404);
        server.delete("Task/t").await.expect(204);
        patch(server, "Task/t", JSON_PATCH, &[], "[]").await.expect(410);
        patch(server, "Task", JSON_PATCH, &[], "[]").await.expect(400);
        patch(server, "", JSON_PATCH, &[], "[]").await.expect(405);
        assert_eq!(server.read("Task/t/_history").await["total"], 2);
    });
}

#[test]
fn if_match_names_the_version_to_be_patched() {
    on_both(async |server| {
        server.store(&task("t")).await;
        for (tag, status, code) in [
            ("W/\"2\"", "in-progress", 412),
            ("W/\"1\"", "in-progress", 200),
            ("W/\"1\"", "on-hold", 412),
            ("*", "on-hold", 200),
            ("x", "on-hold", 412),
        ] {
            let answer = patch(server, "Task/t", JSON_PATCH, &[("If-Match", tag)], &to(status)).await;
            assert_eq!(answer.status, code, "{tag} {status}");
        }
        // A patch that would not work on another version is told of the version first.
        let stale = [("If-Match", "W/\"1\"")];
        patch(server, "Task/t", JSON_PATCH, &stale, r#"[{"op":"remove","path":"/x"}]"#).await.expect(412);
        assert_eq!(server.read("Task/t").await["meta"]["versionId"], "3");
    });
}

#[test]
fn the_referrals_rules_hold() {
    on_both_with(
        |config| config.validation.default = Enforcement::Enforce,
        async |server| {
            let mut ended = task("ended");
            ended["status"] = "cancelled".into();
            server.store(&ended).await;
            server.store(&task("t")).await;
            // A terminal state is not left.
            let answer = patch(server, "Task/ended", JSON_PATCH, &[], &to("accepted")).await.expect(409);
            assert!(answer.issues().starts_with("error business-rule Task.status"), "{}", answer.issues());
            // Nor is a move made that the diagram has not, nor what breaks a definition stored.
            patch(server, "Task/t", JSON_PATCH, &[], &to("requested")).await.expect(422);
            patch(server, "Task/t", JSON_PATCH, &[], &to("sleeping")).await.expect(422);
            patch(server, "Task/t", JSON_PATCH, &[], r#"[{"op":"remove","path":"/intent"}]"#)
                .await
                .expect(422);
            patch(server, "Task/t", JSON_PATCH, &[], &to("in-progress")).await.expect(200);
        },
    );
}

#[test]
fn an_order_is_completed_with_its_last_task() {
    on_both(async |server| {
        server
            .store(
                &json!({"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order",
                "subject": {"reference": "Patient/p"}, "code": {"text": "Groceries"}}),
            )
            .await;
        server.store(&task("t")).await;
        let body = json!([{"op": "replace", "path": "/status", "value": "completed"},
            {"op": "add", "path": "/output", "value": [{"type": {"text": "made"}, "valueReference": {"reference": "Procedure/x"}}]}]);
        patch(server, "Task/t", JSON_PATCH, &[], &body.to_string()).await.expect(200);
        assert_eq!(server.read("ServiceRequest/s").await["status"], "completed");
    });
}

#[test]
fn the_one_that_a_search_finds() {
    on_both(async |server| {
        for id in ["a", "b"] {
            let mut task = task(id);
            task["identifier"] =
                json!([{"system": "urn:x", "value": id}, {"system": "urn:x", "value": "both"}]);
            server.store(&task).await;
        }
        let body = to("in-progress");
        patch(server, "Task?identifier=urn:x|b", JSON_PATCH, &[], &body).await.expect(200);
        patch(server, "Task?identifier=urn:x|c", JSON_PATCH, &[], &body).await.expect(404);
        patch(server, "Task?identifier=urn:x|both", JSON_PATCH, &[], &body).await.expect(412);
        server.finds("Task?status=in-progress", "b").await;
    });
}

#[test]
fn ten_clients_patching_one_task_lose_nothing() {
    const CLIENTS: usize = 10;
    const CHANGES: usize = 12;
    on_both(async |server| {
        let mut before = task("t");
        before["note"] = json!([{"text": "first"}]);
        server.store(&before).await;
        let work = (0..CLIENTS).map(|n| {
            let client = Client::new(&server.base);
            tokio::spawn(async move {
                for change in 0..CHANGES {
                    let text = format!("{n}-{change}");
                    let (content_type, body) = match change % 3 {
                        0 => (JSON_PATCH, json!([{"op": "add", "path": "/note/-", "value": {"text": text}}]).to_string()),
                        1 => (XML_PATCH, format!("<diff><add sel='/f:Task'><note><text value='{text}'/></note></add></diff>")),
                        _ => ("application/fhir+json", json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
                            {"name": "type", "valueCode": "add"}, {"name": "path", "valueString": "Task"},
                            {"name": "name", "valueString": "note"}, {"name": "value", "valueAnnotation": {"text": text}}]}]}).to_string()),
                    };
                    patch(&client, "Task/t", content_type, &[], &body).await.expect(200);
                }
            })
        });
        let mut running: Vec<_> = work.collect();
        // Somebody who reads, changes and writes is in between.
        let client = Client::new(&server.base);
        running.push(tokio::spawn(async move {
            let mut done = 0;
            while done < CHANGES {
                let read = client.get("Task/t").await.expect(200);
                let mut task = read.json();
                task["note"].as_array_mut().unwrap().push(json!({"text": format!("put-{done}")}));
                let answer = client.put_with("Task/t", &[("If-Match", read.header("etag"))], &task).await;
                assert!(matches!(answer.status, 200 | 412), "{}", answer.status);
                done += usize::from(answer.status == 200);
            }
        }));
        for one in running {
            one.await.unwrap();
        }
        let notes = server.read("Task/t").await["note"].clone();
        let mut texts: Vec<&str> =
            notes.as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), 1 + (CLIENTS + 1) * CHANGES);
    });
}

#[test]
fn the_capability_statement_tells() {
    on_both(async |server| {
        let statement = server.read("metadata").await;
        assert_eq!(
            statement["patchFormat"],
            json!(["application/fhir+json", "application/fhir+xml", JSON_PATCH, XML_PATCH])
        );
        for resource in statement["rest"][0]["resource"].as_array().unwrap() {
            let interactions = resource["interaction"].as_array().unwrap();
            assert!(interactions.contains(&json!({"code": "patch"})), "{}", resource["type"]);
        }
    });
}
