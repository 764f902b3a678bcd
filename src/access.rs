//! Ring 3: who is calling. What a caller may see and do is decided from this (rules come with logins).

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Principal {
    /// Nobody knows: the gateway runs open, on loopback.
    #[default]
    Open,
    /// A client that acts for an organisation.
    Organization {
        /// Reference to it, say `Organization/1`.
        reference: String,
    },
}

impl Principal {
    /// Reference to whom the caller acts for, where that is known.
    pub fn acts_for(&self) -> Option<&str> {
        match self {
            Principal::Open => None,
            Principal::Organization { reference } => Some(reference),
        }
    }
}
