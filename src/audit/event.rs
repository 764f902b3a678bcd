//! What happened, as it is kept.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::fhir::time::Instant;

use super::{End, Entity};

/// What one request did in one way, or what the gateway did of itself. Its JSON is what is stored, hashed and signed:
/// names are short, and never change their meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What was done.
    #[serde(rename = "did")]
    pub kind: Kind,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Outcome::is_success")]
    pub outcome: Outcome,
    /// By whom.
    #[serde(rename = "by", default, skip_serializing_if = "Actor::is_anyone")]
    pub actor: Actor,
    /// By which request.
    #[serde(rename = "via", default, skip_serializing_if = "Origin::is_empty")]
    pub origin: Origin,
    /// In which space; the default space has the empty name.
    #[serde(rename = "in", default, skip_serializing_if = "String::is_empty")]
    pub space: String,
    /// What was asked, as it was asked: `GET /fhir/Task?owner=…`. May hold personal data.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// The resources it was done to, or that were shown.
    #[serde(rename = "on", default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
    /// Ids of Patients it concerned beside those of the resources: whom a search asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patients: Vec<String>,
    /// Who was given it, where that is not who asked: a reference to an Organization, say.
    #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// The Consent by which it was permitted or denied: `Consent/5/_history/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// What for: a code of v3 PurposeOfUse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Why it ended so, or what was changed, in a sentence without personal data.
    #[serde(rename = "why", default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl Event {
    /// A success with nothing told beside it.
    pub fn new(at: Instant, kind: Kind, actor: Actor, origin: Origin) -> Event {
        Event {
            at,
            kind,
            outcome: Outcome::Success,
            actor,
            origin,
            space: String::new(),
            query: String::new(),
            entities: Vec::new(),
            patients: Vec::new(),
            recipient: None,
            consent: None,
            purpose: None,
            reason: String::new(),
        }
    }

    /// Ids of all Patients it concerned, each once, in the order they come.
    pub fn all_patients(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        let of_entities = self.entities.iter().flat_map(|entity| &entity.patients);
        for patient in self.patients.iter().chain(of_entities) {
            if !all.contains(&patient.as_str()) {
                all.push(patient);
            }
        }
        all
    }
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A resource came to be.
    Create,
    /// A resource was replaced.
    Update,
    /// A resource was patched.
    Patch,
    /// A resource was deleted.
    Delete,
    /// The current version was read.
    Read,
    /// A version was read.
    VersionRead,
    /// Resources of a type were searched.
    Search,
    /// Resources of all types were searched.
    SystemSearch,
    /// Versions of a resource were listed.
    InstanceHistory,
    /// Versions of a type's resources were listed.
    TypeHistory,
    /// Versions of all resources were listed.
    SystemHistory,
    /// An operation was carried out.
    Operation,
    /// A batch or transaction, as a whole; what its entries did is told of each.
    Bundle,
    /// Resources left in bulk: part of an export's file, a backup.
    Export,
    /// Resources came in bulk: a restored backup.
    Import,
    /// Something was given to a party by what the patient allows.
    Disclosure,
    /// It was decided, by what the patient allows, whether a party may be given something.
    Decision,
    /// A client proved who it is, or failed to.
    Login,
    /// A setting, a client or a key was changed.
    Configuration,
    /// This record was looked at from the command line.
    AuditUse,
    /// A process began to write a chain.
    Start(Box<Start>),
    /// A process ended as it should.
    Stop,
}

/// What the first event of a chain tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The machine or instance, as configured.
    pub node: String,
    /// Version of the software.
    pub version: String,
    /// The public key that goes with the chain's signatures, as [`super::PublicKey`] writes it.
    pub key: String,
    /// SHA-256 of the configuration, secrets left out; of a process that serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    /// The last pages of the chains that no chain had named before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<End>,
}

/// How it ended (value set audit-event-outcome).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Carried out.
    #[default]
    Success,
    /// Refused: for the caller's want of permission, or for what was asked.
    Refused,
    /// Failed by our own fault.
    Failed,
}

impl Outcome {
    /// Whether it was carried out.
    pub fn is_success(&self) -> bool {
        *self == Outcome::Success
    }

    /// Of an HTTP status.
    pub fn of_status(status: u16) -> Outcome {
        match status {
            0..=399 => Outcome::Success,
            400..=499 => Outcome::Refused,
            _ => Outcome::Failed,
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// Nobody knows: the gateway ran open.
    #[default]
    Anyone,
    /// A client.
    Client {
        /// Its `client_id`.
        id: String,
        /// For whom it acted: a reference, say `Organization/1`.
        #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
        organization: Option<String>,
    },
    /// The gateway itself.
    Gateway,
    /// Whoever gave a command on the machine.
    Operator,
}

impl Actor {
    fn is_anyone(&self) -> bool {
        *self == Actor::Anyone
    }
}

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// `X-Request-Id`: the client's, else ours.
    #[serde(rename = "id", default, skip_serializing_if = "String::is_empty")]
    pub request: String,
    /// The other end of the connection.
    #[serde(rename = "from", default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
}

impl Origin {
    fn is_empty(&self) -> bool {
        self.request.is_empty() && self.address.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored() {
        let read = Event {
            entities: vec![Entity {
                type_name: "Task".into(),
                id: "1".into(),
                version: 3,
                patients: vec!["p".into()],
            }],
            ..Event::new(Instant(5), Kind::Read, Actor::Anyone, Origin::default())
        };
        let refused = Event {
            outcome: Outcome::Refused,
            space: "north".into(),
            query: "GET /s/north/fhir/Task?owner=Organization/1".into(),
            patients: vec!["p".into(), "q".into()],
            reason: "404".into(),
            ..Event::new(
                Instant(6),
                Kind::Search,
                Actor::Client { id: "clinic".into(), organization: Some("Organization/1".into()) },
                Origin { request: "r1".into(), address: Some([127, 0, 0, 1].into()) },
            )
        };
        let start = Start {
            node: "n".into(),
            version: "0".into(),
            key: "k".into(),
            configuration: Some("c".into()),
            ends: vec![End { chain: 1, number: 2, hash: "h".into() }],
        };
        let start = Event::new(Instant(7), Kind::Start(Box::new(start)), Actor::Gateway, Origin::default());
        for (event, expected) in [
            (read, r#"{"at":5,"did":"read","on":["Task/1/3 p"]}"#),
            (
                refused,
                r#"{"at":6,"did":"search","outcome":"refused","by":{"client":{"id":"clinic","for":"Organization/1"}},"via":{"id":"r1","from":"127.0.0.1"},"in":"north","query":"GET /s/north/fhir/Task?owner=Organization/1","patients":["p","q"],"why":"404"}"#,
            ),
            (
                start,
                r#"{"at":7,"did":{"start":{"node":"n","version":"0","key":"k","configuration":"c","ends":["1/2/h"]}},"by":"gateway"}"#,
            ),
        ] {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(text, expected);
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
        }
    }
}
