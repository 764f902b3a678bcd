//! Histories: of a resource, of a type, of a space.

use sqlx::Row as _;

use crate::access::Viewer;
use crate::fhir::time::{Instant, Period};

use super::sql::Sql;
use super::visible::and_visible;
use super::{Key, SpaceId, Store, StoreError, Version, read};

/// Whose history is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryScope {
    /// One resource's.
    Instance(Key),
    /// All resources' of one type.
    Type(SpaceId, String),
    /// All resources' of a space.
    Space(SpaceId),
}

/// Which versions of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryFilter {
    /// Not older than this.
    pub since: Option<Instant>,
    /// Current at some moment of this span.
    pub at: Option<Period>,
}

impl Store {
    /// Up to `count` versions, newest first, older than `before` where that is given.
    pub async fn history(
        &self,
        viewer: &Viewer,
        scope: &HistoryScope,
        filter: HistoryFilter,
        before: Option<Instant>,
        count: usize,
    ) -> Result<Vec<Version>, StoreError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(read::VERSION_COLUMNS);
        choose(&mut sql, viewer, scope, filter);
        if let Some(before) = before {
            sql.add(" AND v.seq < ?", [before.into()]);
        }
        sql.add(" ORDER BY v.seq DESC LIMIT ?", [i64::try_from(count).unwrap_or(i64::MAX).into()]);
        let rows = sql.fetch_all(&mut *self.pool.acquire().await?).await?;
        rows.iter().map(read::version).collect()
    }

    /// How many versions there are.
    pub async fn history_total(
        &self,
        viewer: &Viewer,
        scope: &HistoryScope,
        filter: HistoryFilter,
    ) -> Result<u64, StoreError> {
        let mut sql = Sql::new("SELECT count(*)");
        choose(&mut sql, viewer, scope, filter);
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or(0).unsigned_abs())
    }
}

fn choose(sql: &mut Sql, viewer: &Viewer, scope: &HistoryScope, filter: HistoryFilter) {
    let (space, type_name) = match scope {
        HistoryScope::Instance(key) => (key.space, Some(&*key.type_name)),
        HistoryScope::Type(space, type_name) => (*space, Some(type_name.as_str())),
        HistoryScope::Space(space) => (*space, None),
    };
    match scope {
        HistoryScope::Instance(key) => sql.add(
            " FROM version v WHERE v.space = ? AND v.type = ? AND v.id = ?",
            [key.space.into(), (&*key.type_name).into(), (&*key.id).into()],
        ),
        HistoryScope::Type(space, type_name) => sql.add(
            " FROM version v WHERE v.space = ? AND v.type = ?",
            [(*space).into(), type_name.as_str().into()],
        ),
        HistoryScope::Space(space) => sql.add(" FROM version v WHERE v.space = ?", [(*space).into()]),
    };
    and_visible(sql, viewer, space, "v", type_name);
    if let Some(since) = filter.since {
        sql.add(" AND v.seq >= ?", [since.into()]);
    }
    if let Some(at) = filter.at {
        // Not after it, and not followed before it.
        sql.add(
            " AND v.seq <= ? AND NOT EXISTS (SELECT 1 FROM version n WHERE n.space = v.space AND n.type = v.type \
             AND n.id = v.id AND n.version = v.version + 1 AND n.seq <= ?)",
            [at.high.into(), at.low.into()],
        );
    }
}
