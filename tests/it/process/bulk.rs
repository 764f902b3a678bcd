//! Much at once: exports in memory that does not grow with them, `load` and what it refuses.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::commands::text;
use super::{Process, run};
use crate::harness::{Client, Database};
use crate::store::execute;
use sdoh_gateway::store::Kind;

impl Process {
    /// Memory of its own in kilobytes; files it has mapped do not count.
    fn memory(&self) -> i64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

/// Resources of two kilobytes each, put where the gateway keeps them.
async fn fill(database: &Database, count: usize) {
    let body = json!({"resourceType": "Basic", "id": "b#", "meta": {"versionId": "1"}, "code": {"text": "x".repeat(2000)}});
    let body = body.to_string().replace("b#", "b' || i || '");
    let numbers =
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})");
    execute(
        database,
        &[
            format!(
                "{numbers} INSERT INTO version (seq, space, type, id, version, method, body) SELECT i, 1, 'Basic', 'b' || i, 1, 'PUT', '{body}' FROM n"
            ),
            format!(
                "{numbers} INSERT INTO resource (space, type, id, seq, version, deleted) SELECT 1, 'Basic', 'b' || i, i, 1, 0 FROM n"
            ),
        ],
    )
    .await;
}

/// Kicks an export off and waits for its manifest.
async fn manifest(client: &Client, path: &str) -> Value {
    let status = client.get_with(path, &[("Prefer", "respond-async")]).await.expect(202);
    let status = status.header("content-location").to_owned();
    loop {
        let answer = client.get(&status).await;
        if answer.status == 200 {
            return answer.json();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "a client of the gateway, on loopback")]
#[test]
fn a_large_export_takes_no_more_memory_than_a_small_one() {
    if !cfg!(target_os = "linux") {
        return;
    }
    const COUNT: usize = 30_000;
    const BYTES: usize = COUNT * 2000;
    const GROWTH: i64 = 16 * 1024;
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let database = Database::fresh(Kind::Sqlite).await.unwrap();
        let process = Process::serve(&database.url);
        fill(&database, COUNT).await;
        let manifest = manifest(&process.client, "$export?_type=Basic").await;
        assert_eq!(manifest["output"][0]["count"], COUNT);
        let url = manifest["output"][0]["url"].as_str().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        // Once, so that what is made at first use is made.
        let mut response = http.get(url).send().await.unwrap();
        response.chunk().await.unwrap();
        drop(response);
        let before = process.memory();
        // A client that does not read is not read for.
        let mut response = http.get(url).send().await.unwrap();
        assert_eq!(response.content_length(), None);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut most = process.memory();
        let (mut bytes, mut lines) = (0, 0);
        while let Some(chunk) = response.chunk().await.unwrap() {
            bytes += chunk.len();
            lines += chunk.iter().filter(|byte| **byte == b'\n').count();
            if bytes % 64 == 0 {
                most = most.max(process.memory());
            }
        }
        most = most.max(process.memory());
        assert_eq!(lines, COUNT);
        assert!(bytes > BYTES);
        eprintln!("{bytes} bytes; {before} kB before, {most} kB at most");
        assert!(most - before < GROWTH, "{before} kB became {most} kB for {} kB", bytes / 1024);
        drop(process);
        database.remove().await;
    });
}

#[test]
fn load_keeps_what_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let process = Process::serve(&format!("sqlite://{}", at("a.db")));
    let good = json!({"resourceType": "Basic", "id": "good", "code": {"text": "1"}});
    let bad = json!({"resourceType": "Basic", "id": "bad", "code": []});
    let lines = format!("{good}\n{bad}\n\n{{\"resourceType\":\n");
    fs::write(at("all.ndjson"), lines).unwrap();
    let (all, rejects) = (at("all.ndjson"), at("rejects.ndjson"));
    let loaded = run(&["load", &all, "--to", &process.client.base, "--rejects", &rejects]);
    assert_eq!(loaded.status.code(), Some(1));
    assert_eq!(text(&loaded.stdout), "1 loaded, 2 refused\n");
    assert!(text(&loaded.stderr).contains("all.ndjson:4: "), "{}", text(&loaded.stderr));
    assert!(
        text(&loaded.stderr).contains("Basic/bad: 400 Bad Request: Basic.code"),
        "{}",
        text(&loaded.stderr)
    );
    let written = fs::read_to_string(&rejects).unwrap();
    let written: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [broken, refused] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!((broken.get("status"), &broken["text"]), (None, &json!("{\"resourceType\":")));
    assert_eq!((&refused["status"], &refused["resource"]), (&json!(400), &bad));
    for line in &written {
        assert_eq!(line["outcome"]["resourceType"], "OperationOutcome");
    }
    // Nowhere to write to.
    let unwritable = run(&["load", &all, "--to", &process.client.base, "--rejects", &at("none/rejects")]);
    assert_eq!(unwritable.status.code(), Some(1));
    assert!(text(&unwritable.stderr).contains("none/rejects"));
}

