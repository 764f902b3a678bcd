//! The record of who did what: what is told of each interaction, that nothing is lost, and that no change goes unseen.

mod chain;
mod commands;
mod durable;
mod interactions;
mod nodes;
mod patterns;
mod search;
mod trust;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Client, Database, Found};

/// The gateway's own AuditEvents that a search finds once `enough` of them are there; what is read is told a little later.
async fn events(client: &Client, query: &str, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let found = own(client, query).await;
        if enough(&found) {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{query} does not find enough: {found:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The gateway's own AuditEvents that a search finds, all pages of it, the latest first.
async fn own(client: &Client, query: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = Some(format!("AuditEvent?{query}"));
    while let Some(url) = next {
        let found: Found = client.search(&url).await;
        let resources = found.resources().into_iter().filter(|event| is_own(event));
        all.extend(resources.cloned());
        next = found.next;
    }
    all
}

fn is_own(event: &Value) -> bool {
    event["meta"]["source"].as_str().is_some_and(|source| source.starts_with("urn:sdoh-gateway:audit:"))
}

/// Those of one request, in the order in which they were recorded.
async fn of_request(client: &Client, request: &str, count: usize) -> Vec<Value> {
    let query = format!("entity:identifier={request}");
    let mut found = events(client, &query, |found| found.len() >= count).await;
    assert_eq!(found.len(), count, "{request}: {found:#?}");
    found.reverse();
    found
}

/// What an AuditEvent says, in a line: `type#subtype action outcome profile | agents | entities`.
fn summary(event: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let subtype = text(&event["subtype"][0]["code"]);
    let profile = text(&event["meta"]["profile"][0]);
    let profile = profile.rsplit("IHE.BasicAudit.").next().unwrap_or_default().to_owned();
    let head = format!(
        "{}#{subtype} {} {} {profile}",
        text(&event["type"]["code"]),
        text(&event["action"]),
        text(&event["outcome"])
    );
    let agents: Vec<String> = event["agent"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|agent| {
            let role = text(&agent["type"]["coding"][0]["code"]);
            if agent["requestor"] == true { format!("{role}*") } else { role }
        })
        .collect();
    let entities = event["entity"].as_array().into_iter().flatten();
    let entities: Vec<String> = entities
        .filter_map(|entity| match (entity["what"]["reference"].as_str(), entity["query"].as_str()) {
            (Some(reference), _) => Some(format!("{}:{reference}", text(&entity["type"]["code"]))),
            (None, Some(query)) => Some(format!("{}:{}", text(&entity["role"]["code"]), decoded(query))),
            (None, None) => None,
        })
        .collect();
    format!("{} | {} | {}", head.trim_end(), agents.join(" "), entities.join(" ")).trim_end().to_owned()
}

fn decoded(query: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(query).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Rows of a query on a database from outside the gateway, as texts.
async fn rows(database: &Database, query: &str) -> Vec<String> {
    use sqlx::Row as _;
    let rows = crate::store::rows(database, query).await;
    rows.iter().map(|row| row.try_get::<String, _>(0).unwrap()).collect()
}
