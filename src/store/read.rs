//! Reading resources and versions.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use crate::access::Viewer;
use crate::fhir::time::Instant;

use super::sql::Sql;
use super::visible::and_visible;
use super::{Key, SpaceId, Store, StoreError, Version};

/// The columns [`version`] reads, of a table called `v`.
pub(super) const VERSION_COLUMNS: &str =
    "v.seq, v.space, v.type, v.id, v.version, v.method, v.author, v.creator, v.body, v.issues";

/// How many those are.
pub(super) const VERSION_COLUMN_COUNT: usize = 10;

/// Makes a [`Version`] of a row of [`VERSION_COLUMNS`].
pub(super) fn version(row: &AnyRow) -> Result<Version, StoreError> {
    let (space, type_name, id): (i64, &str, &str) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    Ok(Version {
        key: Key::new(SpaceId(space), type_name, id),
        seq: Instant(row.try_get(0)?),
        version: row.try_get::<i64, _>(4)?.unsigned_abs(),
        method: row.try_get(5)?,
        author: row.try_get(6)?,
        creator: row.try_get(7)?,
        body: row.try_get(8)?,
        issues: row.try_get(9)?,
    })
}

impl Store {
    /// The current version; a deleted one has no body. What the viewer may not see is not there, here and below.
    pub async fn read(&self, viewer: &Viewer, key: &Key) -> Result<Option<Version>, StoreError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(VERSION_COLUMNS).add(
            " FROM resource r JOIN version v ON v.seq = r.seq WHERE r.space = ? AND r.type = ? AND r.id = ?",
            [key.space.into(), (&*key.type_name).into(), (&*key.id).into()],
        );
        and_visible(&mut sql, viewer, key.space, "v", Some(&key.type_name));
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        row.as_ref().map(version).transpose()
    }

    /// The current versions of these resources, in no order; those that never were are left out, deleted ones have no
    /// body.
    pub async fn read_all(&self, viewer: &Viewer, keys: &[Key]) -> Result<Vec<Version>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<&Key> = keys.iter().collect();
        current(&mut *self.pool.acquire().await?, viewer, &keys).await
    }

    /// One version of a resource.
    pub async fn read_version(
        &self,
        viewer: &Viewer,
        key: &Key,
        number: u64,
    ) -> Result<Option<Version>, StoreError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(VERSION_COLUMNS).add(
            " FROM version v WHERE v.space = ? AND v.type = ? AND v.id = ? AND v.version = ?",
            [
                key.space.into(),
                (&*key.type_name).into(),
                (&*key.id).into(),
                i64::try_from(number).unwrap_or(i64::MAX).into(),
            ],
        );
        and_visible(&mut sql, viewer, key.space, "v", Some(&key.type_name));
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        row.as_ref().map(version).transpose()
    }

    /// The moment of the latest commit. No version that a later search finds for the first time is older, so a client
    /// that asks for what changed after it misses nothing. `None` in an empty store.
    pub async fn latest(&self) -> Result<Option<Instant>, StoreError> {
        latest(&mut *self.pool.acquire().await?).await
    }
}

/// See [`Store::read_all`].
pub(super) async fn current(
    connection: &mut AnyConnection,
    viewer: &Viewer,
    keys: &[&Key],
) -> Result<Vec<Version>, StoreError> {
    let mut by_type: HashMap<(SpaceId, &str), Vec<&str>> = HashMap::new();
    for key in keys {
        by_type.entry((key.space, &key.type_name)).or_default().push(&key.id);
    }
    let mut found = Vec::with_capacity(keys.len());
    for ((space, type_name), ids) in by_type {
        for ids in ids.chunks(256) {
            let mut sql = Sql::new("SELECT ");
            sql.push(VERSION_COLUMNS).add(
                " FROM resource r JOIN version v ON v.seq = r.seq WHERE r.space = ? AND r.type = ? AND r.id IN ",
                [space.into(), type_name.into()],
            );
            sql.bind_list(ids);
            and_visible(&mut sql, viewer, space, "v", Some(type_name));
            for row in sql.fetch_all(connection).await? {
                found.push(version(&row)?);
            }
        }
    }
    Ok(found)
}

/// See [`Store::latest`].
pub(super) async fn latest(connection: &mut AnyConnection) -> Result<Option<Instant>, StoreError> {
    let row = Sql::new("SELECT max(seq) FROM version").fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get::<Option<i64>, _>(0)).transpose()?.flatten().map(Instant))
}
