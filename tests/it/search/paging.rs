//! `_count` and `next`: every resource once, whatever is written meanwhile.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Server, entry, on_both, transaction};

fn task(n: usize) -> Value {
    // Few different values, so that keys are equal across pages; every fifth has none.
    let mut task = json!({"resourceType": "Task", "id": format!("n{n:03}"), "status": "requested", "intent": "order",
        "owner": {"reference": format!("Organization/{}", n % 3)}, "priority": (["routine", "urgent"][n % 2])});
    if !n.is_multiple_of(5) {
        task["authoredOn"] = format!("2026-05-{:02}", n % 4 + 1).into();
    }
    task
}

async fn store(server: &Server, count: usize) {
    let entries = (0..count).map(|n| entry(&format!("PUT Task/n{n:03}"), Some(task(n))));
    server.post("", &transaction("transaction", entries.collect())).await.expect(200);
}

/// Follows `next` to the end; `between` happens after each page.
async fn visit(server: &Server, query: &str, count: usize, between: impl AsyncFn(usize)) -> Vec<String> {
    let mut seen = Vec::new();
    let mut next = Some(format!("{}/{query}&_count={count}", server.base));
    let mut pages = 0;
    while let Some(url) = next {
        let page = server.search(&url).await;
        assert!(page.matches.len() <= count, "{url}");
        assert!(page.next.is_none() || page.matches.len() == count, "{url}: a page before the last is full");
        seen.extend(page.ids());
        next = page.next;
        between(pages).await;
        pages += 1;
        assert!(pages < 100, "{query} never ends");
    }
    seen
}

const QUERIES: &[&str] = &[
    "Task?status=requested",
    "Task?owner=0,1,2",
    "Task?intent=order&_sort=-_lastUpdated",
    "Task?intent=order&_sort=_lastUpdated",
    "Task?intent=order&_sort=authored-on",
    "Task?intent=order&_sort=-authored-on",
    "Task?intent=order&_sort=priority,-authored-on",
    "Task?intent=order&_sort=-priority,authored-on,owner",
    "Task?intent=order&_sort=owner,-_lastUpdated",
    "Task?intent=order&_sort=owner,_lastUpdated",
    "Task?intent=order&_sort=-_id",
    "Task?intent=order&_sort=priority,_id",
    "Task?_sort=status",
    "Task?authored-on:missing=true&_sort=authored-on",
    "Task?_lastUpdated=ge2026",
];

#[test]
fn paging_visits_each_resource_once() {
    on_both(async |server| {
        store(server, 60).await;
        for query in QUERIES {
            let whole = server.search(query).await;
            assert!(whole.next.is_none());
            for count in [1, 7, 30, 60] {
                if count == 1 && query.contains("_sort=p") {
                    continue;
                }
                let seen = visit(server, query, count, async |_| ()).await;
                assert_eq!(seen, whole.ids(), "{query} by {count}");
            }
            let expected = if query.contains("missing") { 12 } else { 60 };
            assert_eq!(whole.matches.len(), expected, "{query}");
        }
    });
}

#[test]
fn paging_misses_nothing_while_others_write() {
    on_both(async |server| {
        store(server, 60).await;
        // What nobody touches is seen exactly once; what is changed or new may be seen, once or twice; what is gone may.
        for query in QUERIES {
            let seen = visit(server, query, 7, async |page| {
                server.store(&task(100 + page)).await;
                server.store(&task(page)).await;
                server.delete(&format!("Task/n{:03}", 100 + page)).await.expect(204);
            })
            .await;
            let untouched = |id: &&String| id.as_str() < "n100" && id.as_str() > "n020";
            let once: Vec<&String> = seen.iter().filter(untouched).collect();
            let set: BTreeSet<&String> = once.iter().copied().collect();
            assert_eq!(once.len(), set.len(), "{query}: something twice");
            let expected = (21..60).filter(|n| !query.contains("missing") || n % 5 == 0).count();
            assert_eq!(set.len(), expected, "{query}: something missed");
        }
    });
}

#[test]
fn a_poll_without_sort_sees_what_changes_meanwhile() {
    on_both(async |server| {
        store(server, 20).await;
        let first = server.search("Task?status=requested&_count=10").await;
        // One of the first page changes: it comes again, at the end.
        server.store(&task(3)).await;
        server.store(&task(500)).await;
        let second = server.search(&first.next.unwrap()).await;
        let third = server.search(&second.next.unwrap()).await;
        assert_eq!(third.ids(), ["n003", "n500"]);
    });
}

#[test]
fn counts_and_totals() {
    on_both(async |server| {
        store(server, 12).await;
        for (query, matches, total, has_next) in [
            ("Task", 12, Some(12), false),
            ("Task?_count=12", 12, Some(12), false),
            ("Task?_count=5", 5, None, true),
            ("Task?_count=5&_total=accurate", 5, Some(12), true),
            ("Task?_count=5&_total=none", 5, None, true),
            ("Task?_total=none", 12, None, false),
            ("Task?_count=0", 0, Some(12), false),
            ("Task?_summary=count", 0, Some(12), false),
            ("Task?owner=1&_summary=count", 0, Some(4), false),
            ("Task?owner=1&_total=accurate&_count=3", 3, Some(4), true),
            ("Task?_count=100000", 12, Some(12), false),
        ] {
            let found = server.search(query).await;
            let got = (found.matches.len(), found.total, found.next.is_some());
            assert_eq!(got, (matches, total, has_next), "{query}");
        }
        let second = server.search(&server.search("Task?_count=5&_total=accurate").await.next.unwrap()).await;
        assert_eq!((second.total, second.matches.len()), (Some(12), 5));
        for bad in [
            "_count=x",
            "_count=-1",
            "_total=some",
            "_summary=some",
            "_after=x",
            "_after=[\"x\"]",
            "_after=[]",
        ] {
            server.get(&format!("Task?{bad}")).await.expect(400);
        }
    });
}

#[test]
fn the_default_page_holds_a_thousand() {
    on_both(async |server| {
        store(server, 1001).await;
        let found = server.search("Task").await;
        assert_eq!((found.matches.len(), found.next.is_some()), (1000, true));
        assert_eq!(server.search(&found.next.unwrap()).await.ids(), ["n1000"]);
    });
}
