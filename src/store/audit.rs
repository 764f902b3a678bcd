//! The record of who did what: pages are added, never changed.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use crate::audit::{End, Event, Page, Subject, events_of, subjects_of};
use crate::fhir::time::Instant;

use super::sql::{self, Sql, Value};
use super::{Store, StoreError, WriteTransaction};

/// The columns [`page`] reads, of a table called `p`.
pub(super) const PAGE_COLUMNS: &str = "p.seq, p.chain, p.number, p.hash, p.signature, p.events";

/// Pages read or written at once.
const STEP: usize = 500;

/// Which pages are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditFilter<'f> {
    /// Those that speak of one of these; `None` for all.
    pub subjects: Option<&'f [Subject]>,
    /// Not before this.
    pub from: Option<Instant>,
    /// Not after this.
    pub to: Option<Instant>,
}

/// Makes a page of a row of [`PAGE_COLUMNS`].
pub(super) fn page(row: &AnyRow) -> Result<Page, StoreError> {
    Ok(Page {
        seq: Instant(row.try_get(0)?),
        chain: row.try_get::<i64, _>(1)?.unsigned_abs(),
        number: row.try_get::<i64, _>(2)?.unsigned_abs(),
        hash: row.try_get(3)?,
        signature: row.try_get(4)?,
        events: row.try_get(5)?,
    })
}

impl Store {
    /// The page of a moment.
    pub async fn audit_page(&self, seq: Instant) -> Result<Option<Page>, StoreError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(PAGE_COLUMNS).add(" FROM audit_page p WHERE p.seq = ?", [seq.into()]);
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        row.as_ref().map(page).transpose()
    }

    /// The first page of a chain.
    pub async fn first_audit_page(&self, chain: u64) -> Result<Option<Page>, StoreError> {
        first_page(&mut *self.pool.acquire().await?, chain).await
    }

    /// Up to `count` pages after a moment, in the order of their commits.
    pub async fn audit_pages_after(
        &self,
        after: Option<Instant>,
        filter: AuditFilter<'_>,
        count: usize,
    ) -> Result<Vec<Page>, StoreError> {
        let mut sql = choose(filter);
        sql.add(" AND p.seq > ?", [after.unwrap_or(Instant(i64::MIN)).into()]);
        sql.add(" ORDER BY p.seq LIMIT ?", [i64::try_from(count).unwrap_or(i64::MAX).into()]);
        let rows = sql.fetch_all(&mut *self.pool.acquire().await?).await?;
        rows.iter().map(page).collect()
    }

    /// Up to `count` pages not after a moment, the latest first.
    pub async fn audit_pages_until(
        &self,
        until: Option<Instant>,
        filter: AuditFilter<'_>,
        count: usize,
    ) -> Result<Vec<Page>, StoreError> {
        let mut sql = choose(filter);
        sql.add(" AND p.seq <= ?", [until.unwrap_or(Instant(i64::MAX)).into()]);
        sql.add(" ORDER BY p.seq DESC LIMIT ?", [i64::try_from(count).unwrap_or(i64::MAX).into()]);
        let rows = sql.fetch_all(&mut *self.pool.acquire().await?).await?;
        rows.iter().map(page).collect()
    }

    /// Makes anew what pages are found by.
    pub async fn reindex_audit(&self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let pages = self.audit_pages_after(after, AuditFilter::default(), STEP).await?;
            let Some(last) = pages.last() else { return Ok(()) };
            after = Some(last.seq);
            let mut transaction = self.begin().await?;
            for page in &pages {
                let events: Vec<Event> = events_of(&page.events).map(|(_, event)| event).collect();
                write_subjects(transaction.connection(), page.seq, &subjects_of(&events)).await?;
            }
            transaction.commit().await?;
        }
    }

    /// How many pages there are.
    pub async fn count_audit_pages(&self) -> Result<u64, StoreError> {
        let sql = Sql::new("SELECT count(*) FROM audit_page");
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or(0).unsigned_abs())
    }

    /// Whether a page is found by all of its subjects.
    pub async fn is_audit_page_found_by(
        &self,
        seq: Instant,
        subjects: &[Subject],
    ) -> Result<bool, StoreError> {
        let mut found = 0;
        for subjects in subjects.chunks(256) {
            let numbers: Vec<i64> = subjects.iter().map(|subject| subject.0).collect();
            let mut sql = Sql::new("SELECT count(*) FROM audit_subject");
            sql.add(" WHERE second = ? AND subject IN ", [second(seq).into()]).bind_list(&numbers);
            let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
            found += row.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or(0).unsigned_abs();
        }
        Ok(found == subjects.len() as u64)
    }
}

