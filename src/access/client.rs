//! Systems that may call, as they are registered.

use std::collections::{BTreeMap, BTreeSet};

use super::Scopes;

/// What HIPAA makes of an organisation. What others than covered entities and their associates receive needs consent.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// A provider or plan that HIPAA covers.
    CoveredEntity,
    /// Who works for such a one under a contract.
    BusinessAssociate,
    /// Anybody else, as community organisations mostly are; also where nothing is said.
    #[default]
    NonCovered,
}

/// A system that calls, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Client {
    /// Its `client_id`.
    pub id: String,
    /// For whom it acts, by space (the default space has the empty name): references to its Organization, of which the
    /// first is the one it writes as; the others stand for it too. A space that is not named here is closed to it.
    pub organizations: BTreeMap<String, Vec<String>>,
    /// What HIPAA makes of it.
    pub coverage: Coverage,
    /// Referrals without an owner that are offered to it: tokens, `system|code`, of which a Task's `performerType` has
    /// one; `*` for all.
    pub pools: BTreeSet<String>,
    /// What it may do by the token it came with.
    pub scopes: Scopes,
    /// Whether it runs the gateway: it sees all, in every space.
    pub is_administrator: bool,
}

impl Client {
    /// Reference to the organisation it acts for in a space.
    pub fn acts_for(&self, space: &str) -> Option<&str> {
        self.organizations.get(space)?.first().map(String::as_str)
    }

    /// Whether a space is open to it.
    pub fn may_enter(&self, space: &str) -> bool {
        self.is_administrator || self.organizations.contains_key(space)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_whom() {
        let organizations = [("", "Organization/1"), ("a", "Organization/2")];
        let organizations = organizations.map(|(space, name)| (space.to_owned(), vec![name.to_owned()]));
        let client = Client { organizations: organizations.into(), ..Client::default() };
        for (space, expected) in [("", Some("Organization/1")), ("a", Some("Organization/2")), ("b", None)] {
            assert_eq!(client.acts_for(space), expected);
            assert_eq!(client.may_enter(space), expected.is_some());
        }
        assert!(Client { is_administrator: true, ..Client::default() }.may_enter("b"));
    }
}
