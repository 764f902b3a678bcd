//! The order follows its Tasks, and its Tasks the order.

use futures_util::future::join_all;
use sdoh_gateway::access::Viewer;
use sdoh_gateway::store::{DEFAULT_SPACE, HistoryFilter, HistoryScope, Key, Version};
use serde_json::json;

use super::{order, output, set, status, task, versions};
use crate::harness::{Server, entry, on_both, transaction};

async fn stored(server: &Server, type_name: &str, id: &str) -> Vec<Version> {
    let scope = HistoryScope::Instance(Key::new(DEFAULT_SPACE, type_name, id));
    server
        .gateway
        .store()
        .history(&Viewer::Everything, &scope, HistoryFilter::default(), None, 100)
        .await
        .unwrap()
}

#[test]
fn the_order_is_completed_in_the_same_transaction_as_its_last_task() {
    on_both(async |server| {
        server.store_all(&[order("s"), task("t", "accepted")]).await;
        server.clock.advance(60);
        let answer = set(server, "t", "completed").await.expect(200);
        // The answer is the Task's; the order is the gateway's doing.
        assert_eq!(answer.json()["resourceType"], "Task");
        let closed = server.read("ServiceRequest/s").await;
        assert_eq!((&closed["status"], &closed["meta"]["versionId"]), (&json!("completed"), &json!("2")));
        let mut expected = order("s");
        expected["status"] = "completed".into();
        expected["meta"] = closed["meta"].clone();
        assert_eq!(closed, expected, "nothing else is changed");
        let (task, order) =
            (&stored(server, "Task", "t").await[0], &stored(server, "ServiceRequest", "s").await[0]);
        assert_eq!(order.seq.0, task.seq.0 + 1, "one after the other");
        assert_eq!(order.author.as_deref(), Some("Device/sdoh-gateway"));
        server.finds("ServiceRequest?status=completed", "s").await;
        server.finds("ServiceRequest?status=active", "").await;
    });
}

#[test]
fn no_second_write_when_the_same_transaction_sets_it() {
    on_both(async |server| {
        server.store_all(&[order("s"), task("t", "accepted")]).await;
        let (mut done, mut closed) = (task("t", "completed"), order("s"));
        done["output"] = output();
        closed["status"] = "completed".into();
        let entries = vec![entry("PUT Task/t", Some(done)), entry("PUT ServiceRequest/s", Some(closed))];
        server.post("", &transaction("transaction", entries)).await.expect(200);
        assert_eq!(status(server, "ServiceRequest/s").await, "completed");
        assert_eq!(versions(server, "ServiceRequest/s").await, 2);
        assert_eq!(stored(server, "ServiceRequest", "s").await[0].author, None);
    });
}

#[test]
fn the_order_waits_for_all_its_tasks() {
    on_both(async |server| {
        for (name, ends, expected) in [
            ("one", vec!["completed"], "completed"),
            ("mixed", vec!["rejected", "failed", "completed"], "completed"),
            ("failed", vec!["rejected", "failed", "cancelled"], "active"),
            ("first", vec!["completed", "cancelled"], "completed"),
            ("erred", vec!["entered-in-error", "completed"], "completed"),
        ] {
            server.store(&order(name)).await;
            for (n, _) in ends.iter().enumerate() {
                let mut open = task(&format!("{name}-{n}"), "accepted");
                open["focus"] = json!({"reference": format!("ServiceRequest/{name}")});
                server.store(&open).await;
            }
            for (n, end) in ends.iter().enumerate() {
                assert_eq!(
                    status(server, &format!("ServiceRequest/{name}")).await,
                    "active",
                    "{name} before the end"
                );
                set(server, &format!("{name}-{n}"), end).await.expect(200);
            }
            assert_eq!(status(server, &format!("ServiceRequest/{name}")).await, expected, "{name}");
        }
    });
}

#[test]
fn several_tasks_that_end_in_one_transaction_close_the_order_once() {
    on_both(async |server| {
        server.store(&order("s")).await;
        let ids = ["a", "b", "c"];
        for id in ids {
            server.store(&task(id, "accepted")).await;
        }
        let entries = ids.map(|id| {
            let mut done = task(id, "completed");
            done["output"] = output();
            entry(&format!("PUT Task/{id}"), Some(done))
        });
        server.post("", &transaction("transaction", entries.into())).await.expect(200);
        assert_eq!(
            (status(server, "ServiceRequest/s").await.as_str(), versions(server, "ServiceRequest/s").await),
            ("completed", 2)
        );
    });
}

