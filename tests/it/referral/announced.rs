//! What is announced: all that is committed and nothing else, at least once, in order.

use std::sync::{Arc, Mutex};

use futures_util::future::{BoxFuture, ready};
use sdoh_gateway::delivery::{Message, NotTaken, Subscriber, drain};
use serde_json::{Value, json};

use super::{order, set, task};
use crate::harness::{Server, entry, on_both, transaction};

/// Keeps what it is told; the first times it does not take it.
#[derive(Default)]
struct Listener {
    heard: Mutex<Vec<(i64, String)>>,
    refusals: Mutex<u32>,
}

impl Subscriber for Listener {
    fn name(&self) -> &'static str {
        "listener"
    }

    fn take<'m>(&'m self, message: &'m Message) -> BoxFuture<'m, Result<(), NotTaken>> {
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Box::pin(ready(Err(NotTaken("not now".into()))));
        }
        let event: Value = serde_json::to_value(&message.event).unwrap();
        let (kind, body) = event.as_object().unwrap().iter().next().unwrap();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let id = text("task") + &text("order");
        let line = format!("{kind} {id} {}>{} {}", text("from"), text("to") + &text("status"), text("cause"));
        self.heard.lock().unwrap().push((message.id, line));
        Box::pin(ready(Ok(())))
    }
}

async fn listen(server: &Server, listener: &Arc<Listener>) -> Vec<String> {
    let subscribers: [Arc<dyn Subscriber>; 1] = [listener.clone()];
    // What the gateway writes within one standing moment of the clock is due a microsecond later.
    server.clock.advance(1);
    drain(&server.gateway, &subscribers).await.unwrap();
    listener.heard.lock().unwrap().drain(..).map(|(_, line)| line).collect()
}

#[test]
fn a_referral_is_announced_step_by_step() {
    on_both(async |server| {
        let listener = Arc::new(Listener::default());
        server.store(&json!({"resourceType": "Patient", "id": "p"})).await;
        server.store_all(&[order("s"), task("t", "requested")]).await;
        set(server, "t", "accepted").await.expect(200);
        set(server, "t", "completed").await.expect(200);
        assert_eq!(
            listen(server, &listener).await,
            [
                "task-created t >requested client",
                "status-changed t requested>accepted client",
                "status-changed t accepted>completed client",
                "order-status-changed s active>completed gateway",
            ]
        );
        assert_eq!(server.gateway.store().waiting().await.unwrap(), 0);
        assert!(listen(server, &listener).await.is_empty());
    });
}

#[test]
fn what_is_refused_is_not_announced() {
    on_both(async |server| {
        let listener = Arc::new(Listener::default());
        server.store_all(&[order("s"), task("done", "failed")]).await;
        listen(server, &listener).await;
        let entries = vec![
            entry("PUT Task/new", Some(task("new", "requested"))),
            entry("PUT Task/done", Some(task("done", "accepted"))),
        ];
        server.post("", &transaction("transaction", entries)).await.expect(409);
        server.put_with("Task/new", &[("If-Match", "W/\"5\"")], &task("new", "requested")).await.expect(412);
        assert_eq!(server.gateway.store().waiting().await.unwrap(), 0);
        assert!(listen(server, &listener).await.is_empty());
    });
}

#[test]
fn what_is_not_taken_comes_again_under_the_same_number() {
    on_both(async |server| {
        let listener = Arc::new(Listener { refusals: Mutex::new(2), ..Listener::default() });
        server.store(&task("t", "requested")).await;
        assert!(listen(server, &listener).await.is_empty());
        assert_eq!(server.gateway.store().waiting().await.unwrap(), 1);
        // Not before its time.
        assert!(listen(server, &listener).await.is_empty(), "the second refusal");
        server.clock.advance(10);
        assert_eq!(listen(server, &listener).await, ["task-created t >requested client"]);
        assert_eq!(server.gateway.store().waiting().await.unwrap(), 0);
    });
}

#[test]
fn two_workers_do_not_tell_the_same_twice() {
    on_both(async |server| {
        let listener = Arc::new(Listener::default());
        for n in 0..100 {
            server.store(&task(&format!("t{n}"), "requested")).await;
        }
        server.clock.advance(1);
        let subscribers: [Arc<dyn Subscriber>; 1] = [listener.clone()];
        let work = (0..4).map(|_| drain(&server.gateway, &subscribers));
        for done in futures_util::future::join_all(work).await {
            done.unwrap();
        }
        let mut numbers: Vec<i64> =
            listener.heard.lock().unwrap().iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!((numbers.len(), listener.heard.lock().unwrap().len()), (100, 100));
    });
}
