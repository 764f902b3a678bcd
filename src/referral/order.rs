//! The order of a referral, the ServiceRequest, and the Tasks follow each other: when the work is done the order is
//! completed; when the order is revoked the work is called off.
//!
//! An order's Tasks are the referral Tasks whose `focus` it is. A sub-Task (`partOf`) has an order of its own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::fhir::Resource;
use crate::fhir::time::Instant;

use super::status::is_open;
use super::{Machine, Status, Target};

/// `ServiceRequest.status` (R4 value set request-status).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderStatus {
    /// Not placed yet.
    Draft,
    /// To be acted on.
    Active,
    /// Suspended.
    OnHold,
    /// Withdrawn.
    Revoked,
    /// Done.
    Completed,
    /// Should never have been.
    EnteredInError,
    /// One of the above; nobody knows which.
    Unknown,
}

impl OrderStatus {
    /// Reads a code; `None` when R4 has no such status.
    pub fn parse(code: &str) -> Option<OrderStatus> {
        Some(match code {
            "draft" => OrderStatus::Draft,
            "active" => OrderStatus::Active,
            "on-hold" => OrderStatus::OnHold,
            "revoked" => OrderStatus::Revoked,
            "completed" => OrderStatus::Completed,
            "entered-in-error" => OrderStatus::EnteredInError,
            "unknown" => OrderStatus::Unknown,
            _ => return None,
        })
    }

    /// The status of a ServiceRequest; `None` when it is absent or no code of R4.
    pub fn of(order: &Resource) -> Option<OrderStatus> {
        order.text("status").and_then(OrderStatus::parse)
    }

    /// Whether nothing more is to be done about the order.
    pub fn is_terminal(self) -> bool {
        matches!(self, OrderStatus::Revoked | OrderStatus::Completed | OrderStatus::EnteredInError)
    }
}

/// The id of the order a Task is about: its focus, when that is a ServiceRequest on this server and the Task is a
/// referral's.
pub fn order_of<'a>(task: &'a Resource, own_base: &str) -> Option<&'a str> {
    if Machine::of(task) != Machine::Referral {
        return None;
    }
    Target::of(task, "focus", own_base)?.local("ServiceRequest")
}

/// The order a Task is open for.
pub fn open_order_of<'a>(task: &'a Resource, own_base: &str) -> Option<&'a str> {
    is_open(task).then(|| order_of(task, own_base)).flatten()
}

/// Whether an order whose Tasks these are is done: none is open, at least one is completed.
pub fn is_done<'a>(tasks: impl IntoIterator<Item = &'a Resource>) -> bool {
    let mut completed = false;
    for task in tasks {
        if is_open(task) {
            return false;
        }
        completed |= Status::of(task) == Some(Status::Completed);
    }
    completed
}

/// The order as it is when its Tasks are done.
pub fn complete(order: &Resource) -> Option<Resource> {
    altered(order, |order| set(order, "status", "completed".into(), "meta"))
}

/// A Task as it is when its order is revoked. `Task.lastModified`, where it is used, says `now`.
pub fn cancel(task: &Resource, order: &str, now: Instant) -> Option<Resource> {
    let text = format!("The order was revoked: ServiceRequest/{order}");
    altered(task, |task| {
        set(task, "status", Status::Cancelled.code().into(), "meta");
        set(task, "statusReason", json!({ "text": text }), "status");
        if let Some(modified) = task.get_mut("lastModified") {
            *modified = now.to_fhir().into();
        }
    })
}

/// A copy with changes. A generated narrative is dropped: it would go on telling the old status (R4 §3.1.0.6 lets a
/// server that changes part of a resource do so).
fn altered(resource: &Resource, change: impl FnOnce(&mut Map<String, Value>)) -> Option<Resource> {
    let Value::Object(mut map) = resource.as_value().clone() else { return None };
    change(&mut map);
    if map.get("text").and_then(|text| text.get("status")).is_some_and(|status| status == "generated") {
        map.shift_remove("text");
    }
    Resource::new(Value::Object(map)).ok()
}