/// Each of two that end at the same moment must not take the other for open.
#[test]
fn two_tasks_that_end_at_once_close_the_order_once() {
    on_both(async |server| {
        for round in 0..20 {
            let order_id = format!("s{round}");
            server.store(&order(&order_id)).await;
            let ids = [format!("a{round}"), format!("b{round}")];
            for id in &ids {
                let mut open = task(id, "accepted");
                open["focus"] = json!({"reference": format!("ServiceRequest/{order_id}")});
                server.store(&open).await;
            }
            join_all(ids.iter().map(async |id| set(server, id, "completed").await.expect(200))).await;
            let place = format!("ServiceRequest/{order_id}");
            assert_eq!(
                (status(server, &place).await.as_str(), versions(server, &place).await),
                ("completed", 2),
                "{round}"
            );
        }
    });
}

#[test]
fn an_order_that_is_revoked_cancels_its_open_tasks() {
    on_both(async |server| {
        server.store_all(&[order("s"), order("other")]).await;
        for (id, status) in
            [("requested", "requested"), ("working", "in-progress"), ("draft", "draft"), ("failed", "failed")]
        {
            server.store(&task(id, status)).await;
        }
        let mut elsewhere = task("elsewhere", "requested");
        elsewhere["focus"] = json!({"reference": "ServiceRequest/other"});
        server.store(&elsewhere).await;
        let mut revoked = order("s");
        revoked["status"] = "revoked".into();
        server.store(&revoked).await;
        for (id, expected) in [
            ("requested", "cancelled"),
            ("working", "cancelled"),
            ("draft", "cancelled"),
            ("failed", "failed"),
            ("elsewhere", "requested"),
        ] {
            assert_eq!(status(server, &format!("Task/{id}")).await, expected, "{id}");
        }
        let cancelled = server.read("Task/working").await;
        assert!(cancelled["statusReason"]["text"].is_string(), "{cancelled}");
        assert_eq!(versions(server, "ServiceRequest/s").await, 2);
    });
}

#[test]
fn an_order_that_is_over_or_not_there_is_left_alone() {
    on_both(async |server| {
        let mut revoked = order("s");
        revoked["status"] = "revoked".into();
        server.store_all(&[revoked, task("t", "accepted")]).await;
        set(server, "t", "completed").await.expect(200);
        assert_eq!(
            (status(server, "ServiceRequest/s").await.as_str(), versions(server, "ServiceRequest/s").await),
            ("revoked", 1)
        );
        // No order at all, one that is deleted, one on another server.
        server.store(&order("gone")).await;
        server.delete("ServiceRequest/gone").await.expect(204);
        for (id, focus) in [
            ("a", "ServiceRequest/none"),
            ("b", "ServiceRequest/gone"),
            ("c", "http://elsewhere.example/fhir/ServiceRequest/s"),
            ("d", "#s"),
            ("e", "ServiceRequest/"),
        ] {
            let mut body = task(id, "accepted");
            body["focus"] = json!({"reference": focus});
            server.store(&body).await;
            set(server, id, "completed").await.expect(200);
        }
        server.get("ServiceRequest/none").await.expect(404);
        server.get("ServiceRequest/gone").await.expect(410);
        // What is loaded as history has no consequences: the IG's own examples are a completed Task beside an active order.
        let mut done = task("loaded", "completed");
        done["output"] = output();
        done["focus"] = json!({"reference": "ServiceRequest/open"});
        server.store_all(&[order("open"), done]).await;
        assert_eq!(status(server, "ServiceRequest/open").await, "active");
    });
}

#[test]
fn an_absolute_focus_on_this_server_is_its_order() {
    on_both(async |server| {
        let mut open = task("t", "accepted");
        open["focus"] = json!({"reference": format!("{}/ServiceRequest/s", server.base)});
        server.store_all(&[order("s"), open]).await;
        set(server, "t", "completed").await.expect(200);
        assert_eq!(status(server, "ServiceRequest/s").await, "completed");
    });
}
