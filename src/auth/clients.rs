//! The clients there are: those of the configuration, and those registered by command.
//!
//! A client that is disabled is shut out at once, on every node: before each request that has a token the database is asked
//! whether the clients have changed. Requests that come at the same time share a question, if it was put after they came.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;
use tracing::warn;

use crate::access::Registration;
use crate::store::{ClientRow, ClientsVersion, Store, StoreError};

use super::jwk::KeySet;

/// A client that is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// As it is registered.
    pub registration: Registration,
    /// Its public keys, where they are part of that.
    pub keys: Arc<KeySet>,
}

/// The clients at a moment. Those that are disabled are not among them.
#[derive(Debug, Default)]
pub struct Roster {
    /// Which state of the clients this is.
    pub version: ClientsVersion,
    clients: HashMap<String, Arc<Registered>>,
    by_subject: HashMap<String, Arc<Registered>>,
}

impl Roster {
    /// `configured` goes before what the store has of the same client, but for being disabled.
    pub fn new(configured: &[Registration], version: ClientsVersion, rows: Vec<ClientRow>) -> Roster {
        let mut registrations: HashMap<String, Registration> =
            configured.iter().map(|own| (own.id.clone(), own.clone())).collect();
        for ClientRow { id, registration, is_disabled } in rows {
            if is_disabled {
                registrations.remove(&id);
                continue;
            }
            let Some(text) = registration else { continue };
            match serde_json::from_str(&text) {
                Ok(stored) => drop(registrations.entry(id).or_insert(stored)),
                Err(_) => warn!(client = id, "the registration in the database cannot be read: shut out"),
            }
        }
        let mut roster = Roster { version, ..Roster::default() };
        for (id, registration) in registrations {
            let keys = Arc::new(registration.jwks.as_ref().map(KeySet::of_jwks).unwrap_or_default());
            let subject = registration.tls_subject.clone();
            let registered = Arc::new(Registered { registration, keys });
            if let Some(subject) = subject {
                roster.by_subject.insert(subject, Arc::clone(&registered));
            }
            roster.clients.insert(id, registered);
        }
        roster
    }

    /// A client by its id.
    pub fn client(&self, id: &str) -> Option<&Arc<Registered>> {
        self.clients.get(id)
    }

    /// A client by the subject of its certificate.
    pub fn by_subject(&self, subject: &str) -> Option<&Arc<Registered>> {
        self.by_subject.get(subject)
    }
}

/// Where the present clients are told.
pub struct Clients {
    configured: Vec<Registration>,
    store: Store,
    /// How many have asked.
    asked: AtomicU64,
    /// What was last told, and for how many of those who have asked.
    told: Mutex<(u64, Arc<Roster>)>,
}

impl Clients {
    /// The clients of a configuration and a store.
    pub fn new(configured: Vec<Registration>, store: Store) -> Clients {
        Clients { configured, store, asked: AtomicU64::new(0), told: Mutex::default() }
    }

    /// The clients as they are now: not before this is called.
    pub async fn current(&self) -> Result<Arc<Roster>, StoreError> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut told = self.told.lock().await;
        if told.0 >= turn {
            return Ok(Arc::clone(&told.1));
        }
        // For all who have asked before the database is.
        let covers = self.asked.load(Ordering::SeqCst);
        let is_first = told.0 == 0;
        if is_first || self.store.clients_version().await? != told.1.version {
            let (version, rows) = self.store.clients().await?;
            told.1 = Arc::new(Roster::new(&self.configured, version, rows));
        }
        told.0 = covers;
        Ok(Arc::clone(&told.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_and_store() {
        let registration = |id: &str, name: &str| Registration {
            id: id.into(),
            name: Some(name.into()),
            tls_subject: Some(format!("CN={id}")),
            ..Registration::default()
        };
        let row = |id: &str, name: Option<&str>, is_disabled| ClientRow {
            id: id.into(),
            registration: name.map(|name| serde_json::to_string(&registration(id, name)).unwrap()),
            is_disabled,
        };
        let configured = [registration("a", "configured"), registration("b", "configured")];
        let broken = ClientRow { registration: Some("{".into()), ..row("broken", None, false) };
        let rows = vec![
            row("a", Some("stored"), false),
            row("b", None, true),
            row("c", Some("stored"), false),
            row("d", Some("stored"), true),
            row("e", None, false),
            broken,
        ];
        let roster = Roster::new(&configured, ClientsVersion(7), rows);
        for (id, expected) in [
            ("a", Some("configured")),
            ("b", None),
            ("c", Some("stored")),
            ("d", None),
            ("e", None),
            ("broken", None),
            ("nobody", None),
        ] {
            let name = |found: Option<&Arc<Registered>>| found.and_then(|c| c.registration.name.clone());
            assert_eq!(name(roster.client(id)).as_deref(), expected, "{id}");
            assert_eq!(name(roster.by_subject(&format!("CN={id}"))).as_deref(), expected, "{id}");
        }
    }
}
