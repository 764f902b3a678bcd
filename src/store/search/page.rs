//! One page of a search.

use serde_json::Value as Json;
use sqlx::{AnyConnection, Row as _};

use crate::access::Viewer;
use crate::definitions::SearchKind;
use crate::search::{Condition, Criteria, Registry, Sort, SortBy};

use super::super::sql::{Sql, Value};
use super::super::visible::and_candidate_visible;
use super::super::{Snapshot, SpaceId, Store, StoreError, Version, read};
use super::condition::{Writer, can_lead};

/// How many entries are counted, at most, to find out which condition leads.
const PROBE: i64 = 200;

/// How a sorted search is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    table: Option<(&'static str, &'static str)>,
    by: SortBy,
    descending: bool,
}

impl SortKey {
    /// The key for one `_sort`.
    pub fn new(registry: &Registry, sort: &Sort) -> SortKey {
        let table = match sort.by {
            SortBy::LastUpdated | SortBy::Id => None,
            SortBy::Parameter(key) => Some(match (registry[key].kind, sort.descending) {
                (SearchKind::Date, false) => ("date_entry", "min(s.low)"),
                (SearchKind::Date, true) => ("date_entry", "max(s.high)"),
                (SearchKind::String, false) => ("string_entry", "min(s.folded)"),
                (SearchKind::String, true) => ("string_entry", "max(s.folded)"),
                (SearchKind::Number | SearchKind::Quantity, false) => ("number_entry", "min(s.low)"),
                (SearchKind::Number | SearchKind::Quantity, true) => ("number_entry", "max(s.high)"),
                (SearchKind::Reference, false) => ("reference_entry", "min(s.target)"),
                (SearchKind::Reference, true) => ("reference_entry", "max(s.target)"),
                (_, false) => ("token_entry", "min(s.code)"),
                (_, true) => ("token_entry", "max(s.code)"),
            }),
        };
        SortKey { table, by: sort.by, descending: sort.descending }
    }
}

/// Where a page ended: the sort keys of its last resource, then its `seq`.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor(Vec<Json>);

impl Cursor {
    /// Reads what [`Cursor::to_text`] wrote.
    pub fn parse(text: &str) -> Option<Cursor> {
        let keys: Vec<Json> = serde_json::from_str(text).ok()?;
        keys.last()?.as_i64()?;
        Some(Cursor(keys))
    }

    /// The last resource's `seq`.
    fn seq(&self) -> i64 {
        self.0.last().and_then(Json::as_i64).unwrap_or(0)
    }

    /// The cursor for a `next` link.
    pub fn to_text(&self) -> String {
        Json::Array(self.0.clone()).to_string()
    }
}

/// What to search for.
#[derive(Debug, Clone)]
pub struct Page<'q> {
    /// Where.
    pub space: SpaceId,
    /// What is looked for: what meets one of these, and once what meets several.
    pub criteria: &'q [Criteria],
    /// In what order; none means oldest version first, so that what changes meanwhile comes later, not never.
    pub sort: &'q [SortKey],
    /// Begin after this.
    pub after: Option<&'q Cursor>,
    /// How many at most.
    pub count: usize,
}

/// The resources of one page.
#[derive(Default)]
pub struct Found {
    /// In order.
    pub versions: Vec<Version>,
    /// Where the next page begins; `None` when there is none.
    pub next: Option<Cursor>,
}

impl Snapshot<'_> {
    /// One page of resources.
    pub async fn search(&mut self, page: &Page<'_>) -> Result<Found, StoreError> {
        let store = self.store;
        let viewer = self.viewer;
        let leads = store.leading(self.connection(), viewer, page).await?;
        let rows = store.page_sql(viewer, page, &leads).fetch_all(self.connection()).await?;
        let mut found = Found::default();
        for row in rows.iter().take(page.count) {
            found.versions.push(read::version(row)?);
        }
        if let (true, Some(last)) = (rows.len() > page.count, rows.get(page.count.wrapping_sub(1))) {
            let mut keys = Vec::new();
            for (index, key) in keys_of(page).iter().enumerate() {
                keys.push(key_value(last, read::VERSION_COLUMN_COUNT + index, key)?);
            }
            keys.push(last.try_get::<i64, _>(0)?.into());
            found.next = Some(Cursor(keys));
        }
        Ok(found)
    }

    /// The types of which there are resources, or have been.
    pub async fn types(&mut self, space: SpaceId) -> Result<Vec<String>, StoreError> {
        // From one type to the next: no database finds by itself that a few steps in the index will do.
        let mut sql = Sql::new("WITH RECURSIVE held (type) AS (SELECT min(r.type) FROM resource r");
        sql.add(" WHERE r.space = ? UNION ALL SELECT (SELECT min(r.type) FROM resource r", [space.into()]);
        sql.add(
            " WHERE r.space = ? AND r.type > held.type) FROM held WHERE held.type IS NOT NULL) \
             SELECT type FROM held WHERE type IS NOT NULL",
            [space.into()],
        );
        let rows = sql.fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// How many resources there are in all.
    pub async fn count(&mut self, page: &Page<'_>) -> Result<u64, StoreError> {
        let store = self.store;
        let viewer = self.viewer;
        let leads = store.leading(self.connection(), viewer, page).await?;
        let mut sql = Sql::new("SELECT count(*) FROM (");
        store.matches(&mut sql, viewer, page, &leads, |_| ());
        sql.push(") m");
        let row = sql.fetch_optional(self.connection()).await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or(0).unsigned_abs())
    }
}

