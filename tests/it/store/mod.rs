//! The store: upgrades, entries made anew, backups, what it refuses, and many clients at once.

mod backup;
mod concurrency;
mod durability;
mod reindex;
mod upgrade;

use sdoh_gateway::store::Options;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

use crate::harness::Database;

/// Carries out statements on a database from outside the gateway.
pub async fn execute(database: &Database, statements: &[String]) {
    let mut connection = connect(database).await;
    for statement in statements {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statement.clone()))).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// Rows of a query on a database from outside the gateway.
pub async fn rows(database: &Database, query: &str) -> Vec<AnyRow> {
    let mut connection = connect(database).await;
    let rows = sqlx::query(AssertSqlSafe(query.to_owned())).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows
}

async fn connect(database: &Database) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(&database.url).await.unwrap()
}

fn options(database: &Database) -> Options {
    Options::new(&database.url)
}
