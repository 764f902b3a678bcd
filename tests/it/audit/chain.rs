//! Whoever changes the record is found out: from the command line, on both databases.

use serde_json::json;

use super::rows;
use crate::harness::{AUDIT_KEY, Database, Server, local, on_databases};
use crate::process::run;
use crate::store::execute;

/// A record of two chains with some pages each.
async fn record(database: &Database, checkpoints: &std::path::Path) {
    for chain in 0..2 {
        let mut config = local(&database.url);
        config.audit.checkpoint_file = Some(checkpoints.to_owned());
        let server = Server::start(&config).await;
        for n in 0..4 {
            let id = format!("p{chain}-{n}");
            server.store(&json!({"resourceType": "Patient", "id": id})).await;
            server.read(&format!("Patient/{id}")).await;
        }
        server.stop().await;
    }
}

/// What `audit verify` says, and its exit code.
fn verify(database: &Database, more: &[&str]) -> (i32, String) {
    let arguments = [&["audit", "verify", "--database-url", &database.url], more].concat();
    let output = run(&arguments);
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), text)
}

#[test]
fn each_change_is_found_and_named() {
    on_databases(async |database| {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = folder.path().join("checkpoints");
        record(database, &checkpoints).await;
        let kept = checkpoints.display().to_string();
        let with_checkpoints = ["--checkpoints", kept.as_str()];
        let lines = std::fs::read_to_string(&checkpoints).unwrap();
        assert_eq!(lines.lines().count(), 2, "one at each stop: {lines}");
        let (code, text) = verify(database, &with_checkpoints);
        assert_eq!(code, 0, "{text}");
        assert!(text.starts_with("whole: ") && text.contains("of 2 chains"), "{text}");
        let numbers: Vec<String> =
            rows(database, "SELECT CAST(max(number) AS TEXT) FROM audit_page GROUP BY chain ORDER BY chain")
                .await;
        let last: Vec<u64> = numbers.iter().map(|number| number.parse().unwrap()).collect();
        assert!(last[0] >= 4, "{last:?}");
        let of = |chain: u64, number: u64| format!("WHERE chain = {chain} AND number = {number}");
        let changed = "page 2 of chain 1, of 2026-11-22T09:00:00";
        // What is done, and what is said without and with the checkpoints.
        let cases = [
            (
                format!(
                    "UPDATE audit_page SET events = replace(events, 'Patient/p', 'Patient/q') {}",
                    of(1, 2)
                ),
                changed,
                changed,
            ),
            (
                format!(
                    "UPDATE audit_page SET hash = CASE WHEN hash LIKE 'a%' THEN 'b' ELSE 'a' END || substr(hash, 2) {}",
                    of(1, 2)
                ),
                changed,
                changed,
            ),
            (
                format!(
                    "UPDATE audit_page SET signature = CASE WHEN signature LIKE 'A%' THEN 'B' ELSE 'A' END || substr(signature, 2) {}",
                    of(1, 2)
                ),
                "page 2 of chain 1",
                "page 2 of chain 1",
            ),
            (
                format!("UPDATE audit_page SET number = 100 {}", of(1, 2)),
                "chain 1 has no page 2",
                "chain 1 has no page 2",
            ),
            (
                format!("UPDATE audit_page SET chain = 9 {}", of(1, 2)),
                "chain 9 has no page 1",
                "chain 9 has no page 1",
            ),
            (
                format!("UPDATE audit_page SET seq = seq + 1000000 {}", of(1, 2)),
                "chain 1 has no page 2",
                "chain 1 has no page 2",
            ),
            (
                format!("DELETE FROM audit_page {}", of(1, 2)),
                "chain 1 has no page 2",
                "chain 1 has no page 2",
            ),
            (
                format!("DELETE FROM audit_page {}", of(1, 1)),
                "chain 1 has no page 1",
                "chain 1 has no page 1",
            ),
            (
                format!("DELETE FROM audit_page {}", of(1, last[0])),
                "but the start of chain 2 has seen page",
                "but the start of chain 2 has seen page",
            ),
            (
                "DELETE FROM audit_page WHERE chain = 1".into(),
                "chain 1 ends with page 0, but the start of chain 2",
                "chain 1 ends with page 0",
            ),
            // The very end: only who has kept a checkpoint knows.
            (
                format!("DELETE FROM audit_page {}", of(2, last[1])),
                "whole: ",
                "but the checkpoint of 2026-11-2",
            ),
            (
                "DELETE FROM audit_page WHERE chain = 2".into(),
                "whole: ",
                "chain 2 ends with page 0, but the checkpoint of",
            ),
            (
                "DELETE FROM audit_subject WHERE subject = (SELECT max(subject) FROM audit_subject)".into(),
                "is not found by all it speaks of",
                "is not found by all",
            ),
        ];
        for (change, without, with) in &cases {
            keep(database).await;
            execute(database, std::slice::from_ref(change)).await;
            let (code, text) = verify(database, &[]);
            assert!(text.contains(without), "{change}: {text}");
            assert_eq!(code, if *without == "whole: " { 0 } else { 1 }, "{change}: {text}");
            let (code, text) = verify(database, &with_checkpoints);
            assert!(text.contains(with), "{change}: {text}");
            assert_eq!(code, 1, "{change}: {text}");
            undo(database).await;
        }
        assert_eq!(verify(database, &with_checkpoints).0, 0, "all is as it was");
        // An index that hides something is made anew.
        execute(database, &["DELETE FROM audit_subject".into()]).await;
        assert_eq!(verify(database, &[]).0, 1);
        let reindex = run(&["reindex", "--database-url", &database.url]);
        assert_eq!(reindex.status.code(), Some(0), "{reindex:?}");
        assert_eq!(verify(database, &[]).0, 0);
    });
}

