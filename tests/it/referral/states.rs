//! Moves: those of the diagram, those off it, and those out of an end.

use serde_json::{Value, json};

use super::{enforce, order, set, status, task, versions};
use crate::harness::{entry, on_both, on_both_with, transaction};

const STATUSES: [&str; 12] = [
    "draft",
    "requested",
    "received",
    "accepted",
    "rejected",
    "ready",
    "cancelled",
    "in-progress",
    "on-hold",
    "failed",
    "completed",
    "entered-in-error",
];
const ENDS: [&str; 5] = ["completed", "rejected", "cancelled", "failed", "entered-in-error"];

/// The IG's diagram (`spec/10` §11): from, and what may follow; entered-in-error may always.
const DIAGRAM: [(&str, &[&str]); 6] = [
    ("draft", &["requested"]),
    ("requested", &["accepted", "rejected", "cancelled"]),
    // The reference servers write it; it behaves as requested.
    ("received", &["accepted", "rejected", "cancelled"]),
    ("accepted", &["in-progress", "on-hold", "completed", "failed", "cancelled"]),
    ("in-progress", &["completed", "failed", "cancelled", "on-hold"]),
    ("on-hold", &["completed", "failed", "cancelled", "in-progress"]),
];

#[test]
fn any_status_may_be_created() {
    on_both_with(enforce, async |server| {
        for status in STATUSES {
            let mut created = task("x", status);
            if status == "completed" {
                created["output"] = super::output();
            }
            let answer = server.post("Task", &created).await.expect(201);
            assert_eq!(answer.json()["status"], status);
        }
    });
}

#[test]
fn leaving_a_terminal_state_except_to_entered_in_error_is_a_409() {
    on_both(async |server| {
        for end in ENDS {
            let id = format!("from-{end}");
            let mut ended = task(&id, end);
            ended["output"] = super::output();
            server.store(&ended).await;
            for to in STATUSES.iter().filter(|to| **to != end && **to != "entered-in-error") {
                let answer = set(server, &id, to).await.expect(409);
                assert!(
                    answer.issues().starts_with("error business-rule Task.status"),
                    "{end} to {to}: {}",
                    answer.issues()
                );
            }
            assert_eq!(versions(server, &format!("Task/{id}")).await, 1, "{end}");
            // To say the same again, or to add to what came of it, is no move.
            ended["note"] = json!([{"text": "more"}]);
            server.put(&format!("Task/{id}"), &ended).await.expect(200);
            set(server, &id, "entered-in-error").await.expect(200);
        }
    });
}

#[test]
fn a_409_undoes_the_whole_transaction_and_one_entry_of_a_batch() {
    on_both(async |server| {
        server.store_all(&[order("s"), task("done", "failed"), task("open", "requested")]).await;
        let entries = || {
            vec![
                entry("PUT Task/open", Some(task("open", "accepted"))),
                entry("PUT Task/done", Some(task("done", "accepted"))),
                entry("POST Patient", Some(json!({"resourceType": "Patient"}))),
            ]
        };
        let answer = server.post("", &transaction("transaction", entries())).await.expect(409);
        assert!(answer.issues().contains("Bundle.entry[1].resource.status"), "{}", answer.issues());
        assert_eq!(status(server, "Task/open").await, "requested");
        server.finds("Patient", "").await;
        let answers = server.post("", &transaction("batch", entries())).await.expect(200).json();
        let statuses: Vec<&Value> =
            answers["entry"].as_array().unwrap().iter().map(|e| &e["response"]["status"]).collect();
        assert_eq!(statuses, ["200 OK", "409 Conflict", "201 Created"]);
    });
}

#[test]
fn moves_off_the_diagram_are_reported() {
    on_both(async |server| {
        for (from, allowed) in DIAGRAM {
            for to in STATUSES.iter().filter(|to| **to != from) {
                let id = format!("{from}-{to}");
                server.store(&task(&id, from)).await;
                let answer = set(server, &id, to).await.expect(200);
                // `ready` counts as accepted, `received` as requested.
                let near = |status| match status {
                    "ready" => "accepted",
                    "received" => "requested",
                    status => status,
                };
                let fine = allowed.contains(&near(to)) || near(to) == near(from) || *to == "entered-in-error";
                let issues = server.get(&format!("Task/{id}/$issues")).await.expect(200).issues();
                let told = issues.lines().any(|line| line.starts_with("warning business-rule Task.status"));
                assert_eq!(told, !fine, "{from} to {to}: {issues}");
                assert_eq!(
                    answer.header("validation-issues").contains("warning"),
                    told,
                    "{from} to {to}: {issues}"
                );
            }
        }
    });
}

