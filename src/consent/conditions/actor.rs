//! Whom a rule is about (R4 Consent.provision.actor).

use serde_json::Value;

use crate::consent::address::Address;
use crate::consent::json::{codings, is_modified};
use crate::consent::matching::Match;

use super::Request;

/// The actors of a provision: recipients among themselves are alternatives, and so are custodians, and authors; a rule
/// that gives several of these kinds wants one of each.
#[derive(Debug)]
pub(super) struct Actors(Vec<Actor>);

#[derive(Debug)]
struct Actor {
    role: Role,
    /// `None` when the reference leads to nobody that we could name.
    address: Option<Address>,
}

/// What an actor is to the information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It receives it.
    Recipient,
    /// It keeps it.
    Custodian,
    /// It wrote it.
    Author,
    /// Something else, or nobody knows.
    Other,
}

impl Actors {
    pub(super) fn read(actors: &[Value], own_base: &str) -> Actors {
        let actor = |value: &Value| Actor {
            role: match (is_modified(value), value.get("role")) {
                (false, Some(role)) => Role::read(role),
                _ => Role::Other,
            },
            address: value.get("reference").and_then(|reference| Address::read(reference, own_base)),
        };
        Actors(actors.iter().map(actor).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn stand_to(&self, request: &Request) -> Match {
        let mut all = Match::Yes;
        for role in [Role::Recipient, Role::Custodian, Role::Author] {
            if self.0.iter().any(|actor| actor.role == role) {
                let actors = self.0.iter().filter(|actor| actor.role == role);
                all = all.min(Match::any(actors.map(|actor| actor.stands_to(request))));
            }
        }
        // Who gives the consent, or witnesses it, may stand beside the recipients. Without these, what it means that he
        // is there is anybody's guess.
        let are_recipients = self.0.iter().any(|actor| actor.role == Role::Recipient);
        let are_others = self.0.iter().any(|actor| actor.role == Role::Other);
        if are_others && !are_recipients { all.min(Match::Unknown) } else { all }
    }

    /// Whether the recipient is one of them by name, in the role of a recipient. Whoever cannot be told, or has another
    /// role, may be meant.
    pub(super) fn name_recipient(&self, request: &Request) -> Match {
        Match::any(self.0.iter().map(|actor| match (actor.role, &actor.address) {
            (Role::Recipient, _) => actor.stands_to(request),
            (Role::Other, Some(address)) if !request.recipient.is(address) => Match::No,
            (Role::Other, _) => Match::Unknown,
            (Role::Custodian | Role::Author, _) => Match::No,
        }))
    }
}

impl Actor {
    fn stands_to(&self, request: &Request) -> Match {
        let Some(address) = &self.address else { return Match::Unknown };
        match self.role {
            Role::Recipient if request.recipient.is(address) => Match::Yes,
            // Nobody tells us who is in it.
            Role::Recipient if matches!(address.type_name(), "Group" | "CareTeam") => Match::Unknown,
            Role::Recipient => Match::No,
            Role::Custodian => request.content.is_held_by(address),
            Role::Author => request.content.is_authored_by(address),
            Role::Other => Match::Unknown,
        }
    }
}

impl Role {
    fn read(concept: &Value) -> Role {
        const PARTICIPATION_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
        let known = codings(concept).find_map(|coding| match coding {
            (PARTICIPATION_TYPE, "IRCP" | "PRCP" | "NOT" | "TRC" | "RCV" | "REFT") => Some(Role::Recipient),
            (PARTICIPATION_TYPE, "CST") => Some(Role::Custodian),
            (PARTICIPATION_TYPE, "AUT") => Some(Role::Author),
            _ => None,
        });
        known.unwrap_or(Role::Other)
    }
}
