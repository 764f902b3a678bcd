//! history of a resource and of a type.

use serde_json::Value;

use super::patient;
use crate::harness::{Server, on_both};

/// `method url status etag` of each entry, and whether it has a resource.
fn lines(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let line = |entry: &Value| {
        format!(
            "{} {} {} {} {}",
            text(&entry["request"]["method"]),
            text(&entry["request"]["url"]),
            &text(&entry["response"]["status"])[..2],
            text(&entry["response"]["etag"]),
            if entry.get("resource").is_some() { "resource" } else { "-" }
        )
    };
    entries.iter().map(line).collect()
}

async fn life(server: &Server) -> String {
    let id = server.post("Patient", &patient("x")).await.expect(201).id();
    server.clock.advance(60);
    server.store(&patient(&id)).await;
    server.clock.advance(60);
    server.delete(&format!("Patient/{id}")).await.expect(204);
    server.clock.advance(60);
    server.store(&patient(&id)).await;
    id
}

#[test]
fn history_of_a_resource_newest_first() {
    on_both(async |server| {
        let id = life(server).await;
        server.store(&patient("other")).await;
        let history = server.read(&format!("Patient/{id}/_history")).await;
        assert_eq!(history["type"], "history");
        assert_eq!(history["total"], 4);
        assert!(history["meta"]["lastUpdated"].is_string());
        let url = format!("Patient/{id}");
        assert_eq!(
            lines(&history),
            [
                format!("PUT {url} 20 W/\"4\" resource"),
                format!("DELETE {url} 20 W/\"3\" -"),
                format!("PUT {url} 20 W/\"2\" resource"),
                "POST Patient 20 W/\"1\" resource".to_owned(),
            ]
        );
        for entry in history["entry"].as_array().unwrap() {
            assert_eq!(entry["fullUrl"], format!("{}/{url}", server.base));
            assert!(entry["response"]["lastModified"].is_string());
        }
    });
}

#[test]
fn history_of_a_type() {
    on_both(async |server| {
        assert_eq!(server.read("Patient/_history").await["total"], 0);
        let id = life(server).await;
        server.store(&patient("other")).await;
        let history = server.read("Patient/_history").await;
        assert_eq!(history["total"], 5);
        assert!(lines(&history)[0].starts_with("PUT Patient/other 20"));
        assert!(lines(&history)[2].starts_with(&format!("DELETE Patient/{id}")));
        assert_eq!(server.read("Task/_history").await["total"], 0);
    });
}

#[test]
fn history_comes_in_pages() {
    on_both(async |server| {
        for _ in 0..7 {
            server.store(&patient("p")).await;
            server.store(&patient("q")).await;
        }
        for (path, versions) in [("Patient/p/_history", 7), ("Patient/_history", 14)] {
            let mut seen = Vec::new();
            let mut next = Some(format!("{}/{path}?_count=3", server.base));
            while let Some(url) = next {
                let page = server.get(&url).await.expect(200).json();
                assert!(path == "Patient/_history" || page["total"] == versions, "{url}");
                let links = page["link"].as_array().unwrap();
                let found = links.iter().find(|link| link["relation"] == "next");
                next = found.map(|link| link["url"].as_str().unwrap().to_owned());
                let entries = page["entry"].as_array().unwrap();
                assert!(entries.len() <= 3);
                seen.extend(entries.iter().map(|entry| entry["resource"]["meta"]["lastUpdated"].to_string()));
                // What is written meanwhile does not push anything onto the next page.
                server.store(&patient("r")).await;
            }
            let mut sorted = seen.clone();
            sorted.sort();
            sorted.dedup();
            sorted.reverse();
            assert_eq!(seen, sorted, "{path}");
            let expected = if path == "Patient/_history" { 14 + 3 } else { 7 };
            assert_eq!(seen.len(), expected, "{path}");
        }
        server.get("Patient/p/_history?_count=x").await.expect(400);
        assert_eq!(server.read("Patient/p/_history?_count=0").await["total"], 7);
    });
}

#[test]
fn history_since_a_moment() {
    on_both(async |server| {
        let id = life(server).await;
        for (since, versions) in [
            ("2026-11-22T09:00:00Z", 4),
            ("2026-11-22T09:00:01Z", 3),
            ("2026-11-22T09:02:00Z", 2),
            ("2026-11-22T11:03:00+02:00", 1),
            ("2027-01-01", 0),
        ] {
            for path in [format!("Patient/{id}/_history"), "Patient/_history".to_owned()] {
                let history = server.read(&format!("{path}?_since={since}")).await;
                assert_eq!(
                    (lines(&history).len(), &history["total"]),
                    (versions, &versions.into()),
                    "{path} {since}"
                );
            }
        }
        server.get("Patient/_history?_since=yesterday").await.expect(400);
    });
}

#[test]
fn what_was_current_at_a_time() {
    on_both(async |server| {
        // Created 09:00, updated 09:01, deleted 09:02, back 09:03.
        let id = life(server).await;
        for (at, versions) in [
            ("2026-11-22T08:59:59Z", ""),
            ("2026-11-22T09:00:30Z", "1"),
            ("2026-11-22T09:02:30Z", "3"),
            ("2026-11-22T09:03:30Z", "4"),
            // A minute, and a day: what was current at some moment of it.
            ("2026-11-22T09:01Z", "2"),
            ("2026-11-22T09:00Z", "1"),
            ("2026-11-22", "4 3 2 1"),
        ] {
            for path in
                [format!("Patient/{id}/_history"), "Patient/_history".to_owned(), "_history".to_owned()]
            {
                let history = server.read(&format!("{path}?_at={at}")).await;
                let found = lines(&history);
                let found: Vec<&str> = found.iter().map(|line| line.split('"').nth(1).unwrap()).collect();
                assert_eq!(found.join(" "), versions, "{path} {at}");
            }
        }
        server.get("Patient/_history?_at=noon").await.expect(400);
    });
}

#[test]
fn history_of_everything() {
    on_both(async |server| {
        let id = life(server).await;
        server.store(&serde_json::json!({"resourceType": "Basic", "id": "b", "code": {"text": "x"}})).await;
        let history = server.read("_history?_count=2").await;
        assert_eq!(history["total"], 5);
        assert_eq!(lines(&history)[0], "PUT Basic/b 20 W/\"1\" resource");
        let next = history["link"][1]["url"].as_str().unwrap();
        assert_eq!(lines(&server.read(next).await)[0], format!("DELETE Patient/{id} 20 W/\"3\" -"));
    });
}
