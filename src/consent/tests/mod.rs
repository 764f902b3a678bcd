//! Decisions as tables of cases (`fixtures/consent`), and what holds of all.

mod laws;

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::*;
use crate::fhir::Resource;
use crate::fhir::time::Period;

const OWN: &str = "http://gw.example/fhir";

fn file(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/consent").join(name);
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// What the cases have in common.
fn shared() -> &'static Value {
    static SHARED: OnceLock<Value> = OnceLock::new();
    SHARED.get_or_init(|| file("shared.json"))
}

/// Puts what `@name` stands for in its place.
fn expand(value: &mut Value, define: &Value) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('@') {
                *value = define.get(name).unwrap_or_else(|| panic!("@{name}")).clone();
                expand(value, define);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| expand(item, define)),
        Value::Object(map) => map.values_mut().for_each(|item| expand(item, define)),
        _ => {}
    }
}

/// A resource as a case gives it: by name, in full, or like a named one with changes; null takes an element away.
fn resource(given: &Value, named: &Value, define: &Value) -> Resource {
    let name = given.as_str().or_else(|| given.get("like")?.as_str());
    let mut value = name.map_or_else(|| json!({}), |name| named.get(name).unwrap_or(&Value::Null).clone());
    assert!(value.is_object(), "{given} is like nothing");
    for (element, change) in given.as_object().into_iter().flatten().filter(|(element, _)| *element != "like")
    {
        value[element] = change.clone();
        if change.is_null() {
            value.as_object_mut().unwrap().shift_remove(element);
        }
    }
    expand(&mut value, define);
    Resource::new(value).unwrap()
}

fn at(text: &str) -> Instant {
    Period::parse(text).unwrap().low
}

/// Runs a case; what it asks in short: `now`, `consents`, `to` and `as` what, `for` what purpose, `what`, with which
/// `task` and `order` (null: with no referral), `held` by whom. `says` is the sentence to come.
fn check(case: &Value) -> Result<bool, String> {
    let text = |name: &str, default| case.get(name).map_or(Some(default), Value::as_str);
    let (shared, define) = (shared(), &shared()["define"]);
    let sensitivities = Sensitivities::default();
    let read = |name, default: &str| {
        let given = case.get(name).cloned().unwrap_or_else(|| json!(default));
        (!given.is_null()).then(|| resource(&given, &shared["resources"], define))
    };
    let consents = case["consents"].as_array().unwrap().iter();
    let directives: Vec<Directive> = consents
        .map(|consent| resource(consent, &shared["consents"], define))
        .map(|consent| Directive::parse(&consent, OWN, &sensitivities).unwrap())
        .collect();
    let coverage = serde_json::from_value(json!(text("as", "non-covered"))).unwrap();
    let recipient = Recipient::new(text("to", "Organization/pantry").unwrap(), OWN, coverage).unwrap();
    let recipient = recipient.known_as(text("known", "HealthcareService/food").unwrap_or_default(), OWN);
    let purpose = Purpose::parse(text("for", "COC").unwrap()).unwrap();
    let (task, order) = (read("task", "task"), read("order", "order"));
    let referral = task.zip(order).map(|(task, order)| Referral::of(&task, &order, OWN).unwrap());
    let what = read("what", "need").unwrap();
    let mut content = Content::of(&what, OWN, &sensitivities);
    if let Some(referral) = &referral {
        content = content.with(referral);
    }
    if let Some(held) = text("held", "Organization/clinic") {
        content = content.held_by(held);
    }
    let now = at(text("now", "2026-11-22T12:00:00Z").unwrap());
    let decision = permit(now, &directives, &recipient, purpose, &content);
    let sentence = match &decision {
        Ok(disclosure) => disclosure.explain(),
        Err(denial) => denial.explain(),
    };
    match sentence == case["says"] {
        true => Ok(decision.is_ok()),
        false => Err(format!("{}\n  said: {sentence}\n  want: {}\n", case["case"], case["says"])),
    }
}

#[test]
fn cases() {
    let (mut permitted, mut denied, mut wrong) = (0, 0, Vec::new());
    for name in ["documents", "policies", "rules", "several", "sensitive", "unknown", "covered"] {
        for case in file(&format!("{name}.json")).as_array().unwrap() {
            match check(case) {
                Ok(true) => permitted += 1,
                Ok(false) => denied += 1,
                Err(difference) => wrong.push(difference),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(permitted >= 30 && denied >= 60, "{permitted} permitted, {denied} denied");
}
