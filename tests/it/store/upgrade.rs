//! Migrations run at start, on databases of every age.

use futures_util::future::join_all;
use sdoh_gateway::search::Registry;
use sdoh_gateway::store::{Store, StoreError, migrate_partly};
use serde_json::json;

use super::{execute, options};
use crate::harness::{Database, Server, embedded, local, on_databases};

/// A database as the first schema left it: a Patient of two versions, one that is deleted, and a Task.
async fn old(database: &Database) {
    migrate_partly(&database.url, 1).await.unwrap();
    let patient = |version: u64, family: &str| json!({"resourceType": "Patient", "id": "p", "meta": {"versionId": version.to_string(), "lastUpdated": "2025-01-01T00:00:00.000001Z"}, "name": [{"family": family}]});
    let task = json!({"resourceType": "Task", "id": "t", "meta": {"versionId": "1", "lastUpdated": "2025-01-01T00:00:00.000004Z"}, "status": "requested", "intent": "order", "for": {"reference": "Patient/p"}});
    let start = 1_735_689_600_000_000_i64;
    let version = |n: i64, kind: &str, id: &str, version: u64, method: &str, body: Option<String>| {
        let body = body.map_or("NULL".to_owned(), |body| format!("'{body}'"));
        format!(
            "INSERT INTO version (seq, space, type, id, version, method, author, body, issues) VALUES ({}, 1, '{kind}', '{id}', {version}, '{method}', NULL, {body}, NULL)",
            start + n
        )
    };
    let current = |n: i64, kind: &str, id: &str, version: u64, deleted: u8| {
        format!(
            "INSERT INTO resource (space, type, id, seq, version, deleted) VALUES (1, '{kind}', '{id}', {}, {version}, {deleted})",
            start + n
        )
    };
    let statements = [
        "INSERT INTO space (id, name) VALUES (1, '')".to_owned(),
        version(1, "Patient", "p", 1, "POST", Some(patient(1, "Early").to_string())),
        version(2, "Patient", "gone", 1, "PUT", Some(patient(1, "Gone").to_string())),
        version(3, "Patient", "gone", 2, "DELETE", None),
        version(4, "Task", "t", 1, "PUT", Some(task.to_string())),
        version(5, "Patient", "p", 2, "PUT", Some(patient(2, "Later").to_string())),
        current(3, "Patient", "gone", 2, 1),
        current(4, "Task", "t", 1, 0),
        current(5, "Patient", "p", 2, 0),
    ];
    execute(database, &statements).await;
}

#[test]
fn an_upgrade_from_an_older_schema_keeps_all_and_finds_all() {
    on_databases(async |database| {
        old(database).await;
        // Twice: the second start finds nothing to do.
        for round in 1..=2 {
            let server = Server::start(&local(&database.url)).await;
            assert_eq!(
                server.read("Patient/p").await["name"][0]["family"],
                if round == 1 { "Later" } else { "Latest" }
            );
            assert_eq!(server.read("Patient/p/_history/1").await["name"][0]["family"], "Early");
            server.get("Patient/gone").await.expect(410);
            assert_eq!(server.read("Patient/_history").await["total"], if round == 1 { 4 } else { 5 });
            // Entries are made for what had none.
            server.finds("Patient?family=late", "p").await;
            server.finds("Patient?family=gone", "").await;
            server.finds("Task?patient:Patient.name=late&status=requested", "t").await;
            let put = server
                .put(
                    "Patient/p",
                    &json!({"resourceType": "Patient", "id": "p", "name": [{"family": "Latest"}]}),
                )
                .await;
            assert_eq!(put.json()["meta"]["versionId"], (round + 2).to_string());
            server.finds("Patient?family=later", "").await;
            server.stop().await;
        }
    });
}

#[test]
fn a_database_of_a_newer_gateway_is_left_alone() {
    on_databases(async |database| {
        let registry = Registry::new(embedded());
        Store::open(&options(database), &registry).await.unwrap().close().await;
        let statement = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) SELECT 99, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
        execute(database, &[statement.to_owned()]).await;
        let refused = Store::open(&options(database), &registry).await.err().expect("refused");
        assert!(matches!(refused, StoreError::Migration(_)), "{refused}");
    });
}

#[test]
fn nodes_that_start_together_wait_for_each_other() {
    on_databases(async |database| {
        let registry = Registry::new(embedded());
        let options = options(database);
        let stores = join_all((0..4).map(|_| Store::open(&options, &registry))).await;
        for store in stores {
            let store = store.unwrap();
            assert!(store.stale_types(&registry).await.unwrap().is_empty());
            let names = ["north", "south"];
            let spaces = join_all(names.map(|name| store.space(name))).await;
            assert_eq!(
                spaces
                    .into_iter()
                    .map(|space| space.unwrap().0)
                    .collect::<std::collections::BTreeSet<_>>()
                    .len(),
                2
            );
            store.close().await;
        }
    });
}
