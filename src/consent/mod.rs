//! Ring 3: what patients allow to be disclosed, to whom, for what (R4 Consent, SDOHCC-Consent 3.0.0).

mod address;
mod conditions;
mod contact;
mod content;
mod decision;
mod directive;
mod explain;
mod json;
mod judge;
mod matching;
mod period;
mod policy;
mod provision;
mod purpose;
mod reason;
mod recipient;
mod referral;
mod sensitivity;
mod status;
#[cfg(test)]
mod tests;

pub use contact::may_contact_subject;
pub use content::Content;
pub use decision::{Basis, Denial, Disclosure, Obligations, REDISCLOSURE_NOTICE};
pub use directive::{ConsentKey, Directive};
pub use purpose::Purpose;
pub use reason::Reason;
pub use recipient::Recipient;
pub use referral::{Referral, named_by};
pub use sensitivity::{NotACode, Sensitivities, Sensitivity, SensitivitySet};
pub use status::Status;

use std::borrow::Borrow;
use std::sync::Arc;

use crate::access::Coverage;
use crate::fhir::time::Instant;

use conditions::Request;
use decision::Asked;
use judge::{Permission, Verdict};
use provision::Specificity;
use sensitivity::Label;

/// Decides whether a recipient may receive a resource for a purpose, at a moment.
///
/// `consents` are all that are known of the patient, whatever their status; those of others are passed over.
pub fn permit<D: Borrow<Directive>>(
    now: Instant,
    consents: &[D],
    recipient: &Recipient,
    purpose: Purpose,
    content: &Content,
) -> Result<Disclosure, Denial> {
    let request = Request { now, recipient, purpose, content };
    let consents = || {
        let about = |directive: &&Directive| {
            content.patient().is_some() && directive.patient.as_ref() == content.patient()
        };
        consents.iter().map(Borrow::borrow).filter(about)
    };
    let until = consents().filter_map(|directive| directive.turns_after(now)).min();
    match decide(&request, consents()) {
        Ok((basis, obligations)) => Ok(Disclosure { asked: Asked::of(&request, until), basis, obligations }),
        Err((reason, consent)) => Err(Denial { asked: Asked::of(&request, until), reason, consent }),
    }
}

type Refusal = (Reason, Option<Arc<ConsentKey>>);

fn decide<'d>(
    request: &Request,
    consents: impl Iterator<Item = &'d Directive>,
) -> Result<(Basis, Obligations), Refusal> {
    let content = request.content;
    let obligations = Obligations::of(request);
    if content.is_for_others_than(request.purpose) {
        return Err((Reason::LabelledForOthers, None));
    }
    if content.is_impersonal() {
        return Ok((Basis::Impersonal, obligations));
    }
    if content.patient().is_none() {
        return Err((Reason::PatientUnknown, None));
    }
    let verdicts: Vec<(&Directive, Verdict)> =
        consents.map(|directive| (directive, directive.judge(request))).collect();
    let standing = permissions(&verdicts).filter(|(directive, permission)| {
        denials(&verdicts)
            .all(|(denying, specificity, _)| overrules(directive, permission, denying, specificity))
    });
    let missing = |permission: &Permission| content.sensitivities().without(permission.names);
    // The most particular permission that names all that is sensitive; of those the newest.
    let best =
        standing.clone().filter(|(_, permission)| missing(permission).is_empty()).reduce(|best, next| {
            let by_rank = next.1.specificity.cmp(&best.1.specificity);
            if by_rank.is_gt() || by_rank.is_eq() && next.0.is_newer_than(best.0) { next } else { best }
        });
    if let Some((directive, permission)) = best {
        let key = Arc::clone(&directive.key);
        let basis = if permission.by_referral { Basis::Referral(key) } else { Basis::Consent(key) };
        let no_redisclosure = obligations.no_redisclosure || permission.no_redisclosure;
        return Ok((basis, Obligations { no_redisclosure, ..obligations }));
    }
    let unnamed = standing.clone().next().and_then(|(directive, permission)| {
        let first = missing(permission).iter().next()?;
        Some((Reason::Sensitive(first), Some(Arc::clone(&directive.key))))
    });
    let strongest = denials(&verdicts).max_by_key(|(_, specificity, reason)| (*specificity, *reason));
    let against = strongest.map(|(directive, _, reason)| (reason, Some(Arc::clone(&directive.key))));
    if let Some(refusal) = unnamed.or(against) {
        return Err(refusal);
    }
    if is_covered(request) {
        return match content.sensitivities().iter().next() {
            None => Ok((Basis::Covered, obligations)),
            Some(first) => Err((Reason::Sensitive(first), None)),
        };
    }
    let silent = verdicts.iter().filter_map(|(directive, verdict)| match verdict {
        Verdict::Silent(reason) => Some((*reason, Some(Arc::clone(&directive.key)))),
        _ => None,
    });
    Err(silent.max_by_key(|(reason, _)| *reason).unwrap_or((Reason::NoConsent, None)))
}

fn permissions<'a, 'd>(
    verdicts: &'a [(&'d Directive, Verdict)],
) -> impl Iterator<Item = (&'d Directive, &'a Permission)> + Clone {
    verdicts.iter().filter_map(|(directive, verdict)| match verdict {
        Verdict::Permit(permission) => Some((*directive, permission)),
        _ => None,
    })
}

fn denials<'d>(
    verdicts: &[(&'d Directive, Verdict)],
) -> impl Iterator<Item = (&'d Directive, Specificity, Reason)> {
    verdicts.iter().filter_map(|(directive, verdict)| match verdict {
        Verdict::Deny { specificity, reason } => Some((*directive, *specificity, *reason)),
        _ => None,
    })
}

/// Whether a permission holds against another Consent's denial: it must be newer, and more particular, or as particular
/// and managed by the same organisation, whose later word replaces the earlier.
fn overrules(
    permitting: &Directive,
    permission: &Permission,
    denying: &Directive,
    specificity: Specificity,
) -> bool {
    permitting.is_newer_than(denying)
        && (permission.specificity > specificity
            || permission.specificity == specificity && permitting.shares_organization(denying))
}

/// Whether HIPAA lets the recipient have what is not sensitive without consent (45 CFR 164.506).
fn is_covered(request: &Request) -> bool {
    let covered =
        matches!(request.recipient.coverage(), Coverage::CoveredEntity | Coverage::BusinessAssociate);
    let purposes = [Purpose::TREATMENT, Purpose::PAYMENT, Purpose::OPERATIONS];
    covered
        && purposes.iter().any(|purpose| request.purpose.is_a(*purpose))
        && !request.content.labels().contains(&Label::ConsentNeeded)
}
