//! Those whom what is disclosed to them is kept for: organisations that registered clients act for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::access::reach::pool;
use crate::access::{Coverage, Registration};
use crate::store::{ClientsVersion, SpaceId, Store, StoreError, WriteTransaction};

use super::Space;

/// An organisation that clients act for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipient {
    /// Whom it writes as.
    pub(super) name: String,
    /// All names under which it takes part in Tasks.
    pub(super) names: BTreeSet<String>,
    /// What HIPAA makes of it: the least, where its clients differ.
    pub(super) coverage: Coverage,
}

/// All of them, by the names under which they take part in Tasks.
#[derive(Debug, Default)]
pub(super) struct Recipients {
    version: Option<ClientsVersion>,
    by_name: HashMap<(SpaceId, String), Vec<Arc<Recipient>>>,
}

impl Recipients {
    /// Those who take part in a Task under this name.
    pub(super) fn named(&self, space: SpaceId, name: &str) -> &[Arc<Recipient>] {
        self.by_name.get(&(space, name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Whether there is nobody.
    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Forgets them, where what was learned was not committed.
    pub(super) fn forget(&mut self) {
        *self = Recipients::default();
    }

    /// Whether the store's clients are others by now.
    pub(super) async fn are_stale(&self, store: &Store) -> Result<bool, StoreError> {
        Ok(self.version != Some(store.clients_version().await?))
    }

    /// Learns of the clients there are now. What is disclosed to those who are new, or registered in another way, is to be
    /// found out anew.
    pub(super) async fn refresh<'s>(
        &mut self,
        store: &Store,
        transaction: &mut WriteTransaction<'_>,
        configured: &[Registration],
        spaces: impl Iterator<Item = &'s Arc<Space>>,
    ) -> Result<(), StoreError> {
        let (version, rows) = store.clients().await?;
        let mut registrations: BTreeMap<String, Registration> = BTreeMap::new();
        for row in rows {
            let registration = row.registration.as_deref().and_then(|text| serde_json::from_str(text).ok());
            registrations.extend(registration.map(|registration| (row.id, registration)));
        }
        registrations.extend(configured.iter().map(|own| (own.id.clone(), own.clone())));
        let mut present: BTreeMap<(SpaceId, String), Recipient> = BTreeMap::new();
        for space in spaces {
            for registration in registrations.values() {
                add(&mut present, space, registration);
            }
        }
        let known = transaction.recipients().await?;
        for (space, name) in known.keys().filter(|key| !present.contains_key(*key)) {
            transaction.set_recipient(*space, name, None, &[]).await?;
        }
        self.by_name.clear();
        for ((space, name), recipient) in present {
            let registered = serde_json::json!([recipient.coverage, recipient.names]).to_string();
            if known.get(&(space, name.clone())) != Some(&registered) {
                let names: Vec<&str> = recipient.names.iter().map(String::as_str).collect();
                transaction.set_recipient(space, &name, Some(&registered), &names).await?;
            }
            let recipient = Arc::new(recipient);
            for name in &recipient.names {
                self.by_name.entry((space, name.clone())).or_default().push(Arc::clone(&recipient));
            }
        }
        self.version = Some(version);
        Ok(())
    }
}

fn add(present: &mut BTreeMap<(SpaceId, String), Recipient>, space: &Space, registration: &Registration) {
    let client = registration.client(registration.scopes.clone());
    let Some(organizations) = client.organizations.get(&space.name) else { return };
    let Some(name) = organizations.first() else { return };
    let recipient = present.entry((space.id, name.clone())).or_insert_with(|| Recipient {
        name: name.clone(),
        names: BTreeSet::new(),
        coverage: client.coverage,
    });
    recipient.names.extend(organizations.iter().cloned());
    recipient.names.extend(client.pools.iter().map(|token| pool(token)));
    recipient.coverage = recipient.coverage.max(client.coverage);
}