#[test]
fn load_takes_all_that_is_not_refused_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let process = Process::serve(&format!("sqlite://{}", at("a.db")));
    let bad = [0, 17, 99, 100, 249];
    let line = |n: usize| match n {
        n if bad.contains(&n) => json!({"resourceType": "Basic", "id": format!("b{n}"), "code": []}),
        n => json!({"resourceType": "Basic", "id": format!("b{n}"), "code": {"text": "1"}}),
    };
    let mut lines: Vec<String> = (0..250).map(|n| line(n).to_string()).collect();
    // The same again comes after it; one without an id gets one.
    lines.push(json!({"resourceType": "Basic", "id": "b1", "code": {"text": "2"}}).to_string());
    lines.push(json!({"resourceType": "Basic", "code": {"text": "new"}}).to_string());
    // What refers to another by a search is stored as it is, as when it is put by itself.
    let by_search = json!({"reference": "Patient?identifier=1"});
    lines.push(
        json!({"resourceType": "Basic", "id": "search", "code": {"text": "1"}, "subject": by_search})
            .to_string(),
    );
    fs::write(at("all.ndjson"), lines.join("\n")).unwrap();
    let loaded =
        run(&["load", &at("all.ndjson"), "--to", &process.client.base, "--rejects", &at("rejects.ndjson")]);
    assert_eq!(text(&loaded.stdout), "248 loaded, 5 refused\n", "{}", text(&loaded.stderr));
    let rejects = fs::read_to_string(at("rejects.ndjson")).unwrap();
    let mut refused: Vec<Value> =
        rejects.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["resource"].take()).collect();
    refused.sort_by_key(|resource| resource["id"].as_str().unwrap()[1..].parse::<usize>().unwrap());
    assert_eq!(refused, bad.map(line));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let client = &process.client;
        assert_eq!(client.get("Basic?_summary=count").await.expect(200).json()["total"], 248 - 1);
        assert_eq!(client.get("Basic/b1").await.expect(200).json()["code"]["text"], "2");
        assert_eq!(client.get("Basic/search").await.expect(200).json()["subject"], by_search);
    });
}

#[test]
fn load_of_much_goes_type_by_type() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let process = Process::serve(&format!("sqlite://{}", at("a.db")));
    // More than is in memory at once, those who refer first, and both in one file.
    let filler = "x".repeat(60_000);
    let mut lines = String::new();
    for n in 0..300 {
        let subject = json!({"reference": format!("Patient/p{n}")});
        let condition = json!({"resourceType": "Condition", "id": format!("c{n}"), "subject": subject, "code": {"text": filler}});
        lines.push_str(&format!("{condition}\n"));
    }
    for n in 0..300 {
        lines.push_str(&format!("{}\n", json!({"resourceType": "Patient", "id": format!("p{n}")})));
    }
    let file = at("all.ndjson");
    fs::write(&file, lines).unwrap();
    let output = run(&["load", &file, "--to", &process.client.base]);
    assert_eq!(text(&output.stdout), "600 loaded, 0 refused\n", "{}", text(&output.stderr));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let client = &process.client;
        // What was referred to was there: nothing was said of it.
        for n in [0, 150, 299] {
            let issues = client.get(&format!("Condition/c{n}/$issues")).await.expect(200).issues();
            assert!(!issues.contains("is not here"), "{issues}");
        }
    });
}

/// Quadratic plans take many minutes for this. PostgreSQL is prone to one while it has no statistics, to another once it has
/// some, and has both where the connections are new.
#[test]
fn a_large_export_takes_time_by_its_size() {
    const COUNT: usize = 50_000;
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let Some(database) = Database::fresh(kind).await else { continue };
            drop(Process::serve(&database.url));
            fill(&database, COUNT).await;
            for has_statistics in [false, true] {
                if has_statistics {
                    execute(&database, &["ANALYZE".to_owned()]).await;
                }
                let process = Process::serve(&database.url);
                let work = async {
                    // Nothing of it is about a Patient.
                    assert_eq!(
                        manifest(&process.client, "Patient/$export?_type=Basic").await["output"],
                        json!([])
                    );
                    let url = manifest(&process.client, "$export").await["output"][0]["url"].clone();
                    let file = process.client.get(url.as_str().unwrap()).await.expect(200);
                    assert_eq!(file.body.iter().filter(|byte| **byte == b'\n').count(), COUNT);
                };
                tokio::time::timeout(Duration::from_secs(60), work)
                    .await
                    .expect("an export that takes its time");
            }
            database.remove().await;
        }
    });
}
