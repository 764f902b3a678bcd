//! The schema and its migrations. One text serves both databases; five words differ.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyPool, AssertSqlSafe, SqlSafeStr as _};

use super::{Kind, StoreError};

/// Each migration, in order. One that has been released is never changed; a new one is added.
const MIGRATIONS: &[(&str, &str)] = &[
    ("resources", include_str!("migrations/0001_resources.sql")),
    ("audit and outbox", include_str!("migrations/0002_audit_and_outbox.sql")),
    ("exports", include_str!("migrations/0003_exports.sql")),
    ("access", include_str!("migrations/0004_access.sql")),
    ("clients", include_str!("migrations/0005_clients.sql")),
];

/// Brings the schema up to date. Nodes that start together wait for each other.
pub(super) async fn migrate(kind: Kind, pool: &AnyPool) -> Result<(), StoreError> {
    let migrator = migrator(kind, MIGRATIONS.len());
    match kind {
        // The lock that sqlx takes for migrations is none on SQLite.
        Kind::Sqlite => {
            let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
            migrator.run_direct(None, &mut *transaction, false).await?;
            transaction.commit().await?;
        }
        Kind::Postgres => migrator.run(pool).await?,
    }
    Ok(())
}

fn migrator(kind: Kind, count: usize) -> Migrator {
    let migrations = MIGRATIONS.iter().take(count).enumerate().map(|(index, (name, text))| {
        let sql = AssertSqlSafe(in_words_of(kind, text)).into_sql_str();
        Migration::new(index as i64 + 1, Cow::Borrowed(name), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

fn in_words_of(kind: Kind, text: &str) -> String {
    let words = match kind {
        // Only a column declared INTEGER PRIMARY KEY is SQLite's row id.
        Kind::Sqlite => [
            ("{integer}", "INTEGER"),
            // AUTOINCREMENT never gives a number twice: it is an idempotency key.
            ("{serial}", "INTEGER PRIMARY KEY AUTOINCREMENT"),
            ("{real}", "REAL"),
            ("{text}", "TEXT"),
            ("{clustered}", "WITHOUT ROWID"),
        ],
        // Byte order, as SQLite has it: prefixes become ranges.
        Kind::Postgres => [
            ("{integer}", "BIGINT"),
            ("{serial}", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
            ("{real}", "DOUBLE PRECISION"),
            ("{text}", "TEXT COLLATE \"C\""),
            ("{clustered}", ""),
        ],
    };
    words.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
}

/// For the test of upgrades: a schema as it was after its first `count` migrations.
#[doc(hidden)]
pub async fn migrate_partly(url: &str, count: usize) -> Result<(), StoreError> {
    let (kind, readers, writers) = super::open::connect(&super::Options::new(url)).await?;
    migrator(kind, count).run(&writers).await?;
    readers.close().await;
    writers.close().await;
    Ok(())
}
