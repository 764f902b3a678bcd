//! §4.5: the platform forwards (indirect light).

use serde_json::{Value, json};

use super::{REFERRALS, cast, change, complete, history, refer, status};
use crate::harness::{Server, on_both_in_both_formats};

/// What the platform posts: a copy of what it read, stale meta and all, without an id.
fn copy(of: &Value, changes: Value) -> Value {
    let mut copy = of.clone();
    copy.as_object_mut().unwrap().shift_remove("id");
    for (name, value) in changes.as_object().unwrap() {
        copy[name] = value.clone();
    }
    copy
}

/// Accepts the parent and refers on. Gives the places of the child's order and Task.
async fn forward(server: &Server, order: &str, parent: &str, to: &str) -> (String, String) {
    let original = server.read(order).await;
    let changes = json!({"basedOn": [{"reference": order}], "intent": "original-order"});
    let answer = server.post("ServiceRequest", &copy(&original, changes)).await.expect(201);
    assert_eq!(answer.json()["meta"]["versionId"], "1", "stale meta is not looked at");
    let child_order = format!("ServiceRequest/{}", answer.id());
    let parent_task = server.read(parent).await;
    let changes = json!({"partOf": [{"reference": parent}], "status": "requested", "authoredOn": "2026-11-22T09:10:00.000Z",
        "requester": parent_task["owner"], "owner": {"reference": format!("Organization/{to}")}, "focus": {"reference": child_order}});
    let child = server.post("Task", &copy(&parent_task, changes)).await.expect(201);
    server.clock.advance(60);
    (child_order, format!("Task/{}", child.id()))
}

#[test]
fn the_platform_forwards_and_closes_both_loops() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        server.get("metadata").await.expect(200);
        // A new CBO on the platform.
        let cbo = json!({"resourceType": "Organization", "name": "Second Pantry", "contact": [{"telecom": [{"system": "url"}]}],
            "type": [super::concept("http://hl7.org/gravity/CodeSystem/sdohcc-temporary-organization-type-codes", "cbo")]});
        let second = server.post("Organization", &cbo).await.expect(201).id();
        server.clock.advance(60);
        let (order, parent) = refer(server, "platform").await;

        // All Tasks of the server; the platform tells its own by partOf.
        assert_eq!(server.search(REFERRALS).await.matches, [parent.as_str()]);
        server.finds_in_order("Organization?_sort=-_lastUpdated&type=cbo", &format!("{second} pantry")).await;
        change(server, &parent, json!({"status": "accepted"})).await;
        let (child_order, child) = forward(server, &order, &parent, "pantry").await;
        assert_eq!(server.search(REFERRALS).await.matches, [child.clone(), parent.clone()], "newest first");

        // The CBO sees its own only.
        assert_eq!(
            server.search(&format!("{REFERRALS}&owner=Organization/pantry")).await.matches,
            [child.as_str()]
        );
        change(server, &child, json!({"status": "accepted"})).await;
        change(server, &parent, json!({"status": "in-progress"})).await;
        change(server, &child, json!({"status": "in-progress"})).await;
        let procedure = complete(server, &child_order, &child).await;
        assert_eq!(status(server, &child_order).await, "completed");
        assert_eq!(status(server, &order).await, "active", "the parent is still open");

        // The platform takes the child's outcome for the parent's.
        let output = server.read(&child).await["output"].clone();
        change(server, &parent, json!({"status": "completed", "output": output})).await;
        assert_eq!(status(server, &order).await, "completed");
        assert_eq!(history(server, &order, "status").await, ["completed", "active"]);
        assert_eq!(
            history(server, &parent, "status").await,
            ["completed", "in-progress", "accepted", "requested"]
        );
        // Both orders lead to what was done.
        assert_eq!(server.search(&format!("Procedure?based-on={child_order}")).await.matches, [procedure]);
        let chain = server.search(&format!("ServiceRequest?based-on={order}")).await;
        assert_eq!(chain.matches, [child_order]);
    });
}

#[test]
fn a_rejected_child_is_forwarded_again_by_hand() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        let (order, parent) = refer(server, "platform").await;
        change(server, &parent, json!({"status": "accepted"})).await;
        let (first_order, first) = forward(server, &order, &parent, "pantry").await;
        change(server, &first, json!({"status": "rejected", "statusReason": {"text": "closed on Sundays"}}))
            .await;
        assert_eq!(
            (status(server, &first_order).await, status(server, &parent).await),
            ("active".into(), "accepted".into())
        );
        let (second_order, second) = forward(server, &order, &parent, "clinic").await;
        let children = server.search(&format!("Task?part-of={parent}")).await;
        assert_eq!(children.matches, [first, second.clone()]);
        let found = server.search(&format!("Task?part-of={parent}&status:not=rejected")).await;
        assert_eq!(found.matches, [second.as_str()]);
        change(server, &second, json!({"status": "accepted"})).await;
        complete(server, &second_order, &second).await;
        assert_eq!(status(server, &second_order).await, "completed");
    });
}

#[test]
fn a_rejected_parent_says_why() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        let (order, parent) = refer(server, "platform").await;
        change(server, &parent, json!({"status": "rejected", "statusReason": {"text": "not in our area"}}))
            .await;
        assert_eq!(status(server, &order).await, "active");
        let seen = server.search(&format!("{REFERRALS}&requester=PractitionerRole/role&subject=ada")).await;
        assert_eq!(seen.resources()[0]["statusReason"]["text"], "not in our area");
    });
}
