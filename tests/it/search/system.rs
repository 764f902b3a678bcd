//! Searches of the system (R4 §3.1.1.1.1): several types at once, in one order.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Server, entry, on_both, on_both_in_both_formats, on_both_with, transaction};

const TAG: &str = "http://tags.example|spring";

fn tagged(type_name: &str, id: &str, tag: &str) -> Value {
    json!({"resourceType": type_name, "id": id, "meta": {"tag": [{"system": "http://tags.example", "code": tag}]}})
}

/// One after the other: p1 t1 o1 p2 t2.
async fn store(server: &Server) {
    for (type_name, id, tag) in [
        ("Patient", "p1", "spring"),
        ("Task", "t1", "spring"),
        ("Organization", "o1", "autumn"),
        ("Patient", "p2", "autumn"),
        ("Task", "t2", "spring"),
    ] {
        let mut resource = tagged(type_name, id, tag);
        if type_name == "Task" {
            resource["owner"] = json!({"reference": "Organization/o1"});
            resource["identifier"] = json!([{"value": id}]);
        }
        server.store(&resource).await;
        server.clock.advance(60);
    }
}

#[test]
fn several_types_at_once() {
    on_both_in_both_formats(async |server| {
        store(server).await;
        server.store(&tagged("Location", "gone", "spring")).await;
        server.delete("Location/gone").await.expect(204);
        for (query, ids) in [
            ("", "p1 t1 o1 p2 t2"),
            ("_type=Patient,Task", "p1 t1 p2 t2"),
            ("_type=Task&_type=Organization", "t1 o1 t2"),
            ("_type=Task,Task", "t1 t2"),
            ("_type=Location", ""),
            ("_type=Observation", ""),
            ("_tag=http://tags.example|spring", "p1 t1 t2"),
            ("_type=Patient,Organization&_tag=autumn", "o1 p2"),
            ("_id=p1,t2,nobody", "p1 t2"),
            ("_lastUpdated=ge2026-11-22T09:02:00Z&_lastUpdated=lt2026-11-22T09:04:00Z", "o1 p2"),
            ("_sort=-_lastUpdated", "t2 p2 o1 t1 p1"),
            ("_sort=_lastUpdated&_tag:not=spring", "o1 p2"),
            ("_sort=-_id", "t2 t1 p2 p1 o1"),
            ("_type=Task&owner=o1&_sort=-identifier", "t2 t1"),
            ("_type=Task,Patient&identifier=t1", "t1"),
            // An empty parameter asks nothing.
            ("_type=&_id=p2", "p2"),
        ] {
            server.finds_in_order(&format!("?{query}"), ids).await;
            let posted = server.search_by_post(&format!("?{query}")).await;
            assert_eq!(posted.ids().join(" "), ids, "POST {query}");
        }
        let found = server.search(&format!("?_tag={TAG}&_count=1")).await;
        let link = found.bundle["link"][0]["url"].as_str().unwrap();
        assert_eq!(link, format!("{}?_tag=http://tags.example|spring&_count=1", server.base));
    });
}

#[test]
fn what_goes_with_it() {
    on_both(async |server| {
        store(server).await;
        let found = server.search("?_type=Patient,Task&_include=Task:owner").await;
        assert_eq!((found.matches.len(), found.included), (4, vec!["Organization/o1".to_owned()]));
        let found = server.search("?_id=o1&_revinclude=Task:owner").await;
        assert_eq!(found.included, ["Task/t1", "Task/t2"]);
        let found = server.search("?_id=t1&_include=*").await;
        assert_eq!(found.included, ["Organization/o1"]);
        let parts = server.search("?_type=Task,Organization&_elements=id").await;
        for part in parts.resources() {
            assert!(part.get("identifier").is_none(), "{part}");
        }
    });
}

