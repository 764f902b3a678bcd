//! What comes of the question whether somebody may receive something.

use std::fmt;
use std::sync::Arc;

use crate::fhir::Resource;
use crate::fhir::time::Instant;

use super::conditions::Request;
use super::sensitivity::{Label, Sensitivity};
use super::{ConsentKey, Purpose, Reason};

/// The proof that a resource may go to a recipient. Only [`permit`](super::permit) makes one; what sends or answers wants
/// it.
#[derive(Debug)]
#[must_use = "it is the proof that whoever sends must hold"]
pub struct Disclosure {
    pub(super) asked: Asked,
    pub(super) basis: Basis,
    pub(super) obligations: Obligations,
}

/// That a resource may not go to a recipient, and why.
#[derive(Debug)]
pub struct Denial {
    pub(super) asked: Asked,
    pub(super) reason: Reason,
    pub(super) consent: Option<Arc<ConsentKey>>,
}

/// What was asked, and how long the answer holds.
#[derive(Debug)]
pub(super) struct Asked {
    pub resource: Box<str>,
    pub recipient: Arc<str>,
    pub purpose: Purpose,
    pub until: Option<Instant>,
}

/// On what a disclosure rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// A Consent permits it.
    Consent(Arc<ConsentKey>),
    /// A Consent that rests on a signed document permits it for the referral that names it.
    Referral(Arc<ConsentKey>),
    /// The recipient is covered by HIPAA or works for one who is, the purpose is treatment, payment or operations
    /// (45 CFR 164.506), and no Consent is against it.
    Covered,
    /// It is nobody's information.
    Impersonal,
}

/// What goes with a disclosure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Obligations {
    /// [`REDISCLOSURE_NOTICE`] accompanies it (42 CFR 2.32).
    pub redisclosure_notice: bool,
    /// The recipient may not pass it on.
    pub no_redisclosure: bool,
    /// The person may not be contacted (`contacting-subject-prohibited`).
    pub contacting_subject_prohibited: bool,
}

/// What accompanies records of substance use (42 CFR 2.32(a)(2)).
pub const REDISCLOSURE_NOTICE: &str =
    "42 CFR part 2 prohibits unauthorized use or disclosure of these records.";

impl Disclosure {
    /// On what it rests.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// The Consent that permits it, where it rests on one.
    pub fn consent(&self) -> Option<&ConsentKey> {
        match &self.basis {
            Basis::Consent(key) | Basis::Referral(key) => Some(key),
            Basis::Covered | Basis::Impersonal => None,
        }
    }

    /// What goes with it.
    pub fn obligations(&self) -> Obligations {
        self.obligations
    }

    /// Reference of the resource, `Type/id`.
    pub fn resource(&self) -> &str {
        &self.asked.resource
    }

    /// Reference of the recipient.
    pub fn recipient(&self) -> &str {
        &self.asked.recipient
    }

    /// What for.
    pub fn purpose(&self) -> Purpose {
        self.asked.purpose
    }

    /// The first moment at which the answer may be another while no resource changes; `None` when there is none.
    pub fn until(&self) -> Option<Instant> {
        self.asked.until
    }

    /// Whether this is about that resource.
    pub fn is_of(&self, resource: &Resource) -> bool {
        *self.asked.resource == *name_of(resource)
    }
}

impl Denial {
    /// Why.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The Consent that came closest to permitting it, or forbids it.
    pub fn consent(&self) -> Option<&ConsentKey> {
        self.consent.as_deref()
    }

    /// Reference of the resource, `Type/id`.
    pub fn resource(&self) -> &str {
        &self.asked.resource
    }

    /// Reference of the recipient.
    pub fn recipient(&self) -> &str {
        &self.asked.recipient
    }

    /// What for.
    pub fn purpose(&self) -> Purpose {
        self.asked.purpose
    }

    /// The first moment at which the answer may be another while no resource changes; `None` when there is none.
    pub fn until(&self) -> Option<Instant> {
        self.asked.until
    }
}

impl Asked {
    pub(super) fn of(request: &Request, until: Option<Instant>) -> Asked {
        Asked {
            resource: name_of(request.content.resource()),
            recipient: Arc::clone(request.recipient.name()),
            purpose: request.purpose,
            until,
        }
    }
}

impl Obligations {
    /// Those that come with the information itself and with its referral.
    pub(super) fn of(request: &Request) -> Obligations {
        let content = request.content;
        Obligations {
            redisclosure_notice: content.sensitivities().has(Sensitivity::SubstanceUse),
            no_redisclosure: content.labels().contains(&Label::NoRedisclosure),
            contacting_subject_prohibited: content
                .referral()
                .is_some_and(|referral| !referral.may_contact_subject()),
        }
    }
}

/// `Type/id`; the type alone of what has no id.
fn name_of(resource: &Resource) -> Box<str> {
    let id = resource.id().filter(|id| crate::fhir::Id::is_valid(id));
    let type_name = Some(resource.type_name()).filter(|name| crate::fhir::is_type_name(name));
    let type_name = type_name.unwrap_or("Resource");
    id.map_or_else(|| type_name.into(), |id| format!("{type_name}/{id}").into())
}

impl fmt::Display for ConsentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reference)?;
        match &self.version {
            Some(version) => write!(f, " version {version}"),
            None => Ok(()),
        }
    }
}
