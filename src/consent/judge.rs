//! What one Consent says.

use crate::fhir::time::Period;

use super::conditions::{Condition, Request};
use super::directive::{Category, Directive, Given, Scope};
use super::matching::Match;
use super::period::Validity;
use super::policy::Policy;
use super::provision::{Denying, Outcome, Provision, Specificity};
use super::sensitivity::SensitivitySet;
use super::{Purpose, Reason, Status};

/// What a Consent says to what is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verdict {
    /// It permits it.
    Permit(Permission),
    /// It is against it.
    Deny { specificity: Specificity, reason: Reason },
    /// It has nothing to say, and why it does not permit.
    Silent(Reason),
}

/// How a Consent permits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permission {
    pub specificity: Specificity,
    /// The sensitivities of the content that it names.
    pub names: SensitivitySet,
    pub no_redisclosure: bool,
    /// Whether it does so for the referral that names it.
    pub by_referral: bool,
}

impl Permission {
    fn general(specificity: Specificity) -> Permission {
        let names = SensitivitySet::default();
        Permission { specificity, names, no_redisclosure: false, by_referral: false }
    }
}

impl Directive {
    /// What it says. Whom it is about is not looked at here.
    pub(super) fn judge(&self, request: &Request) -> Verdict {
        if !matches!(self.status, Status::Active | Status::Unknown) {
            return Verdict::Silent(Reason::NotActive(self.status));
        }
        if self.scope == Scope::Other {
            return Verdict::Silent(Reason::OtherScope);
        }
        if let Some(path) = self.unreadable {
            return Verdict::Deny { specificity: Specificity::Unreadable, reason: Reason::Unreadable(path) };
        }
        let provision = self.provision.as_ref();
        let outcome =
            provision.map_or(Outcome::Nothing(None), |provision| provision.decide_root(self.policy, request));
        if let Outcome::Deny { specificity, why } = outcome {
            let reason = match why {
                Denying::Certainly => Reason::Forbidden,
                Denying::Perhaps => Reason::PerhapsForbidden,
                Denying::Unstated => Reason::Unstated,
            };
            return Verdict::Deny { specificity, reason };
        }
        let validity = provision.map_or(Validity::Always, Provision::validity);
        let of_policy = provision.map_or(Validity::Always, Provision::validity_of_policy);
        let may_hold = of_policy.at(request.now) != Match::No;
        let is_emergency = request.purpose.is_a(Purpose::EMERGENCY_TREATMENT);
        if self.policy == Policy::EmergencyOnly && !is_emergency && may_hold {
            return Verdict::Deny { specificity: Specificity::Policy, reason: Reason::EmergencyOnly };
        }
        let obstacle = self.obstacle(request);
        if let (Outcome::Permit { specificity, names, no_redisclosure }, None) = (outcome, obstacle) {
            return Verdict::Permit(Permission { specificity, names, no_redisclosure, by_referral: false });
        }
        if self.policy == Policy::OptOut && may_hold {
            return Verdict::Deny { specificity: Specificity::Policy, reason: Reason::OptedOut };
        }
        if let Some(reason) = obstacle.or_else(|| not_in_force(validity, request)) {
            return Verdict::Silent(reason);
        }
        match outcome {
            Outcome::Nothing(unmet) if !provision.is_none_or(Provision::leaves_to_policy) => {
                Verdict::Silent(unmet.map_or(Reason::Unstated, not_met))
            }
            _ => self.by_policy(request),
        }
    }

    /// What keeps it from permitting anything.
    fn obstacle(&self, request: &Request) -> Option<Reason> {
        let is_emergency = || request.purpose.is_a(Purpose::EMERGENCY_TREATMENT);
        match (self.scope, self.category, self.given) {
            _ if self.status != Status::Active => Some(Reason::NotActive(self.status)),
            (Scope::Unknown | Scope::Other, ..) => Some(Reason::UnknownScope),
            (_, Category::Other, _) => Some(Reason::OtherCategory),
            (_, Category::Emergency, _) if !is_emergency() => Some(Reason::EmergencyOnly),
            _ if !self.is_verified => Some(Reason::NotVerified),
            (.., Given::Unreadable) => Some(Reason::Undated),
            (.., Given::At(date)) if date.low > request.now => Some(Reason::NotGiven(date.low)),
            _ => None,
        }
    }

    /// What its policy says where no provision does.
    fn by_policy(&self, request: &Request) -> Verdict {
        match self.policy {
            // What is agreed to by taking part is what the exchange is for.
            Policy::OptIn if !request.purpose.is_a(Purpose::TREATMENT) => {
                Verdict::Silent(Reason::OtherPurpose)
            }
            Policy::OptIn | Policy::EmergencyOnly => {
                Verdict::Permit(Permission::general(Specificity::Policy))
            }
            Policy::Authorization => self.by_document(request),
            Policy::OptOut => Verdict::Silent(Reason::OptedOut),
            Policy::Unknown => Verdict::Silent(Reason::UnknownPolicy),
        }
    }

    /// What it permits whose rules are in a signed document that nobody has coded, as in SDOHCC's own example: the
    /// referral that names it, to the referral's parties, for the referral's purpose.
    fn by_document(&self, request: &Request) -> Verdict {
        let referral = request.content.referral();
        let named =
            self.address.as_ref().and_then(|own| referral.filter(|referral| referral.names_consent(own)));
        let for_referral = [Purpose::COORDINATION_OF_CARE, Purpose::TREATMENT].contains(&request.purpose);
        let reason = match named {
            _ if !self.is_authorization => Reason::Incomplete,
            None => Reason::NotNamed,
            Some(referral) if !referral.parties().iter().any(|party| request.recipient.is(party)) => {
                Reason::NotAParty
            }
            Some(_) if !request.content.is_of_referral() => Reason::NotOfReferral,
            Some(_) if !for_referral => Reason::OtherPurpose,
            Some(_) => {
                let permission = Permission::general(Specificity::Provision);
                return Verdict::Permit(Permission { by_referral: true, ..permission });
            }
        };
        Verdict::Silent(reason)
    }
}

fn not_in_force(validity: Validity, request: &Request) -> Option<Reason> {
    match validity {
        Validity::Always => None,
        Validity::Unreadable => Some(Reason::UnreadableRule),
        Validity::Within(Period { low, .. }) if request.now < low => Some(Reason::NotBegun(low)),
        Validity::Within(Period { high, .. }) if high < request.now => Some(Reason::Ended(high)),
        Validity::Within(_) => None,
    }
}

fn not_met(condition: Condition) -> Reason {
    match condition {
        Condition::Unreadable => Reason::UnreadableRule,
        Condition::Period => Reason::OtherTime,
        Condition::Actor => Reason::OtherRecipient,
        Condition::Action => Reason::OtherAction,
        Condition::Purpose => Reason::OtherPurpose,
        Condition::Content => Reason::OtherContent,
    }
}
