//! What a referral reaches: of the patient's data, what those who take part in a Task may see.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::fhir::time::Instant;
use crate::fhir::{Reference, Resource};

use super::shared::is_shared;

/// Type and id of a resource in the same space.
pub type Identity = (String, String);

/// Ties an order to the goals it serves.
const PERTAINS_TO_GOAL: &str = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal";

/// Statuses in which nothing more happens to a Task.
const ENDED: &[&str] = &["rejected", "cancelled", "completed", "failed", "entered-in-error"];

/// Whether resources of a type reach others: of a Task its order, of an order what it needs.
pub fn has_reach(type_name: &str) -> bool {
    matches!(type_name, "Task" | "ServiceRequest")
}

/// What a Task or ServiceRequest gives those who take part in the referral to see, beyond itself: focus, subject,
/// requester, reasons, goals, supporting information, inputs, outputs. Not the Task it is part of, which is between others.
///
/// `own_base` is the FHIR base of the space. What lives elsewhere, and what is [shared](is_shared) anyway, is left out.
pub fn reach(resource: &Resource, own_base: &str) -> BTreeSet<Identity> {
    let mut found = BTreeSet::new();
    let value = resource.as_value();
    let elements: &[&str] = match resource.type_name() {
        "Task" => &["focus", "for", "requester", "owner", "reasonReference", "insurance"],
        "ServiceRequest" => {
            &["subject", "requester", "performer", "reasonReference", "supportingInfo", "insurance"]
        }
        _ => return found,
    };
    for element in elements {
        each(&value[*element], &mut |item| add(item, own_base, &mut found));
    }
    for element in ["input", "output"] {
        each(&value[element], &mut |item| add(&item["valueReference"], own_base, &mut found));
    }
    each(&value["extension"], &mut |extension| {
        if extension["url"] == PERTAINS_TO_GOAL {
            add(&extension["valueReference"], own_base, &mut found);
        }
    });
    found.remove(&(resource.type_name().to_owned(), resource.id().unwrap_or_default().to_owned()));
    found
}

fn each(value: &Value, visit: &mut impl FnMut(&Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(visit),
        Value::Null => {}
        value => visit(value),
    }
}

fn add(reference: &Value, own_base: &str, found: &mut BTreeSet<Identity>) {
    let Some(text) = reference["reference"].as_str() else { return };
    if let Some((type_name, id)) = Reference::parse(text).local(own_base)
        && type_name != "Task"
        && !is_shared(type_name)
    {
        found.insert((type_name.to_owned(), id.to_owned()));
    }
}

/// Who takes part in a Task, by name, and until when its reach is theirs. The Task itself they see always.
pub type Parties = BTreeMap<String, Instant>;

/// Who takes part in a Task: its requester; its owner, for `grace` microseconds beyond its end; where it has no owner and
/// waits for one, the pools it is offered to.
///
/// `organization_of` tells for which Organization a PractitionerRole or HealthcareService, given as `Type/id`, works.
/// `now` counts as the Task's end, when it has ended.
pub fn parties<'o>(
    task: &Resource,
    own_base: &str,
    now: Instant,
    grace: i64,
    organization_of: impl Fn(&str) -> Option<&'o str>,
) -> Parties {
    let mut parties = Parties::new();
    let status = task.as_value()["status"].as_str().unwrap_or_default();
    let until = match ENDED.contains(&status) {
        true => Instant(now.0.saturating_add(grace)),
        false => FOREVER,
    };
    if let Some(owner) = party(task, "owner", own_base, &organization_of) {
        parties.insert(owner, until);
    } else if status == "requested" && task.as_value().get("owner").is_none() {
        for pool in pools(task) {
            parties.insert(pool, until);
        }
    }
    if let Some(requester) = party(task, "requester", own_base, &organization_of) {
        parties.insert(requester, FOREVER);
    }
    parties
}

/// The name of the party that an element of a Task refers to: that of an employer, where it has one.
pub fn party<'o>(
    task: &Resource,
    element: &str,
    own_base: &str,
    organization_of: impl Fn(&str) -> Option<&'o str>,
) -> Option<String> {
    let text = task.reference(element)?;
    let name = match Reference::parse(text).local(own_base) {
        Some((type_name, id)) => format!("{type_name}/{id}"),
        None => text.to_owned(),
    };
    Some(organization_of(&name).map_or(name, str::to_owned))
}

/// No end.
pub const FOREVER: Instant = Instant(i64::MAX);