const TABLES: [&str; 2] = ["audit_page", "audit_subject"];

/// Keeps the record beside itself.
async fn keep(database: &Database) {
    let copies = TABLES.map(|table| format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"));
    execute(database, &copies).await;
}

async fn undo(database: &Database) {
    let statements = TABLES.map(|table| {
        [
            format!("DELETE FROM {table}"),
            format!("INSERT INTO {table} SELECT * FROM kept_{table}"),
            format!("DROP TABLE kept_{table}"),
        ]
    });
    execute(database, &statements.concat()).await;
}

/// One who can write to the database, but has not the key, writes another past: all hashes go together.
#[test]
fn a_past_written_anew_is_found_by_its_signatures() {
    use sdoh_gateway::audit::{NO_PAGE, Page, SigningKey, hash_of};
    use sdoh_gateway::search::Registry;
    use sdoh_gateway::store::{AuditFilter, Options, Store};

    use crate::harness::embedded;

    on_databases(async |database| {
        let folder = tempfile::tempdir().unwrap();
        record(database, &folder.path().join("checkpoints")).await;
        let store = Store::open(&Options::new(&database.url), &Registry::new(embedded())).await.unwrap();
        let pages = store.audit_pages_after(None, AuditFilter::default(), 1000).await.unwrap();
        store.close().await;
        let strangers = SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap();
        let mut statements = Vec::new();
        let mut link = NO_PAGE.to_owned();
        for page in pages.iter().filter(|page| page.chain == 2) {
            let mut page: Page = page.clone();
            page.events = page.events.replace("Patient/p1-0", "Patient/p1-9");
            page.hash = hash_of(&link, &page);
            page.signature = strangers.sign(&page.end());
            link = page.link();
            let Page { seq, hash, signature, events, .. } = page;
            let events = events.replace('\'', "''");
            statements.push(format!("UPDATE audit_page SET hash = '{hash}', signature = '{signature}', events = '{events}' WHERE seq = {}", seq.0));
        }
        execute(database, &statements).await;
        let (code, text) = verify(database, &[]);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("page 1 of chain 2, of 2026-11-23T09:00:00"), "{text}");
        assert!(text.contains("has a signature that is not its key's"), "{text}");
    });
}

#[test]
fn without_the_key_nothing_is_proved() {
    on_databases(async |database| {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = folder.path().join("checkpoints");
        record(database, &checkpoints).await;
        let at = |name: &str| folder.path().join(name).display().to_string();
        let key = sdoh_gateway::audit::SigningKey::from_pem(AUDIT_KEY).unwrap();
        std::fs::write(at("right.pub"), key.public_key().to_pem()).unwrap();
        let pem = sdoh_gateway::audit::SigningKey::generate().unwrap();
        let wrong = sdoh_gateway::audit::SigningKey::from_pem(&pem).unwrap();
        std::fs::write(at("wrong.pub"), wrong.public_key().to_pem()).unwrap();
        std::fs::write(at("none.pub"), "no key").unwrap();
        for (key, code, expected) in [
            ("right.pub", 0, "whole: "),
            ("wrong.pub", 2, "cannot tell: hashes go together, but of 2 chains (1, 2) no key"),
            ("none.pub", 2, "no Ed25519 public key in PEM"),
            ("not-there.pub", 2, "not-there.pub: "),
        ] {
            let (exit, text) =
                verify(database, &["--public-key", &at(key), "--checkpoints", &at("checkpoints")]);
            assert!(text.contains(expected), "{key}: {text}");
            assert_eq!(exit, code, "{key}: {text}");
        }
        let (code, text) = verify(database, &["--checkpoints", &at("right.pub")]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("right.pub:1: no checkpoint"), "{text}");
        execute(database, &["DROP TABLE audit_page".into()]).await;
        assert_eq!(verify(database, &[]).0, 2);
    });
    let nowhere = run(&["audit", "verify", "--database-url", "sqlite:///not/there.db"]);
    assert_eq!(nowhere.status.code(), Some(2));
}
