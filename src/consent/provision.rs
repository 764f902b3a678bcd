//! Rules and the exceptions to them (R4 Consent.provision, Consent.provision.provision).

use serde_json::Value;

use crate::fhir::time::Instant;

use super::conditions::{Condition, Conditions, Request};
use super::json::{Malformed, is_modified, list, text};
use super::matching::Match;
use super::period::Validity;
use super::policy::Policy;
use super::sensitivity::{Sensitivities, SensitivitySet};

/// How deeply exceptions to exceptions may nest.
pub(super) const MOST_NESTED: usize = 8;

/// A provision.
#[derive(Debug)]
pub(super) struct Provision {
    rule: Rule,
    /// `None` when they cannot be read, or a modifier extension may turn them round.
    conditions: Option<Conditions>,
    exceptions: Vec<Provision>,
}

/// What it does where its conditions are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Permit,
    Deny,
    /// It does not say, or in a way that FHIR does not know.
    Unstated,
}

/// Exceptions nest too deeply.
#[derive(Debug)]
pub(super) struct TooDeep;

/// How particular a decision is: of two, the more particular is closer to what the patient meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Specificity {
    /// By the policy of the whole Consent: opted in or out.
    Policy,
    /// By a provision, or for one referral.
    Provision,
    /// By a provision that names the recipient.
    Recipient,
    /// By what cannot be understood, which nothing overrules.
    Unreadable,
}

/// What a provision comes to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    /// It permits, and names these sensitivities.
    Permit { specificity: Specificity, names: SensitivitySet, no_redisclosure: bool },
    /// It forbids.
    Deny { specificity: Specificity, why: Denying },
    /// It says nothing about what is asked: the condition that came closest to a permission, where there is one.
    Nothing(Option<Condition>),
}

/// How certain it is that a provision forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denying {
    /// It does.
    Certainly,
    /// Its conditions cannot be told to be met or not.
    Perhaps,
    /// It does not state whether it permits or denies.
    Unstated,
}

