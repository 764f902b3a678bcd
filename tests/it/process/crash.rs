//! `kill -9` in the middle of 1,000 transactions: what was acknowledged is whole, nothing else is partly there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sdoh_gateway::search::Registry;
use sdoh_gateway::store::{Kind, Options, Store};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::Process;
use crate::harness::{Database, embedded, transaction};

const TRANSACTIONS: usize = 1000;
const CLIENTS: usize = 8;

/// An order and its Task; the Task speaks of the order by its place in the transaction.
fn referral(n: usize) -> Value {
    let identifier = json!([{"system": "http://crash.example", "value": format!("n{n}")}]);
    let order = json!({
        "fullUrl": "urn:uuid:8c1a7a2e-0000-4000-8000-000000000001",
        "request": {"method": "POST", "url": "ServiceRequest"},
        "resource": {
            "resourceType": "ServiceRequest", "identifier": identifier, "status": "active", "intent": "order",
            "subject": {"reference": "Patient/p"}, "code": {"text": "Groceries"},
        },
    });
    let task = json!({
        "request": {"method": "POST", "url": "Task"},
        "resource": {
            "resourceType": "Task", "identifier": identifier, "status": "requested", "intent": "order",
            "focus": {"reference": "urn:uuid:8c1a7a2e-0000-4000-8000-000000000001"},
        },
    });
    transaction("transaction", vec![order, task])
}

/// Sends what is still to be sent until `stop_at` are acknowledged; gives the numbers that are.
#[expect(clippy::disallowed_methods, reason = "a client of the gateway, on loopback")]
async fn send(process: &Process, next: &Arc<AtomicUsize>, stop_at: usize) -> Vec<usize> {
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut clients = tokio::task::JoinSet::new();
    let http = reqwest::Client::new();
    for _ in 0..CLIENTS {
        let (next, acknowledged, http) = (next.clone(), acknowledged.clone(), http.clone());
        let base = process.client.base.clone();
        clients.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= TRANSACTIONS {
                    return;
                }
                let request = http.post(&base).header("Content-Type", "application/fhir+json");
                match request.body(referral(n).to_string()).send().await {
                    Ok(answer) if answer.status().is_success() => acknowledged.lock().await.push(n),
                    Ok(answer) => panic!("{n} was answered {}", answer.status()),
                    // The gateway is gone.
                    Err(_) => return,
                }
            }
        });
    }
    loop {
        if acknowledged.lock().await.len() >= stop_at {
            // In the middle of whatever it is at.
            clients.detach_all();
            break;
        }
        if clients.is_empty() {
            break;
        }
        tokio::select! {
            done = clients.join_next() => { if let Some(Err(error)) = done { panic!("{error}") } }
            () = tokio::time::sleep(std::time::Duration::from_millis(1)) => {}
        }
    }
    let acknowledged = acknowledged.lock().await;
    acknowledged.clone()
}

#[test]
fn killed_in_the_middle_of_1000_transactions() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let Some(database) = Database::fresh(kind).await else { return };
            let next = Arc::new(AtomicUsize::new(0));
            let mut acknowledged = Vec::new();
            // Three deaths, then to the end.
            for stop_at in [120, 260, 330, usize::MAX] {
                let process = Process::serve(&database.url);
                acknowledged.extend(send(&process, &next, stop_at).await);
                if stop_at < usize::MAX {
                    process.kill();
                }
            }
            let process = Process::serve(&database.url);
            assert!(acknowledged.len() > TRANSACTIONS / 2, "too few were acknowledged to tell anything");
            acknowledged.sort_unstable();
            let lost = check(&process, &acknowledged).await;
            println!("{kind:?}: {} acknowledged, {lost} of the others are there as well", acknowledged.len());
            outbox_empties(&database.url).await;
            drop(process);
            database.remove().await;
        });
    }
}

/// What was announced before a death is told after the restart: nothing stays in the outbox.
async fn outbox_empties(url: &str) {
    let store = Store::open(&Options::new(url), &Registry::new(embedded())).await.unwrap();
    for _ in 0..200 {
        if store.waiting().await.unwrap() == 0 {
            return store.close().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{} messages stay in the outbox", store.waiting().await.unwrap());
}

/// Every acknowledged referral is whole, any other is whole or absent. Gives how many others are there.
async fn check(process: &Process, acknowledged: &[usize]) -> usize {
    let mut others = 0;
    for n in 0..TRANSACTIONS {
        let query = format!("Task?identifier=http://crash.example|n{n}&_include=Task:focus");
        let tasks = process.client.search(&query).await;
        let orders =
            process.client.search(&format!("ServiceRequest?identifier=http://crash.example|n{n}")).await;
        let there = (tasks.ids().len(), orders.ids().len());
        if acknowledged.binary_search(&n).is_ok() {
            assert_eq!(there, (1, 1), "acknowledged transaction {n}");
        } else {
            assert!(there == (0, 0) || there == (1, 1), "transaction {n} is partly there: {there:?}");
            others += there.0;
        }
        if there.0 == 1 {
            let focus = format!("Task?focus=ServiceRequest/{}", orders.ids()[0]);
            assert_eq!(
                process.client.search(&focus).await.ids(),
                tasks.ids(),
                "transaction {n} has lost its link"
            );
        }
    }
    others
}
