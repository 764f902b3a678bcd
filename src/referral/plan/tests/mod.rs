//! What transactions come to, from the specification.

mod follow;
mod surroundings;
mod task;

use serde_json::{Value, json};

use super::*;
use crate::fhir::Severity;
use crate::referral::author::Actor;

const OWN: &str = "http://gw.example/fhir";
const CLINIC: &str = "Organization/clinic";
const PANTRY: &str = "Organization/pantry";
const NOW: Instant = Instant(1_795_369_620_000_000);

/// A resource from its elements.
fn resource(type_name: &str, id: &str, elements: Value) -> Resource {
    let mut value = json!({"resourceType": type_name, "id": id});
    for (key, element) in elements.as_object().unwrap() {
        if !element.is_null() {
            value[key] = element.clone();
        }
    }
    Resource::new(value).unwrap()
}

/// A referral Task from clinic to pantry, with further elements; null takes one away.
fn referral(id: &str, order: &str, status: &str, more: Value) -> Resource {
    let mut elements = json!({
        "status": status,
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "focus": {"reference": format!("ServiceRequest/{order}")},
        "requester": {"reference": CLINIC},
        "owner": {"reference": PANTRY},
    });
    for (key, element) in more.as_object().unwrap() {
        elements[key] = element.clone();
    }
    resource("Task", id, elements)
}

fn order(id: &str, status: &str) -> Resource {
    resource("ServiceRequest", id, json!({"meta": {"versionId": "4"}, "status": status}))
}

fn output() -> Value {
    json!([{"type": {"text": "Resulting Activity"}, "valueReference": {"reference": "Procedure/1"}}])
}

fn change<'a>(before: Option<&'a Resource>, after: Option<&'a Resource>) -> Change<'a> {
    let id = after.or(before).and_then(Resource::id).unwrap();
    Change::new(id, before, after).unwrap()
}

fn run(changes: &[Change], caller: Option<&str>, mode: Mode, facts: &Facts) -> Result<Plan, Refusal> {
    let policy = Policy { mode, extras: Extras::default() };
    plan(&Proposal { changes, caller, own_base: OWN, policy: &policy, now: NOW }, facts)
}

/// What comes of it in a word: `ok`, `told` with at least a warning, or the HTTP status of the refusal.
fn result(outcome: &Result<Plan, Refusal>) -> String {
    match outcome {
        Err(refusal) => {
            assert!(refusal.findings.iter().any(|finding| finding.issue.is_error()));
            refusal.kind.status().to_string()
        }
        Ok(plan) => {
            assert!(plan.findings.iter().all(|finding| !finding.issue.is_error()));
            let warned = plan.findings.iter().any(|finding| finding.issue.severity == Severity::Warning);
            if warned { "told".to_owned() } else { "ok".to_owned() }
        }
    }
}

fn caller(actor: Actor) -> Option<&'static str> {
    match actor {
        Actor::Author => Some(CLINIC),
        Actor::Owner => Some(PANTRY),
        Actor::Neither => Some("Organization/stranger"),
        Actor::Unknown | Actor::Both => None,
    }
}
