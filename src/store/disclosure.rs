//! What may be disclosed to whom, as the gateway has found it out; and when it has to do so anew.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::Row as _;

use crate::fhir::time::Instant;
use crate::search::ParameterKey;

use super::read::{self, VERSION_COLUMNS};
use super::sql::{self, Sql, Value};
use super::{Key, SpaceId, Store, StoreError, Version, WriteTransaction};

/// A Task in a space.
pub type TaskKey = (SpaceId, String);

/// A link from a Task or order to what it reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Id of the Task or order.
    pub source: String,
    /// What it reaches.
    pub target: Key,
}

/// That a recipient may have a resource for a Task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDisclosure {
    /// What.
    pub resource: Key,
    /// To whom: the organisation it writes as.
    pub name: String,
    /// Id of the Task.
    pub task: String,
    /// Until when.
    pub until: Instant,
}

impl Store {
    /// Whether there are Tasks of which it has to be found out by now what may be disclosed.
    pub async fn has_unsettled(&self, now: Instant) -> Result<bool, StoreError> {
        let mut sql = Sql::new("SELECT 1 FROM unsettled");
        sql.add(" WHERE due <= ? LIMIT 1", [now.into()]);
        Ok(sql.fetch_optional(&mut *self.pool.acquire().await?).await?.is_some())
    }
}

