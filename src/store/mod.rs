//! Ring 5: what is kept, in SQLite or PostgreSQL. One SQL for both wherever they agree.
//!
//! Two invariants hold here. An answer means it is on disk: SQLite runs with `synchronous = FULL`, and PostgreSQL is
//! refused when it runs without `fsync`. And writers form one line, in SQLite by its nature, in PostgreSQL by an advisory
//! lock held to the commit: so the order of [`Version::seq`] is the order of commit, and whoever polls by `_lastUpdated`
//! can never be overtaken by a write that took its time earlier and landed later.

mod audit;
mod backup;
mod client;
mod disclosure;
mod entries;
mod export;
mod history;
mod open;
mod outbox;
mod own_key;
mod read;
mod referral;
mod reindex;
mod schema;
mod search;
mod snapshot;
mod sql;
mod visible;
mod write;

pub use audit::AuditFilter;
pub use backup::{backup, restore};

pub use client::{ClientRow, ClientsVersion};
pub use disclosure::{Link, NewDisclosure, TaskKey};
pub use export::{Among, Candidate, Candidates, ExportRow, Moment};
pub use history::{HistoryFilter, HistoryScope};
pub use open::{Durability, Options};
pub use outbox::{Leased, NewMessage};
pub use own_key::OwnKeyRow;
pub use referral::{NewLinks, NewParties};
#[doc(hidden)]
pub use schema::migrate_partly;
pub use search::{Cursor, Found, Page, SortKey};
pub use snapshot::{Isolation, Snapshot};
pub use write::{NewVersion, WriteBatch, WriteTransaction};

use std::sync::Arc;

use sqlx::AnyPool;

use crate::fhir::time::Instant;
use crate::search::ParameterKey;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no. Its text names tables, never values.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database would not keep its promise over a power cut.
    #[error("PostgreSQL runs with {0}: an answer would not mean that the data is on disk; switch it on")]
    NotDurable(&'static str),
    /// The URL is of neither database.
    #[error("'{0}' is not a database URL: use sqlite://FILE or postgres://USER@HOST/DATABASE")]
    Url(String),
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A statement with more values than a database takes.
    #[error("this asks for too many values at once")]
    TooManyValues,
    /// Something that this database cannot do.
    #[error("{0}")]
    Unsupported(&'static str),
}

/// Which database is behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Embedded, one file.
    Sqlite,
    /// A server.
    Postgres,
}

/// Number of a space in the database; 1 is the default space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpaceId(pub i64);

/// The space at `/fhir`.
pub const DEFAULT_SPACE: SpaceId = SpaceId(1);

/// A resource's identity: (space, type, id).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Keeps organisations' ids apart.
    pub space: SpaceId,
    /// Resource type.
    pub type_name: Arc<str>,
    /// Logical id.
    pub id: Arc<str>,
}

impl Key {
    /// A key from its parts.
    pub fn new(space: SpaceId, type_name: &str, id: &str) -> Key {
        Key { space, type_name: type_name.into(), id: id.into() }
    }
}

/// One version of a resource as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Version {
    /// Whose version.
    pub key: Key,
    /// When it was written; unique in the store and in the order of commit.
    pub seq: Instant,
    /// `meta.versionId`, from 1.
    pub version: u64,
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Who wrote it, where known: a reference, say `Organization/1`.
    pub author: Option<String>,
    /// Who wrote the first version, where known.
    pub creator: Option<String>,
    /// The resource as JSON text; `None` when this version is a deletion.
    pub body: Option<String>,
    /// What validation had to say, as the JSON of an OperationOutcome; `None` when nothing.
    pub issues: Option<String>,
}

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    kind: Kind,
    pool: AnyPool,
    /// For SQLite the one connection that writes; PostgreSQL has as many, and an advisory lock.
    writers: AnyPool,
    /// The database's number for each [`ParameterKey`].
    parameters: Arc<[i64]>,
}

impl Store {
    /// Which database this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    fn parameter(&self, key: ParameterKey) -> i64 {
        self.parameters[key.index()]
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.writers.is_closed()
    }

    /// Closes all connections; SQLite folds its log into the file.
    pub async fn close(&self) {
        self.writers.close().await;
        self.pool.close().await;
    }
}
