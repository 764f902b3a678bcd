//! The write transaction: everything that belongs to one commit.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{AnyConnection, Row as _};

use crate::access::Viewer;
use crate::fhir::time::Instant;
use crate::search::Entries;

use super::outbox::{self, NewMessage};
use super::read::{self, VERSION_COLUMNS};
use super::referral::{self, NewLinks, NewParties};
use super::sql::{self, Sql, Value};
use super::{Key, Kind, Store, StoreError, Version, entries};

/// A version to be written.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// Whose.
    pub key: Key,
    /// From [`WriteTransaction::next_seq`] on, each once.
    pub seq: Instant,
    /// `meta.versionId`.
    pub version: u64,
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// Who writes.
    pub author: Option<String>,
    /// Who wrote the first version.
    pub creator: Option<String>,
    /// The resource with its server-owned fields; `None` deletes.
    pub body: Option<Arc<str>>,
    /// What validation had to say.
    pub issues: Option<String>,
    /// What the version is found by; nothing for a deletion.
    pub entries: Entries,
    /// The version it takes the place of, when that one is in the store already.
    pub replaces: Option<Instant>,
}

/// All that one commit writes.
#[derive(Debug, Clone, Default)]
pub struct WriteBatch {
    /// Versions in the order of their `seq`. A resource may be written more than once.
    pub versions: Vec<NewVersion>,
    /// Outbox.
    pub messages: Vec<NewMessage>,
    /// Who takes part in Tasks from now on.
    pub parties: Vec<NewParties>,
    /// What Tasks and orders reach from now on.
    pub links: Vec<NewLinks>,
    /// Resources that were never there before, and who creates them: what its creator has linked to in advance counts now.
    pub first: Vec<(Key, String)>,
}

impl WriteBatch {
    /// How much it is, roughly in rows.
    pub(super) fn len(&self) -> usize {
        let WriteBatch { versions, messages, parties, links, first } = self;
        versions.len() + messages.len() + parties.len() + links.len() + first.len()
    }
}

/// An open write transaction; there is only one at a time. Dropped without [`commit`](Self::commit), it never happened.
pub struct WriteTransaction<'s> {
    pub(super) store: &'s Store,
    pub(super) inner: sqlx::Transaction<'static, sqlx::Any>,
}

impl Store {
    /// Waits for its turn to write.
    pub async fn begin(&self) -> Result<WriteTransaction<'_>, StoreError> {
        Ok(WriteTransaction { store: self, inner: self.begin_raw().await? })
    }

    pub(super) async fn begin_raw(&self) -> Result<sqlx::Transaction<'static, sqlx::Any>, StoreError> {
        match self.kind {
            Kind::Sqlite => Ok(self.writers.begin_with("BEGIN IMMEDIATE").await?),
            Kind::Postgres => {
                let mut transaction = self.writers.begin().await?;
                // The one line that all writers of all nodes stand in; the number names this purpose and nothing else.
                sqlx::query("SELECT 1 FROM (SELECT pg_advisory_xact_lock(7364686701)) AS turn")
                    .execute(&mut *transaction)
                    .await?;
                Ok(transaction)
            }
        }
    }
}

