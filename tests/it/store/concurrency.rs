//! Many clients at once: no lost update, no deadlock, no 5xx.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Client, Server, entry, on_both, transaction};

const CLIENTS: usize = 10;
const CHANGES: usize = 20;

/// Fails rather than waits for ever.
async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), work).await.expect("a deadlock")
}

/// Each client on a task and a connection of its own.
async fn clients<F>(server: &Server, work: impl Fn(Client, usize) -> F) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let running = (0..CLIENTS).map(|n| tokio::spawn(work(Client::new(&server.base), n)));
    let done = in_time(join_all(running.collect::<Vec<_>>())).await;
    done.into_iter().map(|done| done.unwrap()).collect()
}

/// Reads the Task, adds a note, and writes it on the condition that nobody else has; until it succeeds. Gives the number of
/// tries that were in vain.
async fn add_note(client: &Client, text: String) -> usize {
    let mut in_vain = 0;
    loop {
        let read = client.get("Task/t").await.expect(200);
        let mut task = read.json();
        if !task["note"].is_array() {
            task["note"] = json!([]);
        }
        task["note"].as_array_mut().unwrap().push(json!({ "text": text }));
        let answer = client.put_with("Task/t", &[("If-Match", read.header("etag"))], &task).await;
        match answer.status {
            200 => return in_vain,
            412 => in_vain += 1,
            other => panic!("{other}: {}", answer.text()),
        }
    }
}

#[test]
fn ten_clients_on_one_task_with_if_match_lose_no_update() {
    on_both(async |server| {
        let code =
            json!({"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]});
        server
            .store(
                &json!({"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order"}),
            )
            .await;
        server.store(&json!({"resourceType": "Task", "id": "t", "status": "in-progress", "intent": "order", "code": code,
            "focus": {"reference": "ServiceRequest/s"}, "owner": {"reference": "Organization/o"}})).await;
        let in_vain = clients(server, |client, n| async move {
            let mut in_vain = 0;
            for change in 0..CHANGES {
                in_vain += add_note(&client, format!("{n}-{change}")).await;
                // Reading and searching goes on meanwhile.
                let found = client.search("Task?owner=Organization/o&_include=Task:focus").await;
                assert_eq!(
                    (found.ids(), found.included),
                    (vec!["t".to_owned()], vec!["ServiceRequest/s".to_owned()])
                );
            }
            in_vain
        })
        .await;
        let task = server.read("Task/t").await;
        let notes: BTreeSet<&str> =
            task["note"].as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap()).collect();
        assert_eq!(notes.len(), CLIENTS * CHANGES, "an update was lost");
        assert_eq!(task["note"].as_array().unwrap().len(), CLIENTS * CHANGES);
        assert_eq!(task["meta"]["versionId"], (CLIENTS * CHANGES + 1).to_string());
        // Each version has one note more than the one before.
        let history = server.read("Task/t/_history").await;
        let counts: Vec<usize> = history["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["resource"]["note"].as_array().map_or(0, Vec::len))
            .collect();
        assert_eq!(counts, (0..=CLIENTS * CHANGES).rev().collect::<Vec<_>>());
        println!("{} tries in vain", in_vain.iter().sum::<usize>());
        assert!(in_vain.iter().sum::<usize>() > 0, "they never met: nothing was tried");
    });
}

#[test]
fn ten_clients_without_if_match_each_write_a_version() {
    on_both(async |server| {
        clients(server, |client, n| async move {
            for change in 0..CHANGES {
                let body = json!({"resourceType": "Patient", "id": "p", "name": [{"family": format!("{n}-{change}")}]});
                let answer = client.put("Patient/p", &body).await;
                assert!(matches!(answer.status, 200 | 201));
                // The answer is of one's own write.
                assert_eq!(answer.json()["name"], body["name"]);
            }
        })
        .await;
        let history = server.read("Patient/p/_history").await;
        let versions: Vec<String> = history["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["resource"]["meta"]["versionId"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(versions, (1..=CLIENTS * CHANGES).rev().map(|n| n.to_string()).collect::<Vec<_>>());
        let created = history["entry"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|e| e["response"]["status"] == "201 Created")
            .count();
        assert_eq!(created, 1);
        let current = server.read("Patient/p").await["name"][0]["family"].as_str().unwrap().to_owned();
        server.finds(&format!("Patient?family:exact={current}"), "p").await;
        assert_eq!(server.search("Patient?_summary=count").await.total, Some(1));
    });
}

/// Transactions that touch the same resources in opposite orders.
#[test]
fn crossing_transactions_do_not_deadlock() {
    on_both(async |server| {
        clients(server, |client, n| async move {
            for change in 0..CHANGES {
                let body = |id: &str| json!({"resourceType": "Patient", "id": id, "language": format!("{n}-{change}")});
                let mut entries: Vec<Value> =
                    ["a", "b", "c", "d"].iter().map(|id| entry(&format!("PUT Patient/{id}"), Some(body(id)))).collect();
                if n % 2 == 0 {
                    entries.reverse();
                }
                client.post("", &transaction("transaction", entries)).await.expect(200);
            }
        })
        .await;
        let last: BTreeSet<String> = {
            let found = server.search("Patient").await;
            found.resources().iter().map(|patient| patient["language"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(last.len(), 1, "all four are of one transaction: {last:?}");
        assert_eq!(server.read("Patient/_history").await["total"], 4 * CLIENTS * CHANGES);
    });
}

#[test]
fn all_kinds_of_requests_at_once() {
    on_both(async |server| {
        clients(server, |client, n| async move {
            for change in 0..CHANGES {
                let id = client.post("Task", &json!({"resourceType": "Task", "status": "requested", "intent": "order", "owner": {"reference": format!("Organization/{n}")}})).await.expect(201).id();
                client.get(&format!("Task/{id}")).await.expect(200);
                client.finds(&format!("Task?_id={id}&owner=Organization/{n}"), &id).await;
                client.get("Task/_history?_count=5").await.expect(200);
                client.get("Task?_sort=-_lastUpdated&_count=5").await.expect(200);
                if change % 2 == 0 {
                    client.delete(&format!("Task/{id}")).await.expect(204);
                    client.get(&format!("Task/{id}")).await.expect(410);
                }
            }
        })
        .await;
        assert_eq!(server.search("Task?_summary=count").await.total, Some((CLIENTS * CHANGES / 2) as u64));
        assert_eq!(
            server.search("Task?owner=Organization/3&_summary=count").await.total,
            Some((CHANGES / 2) as u64)
        );
    });
}
