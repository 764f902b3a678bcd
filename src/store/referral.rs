//! Who takes part in referrals, and what these reach: what [`super::visible`] goes by.

use std::collections::{BTreeMap, HashSet};

use sqlx::{AnyConnection, Row as _};

use crate::access::Viewer;
use crate::access::reach::{Identity, Parties};

use super::read::{self, VERSION_COLUMNS};
use super::sql::{self, Sql, Value};
use super::{Key, SpaceId, StoreError, Version, WriteTransaction};

/// Who takes part in a Task from now on.
#[derive(Debug, Clone)]
pub struct NewParties {
    /// Where.
    pub space: SpaceId,
    /// The Task's id.
    pub task: String,
    /// All of them.
    pub parties: Parties,
}

/// How what a Task or an order reaches changes.
#[derive(Debug, Clone)]
pub struct NewLinks {
    /// The Task or order.
    pub source: Key,
    /// What it reaches no longer.
    pub removed: Vec<Identity>,
    /// What it reaches now. With an author where the link is pending: it counts when that author creates the target.
    pub added: Vec<(Identity, Option<String>)>,
}

/// Replaces who takes part in these Tasks; of a Task named twice the last counts.
pub(super) async fn write_parties(
    connection: &mut AnyConnection,
    changes: &[NewParties],
) -> Result<(), StoreError> {
    let mut last: BTreeMap<(SpaceId, &str), &Parties> = BTreeMap::new();
    for change in changes {
        last.insert((change.space, &change.task), &change.parties);
    }
    let tasks: Vec<(SpaceId, &str)> = last.keys().copied().collect();
    for tasks in tasks.chunks(256) {
        let mut sql = Sql::new("DELETE FROM party WHERE (space, task) IN (VALUES ");
        sql.bind_rows(tasks, |(space, task)| [(*space).into(), (*task).into()]).push(")");
        sql.execute(connection).await?;
    }
    let rows: Vec<_> = last
        .into_iter()
        .flat_map(|((space, task), parties)| {
            parties.iter().map(move |(name, until)| (space, task, name.as_str(), *until))
        })
        .collect();
    let head = "INSERT INTO party (space, task, name, until)";
    sql::insert_rows(connection, head, "", &rows, |(space, task, name, until)| {
        [(*space).into(), (*task).into(), (*name).into(), (*until).into()]
    })
    .await
}

/// Carries out changes of links, in their order.
pub(super) async fn write_links(
    connection: &mut AnyConnection,
    changes: &[NewLinks],
) -> Result<(), StoreError> {
    let mut last: BTreeMap<(&Key, &Identity), Option<Option<&str>>> = BTreeMap::new();
    for change in changes {
        for target in &change.removed {
            last.insert((&change.source, target), None);
        }
        for (target, pending) in &change.added {
            last.insert((&change.source, target), Some(pending.as_deref()));
        }
    }
    fn link<'l>(source: &'l Key, target: &'l Identity) -> [Value<'l>; 5] {
        [
            source.space.into(),
            target.0.as_str().into(),
            target.1.as_str().into(),
            (&*source.type_name).into(),
            (&*source.id).into(),
        ]
    }
    let gone: Vec<(&Key, &Identity)> =
        last.iter().filter(|(_, state)| state.is_none()).map(|(link, _)| *link).collect();
    for gone in gone.chunks(256) {
        let mut sql = Sql::new("DELETE FROM link WHERE (space, type, id, source_type, source) IN (VALUES ");
        sql.bind_rows(gone, |(source, target)| link(source, target)).push(")");
        sql.execute(connection).await?;
    }
    let rows: Vec<_> =
        last.into_iter().filter_map(|((source, target), state)| Some((source, target, state?))).collect();
    let head = "INSERT INTO link (space, type, id, source_type, source, pending)";
    let tail = " ON CONFLICT (space, type, id, source_type, source) DO UPDATE SET pending = excluded.pending";
    sql::insert_rows(connection, head, tail, &rows, |(source, target, pending)| {
        link(source, target).into_iter().chain([(*pending).into()])
    })
    .await
}

/// Lets links count that waited for these resources to be created, each by this author.
pub(super) async fn settle(
    connection: &mut AnyConnection,
    first: &[(Key, String)],
) -> Result<(), StoreError> {
    for first in first.chunks(256) {
        let mut sql = Sql::new(
            "UPDATE link SET pending = NULL WHERE pending IS NOT NULL AND (space, type, id, pending) IN (VALUES ",
        );
        sql.bind_rows(first, |(key, author)| {
            [key.space.into(), (&*key.type_name).into(), (&*key.id).into(), author.as_str().into()]
        });
        sql.push(")");
        sql.execute(connection).await?;
    }
    Ok(())
}

impl WriteTransaction<'_> {
    /// Of these Tasks, by id, the orders that they reach, so that what becomes of the Task may have consequences for the
    /// order.
    pub async fn linked_orders(
        &mut self,
        space: SpaceId,
        tasks: &[&str],
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut found = Vec::new();
        for tasks in tasks.chunks(256) {
            let mut sql = Sql::new("SELECT source, id FROM link WHERE type = 'ServiceRequest'");
            sql.add(
                " AND pending IS NULL AND space = ? AND source_type = 'Task' AND source IN ",
                [space.into()],
            );
            sql.bind_list(tasks);
            for row in sql.fetch_all(self.connection()).await? {
                found.push((row.try_get(0)?, row.try_get(1)?));
            }
        }
        Ok(found)
    }

    /// The Tasks that reach an order, and whose author could see it; oldest version first.
    pub async fn tasks_reaching(&mut self, order: &Key) -> Result<Vec<Version>, StoreError> {
        let mut sql = Sql::new("SELECT ");
        sql.push(VERSION_COLUMNS).add(
            " FROM link l JOIN resource r ON r.space = l.space AND r.type = 'Task' AND r.id = l.source \
             AND r.deleted = 0 JOIN version v ON v.seq = r.seq WHERE l.source_type = 'Task' \
             AND l.pending IS NULL AND l.space = ? AND l.type = ? AND l.id = ? ORDER BY v.seq",
            [order.space.into(), (&*order.type_name).into(), (&*order.id).into()],
        );
        let rows = sql.fetch_all(self.connection()).await?;
        rows.iter().map(read::version).collect()
    }

    /// Which of these resources a viewer may see.
    pub async fn visible(&mut self, viewer: &Viewer, keys: &[Key]) -> Result<HashSet<Key>, StoreError> {
        let keys: Vec<&Key> = keys.iter().collect();
        let found = read::current(self.connection(), viewer, &keys).await?;
        Ok(found.into_iter().map(|version| version.key).collect())
    }
}