impl Store {
    /// The database's plan for a search, line by line; for tests and the curious.
    pub async fn explain(&self, viewer: &Viewer, page: &Page<'_>) -> Result<Vec<String>, StoreError> {
        let connection = &mut *self.pool.acquire().await?;
        let leads = self.leading(connection, viewer, page).await?;
        let (explain, column) = match self.kind {
            super::super::Kind::Sqlite => ("EXPLAIN QUERY PLAN ", 3),
            super::super::Kind::Postgres => ("EXPLAIN ", 0),
        };
        let sql = self.page_sql(viewer, page, &leads).after(explain);
        let rows = sql.fetch_all(connection).await?;
        rows.iter().map(|row| Ok(row.try_get(column)?)).collect()
    }

    /// Which condition leads, of each of the criteria.
    async fn leading(
        &self,
        connection: &mut AnyConnection,
        viewer: &Viewer,
        page: &Page<'_>,
    ) -> Result<Vec<Option<usize>>, StoreError> {
        let mut leads = Vec::with_capacity(page.criteria.len());
        for criteria in page.criteria {
            leads.push(self.lead(connection, viewer, page.space, criteria).await?);
        }
        Ok(leads)
    }

    /// Which condition leads: the one with the fewest entries.
    async fn lead(
        &self,
        connection: &mut AnyConnection,
        viewer: &Viewer,
        space: SpaceId,
        criteria: &Criteria,
    ) -> Result<Option<usize>, StoreError> {
        let conditions = &criteria.conditions;
        let able: Vec<usize> =
            conditions.iter().enumerate().filter(|(_, c)| can_lead(c)).map(|(index, _)| index).collect();
        if let Some(id) = able.iter().find(|index| matches!(conditions[**index], Condition::Id(_))) {
            return Ok(Some(*id));
        }
        if able.len() < 2 {
            return Ok(able.first().copied());
        }
        let mut sql = Sql::new("SELECT ");
        for (place, index) in able.iter().enumerate() {
            sql.push(if place == 0 { "" } else { ", " });
            match &conditions[*index] {
                // A chain is dear to count and as a rule finds few.
                Condition::Chain { .. } => {
                    sql.add("CAST(? AS BIGINT)", [(PROBE - 1).into()]);
                }
                condition => {
                    sql.push("(SELECT count(*) FROM (SELECT 1 AS one");
                    let mut writer = Writer { store: self, viewer, space, depth: 0 };
                    writer.lead(&mut sql, &criteria.type_name, Some(condition));
                    sql.add(" LIMIT ?) probe)", [PROBE.into()]);
                }
            }
        }
        let row = sql.fetch_optional(connection).await?;
        let mut fewest = (i64::MAX, able.first().copied());
        if let Some(row) = row {
            for (place, index) in able.iter().enumerate() {
                let count: i64 = row.try_get(place)?;
                if count < fewest.0 {
                    fewest = (count, Some(*index));
                }
            }
        }
        Ok(fewest.1)
    }

    /// `SELECT DISTINCT d.seq …`: the candidates that meet all conditions of one of the criteria. `then` may add to what
    /// is asked of each.
    fn matches(
        &self,
        sql: &mut Sql,
        viewer: &Viewer,
        page: &Page<'_>,
        leads: &[Option<usize>],
        then: impl Fn(&mut Sql),
    ) {
        for (place, (criteria, lead)) in page.criteria.iter().zip(leads).enumerate() {
            let mut writer = Writer { store: self, viewer, space: page.space, depth: 0 };
            sql.push(if place == 0 { "" } else { " UNION " });
            sql.push(if page.criteria.len() > 1 { "SELECT p.seq FROM (" } else { "" });
            sql.push("SELECT DISTINCT d.seq AS seq");
            writer.lead(sql, &criteria.type_name, lead.map(|index| &criteria.conditions[index]));
            for (index, condition) in criteria.conditions.iter().enumerate() {
                if Some(index) != *lead {
                    sql.push(" AND ");
                    writer.check(sql, "d.seq", condition);
                }
            }
            and_candidate_visible(sql, viewer, page.space, "d.seq", &criteria.type_name);
            then(sql);
            sql.push(if page.criteria.len() > 1 { ") p" } else { "" });
        }
        if page.criteria.is_empty() {
            sql.push("SELECT CAST(0 AS BIGINT) AS seq WHERE 1 = 0");
        }
    }

