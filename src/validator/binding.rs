//! Whether a value's codes are in the value set it is bound to (R4 §4.1).

use serde_json::{Map, Value};

use super::rule::BindingRule;
use crate::terminology::Membership;

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
pub(super) fn check(rule: &BindingRule, type_name: &str, value: &Value) -> Verdict {
    let membership = match (type_name, value) {
        ("CodeableConcept", Value::Object(concept)) => concept_membership(rule, concept),
        ("Coding" | "Quantity" | "Age" | "Count" | "Distance" | "Duration", Value::Object(coding)) => {
            match text(coding, "code") {
                Some(code) => coding_membership(rule, coding, code),
                // A Quantity need not have a coded unit; what must be there is for cardinality to say.
                None => return Verdict::Fine,
            }
        }
        ("code" | "string" | "uri", Value::String(code)) => contains(rule, None, code),
        _ => return Verdict::Fine,
    };
    match membership {
        Membership::Member => Verdict::Fine,
        Membership::Unknown => Verdict::Unknown,
        Membership::NotMember => Verdict::Wrong(message(rule, type_name)),
    }
}

/// One coding in the set is enough.
fn concept_membership(rule: &BindingRule, concept: &Map<String, Value>) -> Membership {
    let codings = concept.get("coding").and_then(Value::as_array).into_iter().flatten();
    let mut found = Membership::NotMember;
    for coding in codings.filter_map(Value::as_object) {
        let Some(code) = text(coding, "code") else { continue };
        match coding_membership(rule, coding, code) {
            Membership::Member => return Membership::Member,
            Membership::Unknown => found = Membership::Unknown,
            Membership::NotMember => {}
        }
    }
    found
}

/// A coding that names no system has no meaning, so it is in no set.
fn coding_membership(rule: &BindingRule, coding: &Map<String, Value>, code: &str) -> Membership {
    let system = text(coding, "system");
    match contains(rule, system, code) {
        Membership::Member if system.is_none() => Membership::NotMember,
        membership => membership,
    }
}

fn contains(rule: &BindingRule, system: Option<&str>, code: &str) -> Membership {
    rule.codes.as_ref().map_or(Membership::Unknown, |codes| codes.contains(system, code))
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    object.get(name)?.as_str()
}

fn message(rule: &BindingRule, type_name: &str) -> String {
    let what = match type_name {
        "CodeableConcept" => "none of its codes is in",
        _ => "its code is not in",
    };
    let codes = rule.codes.as_ref().and_then(|codes| codes.listing(LISTED));
    let listed = codes.map(|codes| format!(": {}", codes.join(", "))).unwrap_or_default();
    format!("{what} the required value set {}{listed}", rule.value_set)
}