impl WriteTransaction<'_> {
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    /// The moment of the next version: now, or just after the latest version where the clock has gone back.
    pub async fn next_seq(&mut self, now: Instant) -> Result<Instant, StoreError> {
        let row = Sql::new("SELECT max(seq) FROM version").fetch_optional(self.connection()).await?;
        let latest: Option<i64> = row.map(|row| row.try_get(0)).transpose()?.flatten();
        Ok(latest.map_or(now, |latest| now.max(Instant(latest + 1))))
    }

    /// The current versions of these resources; those that never were are left out, deleted ones have no body.
    pub async fn current(&mut self, keys: &[&Key]) -> Result<Vec<Version>, StoreError> {
        read::current(self.connection(), &Viewer::Everything, keys).await
    }

    /// The current resources that point at this one by a reference parameter, oldest version first.
    pub async fn referring(
        &mut self,
        parameter: crate::search::ParameterKey,
        target: &Key,
    ) -> Result<Vec<Version>, StoreError> {
        let number = self.store.parameter(parameter);
        let mut sql = Sql::new("SELECT ");
        sql.push(VERSION_COLUMNS).add(
            " FROM version v WHERE v.seq IN (SELECT e.seq FROM reference_entry e WHERE e.space = ? \
             AND e.parameter = ? AND e.target = ? AND e.type = ? AND e.base = '') ORDER BY v.seq",
            [target.space.into(), number.into(), (&*target.id).into(), (&*target.type_name).into()],
        );
        let rows = sql.fetch_all(self.connection()).await?;
        rows.iter().map(read::version).collect()
    }

    /// Writes versions, entries and outbox.
    pub async fn write(&mut self, batch: &WriteBatch) -> Result<(), StoreError> {
        let store = self.store;
        let connection = self.connection();
        let replaced: Vec<Instant> = batch.versions.iter().filter_map(|v| v.replaces).collect();
        entries::remove(connection, &replaced).await?;
        insert_versions(connection, &batch.versions).await?;
        // Only the last version of each resource is current and has entries.
        let mut last: HashMap<&Key, &NewVersion> = HashMap::new();
        for version in &batch.versions {
            last.insert(&version.key, version);
        }
        let mut last: Vec<&NewVersion> = last.into_values().collect();
        last.sort_by_key(|v| v.seq);
        set_current(connection, &last).await?;
        entries::insert(connection, |key| store.parameter(key), &last).await?;
        referral::write_parties(connection, &batch.parties).await?;
        referral::write_links(connection, &batch.links).await?;
        referral::settle(connection, &batch.first).await?;
        outbox::insert(connection, &batch.messages).await
    }

    /// The number of a space in this database, made on first use of its name.
    pub(super) async fn space(&mut self, name: &str) -> Result<super::SpaceId, StoreError> {
        let mut insert = Sql::new("INSERT INTO space (id, name) SELECT coalesce(max(id), 0) + 1, ");
        insert.add("? FROM space WHERE true ON CONFLICT (name) DO NOTHING", [name.into()]);
        insert.execute(self.connection()).await?;
        let mut select = Sql::new("SELECT id FROM space");
        select.add(" WHERE name = ?", [name.into()]);
        let row = select.fetch_optional(self.connection()).await?.ok_or(sqlx::Error::RowNotFound)?;
        Ok(super::SpaceId(row.try_get(0)?))
    }

    /// Makes it last: when this returns, the data is on disk.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit().await?)
    }
}

async fn insert_versions(connection: &mut AnyConnection, versions: &[NewVersion]) -> Result<(), StoreError> {
    let head = "INSERT INTO version (seq, space, type, id, version, method, author, creator, body, issues)";
    sql::insert_rows(connection, head, "", versions, |v| {
        [
            v.seq.into(),
            v.key.space.into(),
            (&*v.key.type_name).into(),
            (&*v.key.id).into(),
            Value::Integer(v.version as i64),
            v.method.into(),
            v.author.as_deref().into(),
            v.creator.as_deref().into(),
            v.body.as_deref().into(),
            v.issues.as_deref().into(),
        ]
    })
    .await
}

async fn set_current(connection: &mut AnyConnection, versions: &[&NewVersion]) -> Result<(), StoreError> {
    let head = "INSERT INTO resource (space, type, id, seq, version, deleted)";
    let tail = " ON CONFLICT (space, type, id) DO UPDATE \
                SET seq = excluded.seq, version = excluded.version, deleted = excluded.deleted";
    sql::insert_rows(connection, head, tail, versions, |v| {
        [
            v.key.space.into(),
            (&*v.key.type_name).into(),
            (&*v.key.id).into(),
            v.seq.into(),
            Value::Integer(v.version as i64),
            Value::Integer(v.body.is_none().into()),
        ]
    })
    .await
}