    fn page_sql(&self, viewer: &Viewer, page: &Page<'_>, leads: &[Option<usize>]) -> Sql {
        let limit = i64::try_from(page.count).unwrap_or(i64::MAX - 1) + 1;
        let (order, beyond) = if seq_descends(page) { (" DESC", '<') } else { ("", '>') };
        let keys = keys_of(page);
        let mut sql = Sql::new("SELECT ");
        sql.push(read::VERSION_COLUMNS);
        if keys.is_empty() {
            sql.push(" FROM (");
            self.matches(&mut sql, viewer, page, leads, |sql| {
                if let Some(after) = page.after {
                    sql.add(&format!(" AND d.seq {beyond} ?"), [after.seq().into()]);
                }
                sql.add(&format!(" ORDER BY d.seq{order} LIMIT ?"), [limit.into()]);
            });
            if page.criteria.len() != 1 {
                sql.add(&format!(" ORDER BY seq{order} LIMIT ?"), [limit.into()]);
            }
            sql.push(&format!(") p JOIN version v ON v.seq = p.seq ORDER BY p.seq{order}"));
            return sql;
        }
        let mut sorted = String::from(" ORDER BY ");
        for (index, key) in keys.iter().enumerate() {
            sql.push(&format!(", p.k{index}"));
            let direction = if key.descending { " DESC" } else { "" };
            sorted.push_str(&format!("p.k{index}{direction} NULLS LAST, "));
        }
        sorted.push_str(&format!("p.seq{order}"));
        // The page is cut before any body is fetched.
        sql.push(" FROM (SELECT * FROM (SELECT m.seq AS seq");
        for (index, key) in keys.iter().enumerate() {
            match (key.by, key.table) {
                (SortBy::Parameter(parameter), Some((table, least))) => {
                    // An entry that stands for its whole system is no value.
                    let value = if table == "token_entry" { " AND s.code NOT LIKE '%|'" } else { "" };
                    let of_parameter = "s WHERE s.seq = m.seq AND s.parameter = ?";
                    let select = format!(", (SELECT {least} FROM {table} {of_parameter}{value})");
                    sql.add(&select, [self.parameter(parameter).into()]);
                }
                (SortBy::Id, _) => {
                    sql.push(", (SELECT s.id FROM version s WHERE s.seq = m.seq)");
                }
                _ => {
                    sql.push(", m.seq");
                }
            }
            sql.push(&format!(" AS k{index}"));
        }
        sql.push(" FROM (");
        self.matches(&mut sql, viewer, page, leads, |_| ());
        sql.push(") m) p");
        if let Some(after) = page.after {
            sql.push(" WHERE ");
            come_after(&mut sql, keys, after, 0, beyond);
        }
        sql.add(&format!("{sorted} LIMIT ?"), [limit.into()]);
        sql.push(&format!(") p JOIN version v ON v.seq = p.seq{sorted}"));
        sql
    }
}

/// The keys that come before `seq`: none when `_lastUpdated` alone is asked for.
fn keys_of<'p>(page: &'p Page<'_>) -> &'p [SortKey] {
    let end = page.sort.iter().position(|key| key.by == SortBy::LastUpdated).unwrap_or(page.sort.len());
    &page.sort[..end]
}

/// Which way `seq` itself goes: as `_lastUpdated` asks, or else with the first key.
fn seq_descends(page: &Page<'_>) -> bool {
    let last_updated = page.sort.iter().find(|key| key.by == SortBy::LastUpdated);
    last_updated.or(page.sort.first()).is_some_and(|key| key.descending)
}

/// The condition that a resource comes after the cursor. Resources without a value come last, whichever way the key goes.
fn come_after(sql: &mut Sql, keys: &[SortKey], after: &Cursor, index: usize, beyond: char) {
    let (Some(key), Some(value)) = (keys.get(index), after.0.get(index)) else {
        sql.add(&format!("p.seq {beyond} ?"), [after.seq().into()]);
        return;
    };
    match value {
        Json::Null => sql.push(&format!("(p.k{index} IS NULL AND ")),
        value => {
            let further = if key.descending { '<' } else { '>' };
            let text = format!("(p.k{index} IS NULL OR p.k{index} {further} ? OR p.k{index} = ? AND ");
            sql.add(&text, [key_argument(value), key_argument(value)])
        }
    };
    come_after(sql, keys, after, index + 1, beyond);
    sql.push(")");
}

fn key_argument(value: &Json) -> Value<'_> {
    match value {
        Json::String(text) => text.as_str().into(),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().unwrap_or(0.0).into(), Value::Integer)
        }
        _ => Value::Integer(0),
    }
}

fn key_value(row: &sqlx::any::AnyRow, column: usize, key: &SortKey) -> Result<Json, StoreError> {
    Ok(match key.table {
        Some(("date_entry", _)) => row.try_get::<Option<i64>, _>(column)?.into(),
        // Always with a fraction, so that it is bound as the kind of number it is.
        Some(("number_entry", _)) => row.try_get::<Option<f64>, _>(column)?.into(),
        _ => row.try_get::<Option<String>, _>(column)?.into(),
    })
}
