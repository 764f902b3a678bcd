//! Bulk exports: the jobs, and what was current at their moment.
//!
//! Versions are never changed or removed, so the state at a moment can be read at any later time, page by page, with no
//! transaction held open meanwhile: of each resource the last version not after it.

use std::collections::BTreeSet;

use sqlx::Row as _;

use crate::access::Viewer;
use crate::fhir::time::Instant;
use crate::search::ParameterKey;

use super::read::{self, VERSION_COLUMNS};
use super::sql::Sql;
use super::visible::and_visible;
use super::{Key, SpaceId, Store, StoreError, Version};

/// A job as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// Id.
    pub id: String,
    /// Where.
    pub space: SpaceId,
    /// What was asked for, as the gateway writes it down.
    pub request: String,
    /// The last version that belongs to it.
    pub as_of: Instant,
    /// When it is forgotten.
    pub expires: Instant,
    /// Which files there are, as the gateway writes it down; `None` as long as that is not known.
    pub files: Option<String>,
}

/// All resources of a type at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'s> {
    /// Who looks. What may be seen now may be seen as it was.
    pub viewer: &'s Viewer,
    /// Where.
    pub space: SpaceId,
    /// Type.
    pub type_name: &'s str,
    /// Only those that changed after this.
    pub since: Option<Instant>,
    /// The moment.
    pub as_of: Instant,
}

/// Which of them.
#[derive(Debug, Clone, Copy)]
pub enum Among<'s> {
    /// All.
    All,
    /// Those of these ids.
    Ids(&'s BTreeSet<String>),
    /// Those that refer to a Patient, perhaps to one of these, by one of these parameters.
    Referring(&'s [ParameterKey], Option<&'s BTreeSet<String>>),
}

/// A version that may belong to an export.
pub struct Candidate {
    /// Logical id.
    pub id: String,
    /// The resource as JSON text.
    pub body: String,
    /// Whether the database could tell that it belongs. It cannot where the version is no longer current and so has no
    /// entries, nor where there are too many ids to ask for.
    pub is_certain: bool,
}

/// Those among some versions that were looked at.
pub struct Candidates {
    /// In the order of their `seq`.
    pub found: Vec<Candidate>,
    /// The last version that was looked at, after which there may be more.
    pub next: Option<Instant>,
}

/// Most ids that are put into one statement.
const MOST_IDS: usize = 256;

