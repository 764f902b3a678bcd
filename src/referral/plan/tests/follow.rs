//! Orders follow their Tasks, Tasks their order.

use serde_json::json;

use super::*;
use crate::referral::event::Cause;

/// Stored: order `o` in a state, Tasks `t0`, `t1` … of it in states; the client's changes: `task status`, `order status`,
/// `-task` for a deletion, `+task status` for a creation. Expected: the gateway's own writes and whether a word was said.
fn follow(stored_order: &str, stored: &str, changes: &str, writes: &str, told: &str) {
    let elements = |status: &str| match status {
        "completed" => json!({"output": output()}),
        _ => json!({"statusReason": {"text": "because"}}),
    };
    let make = |id: &str, status: &str| match id {
        "o" => order("o", status),
        _ => referral(id, "o", status, elements(status)),
    };
    let before: Vec<Resource> =
        stored.split_whitespace().enumerate().map(|(n, status)| make(&format!("t{n}"), status)).collect();
    let old_order = Some(stored_order).filter(|status| !status.is_empty()).map(|status| order("o", status));
    let wanted: Vec<(&str, Option<Resource>)> = changes
        .split(',')
        .map(|change| match change.trim().split_once(' ') {
            Some((id, status)) => (id, Some(make(id.trim_start_matches('+'), status))),
            None => (change.trim().trim_start_matches('-'), None),
        })
        .collect();
    let changes: Vec<Change> = wanted
        .iter()
        .map(|(id, after)| {
            let old = match *id {
                "o" => old_order.as_ref(),
                id => before.iter().find(|task| task.id() == Some(id)),
            };
            change(old, after.as_ref())
        })
        .collect();

    let needed = facts_needed(&changes, None, OWN);
    let mut facts = Facts::default();
    if let Some(old_order) = &old_order
        && needed.orders.contains("o")
    {
        facts.orders.insert("o".into(), old_order.clone());
    }
    if needed.tasks.contains("o") {
        facts.tasks.insert("o".into(), before.clone());
    }
    let plan = run(&changes, None, Mode::Report, &facts).unwrap();
    let row = format!("{stored_order} [{stored}] {wanted:?}");
    let mut got: Vec<String> = plan
        .writes
        .iter()
        .map(|write| {
            let resource = &write.resource;
            let why = match resource.type_name() {
                "Task" => Why::OrderRevoked { order: "o".into() },
                _ => Why::TasksDone,
            };
            assert_eq!(write.why, why);
            format!("{} {}", resource.id().unwrap(), resource.text("status").unwrap())
        })
        .collect();
    got.sort();
    assert_eq!(got.join(", "), writes, "{row}");
    let announced = plan.events.iter().filter(|event| match event {
        Event::StatusChanged { cause, .. } | Event::OrderStatusChanged { cause, .. } => {
            *cause == Cause::Gateway
        }
        _ => false,
    });
    assert_eq!(announced.count(), plan.writes.len(), "{row}");
    let places: Vec<&str> =
        plan.findings.iter().map(|finding| finding.issue.expression.as_deref().unwrap()).collect();
    assert_eq!(places.join(", "), told, "{row}");
}

#[test]
fn order_follows_its_tasks() {
    for (stored_order, stored, changes, writes, told) in [
        ("active", "in-progress", "t0 completed", "o completed", ""),
        ("on-hold", "in-progress", "t0 completed", "o completed", ""),
        ("active", "in-progress in-progress", "t0 completed", "", ""),
        ("active", "in-progress draft", "t0 completed", "", ""),
        ("active", "in-progress completed", "t0 completed", "o completed", ""),
        ("active", "in-progress completed", "t0 failed", "o completed", ""),
        ("active", "requested completed", "t0 rejected", "o completed", ""),
        ("active", "requested rejected", "t0 rejected", "", ""),
        ("active", "in-progress", "t0 cancelled", "", ""),
        ("active", "in-progress in-progress", "t0 completed, t1 completed", "o completed", ""),
        ("active", "in-progress in-progress", "t0 completed, t1 failed", "o completed", ""),
        ("active", "in-progress in-progress", "t0 completed, t1 on-hold", "", ""),
        ("active", "in-progress completed", "t0 entered-in-error", "o completed", ""),
        ("active", "requested completed", "-t0", "o completed", "Task"),
        // Not again, and not over what is said elsewhere.
        ("completed", "in-progress", "t0 completed", "", ""),
        ("revoked", "in-progress", "t0 completed", "", ""),
        ("entered-in-error", "in-progress", "t0 completed", "", ""),
        ("active", "in-progress", "t0 completed, o completed", "", ""),
        ("active", "in-progress", "o completed, t0 completed", "", ""),
        ("active", "in-progress", "t0 completed, o active", "", "ServiceRequest.status"),
        ("", "in-progress", "t0 completed", "", ""),
        // A Task that is created as completed, or written again, is history.
        ("active", "", "+t0 completed", "", ""),
        ("active", "completed", "t0 completed", "", ""),
        ("active", "in-progress", "t0 completed, +t1 requested", "", ""),
        ("active", "in-progress", "t0 rejected, +t1 completed", "o completed", "Task.status"),
    ] {
        follow(stored_order, stored, changes, writes, told);
    }
}

