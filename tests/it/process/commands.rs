//! Every command, from outside.

use serde_json::json;

use super::{Process, run};
use crate::harness::{Client, root};

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_demonstration_closes_its_loop() {
    let output = run(&["demo"]);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    let mut rest = out.as_str();
    for act in [
        "PUT    Patient/rosa-example",
        "POST   Task",
        "422 Unprocessable Entity  OperationOutcome",
        "error at Task.status",
        "error at Task: 'focus' is missing",
        "POST   ServiceRequest",
        "201 Created",
        "is requested",
        "is accepted",
        "is in-progress",
        "POST   Procedure",
        "is completed",
        "The loop is closed",
    ] {
        let at = rest.find(act).unwrap_or_else(|| panic!("no '{act}' in its place in:\n{out}"));
        rest = &rest[at..];
    }
}

#[test]
fn help_teaches() {
    for (arguments, expected) in [
        (
            vec!["--help"],
            vec!["demo", "serve", "load", "reindex", "backup", "restore", "ig", "SDOH_GATEWAY_"],
        ),
        (
            vec!["serve", "--help"],
            vec![
                "--listen",
                "--database-url",
                "--open",
                "--tls-certificate",
                "--insecure",
                "--ig",
                "--config",
            ],
        ),
        (vec!["client", "--help"], vec!["add", "list", "rotate", "disable", "enable"]),
        (
            vec!["client", "add", "--help"],
            vec!["--organization", "--scopes", "--jwks", "--coverage", "--pool"],
        ),
        (vec!["secrets", "rotate", "--help"], vec!["secrets.key-file"]),
        (vec!["load", "--help"], vec!["--to", "ndjson"]),
        (
            vec!["validate", "--help"],
            vec![
                "--profile",
                "--ig",
                "--format",
                "sarif",
                "ndjson",
                "--jobs",
                "Exit codes",
                "- for standard input",
            ],
        ),
        (vec!["fhirpath", "--help"], vec!["EXPR", "XML", "Exit codes", "\"type\""]),
        (vec!["ig", "compile", "--help"], vec!["--out"]),
    ] {
        let output = run(&arguments);
        let out = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0));
        for word in expected {
            assert!(out.contains(word), "{arguments:?} does not speak of {word}:\n{out}");
        }
    }
}

#[test]
fn wrong_settings_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("gateway.toml");
    std::fs::write(&config, "open = true\nlissten = '127.0.0.1:0'\n").unwrap();
    let config = config.display().to_string();
    let nowhere = "sqlite:///nowhere/at/all/gateway.db";
    for (arguments, code, named) in [
        (vec!["serve"], 2, "open"),
        (vec!["serve", "--open", "--listen", "0.0.0.0:0"], 2, "listen"),
        (vec!["serve", "--open", "--config", &config], 2, "lissten"),
        (vec!["serve", "--open", "--base-url", "here"], 2, "base-url"),
        (vec!["serve", "--open", "--listen", "127.0.0.1:0", "--database-url", "mysql://x"], 1, "mysql://x"),
        (vec!["serve", "--open", "--listen", "127.0.0.1:0", "--database-url", nowhere], 1, "database"),
        (vec!["serve", "--open", "--listen", "127.0.0.1:0", "--ig", "/nowhere.tgz"], 1, "/nowhere.tgz"),
        (vec!["bake"], 2, "bake"),
        (vec!["load", "/nowhere", "--to", "http://127.0.0.1:1/fhir"], 1, "/nowhere"),
    ] {
        let output = run(&arguments);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {err}");
        assert!(err.contains(named), "{arguments:?} does not name {named}: {err}");
    }
}

#[test]
fn serve_says_when_it_is_ready_and_drains_when_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("gateway.db").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let process = Process::serve(&url);
    assert!(process.ready.starts_with("sdoh-gateway is ready: http://127.0.0.1:"), "{}", process.ready);
    runtime.block_on(async {
        let origin = process.client.base.trim_end_matches("/fhir").to_owned();
        assert_eq!(process.client.get(&format!("{origin}/health/live")).await.text(), "live\n");
        assert_eq!(process.client.get(&format!("{origin}/health/ready")).await.text(), "ready\n");
        process.client.store(&json!({"resourceType": "Basic", "id": "b", "code": {"text": "kept"}})).await;
    });
    assert_eq!(process.terminate(), 0);
    assert!(!folder.path().join("gateway.db-wal").exists(), "the log was not folded into the file");
    let again = Process::serve(&url);
    runtime.block_on(async { assert_eq!(again.client.read("Basic/b").await["code"]["text"], "kept") });
}

#[test]
fn load_backup_and_restore() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (first, second) = (format!("sqlite://{}", at("a.db")), format!("sqlite://{}", at("b.db")));
    let lines = at("more.ndjson");
    std::fs::write(&lines, "{\"resourceType\":\"Basic\",\"id\":\"one\",\"code\":{\"text\":\"1\"}}\n\n{\"resourceType\":\"Basic\",\"code\":{\"text\":\"2\"}}\n").unwrap();
    let demo = root().join("fixtures/demo/patient.json").display().to_string();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let process = Process::serve(&first);
    let loaded = run(&["load", &demo, &lines, "--to", &process.client.base]);
    assert_eq!(loaded.status.code(), Some(0), "{}", text(&loaded.stderr));
    assert_eq!(text(&loaded.stdout), "3 loaded, 0 refused\n");
    let broken = at("broken.json");
    std::fs::write(&broken, "{\"resourceType\":\"Basic\",\"id\":\"x\",\"code\":[]}").unwrap();
    let refused = run(&["load", &broken, "--to", &process.client.base]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("Basic/x: 400"), "{}", text(&refused.stderr));
    // While it serves.
    let file = at("backup.gz");
    let backup = run(&["backup", &file, "--database-url", &first]);
    assert_eq!(text(&backup.stdout), format!("3 versions in {file}\n"), "{}", text(&backup.stderr));
    process.kill();
    let restore = run(&["restore", &file, "--database-url", &second]);
    assert_eq!(text(&restore.stdout), "3 versions\n", "{}", text(&restore.stderr));
    let again = run(&["restore", &file, "--database-url", &second]);
    assert_eq!(again.status.code(), Some(1), "a restore must not mix with what is there");
    let reindex = run(&["reindex", "--database-url", &second]);
    assert_eq!(text(&reindex.stdout), "3 resources\n", "{}", text(&reindex.stderr));
    let process = Process::serve(&second);
    runtime.block_on(async {
        process.client.finds("Patient?family=Example&_elements=id", "rosa-example").await
    });
}

#[test]
fn metrics_have_a_listener_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("gateway.db").display());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let metrics = format!("127.0.0.1:{port}");
    let process = Process::spawn(super::command(&[
        "serve",
        "--open",
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        &url,
        "--metrics-listen",
        &metrics,
    ]));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        process
            .client
            .post("Task", &json!({"resourceType": "Task", "status": "requested", "intent": "order"}))
            .await
            .expect(201);
        let page = Client::new(&format!("http://{metrics}"));
        // The worker counts what the outbox tells it, a moment later.
        for _ in 0..100 {
            let text = page.get("metrics").await.expect(200).text();
            let counted = text.contains("sdoh_gateway_task_status_total{status=\"requested\"} 1");
            if counted
                && text.contains("sdoh_gateway_request_seconds_bucket{interaction=\"create\",status=\"201\"")
            {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the metrics do not speak of the Task:\n{}", page.get("metrics").await.text());
    });
}