fn choose(filter: AuditFilter<'_>) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(PAGE_COLUMNS).push(" FROM audit_page p WHERE ");
    match filter.subjects {
        None => sql.push("1 = 1"),
        Some([]) => sql.push("1 = 0"),
        Some(subjects) => {
            let numbers: Vec<i64> = subjects.iter().map(|subject| subject.0).collect();
            sql.push(
                "p.seq IN (SELECT f.seq FROM audit_subject s JOIN audit_page f \
                 ON f.seq >= s.second * 1000000 AND f.seq < s.second * 1000000 + 1000000 WHERE s.subject IN ",
            );
            sql.bind_list(&numbers).push(")")
        }
    };
    if let Some(from) = filter.from {
        sql.add(" AND p.seq >= ?", [from.into()]);
    }
    if let Some(to) = filter.to {
        sql.add(" AND p.seq <= ?", [to.into()]);
    }
    sql
}

impl WriteTransaction<'_> {
    /// The moment of the next page: now, or just after the latest where the clock has gone back.
    pub async fn next_audit_seq(&mut self, now: Instant) -> Result<Instant, StoreError> {
        let row = Sql::new("SELECT max(seq) FROM audit_page").fetch_optional(self.connection()).await?;
        let latest: Option<i64> = row.map(|row| row.try_get(0)).transpose()?.flatten();
        Ok(latest.map_or(now, |latest| now.max(Instant(latest + 1))))
    }

    /// The last page of a chain; `None` where it has none.
    pub async fn last_audit_page(&mut self, chain: u64) -> Result<Option<Page>, StoreError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(PAGE_COLUMNS);
        let last = " FROM audit_page p WHERE p.chain = ? ORDER BY p.number DESC LIMIT 1";
        sql.add(last, [integer(chain).into()]);
        let row = sql.fetch_optional(self.connection()).await?;
        row.as_ref().map(page).transpose()
    }

    /// The first page of a chain.
    pub async fn first_audit_page(&mut self, chain: u64) -> Result<Option<Page>, StoreError> {
        first_page(self.connection(), chain).await
    }

    /// Begins a chain. Gives its number, and the ends of all chains that no chain has named yet; they count as named by
    /// this one.
    pub async fn begin_audit_chain(&mut self) -> Result<(u64, Vec<End>), StoreError> {
        let loose = "SELECT p.chain, p.number, p.hash FROM audit_chain c JOIN audit_page p ON p.chain = c.id \
                     AND p.number = (SELECT max(l.number) FROM audit_page l WHERE l.chain = c.id) \
                     WHERE p.number > c.named ORDER BY p.chain";
        let mut ends = Vec::new();
        for row in Sql::new(loose).fetch_all(self.connection()).await? {
            let (chain, number): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            let mut sql = Sql::new("UPDATE audit_chain");
            sql.add(" SET named = ? WHERE id = ?", [number.into(), chain.into()]);
            sql.execute(self.connection()).await?;
            ends.push(End {
                chain: chain.unsigned_abs(),
                number: number.unsigned_abs(),
                hash: row.try_get(2)?,
            });
        }
        let row = Sql::new("SELECT max(id) FROM audit_chain").fetch_optional(self.connection()).await?;
        let latest: Option<i64> = row.map(|row| row.try_get(0)).transpose()?.flatten();
        let id = latest.unwrap_or(0) + 1;
        self.write_audit_chain(id, 0).await?;
        Ok((id.unsigned_abs(), ends))
    }

    /// Writes a page, and what it is found by as far as its second is not found by that already.
    pub async fn write_audit_page(&mut self, page: &Page, subjects: &[Subject]) -> Result<(), StoreError> {
        let mut sql =
            Sql::new("INSERT INTO audit_page (seq, chain, number, hash, signature, events) VALUES ");
        sql.bind_row([
            page.seq.into(),
            integer(page.chain).into(),
            integer(page.number).into(),
            page.hash.as_str().into(),
            page.signature.as_str().into(),
            page.events.as_str().into(),
        ]);
        sql.execute(self.connection()).await?;
        write_subjects(self.connection(), page.seq, subjects).await
    }

    /// Writes down that there is a chain.
    pub(super) async fn write_audit_chain(&mut self, id: i64, named: i64) -> Result<(), StoreError> {
        let mut sql = Sql::new("INSERT INTO audit_chain (id, named) VALUES ");
        sql.bind_row([id.into(), named.into()]);
        sql.execute(self.connection()).await?;
        Ok(())
    }
}

async fn write_subjects(
    connection: &mut AnyConnection,
    seq: Instant,
    subjects: &[Subject],
) -> Result<(), StoreError> {
    let head = "INSERT INTO audit_subject (subject, second)";
    let tail = " ON CONFLICT (subject, second) DO NOTHING";
    let row = |subject: &Subject| [Value::Integer(subject.0), second(seq).into()];
    sql::insert_rows(connection, head, tail, subjects, row).await
}

async fn first_page(connection: &mut AnyConnection, chain: u64) -> Result<Option<Page>, StoreError> {
    let mut sql = Sql::new("SELECT ");
    sql.push(PAGE_COLUMNS);
    sql.add(" FROM audit_page p WHERE p.chain = ? AND p.number = 1", [integer(chain).into()]);
    let row = sql.fetch_optional(connection).await?;
    row.as_ref().map(page).transpose()
}

/// The second of a moment, by which pages are found.
fn second(seq: Instant) -> i64 {
    seq.0.div_euclid(1_000_000)
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