impl Store {
    /// Keeps a job, and forgets those that have expired by `now`.
    pub async fn add_export(&self, row: &ExportRow, now: Instant) -> Result<(), StoreError> {
        let mut transaction = self.begin_raw().await?;
        let mut sql = Sql::new("DELETE FROM export");
        sql.add(" WHERE expires <= ?", [now.into()]);
        sql.execute(&mut transaction).await?;
        let mut sql = Sql::new("INSERT INTO export (id, space, request, as_of, expires) VALUES ");
        sql.bind_row([
            row.id.as_str().into(),
            row.space.into(),
            row.request.as_str().into(),
            row.as_of.into(),
            row.expires.into(),
        ]);
        sql.execute(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// A job of a space that has not expired by `now`.
    pub async fn export(
        &self,
        space: SpaceId,
        id: &str,
        now: Instant,
    ) -> Result<Option<ExportRow>, StoreError> {
        let mut sql = Sql::new("SELECT request, as_of, expires, files FROM export");
        sql.add(" WHERE id = ? AND space = ? AND expires > ?", [id.into(), space.into(), now.into()]);
        let Some(row) = sql.fetch_optional(&mut *self.pool.acquire().await?).await? else { return Ok(None) };
        Ok(Some(ExportRow {
            id: id.to_owned(),
            space,
            request: row.try_get(0)?,
            as_of: Instant(row.try_get(1)?),
            expires: Instant(row.try_get(2)?),
            files: row.try_get(3)?,
        }))
    }

    /// Writes down which files a job has, if it is still there.
    pub async fn set_export_files(&self, id: &str, files: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin_raw().await?;
        let mut sql = Sql::new("UPDATE export");
        sql.add(" SET files = ? WHERE id = ?", [files.into(), id.into()]);
        sql.execute(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Forgets a job of a space. Gives whether there was one.
    pub async fn remove_export(&self, space: SpaceId, id: &str) -> Result<bool, StoreError> {
        let mut transaction = self.begin_raw().await?;
        let mut sql = Sql::new("DELETE FROM export");
        sql.add(" WHERE id = ? AND space = ?", [id.into(), space.into()]);
        let removed = sql.execute(&mut transaction).await?;
        transaction.commit().await?;
        Ok(removed > 0)
    }

    /// The version of a resource that was current at a moment; a deleted one has no body.
    pub async fn read_at(
        &self,
        viewer: &Viewer,
        key: &Key,
        as_of: Instant,
    ) -> Result<Option<Version>, StoreError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(VERSION_COLUMNS).add(
            " FROM version v WHERE v.space = ? AND v.type = ? AND v.id = ? AND v.seq <= ?",
            [key.space.into(), (&*key.type_name).into(), (&*key.id).into(), as_of.into()],
        );
        and_visible(&mut sql, viewer, key.space, "v", Some(&key.type_name));
        sql.push(" ORDER BY v.version DESC LIMIT 1");
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        row.as_ref().map(read::version).transpose()
    }

    /// How many resources there were at a moment.
    pub async fn count_at(&self, moment: &Moment<'_>) -> Result<u64, StoreError> {
        let mut sql = Sql::new("SELECT count(*)");
        from_versions(&mut sql, moment, None, "v.body IS NOT NULL");
        sql.push(" AND ");
        was_there(&mut sql, moment);
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or(0).unsigned_abs())
    }

    /// Looks at up to `count` versions, after one, for the resources there were at a moment.
    pub async fn candidates(
        &self,
        moment: &Moment<'_>,
        among: Among<'_>,
        after: Option<Instant>,
        count: usize,
    ) -> Result<Candidates, StoreError> {
        let mut sql = Sql::new("SELECT v.seq, v.id, CASE WHEN ");
        was_there(&mut sql, moment);
        let mut is_exact = true;
        let few = |ids: &'_ BTreeSet<String>| ids.len() <= MOST_IDS && !ids.is_empty();
        if let Among::Referring(parameters, ids) = among {
            let numbers: Vec<i64> = parameters.iter().map(|key| self.parameter(*key)).collect();
            sql.push(" AND (").push(NOW).push(" <> v.seq OR (SELECT 1 FROM reference_entry e");
            sql.push(" WHERE e.seq = v.seq AND e.parameter IN ");
            sql.bind_list(&numbers).push(" AND e.type = 'Patient' AND e.base = ''");
            if let Some(ids) = ids.filter(|ids| few(ids)) {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                sql.push(" AND e.target IN ").bind_list(&ids);
            }
            is_exact = ids.is_none_or(few);
            sql.push(" LIMIT 1) IS NOT NULL) THEN v.body END, CAST(CASE WHEN ").push(NOW);
            sql.push(" = v.seq THEN 1 ELSE 0 END AS BIGINT)");
        } else {
            sql.push(" THEN v.body END, CAST(1 AS BIGINT)");
        }
        from_versions(&mut sql, moment, after, "v.body IS NOT NULL");
        if let Among::Ids(ids) = among {
            is_exact = few(ids);
            if is_exact {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                sql.push(" AND v.id IN ").bind_list(&ids);
            }
        }
        self.look_at(sql, count, is_exact).await
    }

    /// Looks at up to `count` deletions, after a version, for the resources that were deleted at a moment; each with what
    /// it was before.
    pub async fn deleted(
        &self,
        moment: &Moment<'_>,
        after: Option<Instant>,
        count: usize,
    ) -> Result<Candidates, StoreError> {
        let mut sql = Sql::new("SELECT v.seq, v.id, CASE WHEN ");
        was_there(&mut sql, moment);
        sql.push(
            " THEN (SELECT p.body FROM version p WHERE p.space = v.space AND p.type = v.type AND p.id = v.id \
             AND p.version = v.version - 1) END, CAST(0 AS BIGINT)",
        );
        from_versions(&mut sql, moment, after, "v.body IS NULL");
        self.look_at(sql, count, false).await
    }

    /// Finds those that have a body, and are certain if that is 1 and exact.
    async fn look_at(&self, mut sql: Sql, count: usize, is_exact: bool) -> Result<Candidates, StoreError> {
        sql.add(" ORDER BY v.seq LIMIT ?", [i64::try_from(count).unwrap_or(i64::MAX).into()]);
        let rows = sql.fetch_all(&mut *self.pool.acquire().await?).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(body) = row.try_get(2)? {
                let is_certain = is_exact && row.try_get::<i64, _>(3)? == 1;
                found.push(Candidate { id: row.try_get(1)?, body, is_certain });
            }
        }
        let last = rows.last().filter(|_| rows.len() >= count);
        Ok(Candidates { found, next: last.map(|last| last.try_get(0).map(Instant)).transpose()? })
    }
}

/// The version that is current now, of the resource that `v` is a version of. Entries are of such versions only.
///
/// A query for one value, here and below: PostgreSQL may make a join of an `EXISTS`, and, as long as it has no statistics
/// of a table, one that reads all of the type for every row. For the like reason the pages of an export do not have it as a
/// condition: of how many rows it holds nobody knows, and what is guessed makes PostgreSQL read all of them to sort them.
const NOW: &str =
    "(SELECT r.seq FROM resource r WHERE r.space = v.space AND r.type = v.type AND r.id = v.id)";

/// ` FROM version v WHERE …`: the versions until a moment, after one.
fn from_versions(sql: &mut Sql, moment: &Moment<'_>, after: Option<Instant>, kind: &str) {
    let after = after.max(moment.since).unwrap_or(Instant(i64::MIN));
    sql.add(
        " FROM version v WHERE v.space = ? AND v.type = ? AND v.seq > ? AND v.seq <= ? AND ",
        [moment.space.into(), moment.type_name.into(), after.into(), moment.as_of.into()],
    );
    sql.push(kind);
}

/// That `v`, which is not after a moment, was current at that moment, and that the viewer may see it.
fn was_there(sql: &mut Sql, moment: &Moment<'_>) {
    // As a rule it still is. If not, it was when the next one came after the moment.
    sql.add(
        "(SELECT CASE WHEN r.seq = v.seq THEN 1 WHEN r.seq <= ? THEN 0 WHEN (SELECT n.seq FROM version n \
         WHERE n.space = v.space AND n.type = v.type AND n.id = v.id AND n.version = v.version + 1) <= ? THEN 0 \
         ELSE 1 END FROM resource r WHERE r.space = v.space AND r.type = v.type AND r.id = v.id) = 1",
        [moment.as_of.into(), moment.as_of.into()],
    );
    and_visible(sql, moment.viewer, moment.space, "v", Some(moment.type_name));
}
