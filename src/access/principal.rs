//! Who makes a request.

use std::sync::Arc;

use crate::fhir::time::Instant;

use super::{Client, Party, Scopes, Viewer};

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Principal {
    /// Nobody knows: the gateway runs open, on loopback.
    #[default]
    Open,
    /// A client that has proved who it is.
    Client(Arc<Client>),
}

impl Principal {
    /// Reference to the organisation that the caller acts for in a space, where that is known.
    pub fn acts_for(&self, space: &str) -> Option<&str> {
        match self {
            Principal::Open => None,
            Principal::Client(client) => client.acts_for(space),
        }
    }

    /// The client, where it is known.
    pub fn client(&self) -> Option<&Client> {
        match self {
            Principal::Open => None,
            Principal::Client(client) => Some(client),
        }
    }

    /// What its token permits; `None` where there are no tokens, and nothing is forbidden for want of one.
    pub fn scopes(&self) -> Option<&Scopes> {
        self.client().map(|client| &client.scopes)
    }

    /// What the caller may see of a space at a moment; `None` where the space is closed to it.
    pub fn viewer(&self, space: &str, now: Instant) -> Option<Viewer> {
        let Principal::Client(client) = self else { return Some(Viewer::Everything) };
        if client.is_administrator {
            return Some(Viewer::Everything);
        }
        let organizations = client.organizations.get(space)?;
        Some(Viewer::Party(Arc::new(Party {
            creator: organizations.first()?.clone(),
            names: organizations.clone(),
            now,
        })))
    }
}