impl WriteTransaction<'_> {
    /// The Tasks that reach one of these resources, themselves or by their order.
    pub async fn tasks_that_reach(&mut self, keys: &[&Key]) -> Result<BTreeSet<TaskKey>, StoreError> {
        let mut found = BTreeSet::new();
        for keys in keys.chunks(256) {
            let mut sql = Sql::new(
                "SELECT l.space, l.source FROM link l WHERE l.source_type = 'Task' AND l.pending IS NULL \
                 AND (l.space, l.type, l.id) IN (VALUES ",
            );
            sql.bind_rows(keys, |key| key_values(key)).push(") UNION SELECT f.space, f.source FROM link l ");
            sql.push("JOIN link f ON f.space = l.space AND f.type = 'ServiceRequest' AND f.id = l.source ");
            sql.push(
                "AND f.source_type = 'Task' AND f.pending IS NULL WHERE l.source_type = 'ServiceRequest' ",
            );
            sql.push("AND l.pending IS NULL AND (l.space, l.type, l.id) IN (VALUES ");
            sql.bind_rows(keys, |key| key_values(key)).push(")");
            for row in sql.fetch_all(self.connection()).await? {
                found.insert((SpaceId(row.try_get(0)?), row.try_get(1)?));
            }
        }
        Ok(found)
    }

    /// Who takes part in these Tasks, and until when, by Task.
    pub async fn parties(
        &mut self,
        tasks: &[TaskKey],
    ) -> Result<HashMap<TaskKey, Vec<(String, Instant)>>, StoreError> {
        let mut found: HashMap<TaskKey, Vec<(String, Instant)>> = HashMap::new();
        for tasks in tasks.chunks(256) {
            let mut sql =
                Sql::new("SELECT space, task, name, until FROM party WHERE (space, task) IN (VALUES ");
            sql.bind_rows(tasks, task_values).push(")");
            for row in sql.fetch_all(self.connection()).await? {
                let key = (SpaceId(row.try_get(0)?), row.try_get(1)?);
                found.entry(key).or_default().push((row.try_get(2)?, Instant(row.try_get(3)?)));
            }
        }
        Ok(found)
    }

    /// What these Tasks or orders reach.
    pub async fn links(&mut self, sources: &[&Key]) -> Result<Vec<(SpaceId, Link)>, StoreError> {
        let mut found = Vec::new();
        for sources in sources.chunks(256) {
            let mut sql = Sql::new(
                "SELECT space, source, type, id FROM link WHERE pending IS NULL \
                 AND (space, source_type, source) IN (VALUES ",
            );
            sql.bind_rows(sources, |key| key_values(key)).push(")");
            for row in sql.fetch_all(self.connection()).await? {
                let space = SpaceId(row.try_get(0)?);
                let target = Key::new(space, row.try_get(2)?, row.try_get(3)?);
                found.push((space, Link { source: row.try_get(1)?, target }));
            }
        }
        Ok(found)
    }

    /// To whom these Tasks themselves may be disclosed.
    pub async fn disclosed_tasks(
        &mut self,
        tasks: &[TaskKey],
    ) -> Result<BTreeSet<(TaskKey, String)>, StoreError> {
        let mut found = BTreeSet::new();
        for tasks in tasks.chunks(256) {
            let mut sql = Sql::new(
                "SELECT space, task, name FROM disclosure WHERE type = 'Task' AND id = task \
                 AND (space, task) IN (VALUES ",
            );
            sql.bind_rows(tasks, task_values).push(")");
            for row in sql.fetch_all(self.connection()).await? {
                found.insert(((SpaceId(row.try_get(0)?), row.try_get(1)?), row.try_get(2)?));
            }
        }
        Ok(found)
    }

    /// Replaces what may be disclosed for these Tasks. With each, when that is to be found out anew, if ever.
    pub async fn set_disclosures(
        &mut self,
        tasks: &BTreeMap<TaskKey, Option<Instant>>,
        disclosures: &[NewDisclosure],
    ) -> Result<(), StoreError> {
        let keys: Vec<TaskKey> = tasks.keys().cloned().collect();
        for keys in keys.chunks(256) {
            for table in ["disclosure", "unsettled"] {
                let mut sql = Sql::new("DELETE FROM ");
                sql.push(table)
                    .push(" WHERE (space, task) IN (VALUES ")
                    .bind_rows(keys, task_values)
                    .push(")");
                sql.execute(self.connection()).await?;
            }
        }
        let head = "INSERT INTO disclosure (space, type, id, name, task, until)";
        sql::insert_rows(self.connection(), head, "", disclosures, |new| {
            let [space, type_name, id] = key_values(&new.resource);
            [space, type_name, id, new.name.as_str().into(), new.task.as_str().into(), new.until.into()]
        })
        .await?;
        let due: Vec<(&TaskKey, Instant)> =
            tasks.iter().filter_map(|(task, due)| Some((task, (*due)?))).collect();
        let head = "INSERT INTO unsettled (space, task, due)";
        sql::insert_rows(self.connection(), head, "", &due, |((space, task), due)| {
            [(*space).into(), task.as_str().into(), (*due).into()]
        })
        .await
    }

    /// Up to `count` Tasks of which it has to be found out by now what may be disclosed.
    pub async fn unsettled(&mut self, now: Instant, count: usize) -> Result<Vec<TaskKey>, StoreError> {
        let mut sql = Sql::new("SELECT space, task FROM unsettled");
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        sql.add(" WHERE due <= ? ORDER BY due LIMIT ?", [now.into(), count.into()]);
        let rows = sql.fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok((SpaceId(row.try_get(0)?), row.try_get(1)?))).collect()
    }

    /// The current Consents about these Patients; `parameter` is that of `Consent.patient`.
    pub async fn consents_about(
        &mut self,
        parameter: ParameterKey,
        patients: &[&Key],
    ) -> Result<Vec<Version>, StoreError> {
        let number = self.store.parameter(parameter);
        let mut found = Vec::new();
        for patients in patients.chunks(256) {
            let mut sql = Sql::new("SELECT ");
            sql.push(VERSION_COLUMNS).add(
                " FROM version v WHERE v.seq IN (SELECT e.seq FROM reference_entry e WHERE e.parameter = ? \
                 AND e.type = 'Patient' AND e.base = '' AND (e.space, e.target) IN (VALUES ",
                [number.into()],
            );
            sql.bind_rows(patients, |key| [key.space.into(), (&*key.id).into()]).push(")) ORDER BY v.seq");
            for row in sql.fetch_all(self.connection()).await? {
                found.push(read::version(&row)?);
            }
        }
        Ok(found)
    }

    /// For whom it is kept what may be disclosed to them, and how they were registered.
    pub async fn recipients(&mut self) -> Result<BTreeMap<(SpaceId, String), String>, StoreError> {
        let rows =
            Sql::new("SELECT space, name, registered FROM recipient").fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok(((SpaceId(row.try_get(0)?), row.try_get(1)?), row.try_get(2)?))).collect()
    }

    /// Keeps a recipient from now on, or no more; what its Tasks disclose is to be found out anew. `names` are those under
    /// which it takes part in Tasks.
    pub async fn set_recipient(
        &mut self,
        space: SpaceId,
        name: &str,
        registered: Option<&str>,
        names: &[&str],
    ) -> Result<(), StoreError> {
        let mut sql = Sql::new("DELETE FROM recipient");
        sql.add(" WHERE space = ? AND name = ?", [space.into(), name.into()]);
        sql.execute(self.connection()).await?;
        let mut sql = Sql::new("DELETE FROM disclosure");
        sql.add(" WHERE space = ? AND name = ?", [space.into(), name.into()]);
        sql.execute(self.connection()).await?;
        let Some(registered) = registered else { return Ok(()) };
        let mut sql = Sql::new("INSERT INTO recipient (space, name, registered) VALUES ");
        sql.bind_row([space.into(), name.into(), registered.into()]);
        sql.execute(self.connection()).await?;
        let mut sql =
            Sql::new("INSERT INTO unsettled (space, task, due) SELECT DISTINCT space, task, 0 FROM party");
        sql.add(" WHERE space = ? AND name IN ", [space.into()]).bind_list(names);
        sql.push(" ON CONFLICT (space, task) DO UPDATE SET due = 0");
        sql.execute(self.connection()).await?;
        Ok(())
    }

    /// Adds to what there is to say about a version.
    pub async fn set_issues(&mut self, version: Instant, issues: &str) -> Result<(), StoreError> {
        let mut sql = Sql::new("UPDATE version");
        sql.add(" SET issues = ? WHERE seq = ?", [issues.into(), version.into()]);
        sql.execute(self.connection()).await?;
        Ok(())
    }
}

fn key_values<'k>(key: &'k Key) -> [Value<'k>; 3] {
    [key.space.into(), (&*key.type_name).into(), (&*key.id).into()]
}

fn task_values((space, task): &TaskKey) -> [Value<'_>; 2] {
    [(*space).into(), task.as_str().into()]
}
