//! Ring 3: what patients allow to be disclosed, to whom, for what (R4 Consent, SDOHCC-Consent 3.0.0).
//!
//! [`permit`] answers for one resource, one recipient, one purpose and one moment. Its [`Disclosure`] is the proof that
//! sending and answering want; nothing else makes one. Consents are read once, into [`Directive`]s, a resource into a
//! [`Content`], a Task and its order into a [`Referral`].
//!
//! Architecture invariants:
//! - What cannot be understood never permits, and forbids where it may: modifier extensions, unknown codes, references
//!   that lead nowhere, periods that are none, shapes that FHIR does not have.
//! - A denial more never permits anything that was denied.
//! - Until [`Disclosure::until`] or [`Denial::until`] an answer stays as it is, while no resource changes.
//! - No sentence tells what is sensitive about a resource: beside its id that would be personal.
//!
//! # One Consent
//!
//! | element | what it does |
//! |---|---|
//! | `patient` | whose information it is about; Consents of others are passed over |
//! | `status` | only `active` is followed; what was replaced is `inactive` |
//! | `scope` | `patient-privacy`; other scopes of R4 are passed over, an unknown one permits nothing |
//! | `category` | permits only as IDSCL, IRDSCL, INFA, INFAO, INFASO, LOINC 59284-0 or 64292-6, EMRGONLY in emergencies |
//! | `dateTime` | one to come permits nothing yet; of two Consents it tells the newer |
//! | `verification` | when there is any, one must have succeeded |
//! | `organization` | manages the Consent; does not limit who discloses (an actor with the role CST does) |
//! | `performer` | agreed to it or has to comply; limits nothing |
//! | `policy.uri` | is for discovery and does not qualify the rules (R4 Consent.policy) |
//! | `policyRule` | what holds where no provision says otherwise: the next table |
//! | `modifierExtension`, `implicitRules` | may turn it round: it is against everything |
//!
//! | `policyRule` | what it permits by itself |
//! |---|---|
//! | OPTIN, OPTINR | treatment (`TREAT`) and its kinds, to everybody |
//! | OPTOUT, OPTOUTE | nothing, and is against the rest |
//! | EMRGONLY | emergency treatment, and is against the rest |
//! | hipaa-auth and the like, or none | what its document says: see below |
//! | others | nothing |
//!
//! A provision applies where all of its conditions are met; of the values of one condition one is enough. Actors are
//! recipients (PRCP, IRCP, NOT, TRC, RCV, REFT), custodians (CST) and authors (AUT), one of each kind that is given. A
//! purpose and a sensitivity include their kinds, a confidentiality what is lower. Nested provisions are exceptions to
//! the one that they are in (R4 Consent.provision.provision), eight deep at most; side by side, a denial wins.
//!
//! R4 wants a `type` on nested provisions and none on the root, which only sets the frame for the others; its own examples
//! and many users write one there, or mean the root as the exception to the policy. So:
//!
//! | root provision | what it does |
//! |---|---|
//! | with `type` | what it says, where its conditions are met |
//! | without, with only a `period` or nothing | says when the Consent holds; its exceptions say the rest |
//! | without, with conditions, and permissions in it | the frame of these |
//! | without, with conditions, and none | is against what it speaks of, permits nothing: nobody knows what was meant |
//!
//! What opts in, or rests on a document, permits nothing by itself once a provision at the root, or in its frame, permits:
//! then that is what is permitted.
//!
//! # A signed document without provision
//!
//! SDOHCC's own example is a PDF, a policy and an organisation. Nobody has coded what the paper says; the referral that
//! names it is what it was signed for.
//!
//! | asked | answer |
//! |---|---|
//! | the Consent lacks IDSCL, patient, date, source, or has not one organisation | no |
//! | no referral names it (`ServiceRequest.supportingInfo`, `Task.input`) | no |
//! | by others than `Task.owner` and `ServiceRequest.performer` | no |
//! | for other than the Task, its order, and what these name (patient, parties, reasons and their evidence, goals, supporting information, inputs, outputs) | no |
//! | for other purposes than coordination of care, or treatment as such | no |
//! | for anything sensitive | no |
//! | else | yes |
//!
//! # Several Consents
//!
//! A denial wins over another Consent's permission, except:
//!
//! | the permission is | the denial |
//! |---|---|
//! | newer, and more particular: by naming the recipient, by another provision (or for a referral), by policy | gives way |
//! | newer, as particular, and managed by the same organisation: R4 would have the older one `inactive`, SDOHCC has `dateTime` tell their order | gives way |
//! | not newer, or no date tells | wins |
//! | of a Consent that cannot be understood | wins |
//!
//! # Sensitive information
//!
//! What is labelled as, or has a code for, one of the kinds of [`Sensitivity`] needs a permission that names each of them,
//! by `securityLabel` or by a `code` that is in it; for every recipient. Substance use carries [`REDISCLOSURE_NOTICE`].
//!
//! # Without a Consent
//!
//! | recipient, information | answer |
//! |---|---|
//! | anybody; directories and definitions without a label that restricts them | yes |
//! | covered entity, business associate; not sensitive; treatment, payment, operations (45 CFR 164.506) | yes, unless a Consent is against it |
//! | others | no |

mod address;
mod conditions;
mod contact;
mod content;
mod date;
mod decision;
mod directive;
mod directory;
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