/// Sets a property in place; a new one comes after `previous`, else at the end. Extensions of the old value go.
fn set(map: &mut Map<String, Value>, name: &str, value: Value, previous: &str) {
    map.shift_remove(&format!("_{name}"));
    match map.get_mut(name) {
        Some(present) => *present = value,
        None => {
            let at = map.keys().position(|key| key == previous).map_or(map.len(), |at| at + 1);
            map.shift_insert(at, name.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(status: &str) -> Resource {
        Resource::new(json!({"resourceType": "Task", "status": status})).unwrap()
    }

    #[test]
    fn done() {
        for (statuses, expected) in [
            ("", false),
            ("completed", true),
            ("completed completed", true),
            ("completed rejected", true),
            ("cancelled completed failed entered-in-error", true),
            ("completed requested", false),
            ("completed draft", false),
            ("completed on-hold", false),
            ("completed nonsense", false),
            ("rejected", false),
            ("cancelled failed", false),
            ("entered-in-error", false),
        ] {
            let tasks: Vec<Resource> = statuses.split_whitespace().map(task).collect();
            assert_eq!(is_done(&tasks), expected, "{statuses}");
        }
    }

    #[test]
    fn orders() {
        let own = "http://gw.example/fhir";
        let fulfill =
            json!({"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]});
        for (code, focus, status, expected, open) in [
            (&fulfill, "ServiceRequest/1", "requested", Some("1"), Some("1")),
            (&fulfill, "http://gw.example/fhir/ServiceRequest/1", "completed", Some("1"), None),
            (&fulfill, "http://ehr.example/fhir/ServiceRequest/1", "requested", None, None),
            (&fulfill, "MedicationRequest/1", "requested", None, None),
            (&json!({"text": "call"}), "ServiceRequest/1", "requested", None, None),
        ] {
            let task = json!({"resourceType": "Task", "status": status, "code": code, "focus": {"reference": focus}});
            let task = Resource::new(task).unwrap();
            assert_eq!((order_of(&task, own), open_order_of(&task, own)), (expected, open), "{focus}");
        }
    }

    #[test]
    fn completes() {
        let order = json!({
            "resourceType": "ServiceRequest", "id": "o", "meta": {"versionId": "3"},
            "text": {"status": "generated", "div": "<div>active</div>"},
            "status": "active", "_status": {"id": "s"}, "intent": "order", "note": [{"text": "kept"}],
        });
        let completed = complete(&Resource::new(order).unwrap()).unwrap();
        assert_eq!(
            completed.to_json(),
            r#"{"resourceType":"ServiceRequest","id":"o","meta":{"versionId":"3"},"status":"completed","intent":"order","note":[{"text":"kept"}]}"#
        );
    }

    #[test]
    fn cancels() {
        let now = Instant(1_795_369_620_000_000);
        for (before, after) in [
            (
                json!({
                    "resourceType": "Task", "id": "t", "text": {"status": "additional"}, "status": "requested",
                    "businessStatus": {"text": "theirs"}, "intent": "order",
                }),
                r#"{"resourceType":"Task","id":"t","text":{"status":"additional"},"status":"cancelled","statusReason":{"text":"The order was revoked: ServiceRequest/o"},"businessStatus":{"text":"theirs"},"intent":"order"}"#,
            ),
            (
                json!({
                    "resourceType": "Task", "id": "t", "statusReason": {"text": "no stock"}, "status": "on-hold",
                    "lastModified": "2026-11-02",
                }),
                r#"{"resourceType":"Task","id":"t","statusReason":{"text":"The order was revoked: ServiceRequest/o"},"status":"cancelled","lastModified":"2026-11-22T17:47:00.000000Z"}"#,
            ),
        ] {
            let cancelled = cancel(&Resource::new(before).unwrap(), "o", now).unwrap();
            assert_eq!(cancelled.to_json(), after);
        }
    }
}
