//! Backup and restore, within a kind of database and across.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sdoh_gateway::config::Config;
use sdoh_gateway::fhir::{Resource, json as fhir_json};
use sdoh_gateway::store::{ClientRow, Kind, SpaceId, StoreError, backup, restore};
use serde_json::json;

use super::rows;
use crate::harness::{Client, Database, Server, entry, local, transaction};

fn configured(database: &Database, spaces: &[&str]) -> Config {
    let spaces = spaces.iter().map(|space| (*space).to_owned()).collect();
    // The same for all, so that what points at itself does so everywhere.
    Config { spaces, base_url: Some("http://gateway.example".into()), ..local(&database.url) }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

async fn restored(server: &Server, path: &Path) -> Result<u64, StoreError> {
    let gateway = &server.gateway;
    let entries = |space: SpaceId, body: &str| {
        let resource = Resource::new(fhir_json::parse(body.as_bytes()).unwrap()).unwrap();
        gateway.entries(space, &resource)
    };
    restore(gateway.store(), gateway.registry(), path, entries, |_| ()).await
}

/// A past with everything in it: versions, deletions, spaces, issues, messages nobody has taken yet.
async fn live(server: &Server) {
    for client in [&server.client, &server.space("north"), &server.space("south")] {
        client.store_all(&crate::search::people()).await;
        for n in 0..3 {
            client.store(&json!({"resourceType": "Patient", "id": "p1", "name": [{"family": format!("{} {n}", client.base.len())}]})).await;
        }
        client.delete("Patient/p2").await.expect(204);
        client.delete("Task/t4").await.expect(204);
        client.store(&json!({"resourceType": "Task", "id": "t4", "status": "draft", "intent": "order", "owner": {"reference": "http://gateway.example/fhir/Organization/o1"}})).await;
        server.clock.advance(3600);
    }
    let shut_out = ClientRow { id: "clinic".into(), registration: Some("{}".into()), is_disabled: true };
    server.gateway.store().set_client(&shut_out).await.unwrap();
    server.space("south").store(&json!({"resourceType": "Patient", "id": "only-south"})).await;
}

/// All that a client can see, with the server's address taken out.
async fn view(client: &Client) -> Vec<String> {
    let mut seen = Vec::new();
    for path in [
        "Patient/_history",
        "Task/_history",
        "Observation/_history",
        "Patient/p1/_history/2",
        "Patient/p1",
        "Task?_sort=-_lastUpdated",
        "Task?owner=Organization/o1&_sort=_id",
        "Task?owner:identifier=pantry",
        "Task?owner:Organization.type=cbo,prov&_include=Task:owner&_revinclude=Task:part-of",
        "Observation?value-quantity=gt5&_sort=date",
        "Observation?component-code-value-quantity=8480-6$gt110",
        "Patient?birthdate=ge1975&_sort=-birthdate",
        "Patient?name:contains=ble",
        "Patient?_tag=alpha",
        "Patient?_lastUpdated=ge2026-11-22T10:00:00Z",
        "Task/t1/$issues",
        "Task/t2/$timeline",
    ] {
        let text = client.get(path).await.expect(200).text();
        // The moment of the answer is the latest in all spaces.
        seen.push(format!("{path}: {}", text.replace(&client.base, "")));
    }
    seen
}

#[test]
fn backup_and_restore_within_and_across_databases() {
    run(async {
        for from in [Kind::Sqlite, Kind::Postgres] {
            let Some(source) = Database::fresh(from).await else { continue };
            let original = Server::start(&configured(&source, &["north", "south"])).await;
            live(&original).await;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("backup.jsonl.gz");
            let versions = backup(original.gateway.store(), &path, |_| ()).await.unwrap();
            for to in [Kind::Sqlite, Kind::Postgres] {
                let Some(target) = Database::fresh(to).await else { continue };
                eprintln!("from {from:?} to {to:?}:");
                // Made in another order than those of the original, and one it does not serve now.
                let copy = Server::start(&configured(&target, &["south"])).await;
                assert_eq!(restored(&copy, &path).await.unwrap(), versions);
                copy.gateway.store().close().await;
                let copy = Server::start(&configured(&target, &["north", "south"])).await;
                copy.clock.advance(3 * 3600);
                for name in ["", "north", "south"] {
                    let client = |server: &Server| {
                        if name.is_empty() { server.client.clone() } else { server.space(name) }
                    };
                    let (expected, got) = (view(&client(&original)).await, view(&client(&copy)).await);
                    for (expected, got) in expected.iter().zip(&got) {
                        assert_eq!(expected, got, "{name}");
                    }
                }
                let clients = |server: &Server| server.gateway.store().clone();
                assert_eq!(
                    clients(&original).clients().await.unwrap().1,
                    clients(&copy).clients().await.unwrap().1
                );
                for table in [
                    "version",
                    "resource",
                    "outbox",
                    "token_entry",
                    "reference_entry",
                    "date_entry",
                    "string_entry",
                    "number_entry",
                ] {
                    let count = format!("SELECT 1 FROM {table}");
                    assert_eq!(
                        rows(&source, &count).await.len(),
                        rows(&target, &count).await.len(),
                        "{table}"
                    );
                }
                // Life goes on: versions and moments after those restored.
                let next = copy
                    .put("Patient/p1", &json!({"resourceType": "Patient", "id": "p1"}))
                    .await
                    .expect(200)
                    .json();
                assert_eq!(next["meta"]["versionId"], "5");
                copy.finds("Patient?_sort=-_lastUpdated&_count=1", "p1").await;
                copy.stop().await;
                target.remove().await;
            }
            original.stop().await;
            source.remove().await;
        }
    });
}

#[test]
fn a_backup_while_others_write_is_of_one_moment() {
    run(async {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let (Some(source), Some(target)) = (Database::fresh(kind).await, Database::fresh(kind).await)
            else {
                continue;
            };
            let server = Server::start(&local(&source.url)).await;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("backup.jsonl.gz");
            let pair = |n: usize| {
                let body = |kind: &str| json!({"resourceType": kind, "id": "x", "language": format!("n{n}")});
                transaction(
                    "transaction",
                    vec![
                        entry("PUT Patient/x", Some(body("Patient"))),
                        entry("PUT Person/x", Some(body("Person"))),
                    ],
                )
            };
            server.post("", &pair(0)).await.expect(200);
            let writes = async {
                for n in 1..150 {
                    server.post("", &pair(n)).await.expect(200);
                }
            };
            let copying = async {
                // In the middle.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                backup(server.gateway.store(), &path, |_| ()).await.unwrap()
            };
            let ((), versions) = tokio::join!(writes, copying);
            assert_eq!(versions % 2, 0, "whole transactions");
            let copy = Server::start(&local(&target.url)).await;
            restored(&copy, &path).await.unwrap();
            assert_eq!(copy.read("Patient/x").await["language"], copy.read("Person/x").await["language"]);
            copy.stop().await;
            server.stop().await;
            source.remove().await;
            target.remove().await;
        }
    });
}

