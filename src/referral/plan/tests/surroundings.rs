//! What must be known before, and what is announced after.

use serde_json::json;

use super::*;
use crate::referral::Status;
use crate::referral::event::Cause;
use crate::referral::order::OrderStatus;

#[test]
fn facts() {
    let needs = |changes: &[Change], caller: Option<&str>| {
        let needed = facts_needed(changes, caller, OWN);
        let list =
            |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
        [list(&needed.orders), list(&needed.tasks), list(&needed.organizations), list(&needed.creators)]
    };
    let staffed = json!({
        "requester": {"reference": "PractitionerRole/dr"}, "owner": {"reference": "HealthcareService/food"}
    });
    let requested = referral("t", "o", "requested", staffed.clone());
    let accepted = referral("t", "o", "accepted", staffed.clone());
    let rejected = referral("t", "o", "rejected", staffed);
    let remote = referral(
        "t",
        "o",
        "requested",
        json!({
            "requester": {"reference": "http://ehr.example/fhir/PractitionerRole/dr"},
            "focus": {"reference": "http://ehr.example/fhir/ServiceRequest/o"},
        }),
    );
    let patient = resource("Patient", "p", json!({}));
    let (active, revoked) = (order("o", "active"), order("o", "revoked"));
    let parties = "HealthcareService/food PractitionerRole/dr";
    for (changes, caller, expected) in [
        (vec![change(None, Some(&patient))], Some(CLINIC), ["", "", "", ""]),
        (vec![change(None, Some(&requested))], None, ["o", "", "", ""]),
        (vec![change(None, Some(&requested))], Some(CLINIC), ["o", "", "", ""]),
        (vec![change(None, Some(&active)), change(None, Some(&requested))], None, ["", "", "", ""]),
        (vec![change(Some(&requested), Some(&accepted))], None, ["", "", "", ""]),
        (vec![change(Some(&requested), Some(&accepted))], Some(PANTRY), ["", "", parties, "t"]),
        (vec![change(Some(&requested), Some(&rejected))], None, ["o", "o", "", ""]),
        (vec![change(Some(&requested), None)], None, ["o", "o", "", ""]),
        (vec![change(Some(&remote), None)], None, ["", "", "", ""]),
        (vec![change(Some(&remote), None)], Some(CLINIC), ["", "", "", "t"]),
        (vec![change(None, Some(&active))], None, ["", "", "", ""]),
        (vec![change(Some(&active), Some(&active))], None, ["", "", "", ""]),
        (vec![change(Some(&active), Some(&revoked))], None, ["", "o", "", ""]),
        (vec![change(None, Some(&revoked))], None, ["", "o", "", ""]),
        (vec![change(Some(&active), None)], None, ["", "o", "", ""]),
    ] {
        assert_eq!(needs(&changes, caller), expected, "{changes:?} {caller:?}");
    }
}

#[test]
fn events() {
    let requested = referral("t", "o", "requested", json!({}));
    let accepted = referral("t", "o", "accepted", json!({}));
    let noted = referral("t", "o", "accepted", json!({"note": [{"text": "n"}]}));
    let output = referral("t", "o", "accepted", json!({"output": output()}));
    let (active, revoked) = (order("o", "active"), order("o", "revoked"));
    let patient = resource("Patient", "p", json!({}));
    let (task, order, at, cause) = ("t".to_owned(), "o".to_owned(), NOW, Cause::Client);
    for (change, expected) in [
        (change(None, Some(&patient)), vec![]),
        (
            change(None, Some(&requested)),
            vec![Event::TaskCreated { task: task.clone(), status: Some(Status::Requested), at, cause }],
        ),
        (
            change(Some(&requested), Some(&accepted)),
            vec![Event::StatusChanged {
                task: task.clone(),
                from: Some(Status::Requested),
                to: Some(Status::Accepted),
                at,
                cause,
            }],
        ),
        (change(Some(&accepted), Some(&noted)), vec![]),
        (
            change(Some(&accepted), Some(&output)),
            vec![Event::OutputChanged { task: task.clone(), at, cause }],
        ),
        (
            change(Some(&accepted), None),
            vec![Event::TaskDeleted { task, status: Some(Status::Accepted), at, cause }],
        ),
        (change(None, Some(&active)), vec![]),
        (
            change(Some(&active), Some(&revoked)),
            vec![Event::OrderStatusChanged {
                order: order.clone(),
                from: Some(OrderStatus::Active),
                to: Some(OrderStatus::Revoked),
                at,
                cause,
            }],
        ),
        (
            change(Some(&revoked), None),
            vec![Event::OrderDeleted { order, status: Some(OrderStatus::Revoked), at, cause }],
        ),
    ] {
        let plan = run(&[change], None, Mode::Report, &Facts::default()).unwrap();
        assert_eq!(plan.events, expected);
    }
}

#[test]
fn nothing_to_nothing_is_no_change() {
    assert!(Change::new("x", None, None).is_none());
}

/// Whatever JSON stands where an element should: no panic, and no refusal of what was never a referral.
#[test]
fn odd_shapes() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1.50),
        json!(""),
        json!("ServiceRequest/o"),
        json!([]),
        json!([[], {}]),
        json!({}),
        json!({"reference": 7}),
        json!({"reference": "ServiceRequest/"}),
        json!({"coding": [null, {"system": 1, "code": "fulfill"}]}),
        json!({"profile": [7, "x|y|z"]}),
    ];
    let elements =
        ["status", "code", "focus", "requester", "owner", "output", "statusReason", "meta", "lastModified"];
    let usual = referral("t", "o", "in-progress", json!({}));
    let mut facts = Facts::default();
    facts.orders.insert("o".into(), resource("ServiceRequest", "o", json!({})));
    let (active, revoked) = (order("o", "active"), order("o", "revoked"));
    for element in elements {
        for value in &odd {
            let mut strange = usual.as_value().clone();
            strange[element] = value.clone();
            let strange = Resource::new(strange).unwrap();
            facts.tasks.insert("o".into(), vec![strange.clone(), usual.clone()]);
            for (before, after) in [
                (Some(&strange), Some(&usual)),
                (Some(&usual), Some(&strange)),
                (None, Some(&strange)),
                (Some(&strange), None),
                (Some(&active), Some(&revoked)),
            ] {
                let changes = [change(before, after)];
                facts_needed(&changes, Some(CLINIC), OWN);
                for caller in [None, Some(CLINIC), Some(PANTRY), Some("")] {
                    let planned = run(&changes, caller, Mode::Report, &facts);
                    assert!(caller.is_some() || planned.is_ok(), "{element} {value}");
                }
            }
        }
    }
}
