//! Why a disclosure is denied.

use std::fmt;

use crate::fhir::time::Instant;

use super::explain::moment;
use super::{Sensitivity, Status};

/// Why a disclosure is denied, by the Consent that came closest to permitting it, or that forbids it. In this order: of
/// several reasons the last is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is not known whose information it is.
    PatientUnknown,
    /// There is no Consent of the patient's.
    NoConsent,
    /// `Consent.status` is not active.
    NotActive(Status),
    /// `Consent.scope` is not about privacy.
    OtherScope,
    /// `Consent.scope` is not known.
    UnknownScope,
    /// `Consent.category` is not one of disclosure.
    OtherCategory,
    /// `Consent.verification` says that it was not verified.
    NotVerified,
    /// `Consent.dateTime` is no date.
    Undated,
    /// `Consent.dateTime` is still to come.
    NotGiven(Instant),
    /// `Consent.provision.period` has ended, at this last moment.
    Ended(Instant),
    /// `Consent.provision.period` is still to begin.
    NotBegun(Instant),
    /// `Consent.policyRule` is not known or permits nothing, and no provision permits either.
    UnknownPolicy,
    /// It rests on a document, and lacks what SDOHCC-Consent wants.
    Incomplete,
    /// It rests on a document, and the disclosure is with no referral that names it.
    NotNamed,
    /// It rests on a document, and the recipient is no party of the referral that names it.
    NotAParty,
    /// It rests on a document, and the information is not the referral's.
    NotOfReferral,
    /// What permits cannot be read.
    UnreadableRule,
    /// What permits does so at other times.
    OtherTime,
    /// What permits does so to others.
    OtherRecipient,
    /// What permits permits something else than disclosure.
    OtherAction,
    /// What permits does so for other purposes.
    OtherPurpose,
    /// What permits permits other information.
    OtherContent,
    /// The information is of kinds that nothing names which permits; this is the first of them.
    Sensitive(Sensitivity),
    /// It does not say whether its provision permits or denies.
    Unstated,
    /// The policy permits in emergencies only.
    EmergencyOnly,
    /// The policy is not to take part.
    OptedOut,
    /// A provision that denies has conditions that cannot be told to be met or not.
    PerhapsForbidden,
    /// A provision denies.
    Forbidden,
    /// An element, named here, may turn the Consent round in ways that we do not know.
    Unreadable(&'static str),
    /// The information's own labels give other purposes.
    LabelledForOthers,
}

impl Reason {
    /// A stable name for counting and records, say `opted-out`.
    pub fn code(self) -> &'static str {
        match self {
            Reason::PatientUnknown => "patient-unknown",
            Reason::NoConsent => "no-consent",
            Reason::NotActive(_) => "not-active",
            Reason::OtherScope => "other-scope",
            Reason::UnknownScope => "unknown-scope",
            Reason::OtherCategory => "other-category",
            Reason::NotVerified => "not-verified",
            Reason::Undated => "undated",
            Reason::NotGiven(_) => "not-given",
            Reason::Ended(_) => "ended",
            Reason::NotBegun(_) => "not-begun",
            Reason::UnknownPolicy => "unknown-policy",
            Reason::Incomplete => "incomplete",
            Reason::NotNamed => "not-named",
            Reason::NotAParty => "not-a-party",
            Reason::NotOfReferral => "not-of-referral",
            Reason::UnreadableRule => "unreadable-rule",
            Reason::OtherTime => "other-time",
            Reason::OtherRecipient => "other-recipient",
            Reason::OtherAction => "other-action",
            Reason::OtherPurpose => "other-purpose",
            Reason::OtherContent => "other-content",
            Reason::Sensitive(_) => "sensitive",
            Reason::Unstated => "unstated",
            Reason::EmergencyOnly => "emergency-only",
            Reason::OptedOut => "opted-out",
            Reason::PerhapsForbidden => "perhaps-forbidden",
            Reason::Forbidden => "forbidden",
            Reason::Unreadable(_) => "unreadable",
            Reason::LabelledForOthers => "labelled-for-others",
        }
    }

    /// The clause of the sentence that explains a denial; `consent` is how the Consent is called there. The kind of what
    /// is sensitive is not told: beside the id of a resource it would be personal.
    pub(super) fn tell(self, consent: &dyn fmt::Display, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::PatientUnknown | Reason::NoConsent | Reason::LabelledForOthers => self.tell_alone(f),
            Reason::NotActive(Status::Unknown) => write!(f, "{consent} has no status that FHIR knows"),
            Reason::NotActive(status) => write!(f, "{consent} is not active but {}", status.code()),
            Reason::OtherScope => write!(f, "{consent} is not about privacy"),
            Reason::UnknownScope => write!(f, "{consent} has a scope that is not known"),
            Reason::OtherCategory => {
                write!(f, "{consent} has no category that is known to be about disclosure")
            }
            Reason::NotVerified => write!(f, "{consent} has not been verified"),
            Reason::Undated => write!(f, "{consent} has a date that cannot be read"),
            Reason::NotGiven(at) => write!(f, "{consent} is dated {}", moment(at)),
            Reason::Ended(at) => write!(f, "{consent} ended at {}", moment(Instant(at.0.saturating_add(1)))),
            Reason::NotBegun(at) => write!(f, "{consent} begins at {}", moment(at)),
            Reason::UnknownPolicy => {
                write!(
                    f,
                    "{consent} rests on a policy that is not known to permit and has no provision that does"
                )
            }
            Reason::Incomplete => {
                write!(f, "{consent} has no provision and lacks what an SDOHCC Consent must have")
            }
            Reason::NotNamed => write!(f, "{consent} has no provision and no referral names it here"),
            Reason::NotAParty => {
                write!(
                    f,
                    "{consent} has no provision and the recipient is no party of the referral that names it"
                )
            }
            Reason::NotOfReferral => {
                write!(
                    f,
                    "{consent} has no provision and the information is not of the referral that names it"
                )
            }
            Reason::UnreadableRule => write!(f, "{consent} has a provision that cannot be understood"),
            Reason::OtherTime => write!(f, "{consent} permits this at other times only"),
            Reason::OtherRecipient => write!(f, "{consent} permits this to other recipients only"),
            Reason::OtherAction => write!(f, "{consent} permits other actions only"),
            Reason::OtherPurpose => write!(f, "{consent} permits this for other purposes only"),
            Reason::OtherContent => write!(f, "{consent} permits other information only"),
            Reason::Sensitive(_) => {
                write!(f, "the information is sensitive and {consent} does not name its kind")
            }
            Reason::Unstated => write!(f, "{consent} does not state whether its provision permits or denies"),
            Reason::EmergencyOnly => write!(f, "{consent} permits disclosure in emergencies only"),
            Reason::OptedOut => write!(f, "{consent} opts out of disclosure"),
            Reason::PerhapsForbidden => {
                write!(f, "{consent} has a provision against disclosure that may apply")
            }
            Reason::Forbidden => write!(f, "{consent} forbids it"),
            Reason::Unreadable(path) => write!(f, "{consent} cannot be understood because of {path}"),
        }
    }

    /// The same where no Consent has to do with it.
    pub(super) fn tell_alone(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::PatientUnknown => "it is not known whose information this is",
            Reason::LabelledForOthers => "the information is labelled for other purposes",
            Reason::Sensitive(_) => "the information is sensitive and no Consent names its kind",
            _ => "no Consent of the patient is known",
        })
    }
}
