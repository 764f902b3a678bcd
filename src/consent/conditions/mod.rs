//! What a provision makes its rule depend on: all that it gives must be so (R4 Consent.provision).

mod actor;
mod content;

use serde_json::Value;

use crate::fhir::time::Instant;

use super::json::{Malformed, coding, codings, list};
use super::matching::Match;
use super::period::Validity;
use super::sensitivity::{Sensitivities, SensitivitySet};
use super::{Content, Purpose, Recipient};
use actor::Actors;
use content::ContentConditions;

/// What is asked.
pub(super) struct Request<'a> {
    pub now: Instant,
    pub recipient: &'a Recipient,
    pub purpose: Purpose,
    pub content: &'a Content<'a>,
}

/// The conditions of a provision.
#[derive(Debug)]
pub(super) struct Conditions {
    pub validity: Validity,
    actors: Actors,
    actions: Vec<Action>,
    /// `None` for one we do not know.
    purposes: Vec<Option<Purpose>>,
    content: ContentConditions,
}

/// A kind of condition, in the order in which they are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Condition {
    /// They cannot be read.
    Unreadable,
    Period,
    Actor,
    Action,
    Purpose,
    Content,
}

/// How the conditions of a provision stand to what is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub is: Match,
    /// The first that is not met for certain.
    pub unmet: Condition,
}

/// What is done with the information (consentaction).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Received by somebody: access, disclose.
    Disclosure,
    /// Something else: collect, use, correct.
    Other,
    Unknown,
}

impl Conditions {
    /// Reads those of a provision. What has no shape that FHIR knows is an error.
    pub(super) fn read(
        provision: &Value,
        own_base: &str,
        sensitivities: &Sensitivities,
    ) -> Result<Conditions, Malformed> {
        let purpose = |value| match coding(value) {
            Some(("http://terminology.hl7.org/CodeSystem/v3-ActReason", code)) => Purpose::parse(code),
            _ => None,
        };
        Ok(Conditions {
            validity: Validity::read(provision, "period"),
            actors: Actors::read(list(provision, "actor")?, own_base),
            actions: list(provision, "action")?.iter().map(Action::read).collect(),
            purposes: list(provision, "purpose")?.iter().map(purpose).collect(),
            content: ContentConditions::read(provision, own_base, sensitivities)?,
        })
    }

    /// Whether there are none but the period.
    pub(super) fn are_none(&self) -> bool {
        self.actors.is_empty()
            && self.actions.is_empty()
            && self.purposes.is_empty()
            && self.content.is_empty()
    }

    /// Whether they are met.
    pub(super) fn standing(&self, request: &Request) -> Standing {
        let mut standing = Standing { is: Match::Yes, unmet: Condition::Content };
        for (condition, is) in [
            (Condition::Period, &(|| self.validity.at(request.now)) as &dyn Fn() -> Match),
            (Condition::Actor, &|| self.actors.stand_to(request)),
            (Condition::Action, &|| Match::any_if_given(&self.actions, |action| action.is_disclosure())),
            (Condition::Purpose, &|| {
                Match::any_if_given(&self.purposes, |purpose| same_purpose(request.purpose, *purpose))
            }),
            (Condition::Content, &|| self.content.stand_to(request.content)),
        ] {
            let is = is();
            if is != Match::Yes && standing.is == Match::Yes {
                standing.unmet = condition;
            }
            standing.is = standing.is.min(is);
            if standing.is == Match::No {
                break;
            }
        }
        standing
    }

    /// Whether the recipient is named among the actors.
    pub(super) fn name_recipient(&self, request: &Request) -> Match {
        self.actors.name_recipient(request)
    }

    /// What of the content's sensitivities a permission with these conditions names.
    pub(super) fn names(&self, content: &Content) -> SensitivitySet {
        self.content.names(content)
    }

    /// Whether a permission with these conditions forbids to pass on what it permits.
    pub(super) fn forbid_redisclosure(&self) -> bool {
        self.content.forbid_redisclosure()
    }
}

/// Whether the purpose asked for is one that a provision gives, or a kind of it. Whoever asks for something wider may be
/// after what the provision gives.
fn same_purpose(asked: Purpose, given: Option<Purpose>) -> Match {
    match given {
        Some(given) if asked.is_a(given) => Match::Yes,
        Some(given) if !given.is_a(asked) => Match::No,
        _ => Match::Unknown,
    }
}

impl Action {
    fn read(concept: &Value) -> Action {
        const CONSENT_ACTION: &str = "http://terminology.hl7.org/CodeSystem/consentaction";
        let mut action = Action::Unknown;
        for coding in codings(concept) {
            match coding {
                (CONSENT_ACTION, "access" | "disclose") => return Action::Disclosure,
                (CONSENT_ACTION, "collect" | "use" | "correct") => action = Action::Other,
                _ => {}
            }
        }
        action
    }

    fn is_disclosure(self) -> Match {
        match self {
            Action::Disclosure => Match::Yes,
            Action::Other => Match::No,
            Action::Unknown => Match::Unknown,
        }
    }
}
