//! A view of the store for one search, which takes several statements.

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Transaction};

use crate::access::Viewer;
use crate::fhir::time::Instant;

use super::{Key, Kind, Store, StoreError, Version, WriteTransaction, read};

/// Whether what others commit meanwhile shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Each statement sees what is committed by then. Enough where one statement gives the answer.
    Statement,
    /// All statements see the same moment, so that what is included goes with what was found.
    Snapshot,
}

/// A connection for the statements of one search.
pub struct Snapshot<'s> {
    pub(super) store: &'s Store,
    pub(super) viewer: &'s Viewer,
    held: Held<'s>,
}

enum Held<'s> {
    Connection(PoolConnection<Any>),
    /// Only read from; dropped, it ends.
    Transaction(Transaction<'static, Any>),
    /// That of a transaction that writes, which sees what it has written.
    Writing(&'s mut AnyConnection),
}

impl Store {
    /// A view of the store for one search, of what the viewer may see.
    pub async fn snapshot<'s>(
        &'s self,
        viewer: &'s Viewer,
        isolation: Isolation,
    ) -> Result<Snapshot<'s>, StoreError> {
        let held = match (isolation, self.kind) {
            (Isolation::Statement, _) => Held::Connection(self.pool.acquire().await?),
            (Isolation::Snapshot, Kind::Sqlite) => Held::Transaction(self.pool.begin().await?),
            (Isolation::Snapshot, Kind::Postgres) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Held::Transaction(self.pool.begin_with(begin).await?)
            }
        };
        Ok(Snapshot { store: self, viewer, held })
    }
}

impl WriteTransaction<'_> {
    /// A view that shows what this transaction has written.
    pub fn snapshot<'s>(&'s mut self, viewer: &'s Viewer) -> Snapshot<'s> {
        Snapshot { store: self.store, viewer, held: Held::Writing(&mut self.inner) }
    }
}

impl Snapshot<'_> {
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        match &mut self.held {
            Held::Connection(connection) => connection,
            Held::Transaction(transaction) => transaction,
            Held::Writing(connection) => connection,
        }
    }

    /// As [`Store::latest`].
    pub async fn latest(&mut self) -> Result<Option<Instant>, StoreError> {
        read::latest(self.connection()).await
    }

    /// As [`Store::read_all`].
    pub async fn read_all(&mut self, keys: &[Key]) -> Result<Vec<Version>, StoreError> {
        let viewer = self.viewer;
        read::current(self.connection(), viewer, &keys.iter().collect::<Vec<_>>()).await
    }
}
