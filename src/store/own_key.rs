//! Keys of the gateway's own, sealed: the store never sees them open.

use sqlx::Row as _;

use crate::fhir::time::Instant;

use super::sql::Sql;
use super::{Store, StoreError};

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKeyRow {
    /// Its `kid`.
    pub id: String,
    /// What it is for.
    pub purpose: String,
    /// When it was made.
    pub made: Instant,
    /// The key, sealed.
    pub sealed: String,
}

impl Store {
    /// All keys for a purpose, the newest first.
    pub async fn own_keys(&self, purpose: &str) -> Result<Vec<OwnKeyRow>, StoreError> {
        let mut sql = Sql::new("SELECT id, made, sealed FROM own_key");
        sql.add(" WHERE purpose = ? ORDER BY made DESC, id", [purpose.into()]);
        let rows = sql.fetch_all(&mut *self.pool.acquire().await?).await?;
        let row = |row: &sqlx::any::AnyRow| {
            Ok(OwnKeyRow {
                id: row.try_get(0)?,
                purpose: purpose.to_owned(),
                made: Instant(row.try_get(1)?),
                sealed: row.try_get(2)?,
            })
        };
        rows.iter().map(row).collect()
    }

    /// Keeps a new key, unless one for the purpose has been made after `newer_than`; and forgets those made before
    /// `older_than`.
    pub async fn add_own_key(
        &self,
        row: &OwnKeyRow,
        newer_than: Instant,
        older_than: Instant,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin_raw().await?;
        let mut sql = Sql::new("SELECT 1 FROM own_key");
        sql.add(" WHERE purpose = ? AND made > ?", [row.purpose.as_str().into(), newer_than.into()]);
        if sql.fetch_optional(&mut transaction).await?.is_some() {
            return Ok(());
        }
        let mut sql = Sql::new("INSERT INTO own_key (id, purpose, made, sealed) VALUES ");
        sql.bind_row([
            row.id.as_str().into(),
            row.purpose.as_str().into(),
            row.made.into(),
            row.sealed.as_str().into(),
        ]);
        sql.execute(&mut transaction).await?;
        let mut sql = Sql::new("DELETE FROM own_key");
        sql.add(" WHERE purpose = ? AND made < ?", [row.purpose.as_str().into(), older_than.into()]);
        sql.execute(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Seals all keys anew: `reseal` gives for what is kept what is to be kept. Gives how many there are.
    ///
    /// Errors: the first that `reseal` gives; nothing is changed then.
    pub async fn reseal_own_keys<E>(
        &self,
        mut reseal: impl FnMut(&OwnKeyRow) -> Result<String, E>,
    ) -> Result<Result<usize, E>, StoreError> {
        let mut transaction = self.begin_raw().await?;
        let rows =
            Sql::new("SELECT id, purpose, made, sealed FROM own_key").fetch_all(&mut transaction).await?;
        for row in &rows {
            let row = OwnKeyRow {
                id: row.try_get(0)?,
                purpose: row.try_get(1)?,
                made: Instant(row.try_get(2)?),
                sealed: row.try_get(3)?,
            };
            let sealed = match reseal(&row) {
                Ok(sealed) => sealed,
                Err(error) => return Ok(Err(error)),
            };
            let mut sql = Sql::new("UPDATE own_key");
            sql.add(" SET sealed = ? WHERE id = ?", [sealed.as_str().into(), row.id.as_str().into()]);
            sql.execute(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(Ok(rows.len()))
    }
}
