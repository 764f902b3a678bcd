//! read and vread.

use http::Method;

use super::patient;
use crate::harness::on_both;

#[test]
fn read_gives_the_resource_with_its_version() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        server.clock.advance(10);
        let answer = server.get("Patient/p").await.expect(200);
        assert_eq!(answer.header("etag"), "W/\"1\"");
        assert_eq!(answer.header("last-modified"), "Sun, 22 Nov 2026 09:00:00 GMT");
        assert_eq!(answer.header("content-type"), "application/fhir+json; charset=utf-8");
        let body = answer.json();
        assert_eq!(body["meta"]["versionId"], "1");
        assert_eq!(body["meta"]["lastUpdated"], "2026-11-22T09:00:00.000000Z");
        assert_eq!(body["name"], patient("p")["name"]);
        let head = server.send(Method::HEAD, "Patient/p", &[], None).await.expect(200);
        assert_eq!((head.header("etag"), head.body.len()), ("W/\"1\"", 0));
    });
}

#[test]
fn what_is_not_there() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        server.delete("Patient/p").await.expect(204);
        server.store(&patient("q")).await;
        for (path, status) in [
            ("Patient/none", 404),
            ("Patient/none/_history", 404),
            ("Patient/none/_history/1", 404),
            ("Patient/p", 410),
            ("Patient/p/_history/1", 200),
            ("Patient/p/_history/2", 410),
            ("Patient/p/_history/3", 404),
            ("Patient/q/_history/x", 404),
            ("Patient/q/_history/0", 404),
            ("Patient/q/_history/18446744073709551615", 404),
            ("Patient/q/_history/99999999999999999999999", 404),
            ("Patient/bad_id", 400),
            ("Patient/bad%20id", 400),
            (&format!("Patient/{}", "x".repeat(65)), 400),
            ("Pateint/q", 404),
            ("patient/q", 404),
            ("Element/q", 404),
            ("DomainResource/q", 404),
            ("Quantity/q", 404),
            ("Patient/q/extra", 404),
            ("Patient/q/$nothing", 404),
            ("$nothing", 404),
            ("metadata/x", 404),
        ] {
            let answer = server.get(path).await.expect(status);
            if status >= 400 {
                assert!(answer.issues().starts_with("error "), "{path}: {}", answer.issues());
            }
        }
        let gone = server.get("Patient/p").await;
        assert_eq!(gone.header("etag"), "W/\"2\"");
        assert!(gone.issues().starts_with("error deleted"), "{}", gone.issues());
        server.send(Method::PUT, "metadata", &[], None).await.expect(405);
        server.send(Method::DELETE, "Patient", &[], None).await.expect(400);
        server.send(Method::PUT, "Patient", &[], None).await.expect(400);
        server.send(Method::PUT, "", &[], None).await.expect(405);
    });
}

#[test]
fn vread_gives_each_version_for_ever() {
    on_both(async |server| {
        for active in [true, false, true] {
            let mut body = patient("p");
            body["active"] = active.into();
            server.store(&body).await;
            server.clock.advance(1);
        }
        for (version, active) in [(1, true), (2, false), (3, true)] {
            let answer = server.get(&format!("Patient/p/_history/{version}")).await.expect(200);
            assert_eq!(answer.header("etag"), format!("W/\"{version}\""));
            assert_eq!(answer.json()["active"], active, "{version}");
            assert_eq!(answer.json()["meta"]["versionId"], version.to_string());
        }
    });
}

#[test]
fn read_answers_304_to_who_has_it_by_if_none_match() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        server.store(&patient("p")).await;
        for (tag, status) in [
            ("W/\"2\"", 304),
            ("\"2\"", 304),
            ("2", 304),
            ("*", 304),
            ("W/\"1\", W/\"2\"", 304),
            ("W/\"1\"", 200),
            ("W/\"22\"", 200),
        ] {
            let answer = server.get_with("Patient/p", &[("If-None-Match", tag)]).await.expect(status);
            assert_eq!(answer.header("etag"), "W/\"2\"", "{tag}");
            assert_eq!(answer.body.is_empty(), status == 304, "{tag}");
        }
        // RFC 9110 §13.1.3: the tag outweighs the date.
        let both = [("If-None-Match", "W/\"1\""), ("If-Modified-Since", "Sun, 22 Nov 2099 09:00:00 GMT")];
        server.get_with("Patient/p", &both).await.expect(200);
    });
}

