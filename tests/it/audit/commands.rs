//! `audit export`, `audit patient`, and the key that is made when none is given.

use serde_json::{Value, json};

use crate::harness::Database;
use crate::process::{Process, command, run};
use sdoh_gateway::store::Kind;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn export_and_the_view_of_a_patient() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let Some(database) = Database::fresh(kind).await else { return };
            let process = Process::serve(&database.url);
            let client = &process.client;
            client.store(&json!({"resourceType": "Patient", "id": "p1"})).await;
            client.store(&json!({"resourceType": "Task", "id": "t1", "status": "draft", "intent": "order", "for": {"reference": "Patient/p1"}})).await;
            client.store(&json!({"resourceType": "Patient", "id": "p2"})).await;
            client.get_with("Task/t1", &[("X-Request-Id", "who-am-i")]).await.expect(200);
            assert_eq!(process.terminate(), 0);
            let of = |arguments: &[&str]| {
                let output = run(&[arguments, &["--database-url", &database.url]].concat());
                assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
                text(&output.stdout)
            };
            let all: Vec<Value> = of(&["audit", "export"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let codes: Vec<&str> = all.iter().map(|event| event["subtype"][0]["code"].as_str().unwrap_or("-")).collect();
            // From the start of the gateway to the looking itself, which begins a chain of its own.
            assert_eq!(codes, ["110120", "create", "create", "create", "read", "110121", "110120", "-"], "{all:#?}");
            assert!(all.iter().all(|event| event["resourceType"] == "AuditEvent"));
            let of_patient = of(&["audit", "export", "--patient", "Patient/p1"]);
            assert_eq!(of_patient.lines().count(), 4, "{of_patient}");
            assert!(!of_patient.contains("Patient/p2"), "{of_patient}");
            assert_eq!(of(&["audit", "export", "--until", "2020"]), "");
            let seen = of(&["audit", "patient", "Patient/p1"]);
            let lines: Vec<Vec<&str>> = seen.lines().map(|line| line.split('\t').collect()).collect();
            let what: Vec<&str> = lines.iter().map(|line| line[2]).collect();
            assert_eq!(what, ["create", "create", "read", "audit use", "audit use"], "{seen}");
            assert_eq!(&lines[2][1..], ["anyone", "read", "Task/t1", "127.0.0.1", "who-am-i"]);
            assert_eq!(of(&["audit", "patient", "p9"]).lines().count(), 1);
            assert!(of(&["audit", "verify"]).starts_with("whole: "));
            database.remove().await;
        });
    }
    let wrong = run(&["audit", "patient", "Task/1"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_key_is_made_beside_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.db");
    let url = format!("sqlite://{}", file.display());
    let keyless = |arguments: &[&str]| {
        let mut command = command(&[arguments, &["--database-url", &url]].concat());
        command.env_remove("SDOH_GATEWAY_AUDIT__SIGNING_KEY");
        command
    };
    let process = Process::spawn(keyless(&["serve", "--open", "--listen", "127.0.0.1:0"]));
    tokio::runtime::Runtime::new().unwrap().block_on(async { process.client.get("Task").await.expect(200) });
    assert_eq!(process.terminate(), 0);
    let key = folder.path().join("gateway.db.audit-key");
    assert!(key.exists() && folder.path().join("gateway.db.audit-key.pub").exists());
    let verified = keyless(&["audit", "verify"]).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stdout));
    // Whoever keeps the record elsewhere needs no secret to verify it.
    std::fs::remove_file(&key).unwrap();
    let verified = keyless(&["audit", "verify"]).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stdout));
    std::fs::remove_file(folder.path().join("gateway.db.audit-key.pub")).unwrap();
    let verified = keyless(&["audit", "verify"]).output().unwrap();
    assert_eq!(verified.status.code(), Some(2), "{}", text(&verified.stdout));
    // A key that is named has to be there.
    let missing = folder.path().join("missing").display().to_string();
    let mut serve = keyless(&["serve", "--open", "--listen", "127.0.0.1:0"]);
    let refused = serve.env("SDOH_GATEWAY_AUDIT__SIGNING_KEY_FILE", &missing).output().unwrap();
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("audit.signing-key-file"), "{}", text(&refused.stderr));
}

#[test]
fn a_backup_holds_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (first, second) = (format!("sqlite://{}", at("a.db")), format!("sqlite://{}", at("b.db")));
    let process = Process::serve(&first);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        process.client.store(&json!({"resourceType": "Patient", "id": "p1"})).await;
        process.client.get("Patient/p1").await.expect(200);
    });
    assert_eq!(process.terminate(), 0);
    let of = |arguments: &[&str]| {
        let output = run(arguments);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    };
    of(&["backup", &at("backup.gz"), "--database-url", &first]);
    of(&["restore", &at("backup.gz"), "--database-url", &second]);
    assert!(of(&["audit", "verify", "--database-url", &second]).starts_with("whole: "));
    let seen = of(&["audit", "patient", "p1", "--database-url", &second]);
    let what: Vec<&str> = seen.lines().map(|line| line.split('\t').nth(2).unwrap()).collect();
    assert_eq!(what, ["create", "read", "audit use"], "{seen}");
    let all = of(&["audit", "export", "--database-url", &second]);
    assert!(all.contains("\"110106\"") && all.contains("\"110107\""), "the backup and the restore are told");
}
