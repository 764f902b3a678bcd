//! §4.4: cancel, by the EHR and by the platform.

use serde_json::json;

use super::{cast, change, history, refer, status};
use crate::harness::on_both_in_both_formats;

#[test]
fn the_ehr_cancels_the_task_then_revokes_the_order() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        let (order, task) = refer(server, "pantry").await;
        // Without a statusReason, and the order in a request of its own.
        change(server, &task, json!({"status": "cancelled"})).await;
        assert_eq!(status(server, &order).await, "active");
        change(server, &order, json!({"status": "revoked"})).await;
        assert_eq!(
            history(server, &task, "status").await,
            ["cancelled", "requested"],
            "no second cancellation"
        );
        assert_eq!(history(server, &order, "status").await, ["revoked", "active"]);
    });
}

#[test]
fn revoking_the_order_alone_cancels_its_open_tasks() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        let (order, task) = refer(server, "pantry").await;
        let other =
            format!("Task/{}", server.post("Task", &super::task(&order, "platform")).await.expect(201).id());
        change(server, &other, json!({"status": "rejected", "statusReason": {"text": "full"}})).await;
        change(server, &order, json!({"status": "revoked"})).await;
        assert_eq!(status(server, &task).await, "cancelled");
        assert_eq!(status(server, &other).await, "rejected");
        server.finds("Task?status=cancelled", task.split_once('/').unwrap().1).await;
    });
}

#[test]
fn the_platform_copies_the_reason_between_parent_and_child() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        let (order, parent) = refer(server, "platform").await;
        let mut child = super::task(&order, "pantry");
        child["partOf"] = json!([{"reference": parent}]);
        child["status"] = "accepted".into();
        let child = format!("Task/{}", server.post("Task", &child).await.expect(201).id());
        // The parent is cancelled without a reason: nothing is copied.
        change(server, &parent, json!({"status": "cancelled"})).await;
        let stored = change(server, &child, json!({"status": "cancelled"})).await;
        assert!(stored.get("statusReason").is_none());
        // An order whose Tasks all ended without success stays for the clinic to decide.
        assert_eq!(status(server, &order).await, "active");
    });
}