#[test]
fn read_answers_304_to_who_has_it_by_if_modified_since() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        server.clock.advance(60);
        for (since, status) in [
            ("Sun, 22 Nov 2026 09:00:00 GMT", 304),
            ("Sun, 22 Nov 2026 09:00:30 GMT", 304),
            ("Sun, 22 Nov 2026 08:59:59 GMT", 200),
            // Some clients send an instant instead.
            ("2026-11-22T09:00:00Z", 304),
            ("2026-11-22T08:59:59.999Z", 200),
            ("yesterday", 200),
        ] {
            server.get_with("Patient/p", &[("If-Modified-Since", since)]).await.expect(status);
        }
        // What the gateway said itself is always understood.
        let said = server.get("Patient/p").await.header("last-modified").to_owned();
        server.get_with("Patient/p", &[("If-Modified-Since", &said)]).await.expect(304);
        server.store(&patient("p")).await;
        server.get_with("Patient/p", &[("If-Modified-Since", &said)]).await.expect(200);
    });
}

#[test]
fn versions_are_read_conditionally_too_and_nothing_else_is() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        server.clock.advance(60);
        server.store(&patient("p")).await;
        server.store(&patient("gone")).await;
        server.delete("Patient/gone").await.expect(204);
        server.clock.advance(60);
        let tag = |tag: &'static str| ("If-None-Match", tag);
        let since = |since: &'static str| ("If-Modified-Since", since);
        for (path, condition, status) in [
            ("Patient/p/_history/1", tag("W/\"1\""), 304),
            ("Patient/p/_history/1", tag("W/\"2\""), 200),
            ("Patient/p/_history/1", since("Sun, 22 Nov 2026 09:00:30 GMT"), 304),
            ("Patient/p/_history/2", since("Sun, 22 Nov 2026 09:00:30 GMT"), 200),
            ("Patient/gone", tag("*"), 410),
            ("Patient/none", tag("*"), 404),
            ("Patient?_id=p", tag("*"), 200),
            ("Patient/p/_history", tag("*"), 200),
            ("Patient/p/$everything", since("Sun, 22 Nov 2099 09:00:00 GMT"), 200),
            ("metadata", since("Sun, 22 Nov 2099 09:00:00 GMT"), 200),
            ("SearchParameter/Task-owner", tag("*"), 200),
        ] {
            let answer = server.get_with(path, &[condition]).await.expect(status);
            assert!(answer.headers.get_all("vary").iter().any(|vary| vary == "accept"), "{path}");
        }
    });
}

#[test]
fn if_modified_since_misses_no_write_within_a_second() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        let said = server.get("Patient/p").await.header("last-modified").to_owned();
        // The clock stands: this is the same second.
        server.store(&patient("p")).await;
        let answer = server.get_with("Patient/p", &[("If-Modified-Since", &said)]).await.expect(200);
        assert_eq!(answer.header("etag"), "W/\"2\"");
    });
}

#[test]
fn a_read_can_be_of_parts() {
    on_both(async |server| {
        let mut whole = patient("p");
        whole["text"] = serde_json::json!({"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">Ada</div>"});
        whole["maritalStatus"] = serde_json::json!({"text": "single"});
        server.store(&whole).await;
        for (query, present, absent) in [
            ("_elements=name", "name", "maritalStatus"),
            ("_elements=Patient.maritalStatus", "maritalStatus", "name"),
            // What changes the meaning always goes along.
            ("_elements=maritalStatus", "active", "name"),
            ("_summary=true", "name", "maritalStatus"),
            ("_summary=text", "text", "name"),
            ("_summary=data", "name", "text"),
            ("_summary=false", "text", ""),
        ] {
            let part = server.read(&format!("Patient/p?{query}")).await;
            assert!(part.get(present).is_some(), "{query}: {part}");
            assert!(part.get(absent).is_none(), "{query}: {part}");
            assert_eq!(part["id"], "p");
            let marked = part["meta"]["tag"][0]["code"] == "SUBSETTED";
            assert_eq!(marked, query != "_summary=false", "{query}");
        }
    });
}
