//! Making entries anew after search parameters have changed.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row as _;

use crate::fhir::time::Instant;
use crate::fhir::{Resource, json};
use crate::search::{Entries, Registry};

use super::sql::Sql;
use super::write::NewVersion;
use super::{Kind, SpaceId, Store, StoreError, entries, read};

/// Resources done in one transaction.
const STEP: usize = 500;

impl Store {
    /// The resource types whose entries were made by other definitions than the registry's, so that a search could miss
    /// resources.
    pub async fn stale_types(&self, registry: &Registry) -> Result<BTreeSet<String>, StoreError> {
        let mut made_by: BTreeMap<i64, String> = BTreeMap::new();
        let sql = Sql::new("SELECT id, fingerprint FROM search_parameter");
        for row in sql.fetch_all(&mut *self.pool.acquire().await?).await? {
            made_by.insert(row.try_get(0)?, row.try_get(1)?);
        }
        let stale = registry.parameters().iter().zip(self.parameters.iter()).filter(|(parameter, number)| {
            made_by.get(number).is_none_or(|fingerprint| *fingerprint != parameter.fingerprint)
        });
        Ok(stale.map(|(parameter, _)| parameter.type_name.to_string()).collect())
    }

    /// Makes the entries of all resources of these types anew, while others read and write; then notes that they are
    /// those of the registry. `progress` is told how many more are done. Gives the number of resources.
    pub async fn reindex(
        &self,
        registry: &Registry,
        types: &BTreeSet<String>,
        entries_of: impl Fn(SpaceId, &Resource) -> Entries,
        mut progress: impl FnMut(usize),
    ) -> Result<u64, StoreError> {
        let mut done = 0;
        for type_name in types {
            let mut after = Instant(i64::MIN);
            loop {
                let mut transaction = self.begin_raw().await?;
                let mut select = Sql::new("SELECT ");
                select.push(read::VERSION_COLUMNS).add(
                    " FROM version v WHERE v.seq IN (SELECT r.seq FROM resource r WHERE r.deleted = 0 AND r.type = ? \
                     AND r.seq > ? ORDER BY r.seq LIMIT ?) ORDER BY v.seq",
                    [type_name.as_str().into(), after.into(), (STEP as i64).into()],
                );
                let rows = select.fetch_all(&mut transaction).await?;
                let mut versions = Vec::with_capacity(rows.len());
                for row in &rows {
                    let version = read::version(row)?;
                    after = version.seq;
                    let body = version.body.as_deref().unwrap_or_default();
                    let resource =
                        json::parse(body.as_bytes()).ok().and_then(|value| Resource::new(value).ok());
                    versions.push(NewVersion {
                        entries: resource
                            .as_ref()
                            .map(|resource| entries_of(version.key.space, resource))
                            .unwrap_or_default(),
                        key: version.key,
                        seq: version.seq,
                        version: version.version,
                        method: "",
                        author: None,
                        creator: None,
                        body: None,
                        issues: None,
                        replaces: None,
                    });
                }
                let seqs: Vec<Instant> = versions.iter().map(|version| version.seq).collect();
                entries::remove(&mut transaction, &seqs).await?;
                let versions: Vec<&NewVersion> = versions.iter().collect();
                entries::insert(&mut transaction, |key| self.parameter(key), &versions).await?;
                transaction.commit().await?;
                done += versions.len() as u64;
                progress(versions.len());
                if versions.len() < STEP {
                    break;
                }
            }
            self.note_fingerprints(registry, type_name).await?;
        }
        Ok(done)
    }

    /// Notes that the entries of a type are those of the registry.
    pub(super) async fn note_fingerprints(
        &self,
        registry: &Registry,
        type_name: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin_raw().await?;
        for (parameter, number) in registry.parameters().iter().zip(self.parameters.iter()) {
            if &*parameter.type_name == type_name {
                let mut sql = Sql::new("UPDATE search_parameter");
                let fingerprint = parameter.fingerprint.as_str();
                sql.add(" SET fingerprint = ? WHERE id = ?", [fingerprint.into(), (*number).into()]);
                sql.execute(&mut transaction).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    /// How many current resources there are of each type, over all spaces.
    pub async fn census(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let sql = Sql::new("SELECT type, count(*) FROM resource WHERE deleted = 0 GROUP BY type");
        let rows = sql.fetch_all(&mut *self.pool.acquire().await?).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<i64, _>(1)?.unsigned_abs()))).collect()
    }

    /// Lets the database learn what is where, after many writes.
    pub async fn analyze(&self) -> Result<(), StoreError> {
        let statement = match self.kind {
            Kind::Sqlite => "PRAGMA optimize",
            Kind::Postgres => "ANALYZE",
        };
        sqlx::query(statement).execute(&self.writers).await?;
        Ok(())
    }

    /// The names of all spaces and their numbers.
    pub async fn spaces(&self) -> Result<BTreeMap<String, SpaceId>, StoreError> {
        let rows = Sql::new("SELECT name, id FROM space").fetch_all(&mut *self.pool.acquire().await?).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, SpaceId(row.try_get(1)?)))).collect()
    }
}
