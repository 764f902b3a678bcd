//! Several gateways on one database: each writes a chain of its own.

use futures_util::future::join_all;
use sdoh_gateway::store::AuditFilter;
use serde_json::json;

use super::{own, summary};
use crate::harness::{Server, local, on_databases};
use crate::process::run;

#[test]
fn each_node_has_a_chain_and_all_are_whole() {
    on_databases(async |database| {
        let start = async |node: &str| {
            let mut config = local(&database.url);
            config.audit.node = Some(node.to_owned());
            config.base_url = Some("http://gateway.example".into());
            Server::start(&config).await
        };
        let nodes = [start("north").await, start("south").await, start("east").await];
        let work = nodes.iter().enumerate().map(|(number, server)| async move {
            for n in 0..30 {
                let id = format!("n{number}-{n}");
                server.store(&json!({"resourceType": "Patient", "id": id})).await;
                server.get(&format!("Patient/{id}")).await.expect(200);
            }
        });
        join_all(work).await;
        for server in nodes {
            server.stop().await;
        }
        let again = start("north").await;
        again.get("Patient/n0-0").await.expect(200);
        // The same name twice at once is two chains.
        let twin = start("north").await;
        twin.get("Patient/n0-1").await.expect(200);
        let reads = super::events(&twin.client, "action=R", |found| found.len() == 92).await;
        let of = |node: &str| reads.iter().filter(|event| event["source"]["site"] == node).count();
        assert_eq!((of("north"), of("south"), of("east")), (32, 30, 30));
        let started = own(&twin.client, "subtype=110120").await;
        assert_eq!(started.len(), 5);
        assert_eq!(summary(&started[0]), "110100#110120 E 0 | 110150* |");
        for server in [again, twin] {
            server.stop().await;
        }
        let verified = run(&["audit", "verify", "--database-url", &database.url]);
        let text = String::from_utf8_lossy(&verified.stdout).into_owned();
        assert_eq!(verified.status.code(), Some(0), "{text}");
        assert!(text.contains("of 5 chains"), "{text}");
    });
}

/// After a commit that failed, nobody knows what is there: the chain goes on from what is found.
#[test]
#[expect(clippy::disallowed_methods, reason = "a client of the gateway, on loopback")]
fn a_chain_goes_on_after_a_commit_that_failed() {
    on_databases(async |database| {
        let server = Server::start(&local(&database.url)).await;
        server.store(&json!({"resourceType": "Patient", "id": "p1"})).await;
        let table = |from: &str, to: &str| format!("ALTER TABLE {from} RENAME TO {to}");
        crate::store::execute(database, &[table("audit_page", "gone")]).await;
        let url = format!("{}/Patient/p2", server.base);
        let body = json!({"resourceType": "Patient", "id": "p2"}).to_string();
        let request =
            reqwest::Client::new().put(url).header("Content-Type", "application/fhir+json").body(body);
        assert_eq!(request.send().await.unwrap().status(), 503, "what cannot be recorded is not done");
        crate::store::execute(database, &[table("gone", "audit_page")]).await;
        server.get("Patient/p2").await.expect(404);
        server.store(&json!({"resourceType": "Patient", "id": "p3"})).await;
        let pages =
            server.gateway.store().audit_pages_after(None, AuditFilter::default(), 100).await.unwrap();
        assert!(pages.iter().all(|page| page.chain == 1));
        server.stop().await;
        let verified = run(&["audit", "verify", "--database-url", &database.url]);
        assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
    });
}

#[test]
fn another_configuration_is_told() {
    on_databases(async |database| {
        for (bytes, expected) in [(32 << 20, 0), (32 << 20, 0), (16 << 20, 1)] {
            let mut config = local(&database.url);
            config.limits.body_bytes = bytes;
            let server = Server::start(&config).await;
            server.gateway.begin_record().await.unwrap();
            // What is done beside it, from the command line, has no say in it.
            let mut other = config.clone();
            other.limits.body_bytes = 4 << 20;
            let beside = Server::start(&other).await;
            beside.store(&json!({"resourceType": "Patient", "id": "p"})).await;
            beside.stop().await;
            assert_eq!(own(&server.client, "subtype=110129").await.len(), expected, "{bytes}");
            server.stop().await;
        }
    });
}