#[test]
fn tasks_follow_their_order() {
    for (stored_order, stored, changes, writes, told) in [
        ("active", "requested", "o revoked", "t0 cancelled", ""),
        (
            "active",
            "draft requested received accepted in-progress on-hold",
            "o revoked",
            "t0 cancelled, t1 cancelled, t2 cancelled, t3 cancelled, t4 cancelled, t5 cancelled",
            "",
        ),
        ("active", "completed rejected requested", "o revoked", "t2 cancelled", ""),
        ("active", "completed failed", "o revoked", "", ""),
        ("active", "requested", "o completed", "", ""),
        ("active", "requested", "o entered-in-error", "", ""),
        ("revoked", "requested", "o revoked", "", ""),
        // As the reference EHR cancels: first the Task, then the order.
        ("active", "cancelled", "o revoked", "", ""),
        ("active", "requested", "t0 cancelled, o revoked", "", ""),
        ("active", "requested", "t0 failed, o revoked", "", "Task.status"),
        ("active", "requested", "t0 accepted, o revoked", "", "Task.status"),
        ("active", "requested", "+t1 requested, o revoked", "t0 cancelled", "Task.status"),
        // Too late, or in an odd order.
        ("revoked", "", "+t0 requested", "", "Task.status"),
        ("revoked", "", "+t0 requested, o revoked", "", "Task.status"),
        ("revoked", "", "+t0 completed", "", ""),
        ("active", "", "+t0 requested", "", ""),
        ("completed", "", "+t0 accepted", "", ""),
        ("", "requested", "o revoked", "", "ServiceRequest.status"),
        ("active", "requested", "-o", "", "ServiceRequest"),
        ("active", "completed", "-o", "", ""),
        ("active", "requested", "-t0, -o", "", "Task"),
    ] {
        follow(stored_order, stored, changes, writes, told);
    }
}

#[test]
fn only_referral_tasks_of_this_order_count() {
    let before = referral("t", "o", "in-progress", json!({}));
    let after = referral("t", "o", "completed", json!({"output": output()}));
    let elsewhere = "http://ehr.example/fhir/ServiceRequest/o";
    let others = [
        referral(
            "p",
            "o",
            "ready",
            json!({"code": {"coding": [{
                "system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes",
                "code": "make-contact"
            }]}}),
        ),
        referral("f", "o", "requested", json!({"code": {"text": "call"}})),
        referral("s", "child", "requested", json!({"partOf": [{"reference": "Task/t"}]})),
        referral("e", "o", "requested", json!({"focus": {"reference": elsewhere}})),
    ];
    let mut facts = Facts::default();
    facts.orders.insert("o".into(), order("o", "active"));
    facts.tasks.insert("o".into(), others.iter().cloned().chain([before.clone()]).collect());
    let plan = run(&[change(Some(&before), Some(&after))], None, Mode::Enforce, &facts).unwrap();
    assert_eq!(plan.writes.len(), 1);

    let (active, revoked) = (order("o", "active"), order("o", "revoked"));
    let plan = run(&[change(Some(&active), Some(&revoked))], None, Mode::Enforce, &facts).unwrap();
    let cancelled: Vec<_> = plan.writes.iter().filter_map(|write| write.resource.id()).collect();
    assert_eq!(cancelled, ["t"]);
}

#[test]
fn a_task_that_turns_to_another_order_leaves_the_first() {
    let before = referral("t", "o", "in-progress", json!({}));
    let after = referral("t", "other", "in-progress", json!({}));
    let changes = [change(Some(&before), Some(&after))];
    let mut facts = Facts::default();
    facts.orders.insert("o".into(), order("o", "active"));
    facts.orders.insert("other".into(), order("other", "revoked"));
    facts.tasks.insert("o".into(), vec![before.clone(), referral("done", "o", "completed", json!({}))]);
    let plan = run(&changes, None, Mode::Report, &facts).unwrap();
    assert_eq!(plan.writes.iter().map(|write| write.resource.id().unwrap()).collect::<Vec<_>>(), ["o"]);
    assert_eq!(
        plan.writes[0].resource.as_value()["meta"]["versionId"],
        "4",
        "made from the version it is for"
    );
    assert_eq!(plan.findings.len(), 1);
}