#[test]
fn moves_off_the_diagram_are_refused_under_enforce() {
    on_both_with(enforce, async |server| {
        for (from, to, expected) in [
            ("requested", "completed", 422),
            ("requested", "in-progress", 422),
            ("draft", "accepted", 422),
            ("in-progress", "requested", 422),
            ("accepted", "rejected", 422),
            ("requested", "accepted", 200),
            ("received", "rejected", 200),
            ("accepted", "in-progress", 200),
            ("accepted", "completed", 200),
            ("on-hold", "in-progress", 200),
            ("completed", "accepted", 409),
        ] {
            let id = format!("{from}-{to}");
            let mut before = task(&id, from);
            if from == "completed" {
                before["output"] = super::output();
            }
            server.store(&before).await;
            let answer = set(server, &id, to).await.expect(expected);
            if expected != 200 {
                assert!(answer.issues().contains("Task.status"), "{}", answer.issues());
            }
            let now = status(server, &format!("Task/{id}")).await;
            assert_eq!(now, if expected == 200 { to } else { from });
        }
    });
}

#[test]
fn completion_without_output_is_a_warning_and_a_refusal_under_enforce() {
    let complete = async |server: &crate::harness::Server| {
        server.store(&task("t", "accepted")).await;
        let mut done = server.read("Task/t").await;
        done["status"] = "completed".into();
        server.put("Task/t", &done).await
    };
    on_both(async |server| {
        complete(server).await.expect(200);
        let issues = server.get("Task/t/$issues").await.issues();
        assert!(issues.contains("warning business-rule Task.output"), "{issues}");
    });
    on_both_with(enforce, async |server| {
        let answer = complete(server).await.expect(422);
        assert!(answer.issues().contains("error business-rule Task.output"), "{}", answer.issues());
        assert_eq!(status(server, "Task/t").await, "accepted");
    });
}

#[test]
fn an_open_task_is_not_deleted_without_a_word() {
    on_both(async |server| {
        server.store_all(&[task("open", "accepted"), task("draft", "draft"), task("ended", "failed")]).await;
        let told = async |id: &str| {
            let answer = server.delete(&format!("Task/{id}")).await.expect(204);
            answer.header("validation-issues").to_owned()
        };
        assert_eq!(told("open").await, "warning=1");
        assert_eq!((told("draft").await, told("ended").await), (String::new(), String::new()));
    });
    on_both_with(enforce, async |server| {
        server.store_all(&[task("open", "accepted"), task("draft", "draft")]).await;
        server.delete("Task/open").await.expect(409);
        server.delete("Task/draft").await.expect(204);
        server.get("Task/open").await.expect(200);
    });
}

#[test]
fn other_tasks_are_free() {
    on_both_with(enforce, async |server| {
        for (from, to) in [("completed", "draft"), ("requested", "completed"), ("rejected", "accepted")] {
            let id = format!("{from}-{to}");
            let mut free = task(&id, from);
            free["code"] = json!({"text": "call back"});
            server.store(&free).await;
            free["status"] = to.into();
            server.put(&format!("Task/{id}"), &free).await.expect(200);
        }
    });
}

/// TaskForPatient (`spec/03` §3.3).
#[test]
fn tasks_for_patients_have_a_diagram_of_their_own() {
    on_both(async |server| {
        for (from, to, expected, told) in [
            ("ready", "in-progress", 200, false),
            ("ready", "completed", 200, false),
            ("in-progress", "completed", 200, false),
            ("in-progress", "on-hold", 200, false),
            ("on-hold", "in-progress", 200, false),
            ("ready", "accepted", 200, true),
            ("in-progress", "ready", 200, true),
            ("completed", "in-progress", 409, false),
            ("cancelled", "ready", 409, false),
            ("completed", "entered-in-error", 200, false),
        ] {
            let id = format!("{from}-{to}");
            let mut body = task(&id, from);
            body["code"] = json!({"coding": [{"system": "http://hl7.org/fhir/uv/sdc/CodeSystem/temp", "code": "complete-questionnaire"}]});
            server.store(&body).await;
            let answer = set(server, &id, to).await.expect(expected);
            assert_eq!(answer.header("validation-issues").contains("warning"), told, "{from} to {to}");
        }
    });
}

#[test]
fn rules_are_not_escaped_by_dropping_the_code() {
    on_both(async |server| {
        server.store(&task("t", "failed")).await;
        let mut escaped = task("t", "accepted");
        escaped["code"] = json!({"text": "free"});
        server.put("Task/t", &escaped).await.expect(409);
        // Deleted and made anew is another Task.
        server.delete("Task/t").await.expect(204);
        server.put("Task/t", &task("t", "requested")).await.expect(201);
    });
}
