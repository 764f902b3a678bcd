//! Who makes a request.

use std::sync::Arc;

use super::Client;

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
}
