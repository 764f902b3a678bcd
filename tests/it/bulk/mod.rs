//! Bulk Data Access 2.0.0: `$export` and the files it leads to; `load`, which takes such files.

mod asynchronous;
mod levels;
mod moment;
mod parameters;

use std::time::Duration;

use http::Method;
use sdoh_gateway::fhir::json;
use serde_json::{Value, json};

use crate::harness::{Answer, Client};

const ASYNC: &[(&str, &str)] = &[("Prefer", "respond-async"), ("Accept", "application/fhir+json")];

/// Kicks an export off and gives the address of its status.
async fn kick_off(client: &Client, path: &str) -> String {
    let answer = client.get_with(path, ASYNC).await.expect(202);
    assert!(answer.body.is_empty());
    answer.header("content-location").to_owned()
}

/// Asks until the manifest is there.
async fn manifest(client: &Client, status: &str) -> Value {
    for _ in 0..600 {
        let answer = client.get_with(status, &[("Accept", "application/json")]).await;
        if answer.status == 200 {
            assert_eq!(answer.header("content-type"), "application/json");
            assert!(answer.header("expires").ends_with("GMT"));
            return answer.json();
        }
        let answer = answer.expect(202);
        assert!(!answer.header("x-progress").is_empty() && answer.header("x-progress").len() < 100);
        assert!(answer.header("retry-after").parse::<u32>().is_ok());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the export does not come to an end");
}

async fn fetch(client: &Client, url: &str) -> Answer {
    client.get_with(url, &[("Accept", "application/fhir+ndjson")]).await
}

/// The resources of all files of an export, type by type, each file as the manifest tells of it.
async fn files(client: &Client, status: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for file in manifest(client, status).await["output"].as_array().unwrap() {
        let answer = fetch(client, file["url"].as_str().unwrap()).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/fhir+ndjson");
        assert!(answer.body.ends_with(b"\n"));
        let text = answer.text();
        let lines: Vec<Value> = text.lines().map(|line| json::parse(line.as_bytes()).unwrap()).collect();
        assert_eq!(file["count"], lines.len(), "{file}");
        assert!(lines.iter().all(|line| line["resourceType"] == file["type"]));
        all.extend(lines);
    }
    all
}

/// `Type/id` of these, in order.
fn names(resources: &[Value]) -> String {
    let name = |resource: &Value| {
        format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap())
    };
    let mut names: Vec<String> = resources.iter().map(name).collect();
    names.sort();
    names.join(" ")
}

/// What an export leads to: `Type/id …`.
async fn exported(client: &Client, path: &str) -> String {
    let status = kick_off(client, path).await;
    names(&files(client, &status).await)
}

fn patient(id: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "name": [{"family": "Bramble"}]})
}

fn condition(id: &str, patient: &str) -> Value {
    json!({"resourceType": "Condition", "id": id, "subject": {"reference": format!("Patient/{patient}")}})
}

fn group(members: &[Value]) -> Value {
    json!({"resourceType": "Group", "id": "g", "type": "person", "actual": true, "member": members})
}

fn member(patient: &str) -> Value {
    json!({"entity": {"reference": format!("Patient/{patient}")}})
}

async fn cancel(client: &Client, status: &str) -> Answer {
    client.send(Method::DELETE, status, &[], None).await
}
