//! A decision in one sentence that a compliance officer can read. References, dates and purposes only: what is sensitive
//! about the information is not told here.

use std::fmt;

use crate::fhir::time::Instant;

use super::{Basis, Denial, Disclosure};

impl Disclosure {
    /// Why it is permitted, in one sentence.
    pub fn explain(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, who, why) = (self.resource(), self.recipient(), self.purpose().display());
        match self.basis() {
            Basis::Consent(consent) => {
                write!(f, "Permitted: {consent} permits disclosing {what} to {who} for {why}")?;
            }
            Basis::Referral(consent) => write!(
                f,
                "Permitted: {consent}, which the referral names, permits disclosing {what} to {who} for {why}"
            )?,
            Basis::Covered => write!(
                f,
                "Permitted: {who} is a covered entity or business associate and no Consent is against disclosing {what} to it for {why}"
            )?,
            Basis::Impersonal => write!(f, "Permitted: {what} is about no patient")?,
        }
        let obligations = self.obligations();
        for (holds, clause) in [
            (obligations.redisclosure_notice, "; the redisclosure notice goes with it"),
            (obligations.no_redisclosure, "; it must not be passed on"),
            (obligations.contacting_subject_prohibited, "; the person must not be contacted"),
        ] {
            if holds {
                f.write_str(clause)?;
            }
        }
        until(self.until(), f)
    }
}

impl Denial {
    /// Why it is denied, in one sentence.
    pub fn explain(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Denied: ")?;
        match self.consent() {
            Some(consent) => self.reason().tell(consent, f)?,
            None => self.reason().tell_alone(f)?,
        }
        let (what, who, why) = (self.resource(), self.recipient(), self.purpose().display());
        write!(f, ", so {what} may not be disclosed to {who} for {why}")?;
        until(self.until(), f)
    }
}

impl std::error::Error for Denial {}

fn until(until: Option<Instant>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match until {
        Some(at) => write!(f, "; this may change at {}.", moment(at)),
        None => f.write_str("."),
    }
}

/// A moment as FHIR writes it, without the fraction when there is none.
pub(super) fn moment(at: Instant) -> String {
    at.to_fhir().replace(".000000Z", "Z")
}
