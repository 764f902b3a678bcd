//! The outbox: rows written with what they speak of, leased by a worker, removed when the telling is done.

use sqlx::{AnyConnection, Row as _};

use crate::fhir::time::Instant;

use super::sql::{self, Sql, Value};
use super::{Key, SpaceId, Store, StoreError, WriteTransaction};

/// Something to be told.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The resource it speaks of.
    pub key: Key,
    /// The version it speaks of.
    pub seq: Instant,
    /// The event as JSON.
    pub event: String,
}

/// A message a worker holds for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Number; also the idempotency key of the message.
    pub id: i64,
    /// The resource it speaks of.
    pub key: Key,
    /// The version it speaks of.
    pub seq: Instant,
    /// The event as JSON.
    pub event: String,
    /// How often it has been tried before.
    pub attempts: u32,
}

pub(super) async fn insert(
    connection: &mut AnyConnection,
    messages: &[NewMessage],
) -> Result<(), StoreError> {
    let head = "INSERT INTO outbox (space, type, resource, seq, event, due, attempts, leased_until)";
    sql::insert_rows(connection, head, "", messages, |m| {
        [
            m.key.space.into(),
            (&*m.key.type_name).into(),
            (&*m.key.id).into(),
            m.seq.into(),
            m.event.as_str().into(),
            m.seq.into(),
            Value::Integer(0),
            Value::Integer(0),
        ]
    })
    .await
}

impl Store {
    /// Whether a message is due that nobody holds.
    pub async fn has_due(&self, now: Instant) -> Result<bool, StoreError> {
        let mut sql = Sql::new("");
        sql.add(
            "SELECT 1 FROM outbox WHERE due <= ? AND leased_until <= ? LIMIT 1",
            [now.into(), now.into()],
        );
        Ok(sql.fetch_optional(&mut *self.pool.acquire().await?).await?.is_some())
    }

    /// How many messages wait.
    pub async fn waiting(&self) -> Result<u64, StoreError> {
        let sql = Sql::new("SELECT count(*) FROM outbox");
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or(0).unsigned_abs())
    }
}

impl WriteTransaction<'_> {
    /// Takes up to `count` messages that are due, in order, and keeps others off them until `until`.
    pub async fn lease(
        &mut self,
        now: Instant,
        until: Instant,
        count: usize,
    ) -> Result<Vec<Leased>, StoreError> {
        let mut select = Sql::new("SELECT id, space, type, resource, seq, event, attempts FROM outbox");
        select.add(
            " WHERE due <= ? AND leased_until <= ? ORDER BY due, id LIMIT ?",
            [now.into(), now.into(), i64::try_from(count).unwrap_or(i64::MAX).into()],
        );
        let rows = select.fetch_all(self.connection()).await?;
        let mut leased = Vec::with_capacity(rows.len());
        for row in &rows {
            let (space, type_name, id): (i64, &str, &str) =
                (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            leased.push(Leased {
                id: row.try_get(0)?,
                key: Key::new(SpaceId(space), type_name, id),
                seq: Instant(row.try_get(4)?),
                event: row.try_get(5)?,
                attempts: u32::try_from(row.try_get::<i64, _>(6)?).unwrap_or(u32::MAX),
            });
        }
        let ids: Vec<i64> = leased.iter().map(|message| message.id).collect();
        if !ids.is_empty() {
            let mut lease = Sql::new("");
            lease.add("UPDATE outbox SET leased_until = ? WHERE id IN ", [until.into()]).bind_list(&ids);
            lease.execute(self.connection()).await?;
        }
        Ok(leased)
    }

    /// Removes messages whose telling is done.
    pub async fn remove_messages(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        for ids in ids.chunks(256) {
            let mut sql = Sql::new("DELETE FROM outbox WHERE id IN ");
            sql.bind_list(ids);
            sql.execute(self.connection()).await?;
        }
        Ok(())
    }

    /// Gives a message back, to be tried again at `due`.
    pub async fn give_back(&mut self, id: i64, due: Instant) -> Result<(), StoreError> {
        let mut sql = Sql::new("UPDATE outbox SET leased_until = 0, attempts = attempts + 1");
        sql.add(", due = ? WHERE id = ?", [due.into(), id.into()]);
        sql.execute(self.connection()).await?;
        Ok(())
    }
}