#[test]
fn pages_of_several_types() {
    on_both(async |server| {
        let names = ["Patient", "Task", "Organization", "Location"];
        let entries = (0..40).map(|n| {
            let (type_name, id) = (names[n * 7 % 4], format!("n{n:02}"));
            entry(&format!("PUT {type_name}/{id}"), Some(tagged(type_name, &id, "all")))
        });
        server.post("", &transaction("transaction", entries.collect())).await.expect(200);
        for query in
            ["?_tag=all", "?_tag=all&_sort=-_lastUpdated", "?_tag=all&_sort=_id", "?_type=Patient,Task"]
        {
            let whole = server.search(query).await;
            assert_eq!(whole.total, Some(if query.contains("_type") { 20 } else { 40 }));
            for count in [1, 7, 20, 40] {
                let (mut seen, mut next) = (Vec::new(), Some(format!("{query}&_count={count}")));
                while let Some(url) = next {
                    let page = server.search(&url).await;
                    assert!(page.next.is_none() || page.matches.len() == count, "{url}");
                    seen.extend(page.matches);
                    next = page.next;
                }
                assert_eq!(seen, whole.matches, "{query} by {count}");
            }
        }
        for (query, matches, total) in [
            ("?_count=5", 5, None),
            ("?_count=5&_total=accurate", 5, Some(40)),
            ("?_type=Task&_count=5&_total=accurate", 5, Some(10)),
            ("?_summary=count", 0, Some(40)),
            ("?_tag=all&_tag=none&_summary=count", 0, Some(0)),
            ("?_type=Observation&_count=0", 0, Some(0)),
        ] {
            let found = server.search(query).await;
            assert_eq!((found.matches.len(), found.total), (matches, total), "{query}");
        }
        // What changes meanwhile comes later, not never.
        let first = server.search("?_tag=all&_count=20").await;
        let (type_name, id) = first.matches[0].split_once('/').unwrap();
        server.store(&tagged(type_name, id, "all")).await;
        let second = server.search(&first.next.unwrap()).await;
        assert!(second.next.is_some());
        assert_eq!(server.search(&second.next.unwrap()).await.matches, [format!("{type_name}/{id}")]);
    });
}

#[test]
fn parameters_are_of_every_type() {
    on_both_in_both_formats(async |server| {
        store(server).await;
        let strict = [("Prefer", "handling=strict")];
        for query in
            ["name=x", "_type=Patient,Task&owner=o1", "_type=Patient,Task&name=x", "_sort=name", "nonsense=1"]
        {
            let found = server.search(&format!("?_type=Patient,Task&{query}")).await;
            assert_eq!(found.matches.len(), 4, "{query}");
            assert_eq!(found.outcomes.len(), 1, "{query}");
            let refused = server.get_with(&format!("?{query}"), &strict).await.expect(400);
            assert!(refused.issues().starts_with("error not-supported"), "{query}: {}", refused.issues());
        }
        for query in
            ["_type=Pateint", "_type=Patient,task", "_type=Resource", "_lastUpdated=soon", "_count=x"]
        {
            let refused = server.get(&format!("?{query}")).await.expect(400);
            assert!(refused.issues().starts_with("error value"), "{query}: {}", refused.issues());
        }
        // Of one type `_type` is no parameter.
        let found = server.search("Patient?_type=Task").await;
        assert_eq!((found.matches.len(), found.outcomes.len()), (2, 1));
    });
}

#[test]
fn too_much_at_once_is_refused() {
    on_both(async |server| {
        store(server).await;
        let many = |count: usize| (0..count).map(|n| format!("x{n}")).collect::<Vec<_>>().join(",");
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        for (path, count, status) in [
            ("_search", 200, 200),
            ("_search", 20_000, 400),
            ("Patient/_search", 16_000, 200),
            ("Patient/_search", 40_000, 400),
            ("Patient/_search", 400_000, 400),
        ] {
            let body = format!("_id={}", many(count)).into_bytes();
            let answer = server.send(Method::POST, path, &form, Some(body)).await.expect(status);
            assert!(status == 200 || answer.issues().starts_with("error too-costly"), "{path} {count}");
        }
    });
}

#[test]
fn where_it_is_asked() {
    on_both_with(
        |config| config.spaces = ["other".to_owned()].into(),
        async |server| {
            assert_eq!(server.search("").await.total, Some(0), "of an empty store");
            store(server).await;
            let other = server.space("other");
            other.store(&tagged("Patient", "p1", "summer")).await;
            assert_eq!(other.search("?_id=p1,t1").await.matches, ["Patient/p1"]);
            assert_eq!(server.search("?_tag=summer").await.total, Some(0));
            for (method, path, status) in [
                (Method::GET, "_search", 405),
                (Method::PUT, "_search", 405),
                (Method::PUT, "", 405),
                (Method::DELETE, "?_tag=spring", 405),
                (Method::HEAD, "?_tag=spring", 200),
            ] {
                let answer = server.send(method.clone(), path, &[], None).await;
                assert_eq!(answer.status, status, "{method} {path}");
            }
            let batch = transaction("batch", vec![entry("GET ?_type=Task&_tag=spring", None)]);
            let answer = server.post("", &batch).await.expect(200).json();
            assert_eq!(answer["entry"][0]["resource"]["total"], 2, "{answer}");
        },
    );
}
