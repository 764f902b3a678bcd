//! A referral with all that belongs to it, as it is in the middle of a commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fhir::time::Instant;
use crate::fhir::{Reference, Resource};
use crate::gateway::Space;
use crate::gateway::recipients::Recipients;
use crate::store::{Key, StoreError, TaskKey};

use super::Group;

/// A Task with all that it may show.
pub(super) struct Story {
    pub(super) space: Arc<Space>,
    pub(super) key: Key,
    pub(super) task: Resource,
    pub(super) order: Option<Resource>,
    /// The Task itself, and what it and its order reach.
    pub(super) shown: Vec<Shown>,
    /// Who takes part, and until when.
    pub(super) parties: Vec<(String, Instant)>,
}

/// Something that it may show.
pub(super) struct Shown {
    pub(super) key: Key,
    /// Who created it.
    pub(super) creator: Option<String>,
    pub(super) resource: Resource,
}

impl Group<'_, '_> {
    fn shown(&self, key: &Key) -> Option<Shown> {
        let creator = self.current.get(key)?.as_ref()?.creator.clone();
        Some(Shown { key: key.clone(), creator, resource: self.resource(key)? })
    }

    /// The Tasks that somebody is a recipient of, with all that they may show.
    pub(super) async fn stories(
        &mut self,
        recipients: &Recipients,
        tasks: &[TaskKey],
    ) -> Result<Vec<Story>, StoreError> {
        let mut parties = self.transaction.parties(tasks).await?;
        let wanted: Vec<&TaskKey> = tasks
            .iter()
            .filter(|(space, task)| {
                let parties = parties.get(&(*space, task.clone()));
                parties.into_iter().flatten().any(|(name, _)| !recipients.named(*space, name).is_empty())
            })
            .collect();
        let keys: Vec<Key> = wanted.iter().map(|(space, task)| Key::new(*space, "Task", task)).collect();
        self.fetch(&keys).await?;
        let sources: Vec<&Key> = keys.iter().collect();
        let mut links = self.transaction.links(&sources).await?;
        let orders: Vec<Key> = links
            .iter()
            .filter(|(_, link)| &*link.target.type_name == "ServiceRequest")
            .map(|(_, link)| link.target.clone())
            .collect();
        let sources: Vec<&Key> = orders.iter().collect();
        let of_orders = self.transaction.links(&sources).await?;
        let targets: Vec<Key> = links.iter().chain(&of_orders).map(|(_, link)| link.target.clone()).collect();
        self.fetch(&targets).await?;
        let mut stories = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(space) = self.inner.spaces.values().find(|space| space.id == key.space) else {
                continue;
            };
            let Some(task) = self.resource(&key) else { continue };
            let mut reached = BTreeSet::new();
            links.retain(|(space, link)| {
                let is_own = *space == key.space && link.source == *key.id;
                if is_own {
                    reached.insert(link.target.clone());
                }
                !is_own
            });
            let orders: Vec<Key> =
                reached.iter().filter(|key| &*key.type_name == "ServiceRequest").cloned().collect();
            for order in &orders {
                let of_order = of_orders
                    .iter()
                    .filter(|(space, link)| *space == order.space && link.source == *order.id);
                reached.extend(of_order.map(|(_, link)| link.target.clone()));
            }
            let focus = task.reference("focus").and_then(|text| Reference::parse(text).local(&space.base));
            let order = focus.filter(|(type_name, _)| *type_name == "ServiceRequest");
            let order = order.map(|(type_name, id)| Key::new(key.space, type_name, id));
            let order = order.filter(|order| orders.contains(order)).and_then(|order| self.resource(&order));
            let shown = std::iter::once(&key).chain(&reached).filter_map(|key| self.shown(key)).collect();
            stories.push(Story {
                space: Arc::clone(space),
                parties: parties.remove(&(key.space, key.id.to_string())).unwrap_or_default(),
                key,
                task,
                order,
                shown,
            });
        }
        Ok(stories)
    }
}
