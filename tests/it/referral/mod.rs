//! The referral's life over HTTP: which moves there are, what follows from them, what is told of them.

mod announced;
mod orders;
mod states;
mod timeline;

use sdoh_gateway::config::{Config, Enforcement};
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server};

fn order(id: &str) -> Value {
    json!({"resourceType": "ServiceRequest", "id": id, "status": "active", "intent": "order", "subject": {"reference": "Patient/p"}, "code": {"text": "Groceries"}})
}

/// A referral by its code; without a profile, so that only R4 itself has a say in its validity.
fn task(id: &str, status: &str) -> Value {
    json!({"resourceType": "Task", "id": id, "status": status, "intent": "order",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "focus": {"reference": "ServiceRequest/s"}, "for": {"reference": "Patient/p"},
        "requester": {"reference": "Organization/clinic"}, "owner": {"reference": "Organization/pantry"}})
}

fn output() -> Value {
    json!([{"type": {"text": "made"}, "valueReference": {"reference": "Procedure/x"}}])
}

/// Puts a Task with another status, and an output where it is completed.
async fn set(client: &Client, id: &str, status: &str) -> Answer {
    let mut task = client.read(&format!("Task/{id}")).await;
    task["status"] = status.into();
    if status == "completed" {
        task["output"] = output();
    }
    client.put(&format!("Task/{id}"), &task).await
}

async fn status(server: &Server, place: &str) -> String {
    server.read(place).await["status"].as_str().unwrap().to_owned()
}

async fn versions(server: &Server, place: &str) -> u64 {
    server.read(&format!("{place}/_history")).await["total"].as_u64().unwrap()
}

fn enforce(config: &mut Config) {
    config.validation.default = Enforcement::Enforce;
}
