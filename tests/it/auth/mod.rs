//! SMART Backend Services, server side: discovery, tokens, scopes, introspection, clients. Tests that stand for a checkbox
//! or row of `spec/08-smart-backend-checklist` have its number in their name.

mod assertion;
mod clients;
mod discovery;
mod introspection;
mod issuer;
mod jwks_url;
mod outbound;
mod resource_server;
mod token;

use sdoh_gateway::config::Config;
use serde_json::{Value, json};

use crate::harness::login::{Key, claims, registration, with_login};
use crate::harness::{Answer, Client, Server};

/// A gateway with a clinic, a pantry that only reads, and somebody who runs it all.
fn usual(config: &mut Config) {
    with_login(
        config,
        vec![
            registration("clinic", "system/*.cruds"),
            registration("pantry", "system/Task.rs system/Patient.r"),
            registration("admin", "system/*.cruds gateway/admin"),
        ],
    );
}

/// An assertion of the clinic's, changed.
fn assertion(server: &Server, change: impl Fn(&mut Value)) -> String {
    let mut claims = claims(server, "clinic");
    change(&mut claims);
    Key::usual().sign(&claims)
}

/// A client that shows no token.
fn stranger(server: &Server) -> Client {
    server.client.clone()
}

/// The `error` of an answer of the token endpoint, which has the form of RFC 6749 §5.2.
#[track_caller]
fn error(answer: &Answer) -> String {
    let body = answer.json();
    assert!(body["error_description"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    assert!(answer.header("content-type").starts_with("application/json"), "{}", answer.asked);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(body.get("access_token").is_none());
    body["error"].as_str().unwrap().to_owned()
}

fn basic(id: &str) -> Value {
    json!({"resourceType": "Basic", "id": id, "code": {"text": "kept"}})
}

/// A patient of whoever stores it.
fn patient(id: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "name": [{"family": "Bramble"}]})
}
