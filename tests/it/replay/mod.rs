//! The recorded traffic of the Gravity reference clients (EHR and CBO), replayed after loading what they expect to find:
//! every request is answered 2xx, each search's matches are exactly those FHIR's rules give, and its order is obeyed.

mod rules;

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use crate::harness::{Found, Server, on_both_in_both_formats, seed, shared};

/// Everything on the server, by `Type/id`, read one by one: what searches are judged by.
#[derive(Default)]
pub struct World {
    resources: BTreeMap<String, Value>,
}

impl World {
    /// Reads a resource, and those that may have changed with it, as they are now.
    async fn learn(&mut self, server: &Server, name: &str) {
        let mut names: Vec<String> = vec![name.to_owned()];
        // An order follows its Tasks, and Tasks follow their order.
        if name.starts_with("Task/") || name.starts_with("ServiceRequest/") {
            let known = self.resources.keys();
            names.extend(
                known.filter(|n| n.starts_with("Task/") || n.starts_with("ServiceRequest/")).cloned(),
            );
        }
        for name in names {
            let resource = server.read(&name).await;
            self.resources.insert(name, resource);
        }
    }
}

/// The lines of the trace.
fn trace() -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(shared("spec/traces/ehr_cbo.templated.jsonl")?).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Puts the ids and the base of this server for their names.
fn bind(text: &str, bindings: &BTreeMap<String, String>) -> String {
    let bound = bindings.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id));
    assert!(!bound.contains("{{"), "nothing is bound to a name in {bound}");
    bound
}

#[test]
fn replay_of_the_recorded_ehr_and_cbo() {
    let (Some(seed), Some(trace)) = (seed(), trace()) else { return };
    assert_eq!(seed.len(), 58);
    on_both_in_both_formats(async |server| {
        let mut world = World::default();
        for resource in &seed {
            let stored = server.store(resource).await;
            let name =
                format!("{}/{}", stored["resourceType"].as_str().unwrap(), stored["id"].as_str().unwrap());
            world.resources.insert(name, stored);
            server.clock.advance(1);
        }
        let mut bindings = BTreeMap::from([("{{base}}".to_owned(), server.base.clone())]);
        let (mut requests, mut searches) = (0, 0);
        for line in trace.iter().filter(|line| line.get("mark").is_none()) {
            server.clock.advance(1);
            requests += 1;
            searches += usize::from(step(server, line, &mut bindings, &mut world).await);
        }
        assert_eq!((requests, searches), (245, 50));
        // Where the story ends: the loop is closed, by the gateway where nobody else did.
        for (name, status) in [
            ("Task/{{task-9}}", "completed"),
            ("ServiceRequest/{{servicerequest-4}}", "completed"),
            ("Task/{{task-11}}", "cancelled"),
            ("ServiceRequest/{{servicerequest-5}}", "revoked"),
        ] {
            assert_eq!(server.read(&bind(name, &bindings)).await["status"], status, "{name}");
        }
    });
}

/// Carries out one line; tells whether it was a search.
async fn step(
    server: &Server,
    line: &Value,
    bindings: &mut BTreeMap<String, String>,
    world: &mut World,
) -> bool {
    let method = line["method"].as_str().unwrap();
    let path = bind(line["path"].as_str().unwrap(), bindings);
    let headers: Vec<(&str, &str)> = line["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let body = line.get("body").map(|body| bind(&body.to_string(), bindings).into_bytes());
    let answer = server.send(Method::from_bytes(method.as_bytes()).unwrap(), &path, &headers, body).await;
    assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
    let resource = answer.json();
    match method {
        "POST" | "PUT" => {
            // Clients take the id, and the whole resource, from the answer.
            let name = format!(
                "{}/{}",
                resource["resourceType"].as_str().unwrap(),
                resource["id"].as_str().unwrap()
            );
            assert!(answer.header("location").contains(&name), "{path}: {}", answer.header("location"));
            if let Some(capture) = line.get("captures") {
                bindings.insert(
                    capture.as_str().unwrap().to_owned(),
                    resource["id"].as_str().unwrap().to_owned(),
                );
            }
            world.learn(server, &name).await;
            false
        }
        _ if resource["resourceType"] == "Bundle" => {
            let found = Found::new(&answer);
            let mut recorded: Vec<String> = line["matched"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| bind(name.as_str().unwrap(), bindings))
                .collect();
            recorded.sort();
            judge(&path, &found, world, &recorded);
            true
        }
        _ => {
            let name = path.trim_start_matches('/');
            if name != "metadata" {
                assert_eq!(Some(&resource), world.resources.get(name), "{name} is as it was last seen");
            }
            false
        }
    }
}

/// Compares what was found with what the rules give, and with what the recording's stand-in gave.
fn judge(path: &str, found: &Found, world: &World, recorded: &[String]) {
    let (type_name, query) =
        path.trim_start_matches('/').split_once('?').unwrap_or((path.trim_start_matches('/'), ""));
    let expected = rules::matches(world.resources.values(), type_name, query);
    let mut matches = found.matches.clone();
    matches.sort();
    assert_eq!(matches, expected, "{path}");
    assert_eq!(matches, recorded, "{path}: the stand-in found others");
    assert_eq!(found.total, Some(matches.len() as u64), "{path}: clients never ask for a second page");
    assert!(found.outcomes.is_empty(), "{path}: {:?}", found.outcomes);
    for resource in found.resources() {
        let name = format!("{type_name}/{}", resource["id"].as_str().unwrap());
        assert_eq!(Some(resource), world.resources.get(&name), "{path}: entries are the resources");
    }
    rules::check_order(path, query, &found.resources());
}
