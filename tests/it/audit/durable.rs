//! Nothing that should be told is lost.

use std::time::{Duration, Instant};

use sdoh_gateway::audit::{Actor, Event, Kind, Origin};
use sdoh_gateway::store::{AuditFilter, Kind as Database_, Options, Store};
use serde_json::{Value, json};

use super::{of_request, own, summary};
use crate::harness::{Database, Server, local, on_both, on_databases};
use crate::process::{Process, run};

#[test]
fn reads_are_on_disk_within_a_tenth_of_a_second() {
    on_both(async |server| {
        server.store(&json!({"resourceType": "Patient", "id": "p"})).await;
        // The machine may be busy: the best of some tries tells what the gateway does.
        let mut fastest = Duration::MAX;
        for n in 0..5 {
            server.get_with("Patient/p", &[("X-Request-Id", &format!("try-{n}"))]).await.expect(200);
            let answered = Instant::now();
            loop {
                let pages =
                    server.gateway.store().audit_pages_until(None, AuditFilter::default(), 1).await.unwrap();
                if pages.iter().any(|page| page.events.contains(&format!("try-{n}"))) {
                    break;
                }
                assert!(answered.elapsed() < Duration::from_secs(20));
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            fastest = fastest.min(answered.elapsed());
        }
        println!("on disk after {fastest:?}");
        assert!(fastest < Duration::from_millis(100), "{fastest:?}");
    });
}

#[test]
fn what_is_recorded_is_on_disk_at_once() {
    on_databases(async |database| {
        let server = Server::start(&local(&database.url)).await;
        let now = server.gateway.clock().now();
        let client = Actor::Client { id: "pantry".into(), organization: Some("Organization/pantry".into()) };
        let disclosure = |name: &str| Event {
            entities: vec!["Task/1/1 p".parse().unwrap()],
            recipient: Some("Organization/pantry".into()),
            consent: Some("Consent/c/_history/1".into()),
            purpose: Some("TREAT".into()),
            ..Event::new(
                now,
                Kind::Disclosure,
                client.clone(),
                Origin { request: name.into(), address: Some([192, 0, 2, 1].into()) },
            )
        };
        server.gateway.write_down(vec![disclosure("given")]).await.unwrap();
        // Another process sees it before anything else is done.
        let store = Store::look(&Options::new(&database.url)).await.unwrap();
        let pages = store.audit_pages_until(None, AuditFilter::default(), 1).await.unwrap();
        assert!(pages[0].events.contains("\"given\""), "{}", pages[0].events);
        store.close().await;
        let mut denied = disclosure("kept");
        denied.kind = Kind::Decision;
        denied.outcome = sdoh_gateway::audit::Outcome::Refused;
        denied.reason = "Consent c denies disclosure to Organization/pantry".into();
        server.gateway.write_down(vec![denied]).await.unwrap();
        let given = of_request(&server.client, "given", 1).await;
        assert_eq!(
            summary(&given[0]),
            "110106#disclose R 0 PrivacyDisclosure.Source | 110153 110152* | 1:Patient/p Consent:Consent/c/_history/1 Task:Task/1/_history/1"
        );
        assert_eq!(given[0]["purposeOfEvent"][0]["coding"][0]["code"], "TREAT");
        assert_eq!(given[0]["agent"][1]["who"]["reference"], "Organization/pantry");
        let kept = of_request(&server.client, "kept", 1).await;
        assert_eq!(
            summary(&kept[0]),
            "110113#AuthZ-Consent E 8 | 110150 IRCP* PROV authserver | 1:Patient/p Consent:Consent/c/_history/1 Task:Task/1/_history/1"
        );
        assert_eq!(kept[0]["outcomeDesc"], "Consent c denies disclosure to Organization/pantry");
        for (kind, outcome, expected) in [
            (
                Kind::Login,
                sdoh_gateway::audit::Outcome::Success,
                "110114#110122 E 0 | 110150 authserver IRCP* |",
            ),
            (
                Kind::Login,
                sdoh_gateway::audit::Outcome::Refused,
                "110114#110122 E 4 | 110150 authserver IRCP* |",
            ),
            (
                Kind::Configuration,
                sdoh_gateway::audit::Outcome::Success,
                "110113#110129 E 0 | 110150 IRCP* |",
            ),
        ] {
            let event = Event {
                outcome,
                ..Event::new(now, kind, client.clone(), Origin { request: "x".into(), address: None })
            };
            server.gateway.write_down(vec![event]).await.unwrap();
            let latest = own(&server.client, "type=110113,110114").await;
            assert_eq!(summary(&latest[0]), expected);
        }
        for event in own(&server.client, "").await {
            let outcome = server.post("AuditEvent/$validate", &event).await.expect(200).json();
            assert!(!outcome.to_string().contains("\"error\""), "{outcome:#}\n{event:#}");
        }
        server.stop().await;
    });
}

#[test]
fn a_stop_writes_what_waits() {
    on_databases(async |database| {
        let server = Server::start(&local(&database.url)).await;
        for n in 0..50 {
            server.get_with("Task", &[("X-Request-Id", &format!("r{n}"))]).await.expect(200);
        }
        server.stop().await;
        let store = Store::look(&Options::new(&database.url)).await.unwrap();
        let pages = store.audit_pages_after(None, AuditFilter::default(), 1000).await.unwrap();
        let all: String = pages.iter().map(|page| page.events.as_str()).collect();
        for n in 0..50 {
            assert!(all.contains(&format!("\"r{n}\"")), "{n}");
        }
        store.close().await;
    });
}

/// `kill -9` between writes: of each write that was answered, its event is there.
#[test]
fn writes_and_their_events_die_together_or_not_at_all() {
    for kind in [Database_::Sqlite, Database_::Postgres] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let Some(database) = Database::fresh(kind).await else { return };
            let mut answered = Vec::new();
            for round in 0..3 {
                let process = Process::serve(&database.url);
                let client = process.client.clone();
                let writing = tokio::spawn(async move {
                    let mut answered = Vec::new();
                    for n in 0..40 {
                        let id = format!("r{round}-{n}");
                        client.store(&json!({"resourceType": "Patient", "id": id})).await;
                        answered.push(id);
                    }
                    answered
                });
                answered.extend(writing.await.unwrap());
                // Whatever it is at.
                process.kill();
            }
            let verified = run(&["audit", "verify", "--database-url", &database.url]);
            assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
            let exported = run(&["audit", "export", "--database-url", &database.url]);
            let text = String::from_utf8(exported.stdout).unwrap();
            let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            for id in &answered {
                let what = format!("Patient/{id}/_history/1");
                let told =
                    lines.iter().filter(|event| event["action"] == "C" && event.to_string().contains(&what));
                assert_eq!(told.count(), 1, "{id}");
            }
            database.remove().await;
        });
    }
}