impl Provision {
    /// Reads a provision and its exceptions; `nested` is how deep it is itself.
    pub(super) fn read(
        value: &Value,
        nested: usize,
        own_base: &str,
        sensitivities: &Sensitivities,
    ) -> Result<Provision, TooDeep> {
        if nested > MOST_NESTED {
            return Err(TooDeep);
        }
        let rule = match text(value, "type") {
            Some("permit") => Rule::Permit,
            Some("deny") => Rule::Deny,
            _ => Rule::Unstated,
        };
        let exceptions = list(value, "provision");
        let is_readable = value.is_object() && !is_modified(value) && exceptions.is_ok();
        let conditions = Conditions::read(value, own_base, sensitivities);
        Ok(Provision {
            rule,
            conditions: conditions.ok().filter(|_| is_readable),
            exceptions: exceptions
                .or_else(|Malformed| Ok(&[][..]))?
                .iter()
                .map(|exception| Provision::read(exception, nested + 1, own_base, sensitivities))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether it, as the root of a Consent, leaves everything to the Consent's policy: it says nothing, or only when the
    /// Consent holds and what it denies.
    pub(super) fn leaves_to_policy(&self) -> bool {
        let permits = |rule: &Rule| *rule != Rule::Deny;
        let are_denials = || !self.exceptions.iter().any(|exception| permits(&exception.rule));
        match (self.rule, &self.conditions) {
            (_, None) | (Rule::Permit, _) => false,
            (Rule::Deny, Some(_)) => true,
            (Rule::Unstated, Some(conditions)) => conditions.are_none() && are_denials(),
        }
    }

    /// When it is in force.
    pub(super) fn validity(&self) -> Validity {
        self.conditions.as_ref().map_or(Validity::Unreadable, |conditions| conditions.validity)
    }

    /// When a denial by the policy is in force: the period of a root without `type` is the Consent's, else the rule's.
    pub(super) fn validity_of_policy(&self) -> Validity {
        if self.rule == Rule::Unstated { self.validity() } else { Validity::Always }
    }

    /// The moments at which its answers may turn.
    pub(super) fn turns(&self, turns: &mut Vec<Instant>) {
        turns.extend(self.conditions.iter().flat_map(|conditions| conditions.validity.turns()));
        self.exceptions.iter().for_each(|exception| exception.turns(turns));
    }

    /// What a root provision comes to. R4 wants no `type` there, so that it only sets the frame for its exceptions;
    /// examples of R4 itself use it as the exception to the policy. Without `type`, it permits nothing itself, whichever
    /// of the two was meant, and forbids where it gives conditions and nothing within it permits; not so where the
    /// policy is to take no part, which an exception could only lift.
    pub(super) fn decide_root(&self, policy: Policy, request: &Request) -> Outcome {
        let permits = |exception: &Provision| exception.rule == Rule::Permit;
        let is_frame = self.rule == Rule::Unstated
            && self.conditions.as_ref().is_some_and(|conditions| {
                policy == Policy::OptOut || conditions.are_none() || self.exceptions.iter().any(permits)
            });
        self.decide(request, is_frame)
    }

    fn decide(&self, request: &Request, is_frame: bool) -> Outcome {
        let standing = self.conditions.as_ref().map(|conditions| conditions.standing(request));
        let is = standing.map_or(Match::Unknown, |standing| standing.is);
        let unmet = Some(standing.map_or(Condition::Unreadable, |standing| standing.unmet));
        if is == Match::No {
            return Outcome::Nothing(unmet.filter(|_| self.rule == Rule::Permit || is_frame));
        }
        // Of a denial the most is assumed that may be meant, of a permission the least.
        let specificity = match self.conditions.as_ref().map(|conditions| conditions.name_recipient(request))
        {
            None => Specificity::Unreadable,
            Some(Match::Yes) => Specificity::Recipient,
            Some(Match::Unknown) if self.rule != Rule::Permit => Specificity::Recipient,
            Some(_) => Specificity::Provision,
        };
        let own = match (self.rule, is) {
            _ if is_frame => Outcome::Nothing(unmet.filter(|_| is != Match::Yes)),
            (Rule::Permit, Match::Yes) => self.permit(specificity, request),
            (Rule::Permit, _) => Outcome::Nothing(unmet),
            (Rule::Deny, Match::Yes) => Outcome::Deny { specificity, why: Denying::Certainly },
            (Rule::Deny, _) => Outcome::Deny { specificity, why: Denying::Perhaps },
            (Rule::Unstated, _) if standing.is_none() => Outcome::Deny { specificity, why: Denying::Perhaps },
            (Rule::Unstated, _) => Outcome::Deny { specificity, why: Denying::Unstated },
        };
        let mut exception = Outcome::Nothing(None);
        for provision in &self.exceptions {
            exception = exception.beside(provision.decide(request, false));
        }
        match (own, exception) {
            (own, exception @ Outcome::Deny { .. }) => own.excepted_by_denial(exception),
            // An exception to a rule that may not apply does not permit.
            (own, Outcome::Permit { .. }) if is != Match::Yes => own,
            (own, exception @ Outcome::Permit { .. }) => exception.within(own),
            (Outcome::Nothing(own), Outcome::Nothing(exception)) => Outcome::Nothing(own.max(exception)),
            (own, Outcome::Nothing(_)) => own,
        }
    }

    fn permit(&self, specificity: Specificity, request: &Request) -> Outcome {
        let names = self.conditions.as_ref().map(|conditions| conditions.names(request.content));
        Outcome::Permit {
            specificity,
            names: names.unwrap_or_default(),
            no_redisclosure: self.conditions.as_ref().is_some_and(Conditions::forbid_redisclosure),
        }
    }
}

impl Outcome {
    /// Two provisions side by side: a denial wins, permissions add up.
    fn beside(self, other: Outcome) -> Outcome {
        match (self, other) {
            (Outcome::Deny { specificity: one, .. }, Outcome::Deny { specificity: two, .. }) => {
                if two > one {
                    other
                } else {
                    self
                }
            }
            (Outcome::Deny { .. }, _) => self,
            (_, Outcome::Deny { .. }) => other,
            (Outcome::Permit { .. }, Outcome::Permit { .. }) => self.within(other),
            (Outcome::Permit { .. }, _) => self,
            (_, Outcome::Permit { .. }) => other,
            (Outcome::Nothing(one), Outcome::Nothing(two)) => Outcome::Nothing(one.max(two)),
        }
    }

    /// A permission within another, or within a denial as its exception.
    fn within(self, outer: Outcome) -> Outcome {
        match (self, outer) {
            (
                Outcome::Permit { specificity: a, names, no_redisclosure: x },
                Outcome::Permit { specificity: b, names: more, no_redisclosure: y },
            ) => Outcome::Permit { specificity: a.max(b), names: names.or(more), no_redisclosure: x || y },
            (
                Outcome::Permit { specificity: a, names, no_redisclosure },
                Outcome::Deny { specificity: b, .. },
            ) => Outcome::Permit { specificity: a.max(b), names, no_redisclosure },
            (inner, _) => inner,
        }
    }

    /// A denial within a rule is at least as particular as the rule.
    fn excepted_by_denial(self, denial: Outcome) -> Outcome {
        match (self, denial) {
            (
                Outcome::Deny { specificity: a, .. } | Outcome::Permit { specificity: a, .. },
                Outcome::Deny { specificity: b, why },
            ) => Outcome::Deny { specificity: a.max(b), why },
            (_, denial) => denial,
        }
    }
}
