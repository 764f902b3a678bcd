//! Databases that would lose what they acknowledged, and those that are none.

use sdoh_gateway::search::Registry;
use sdoh_gateway::store::{Options, Store, StoreError};

use crate::harness::{Postgres, embedded, skipped};

fn open(url: &str) -> Result<(), StoreError> {
    let registry = Registry::new(embedded());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&Options::new(url), &registry).await?;
        store.close().await;
        Ok(())
    })
}

#[test]
fn postgresql_that_would_lose_what_it_acknowledged_is_refused() {
    for (settings, expected) in
        [("-c fsync=off", "fsync = off"), ("-c full_page_writes=off", "full_page_writes = off")]
    {
        let Some(server) = Postgres::start(settings) else {
            return skipped("PostgreSQL: refusing one without fsync was not looked at");
        };
        let refused = open(&server.url("postgres")).expect_err("refused");
        assert!(matches!(refused, StoreError::NotDurable(setting) if setting == expected), "{refused}");
    }
}

#[test]
fn what_is_no_database_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be looked at as if it were one. ".repeat(20))
        .unwrap();
    let before = std::fs::read(&text).unwrap();
    for url in [
        "mysql://localhost/x".to_owned(),
        "gateway.db".to_owned(),
        String::new(),
        format!("sqlite://{}/none/gateway.db", folder.path().display()),
        format!("sqlite://{}", folder.path().display()),
        format!("sqlite://{}", text.display()),
        "postgres://gateway:secret@127.0.0.1:1/none".to_owned(),
    ] {
        let refused = open(&url).expect_err(&url).to_string();
        assert!(!refused.contains("secret"), "{refused}");
    }
    assert_eq!(std::fs::read(&text).unwrap(), before, "left as it is");
}