/// The name of a pool among the parties of a Task. Begins with what no reference begins with.
pub fn pool(token: &str) -> String {
    format!("pool {token}")
}

/// The pools a Task without owner is offered to: one for each kind of performer it wants, and that of all open Tasks.
fn pools(task: &Resource) -> Vec<String> {
    let mut pools = vec![pool("*")];
    each(&task.as_value()["performerType"], &mut |concept| {
        each(&concept["coding"], &mut |coding| {
            let text = |name: &str| coding[name].as_str().unwrap_or_default();
            pools.push(pool(&format!("{}|{}", text("system"), text("code"))));
        });
    });
    pools
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OWN: &str = "http://gw.example/fhir";

    fn resource(value: Value) -> Resource {
        Resource::new(value).unwrap()
    }

    #[test]
    fn of_a_referral() {
        let task = json!({
            "resourceType": "Task", "id": "t", "partOf": [{"reference": "Task/parent"}],
            "focus": {"reference": "ServiceRequest/s"}, "for": {"reference": format!("{OWN}/Patient/p")},
            "requester": {"reference": "PractitionerRole/r"}, "owner": {"reference": "Organization/o"},
            "input": [{"valueReference": {"reference": "Consent/c"}}, {"valueString": "x"}],
            "output": [{"valueReference": {"reference": "Procedure/d"}}, {"valueReference": {"reference": "#in"}}],
        });
        let order = json!({
            "resourceType": "ServiceRequest", "id": "s", "subject": {"reference": "Patient/p"},
            "reasonReference": [{"reference": "Condition/k"}, {"reference": "http://other.example/Condition/z"}],
            "supportingInfo": [{"reference": "Consent/c"}],
            "basedOn": [{"reference": "ServiceRequest/placer"}],
            "extension": [
                {"url": PERTAINS_TO_GOAL, "valueReference": {"reference": "Goal/g"}},
                {"url": "http://else.example", "valueReference": {"reference": "Goal/not"}},
            ],
        });
        let check = |value: Value, expected: &[&str]| {
            let found = reach(&resource(value), OWN);
            let found: Vec<String> =
                found.iter().map(|(type_name, id)| format!("{type_name}/{id}")).collect();
            assert_eq!(found, expected);
        };
        check(task, &["Consent/c", "Patient/p", "Procedure/d", "ServiceRequest/s"]);
        check(order, &["Condition/k", "Consent/c", "Goal/g", "Patient/p"]);
        check(json!({"resourceType": "Procedure", "subject": {"reference": "Patient/p"}}), &[]);
    }

    #[test]
    fn who_takes_part() {
        let organization_of = |name: &str| (name == "HealthcareService/h").then_some("Organization/o");
        let now = Instant(1_000);
        let check = |mut task: Value, expected: &[(&str, i64)]| {
            task["resourceType"] = "Task".into();
            let parties = parties(&resource(task), OWN, now, 10, organization_of);
            let parties: Vec<(&str, i64)> = parties.iter().map(|(name, until)| (&**name, until.0)).collect();
            assert_eq!(parties, expected);
        };
        let party = |name: &str| json!({"reference": name});
        check(
            json!({"status": "requested", "requester": party("Organization/a"), "owner": party("HealthcareService/h")}),
            &[("Organization/a", i64::MAX), ("Organization/o", i64::MAX)],
        );
        check(
            json!({"status": "completed", "requester": party("Organization/a"), "owner": party("Organization/o")}),
            &[("Organization/a", i64::MAX), ("Organization/o", 1_010)],
        );
        check(
            json!({"status": "completed", "requester": party("Organization/a"), "owner": party("Organization/a")}),
            &[("Organization/a", i64::MAX)],
        );
        check(
            json!({"status": "requested", "performerType": [{"coding": [{"system": "s", "code": "food"}]}]}),
            &[("pool *", i64::MAX), ("pool s|food", i64::MAX)],
        );
        check(json!({"status": "cancelled"}), &[]);
        check(json!({"status": "requested", "owner": {"display": "the pantry"}}), &[]);
        check(
            json!({"status": "accepted", "owner": party("https://else.example/fhir/Organization/1")}),
            &[("https://else.example/fhir/Organization/1", i64::MAX)],
        );
        check(
            json!({"status": "accepted", "owner": party("http://gw.example/fhir/Organization/1/_history/3")}),
            &[("Organization/1", i64::MAX)],
        );
    }
}
