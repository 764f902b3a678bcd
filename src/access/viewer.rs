//! What of a space a caller may see.

use std::sync::Arc;

use crate::fhir::time::Instant;

use super::shared::is_shared;

/// What of a space a caller may see. Whoever reads the store has to say who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// All of it: the gateway itself, its administrators, and whoever calls an open gateway.
    Everything,
    /// What concerns a party.
    Party(Arc<Party>),
}

/// A party to referrals, as far as it is to be shown something.
///
/// It sees what belongs to nobody in particular ([`is_shared`]), what it has created, and what may be disclosed to it: of
/// the Tasks it takes part in and what those reach ([`reach`](super::reach)), what consent allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Whom it writes as, say `Organization/1`: what that one has created it sees.
    pub creator: String,
    /// References that mean it, that one among them.
    pub names: Vec<String>,
    /// The moment it looks.
    pub now: Instant,
}

impl Viewer {
    /// Whether resources of a type are all to be seen.
    pub fn sees_all(&self, type_name: &str) -> bool {
        match self {
            Viewer::Everything => true,
            Viewer::Party(_) => is_shared(type_name),
        }
    }

    /// The party, where not everything is seen.
    pub fn party(&self) -> Option<&Party> {
        match self {
            Viewer::Everything => None,
            Viewer::Party(party) => Some(party),
        }
    }
}
