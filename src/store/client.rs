//! Registered clients, and the assertions they have used.
//!
//! What is written here is no resource and has no version; each write is a transaction of its own.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use crate::fhir::time::Instant;

use super::sql::Sql;
use super::{Kind, Store, StoreError};

/// What is kept of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRow {
    /// Its `client_id`.
    pub id: String,
    /// Its registration as JSON; `None` where it is registered in the configuration.
    pub registration: Option<String>,
    /// Whether it is shut out.
    pub is_disabled: bool,
}

/// How often clients have changed. Never the same again after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct ClientsVersion(pub i64);

impl Store {
    /// All clients, and which state of them this is.
    pub async fn clients(&self) -> Result<(ClientsVersion, Vec<ClientRow>), StoreError> {
        // First, so that what is told is no older than it is said to be.
        let version = self.clients_version().await?;
        Ok((version, all(&mut *self.pool.acquire().await?).await?))
    }

    /// Which state of the clients is the present one.
    pub async fn clients_version(&self) -> Result<ClientsVersion, StoreError> {
        let sql = Sql::new("SELECT coalesce(max(changed), 0) FROM client");
        let row = sql.fetch_optional(&mut *self.pool.acquire().await?).await?;
        Ok(ClientsVersion(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0)))
    }

    /// Keeps a client, in place of what was kept of it.
    pub async fn set_client(&self, row: &ClientRow) -> Result<(), StoreError> {
        let mut transaction = self.begin_raw().await?;
        set(&mut transaction, row).await?;
        Ok(transaction.commit().await?)
    }

    /// Takes note of an assertion that is used, and forgets those that have expired by `now`. Gives whether it was used for
    /// the first time.
    pub async fn use_assertion(
        &self,
        client: &str,
        jti: &str,
        expires: Instant,
        now: Instant,
    ) -> Result<bool, StoreError> {
        // PostgreSQL needs no line for this.
        let mut transaction = match self.kind {
            Kind::Sqlite => self.begin_raw().await?,
            Kind::Postgres => self.writers.begin().await?,
        };
        let mut sql = Sql::new("DELETE FROM assertion");
        sql.add(" WHERE expires < ?", [now.into()]);
        sql.execute(&mut transaction).await?;
        let mut sql = Sql::new("INSERT INTO assertion (client, jti, expires) VALUES ");
        sql.bind_row([client.into(), jti.into(), expires.into()])
            .push(" ON CONFLICT (client, jti) DO NOTHING");
        let inserted = sql.execute(&mut transaction).await?;
        transaction.commit().await?;
        Ok(inserted > 0)
    }
}

/// All clients, by their ids.
pub(super) async fn all(connection: &mut AnyConnection) -> Result<Vec<ClientRow>, StoreError> {
    let sql = Sql::new("SELECT id, registration, disabled FROM client ORDER BY id");
    let row = |row: &AnyRow| {
        Ok(ClientRow {
            id: row.try_get(0)?,
            registration: row.try_get(1)?,
            is_disabled: row.try_get::<i64, _>(2)? != 0,
        })
    };
    sql.fetch_all(connection).await?.iter().map(row).collect()
}

/// Keeps a client, in place of what was kept of it.
pub(super) async fn set(connection: &mut AnyConnection, row: &ClientRow) -> Result<(), StoreError> {
    let mut sql = Sql::new("INSERT INTO client (id, registration, disabled, changed) SELECT ");
    sql.add(
        "?, ?, ?, coalesce(max(changed), 0) + 1 FROM client WHERE true ON CONFLICT (id) DO UPDATE SET \
         registration = excluded.registration, disabled = excluded.disabled, changed = excluded.changed",
        [row.id.as_str().into(), row.registration.as_deref().into(), i64::from(row.is_disabled).into()],
    );
    sql.execute(connection).await?;
    Ok(())
}
