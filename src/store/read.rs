//! Reading resources, versions and histories.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use crate::fhir::time::Instant;

use super::sql::Sql;
use super::{Key, SpaceId, Store, StoreError, Version};

/// The columns [`version`] reads, of a table called `v`.
pub(super) const VERSION_COLUMNS: &str =
    "v.seq, v.space, v.type, v.id, v.version, v.method, v.author, v.body, v.issues";

/// Makes a [`Version`] of a row of [`VERSION_COLUMNS`].
pub(super) fn version(row: &AnyRow) -> Result<Version, StoreError> {
    let (space, type_name, id): (i64, &str, &str) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    Ok(Version {
        key: Key::new(SpaceId(space), type_name, id),
        seq: Instant(row.try_get(0)?),
        version: row.try_get::<i64, _>(4)?.unsigned_abs(),
        method: row.try_get(5)?,
        author: row.try_get(6)?,
        body: row.try_get(7)?,
        issues: row.try_get(8)?,
    })
}

/// Whose history is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryScope {
    /// One resource's.
    Instance(Key),
    /// All resources' of one type.
    Type(SpaceId, String),
}

impl Store {
    /// The current version; a deleted one has no body.
    pub async fn read(&self, key: &Key) -> Result<Option<Version>, StoreError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(VERSION_COLUMNS).push(" FROM resource r JOIN version v ON v.seq = r.seq WHERE r.space = ");
        sql.bind(key.space).push(" AND r.type = ").bind(&*key.type_name).push(" AND r.id = ").bind(&*key.id);
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        row.as_ref().map(version).transpose()
    }

    /// One version of a resource.
    pub async fn read_version(&self, key: &Key, number: u64) -> Result<Option<Version>, StoreError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(VERSION_COLUMNS)
            .push(" FROM version v WHERE v.space = ")
            .bind(key.space)
            .push(" AND v.type = ");
        sql.bind(&*key.type_name).push(" AND v.id = ").bind(&*key.id).push(" AND v.version = ");
        sql.bind(i64::try_from(number).unwrap_or(i64::MAX));
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        row.as_ref().map(version).transpose()
    }

    /// Up to `count` versions, newest first, older than `before` where that is given.
    pub async fn history(
        &self,
        scope: &HistoryScope,
        before: Option<Instant>,
        count: usize,
    ) -> Result<Vec<Version>, StoreError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(VERSION_COLUMNS).push(" FROM version v WHERE v.space = ");
        match scope {
            HistoryScope::Instance(key) => {
                sql.bind(key.space)
                    .push(" AND v.type = ")
                    .bind(&*key.type_name)
                    .push(" AND v.id = ")
                    .bind(&*key.id);
            }
            HistoryScope::Type(space, type_name) => {
                sql.bind(*space).push(" AND v.type = ").bind(type_name.as_str());
            }
        }
        if let Some(before) = before {
            sql.push(" AND v.seq < ").bind(before);
        }
        sql.push(" ORDER BY v.seq DESC LIMIT ").bind(i64::try_from(count).unwrap_or(i64::MAX));
        let rows = sql.fetch_all(&mut *self.pool.acquire().await?).await?;
        rows.iter().map(version).collect()
    }

    /// How many versions there are.
    pub async fn history_total(&self, scope: &HistoryScope) -> Result<u64, StoreError> {
        let mut sql = Sql::new("SELECT count(*) FROM version v WHERE v.space = ");
        match scope {
            HistoryScope::Instance(key) => {
                sql.bind(key.space)
                    .push(" AND v.type = ")
                    .bind(&*key.type_name)
                    .push(" AND v.id = ")
                    .bind(&*key.id);
            }
            HistoryScope::Type(space, type_name) => {
                sql.bind(*space).push(" AND v.type = ").bind(type_name.as_str());
            }
        }
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or(0).unsigned_abs())
    }

    /// The moment of the latest commit. No version that a later search finds for the first time is older, so a client
    /// that asks for what changed after it misses nothing. `None` in an empty store.
    pub async fn latest(&self) -> Result<Option<Instant>, StoreError> {
        latest(&mut *self.pool.acquire().await?).await
    }
}

/// See [`Store::latest`].
pub(super) async fn latest(connection: &mut AnyConnection) -> Result<Option<Instant>, StoreError> {
    let row = Sql::new("SELECT max(seq) FROM version").fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get::<Option<i64>, _>(0)).transpose()?.flatten().map(Instant))
}
