//! A database of a test's own.

use sdoh_gateway::store::Kind;
use tempfile::TempDir;

use super::Postgres;

/// An empty database.
pub struct Database {
    pub url: String,
    place: Place,
}

enum Place {
    Sqlite(#[expect(dead_code, reason = "keeps the folder until the test is over")] TempDir),
    Postgres(String),
}

impl Database {
    /// A new one; `None` where there is no such database.
    pub async fn fresh(kind: Kind) -> Option<Database> {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}", folder.path().join("gateway.db").display());
                Some(Database { url, place: Place::Sqlite(folder) })
            }
            Kind::Postgres => {
                let server = Postgres::shared()?;
                let name = server.create().await;
                Some(Database { url: server.url(&name), place: Place::Postgres(name) })
            }
        }
    }

    /// Removes it.
    pub async fn remove(self) {
        if let (Place::Postgres(name), Some(server)) = (&self.place, Postgres::shared()) {
            server.remove(name).await;
        }
    }
}