#[test]
fn what_is_no_whole_backup_is_refused_and_leaves_nothing() {
    run(async {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let (Some(source), Some(target)) = (Database::fresh(kind).await, Database::fresh(kind).await)
            else {
                continue;
            };
            let server = Server::start(&local(&source.url)).await;
            server.store_all(&crate::search::people()).await;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("whole");
            backup(server.gateway.store(), &path, |_| ()).await.unwrap();
            assert!(!folder.path().join("whole.unfinished").exists());
            let whole = std::fs::read(&path).unwrap();
            let mut text = String::new();
            std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&whole[..]), &mut text).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let without_end = lines[..lines.len() - 1].join("\n");
            let without_one = [&lines[..3], &lines[4..]].concat().join("\n");
            let later = text.replacen("\"format\":1", "\"format\":2", 1);
            let copy = Server::start(&local(&target.url)).await;
            for (name, bytes) in [
                ("cut", whole[..whole.len() / 2].to_vec()),
                ("no end", packed(&without_end)),
                ("a line less", packed(&without_one)),
                ("a later form", packed(&later)),
                ("another file", packed("{}\n")),
                ("no file of lines", b"backup".to_vec()),
                ("nothing", Vec::new()),
                ("nothing in it", packed("")),
            ] {
                let bad = folder.path().join("bad");
                std::fs::write(&bad, bytes).unwrap();
                assert!(restored(&copy, &bad).await.is_err(), "{name}");
                assert_eq!(copy.gateway.store().latest().await.unwrap(), None, "{name}");
                assert!(rows(&target, "SELECT 1 FROM version").await.is_empty(), "{name}");
            }
            assert!(restored(&copy, &folder.path().join("none")).await.is_err());
            restored(&copy, &path).await.unwrap();
            // Over what is there already: never.
            assert!(matches!(restored(&copy, &path).await, Err(StoreError::Unsupported(_))));
            copy.stop().await;
            server.stop().await;
            source.remove().await;
            target.remove().await;
        }
    });
}

fn packed(text: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}
