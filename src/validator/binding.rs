//! Whether a value's codes are in the value set it is bound to (R4 §4.1).

use serde_json::{Map, Value};

use super::around::Around;
use super::path::get;
use super::rule::{BindingRule, Usage};
use super::walk::Walk;
use crate::fhir::Severity;
use crate::fhirpath::Coding;
use crate::terminology::{CodeSet, Membership};

/// Value sets of no more codes than this are listed in messages.
const LISTED: usize = 15;

/// What came of a check.
pub(super) enum Verdict {
    Fine,
    /// What is wrong.
    Wrong(String),
    /// It cannot be told.
    Unknown,
}

/// Checks a value of a type that can have codes; of any other type everything is fine.
pub(super) fn check(rule: &BindingRule, type_name: &str, value: &Value, around: &Around<'_>) -> Verdict {
    let codes = rule.codes.as_deref();
    let has = |name: &str| value.as_object().is_some_and(|object| get(object, name).is_some());
    match (type_name, value) {
        // Text will do where the set has no fitting code; only a required binding asks for one at any rate.
        ("CodeableConcept", Value::Object(_)) if !has("coding") && rule.severity < Severity::Error => {
            return Verdict::Fine;
        }
        // A Quantity need not have a coded unit; what must be there is for cardinality to say.
        ("Coding" | "Quantity" | "Age" | "Count" | "Distance" | "Duration", Value::Object(_))
            if !has("code") =>
        {
            return Verdict::Fine;
        }
        (
            "CodeableConcept" | "Coding" | "Quantity" | "Age" | "Count" | "Distance" | "Duration",
            Value::Object(_),
        )
        | ("code" | "string" | "uri", Value::String(_)) => {}
        _ => return Verdict::Fine,
    }
    match membership_of(value, &rule.value_set, codes, around) {
        Membership::Member => Verdict::Fine,
        Membership::Unknown => Verdict::Unknown,
        Membership::NotMember => Verdict::Wrong(message(rule, type_name)),
    }
}

/// Whether a CodeableConcept has a coding that is in the set, or a Coding, Quantity or code is.
pub(super) fn membership_of(
    value: &Value,
    value_set: &str,
    codes: Option<&CodeSet>,
    around: &Around<'_>,
) -> Membership {
    let contains = |system: Option<&str>, code: &str| {
        let local = codes.map_or(Membership::Unknown, |codes| codes.contains(system, code));
        around.membership(value_set, Coding { system, version: None, code }, local)
    };
    match value {
        Value::String(code) => contains(None, code),
        Value::Object(object) => match get(object, "coding").and_then(Value::as_array) {
            Some(codings) => {
                let mut found = Membership::NotMember;
                for coding in codings.iter().filter_map(Value::as_object) {
                    match coding_membership(coding, contains) {
                        Membership::Member => return Membership::Member,
                        Membership::Unknown => found = Membership::Unknown,
                        Membership::NotMember => {}
                    }
                }
                found
            }
            None => coding_membership(object, contains),
        },
        _ => Membership::NotMember,
    }
}

/// A coding that names no system has no meaning, so it is in no set.
fn coding_membership(
    coding: &Map<String, Value>,
    contains: impl Fn(Option<&str>, &str) -> Membership,
) -> Membership {
    let Some(code) = text(coding, "code") else { return Membership::NotMember };
    let system = text(coding, "system");
    match contains(system, code) {
        Membership::Member if system.is_none() => Membership::NotMember,
        membership => membership,
    }
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    get(object, name)?.as_str()
}

fn message(rule: &BindingRule, type_name: &str) -> String {
    let what = match type_name {
        "CodeableConcept" => "none of its codes is in",
        _ => "its code is not in",
    };
    let codes = rule.codes.as_ref().and_then(|codes| codes.listing(LISTED));
    let listed = codes.map(|codes| format!(": {}", codes.join(", "))).unwrap_or_default();
    format!("{what} the {} value set {}{listed}", rule.strength, rule.value_set)
}

impl Walk<'_> {
    /// Whether the resource is one of those an additional binding is for.
    pub(super) fn is_usage(&self, usage: &[Usage]) -> bool {
        let resource =
            self.environment.resource.as_ref().and_then(|node| node.element()).and_then(|e| e.value);
        usage.iter().any(|usage| {
            let property = resource.and_then(|resource| resource.get(&usage.property));
            let concepts = match property {
                Some(Value::Array(concepts)) => concepts.as_slice(),
                Some(concept) => std::slice::from_ref(concept),
                None => &[],
            };
            let codings = concepts.iter().filter_map(|concept| concept.get("coding")?.as_array()).flatten();
            codings.filter_map(Value::as_object).any(|coding| {
                text(coding, "code") == Some(&usage.code) && text(coding, "system") == Some(&usage.system)
            })
        })
    }
}
