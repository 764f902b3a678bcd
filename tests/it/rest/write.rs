//! create, update, delete, and what goes with them.

use http::Method;
use serde_json::{Value, json};

use super::patient;
use crate::harness::on_both;

#[test]
fn create_gives_an_id_and_says_where() {
    on_both(async |server| {
        let mut body = patient("chosen-by-client");
        body["meta"] = json!({"versionId": "7", "lastUpdated": "2001-01-01T00:00:00Z", "profile": ["http://a.example/p"]});
        let answer = server.post("Patient", &body).await.expect(201);
        let created = answer.json();
        let id = created["id"].as_str().unwrap();
        assert_ne!(id, "chosen-by-client");
        assert_eq!(answer.header("location"), format!("{}/Patient/{id}/_history/1", server.base));
        assert_eq!(answer.header("etag"), "W/\"1\"");
        assert!(!answer.header("last-modified").is_empty());
        // What the client says of the server's own elements is not looked at; the rest of meta stays.
        assert_eq!(created["meta"]["versionId"], "1");
        assert_eq!(created["meta"]["lastUpdated"], "2026-11-22T09:00:00.000000Z");
        assert_eq!(created["meta"]["profile"][0], "http://a.example/p");
        assert_eq!(server.read(&format!("Patient/{id}")).await, created);
        assert_eq!(server.get(answer.header("location")).await.expect(200).json(), created);
        let other = server.post("Patient", &body).await.expect(201).id();
        assert_ne!(other, id);
    });
}

#[test]
fn update_creates_and_replaces() {
    on_both(async |server| {
        let created = server.put("Patient/p", &patient("p")).await.expect(201);
        assert_eq!(created.header("location"), format!("{}/Patient/p/_history/1", server.base));
        server.clock.advance(5);
        let mut changed = created.json();
        changed["active"] = false.into();
        let updated = server.put("Patient/p", &changed).await.expect(200);
        assert_eq!((updated.header("etag"), &updated.json()["active"]), ("W/\"2\"", &json!(false)));
        assert_eq!(updated.json()["meta"]["lastUpdated"], "2026-11-22T09:00:05.000000Z");
        // Clients echo the version they read; a stale one is no error without If-Match.
        let again = server.put("Patient/p", &changed).await.expect(200);
        assert_eq!(again.json()["meta"]["versionId"], "3");
        // An update to the URL of a version is one of the resource.
        server.put("Patient/p/_history/1", &changed).await.expect(200);
        assert_eq!(server.read("Patient/p").await["meta"]["versionId"], "4");
    });
}

#[test]
fn if_match_guards_against_lost_updates() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        server.store(&patient("p")).await;
        let mut version = 2;
        for (tag, status) in [
            ("W/\"1\"", 412),
            ("W/\"2\"", 200),
            ("\"3\"", 200),
            ("4", 200),
            ("\"4\"", 412),
            ("W/\"99\"", 412),
            ("W/\"abc\"", 412),
            ("*", 200),
        ] {
            let answer =
                server.put_with("Patient/p", &[("If-Match", tag)], &patient("p")).await.expect(status);
            if status == 200 {
                version += 1;
            } else {
                assert!(answer.issues().starts_with("error conflict"), "{}", answer.issues());
            }
            assert_eq!(server.read("Patient/p").await["meta"]["versionId"], version.to_string(), "{tag}");
        }
        // There is nothing whose version it could be.
        server.put_with("Patient/none", &[("If-Match", "W/\"1\"")], &patient("none")).await.expect(412);
        server.put_with("Patient/none", &[("If-Match", "*")], &patient("none")).await.expect(412);
        server.get("Patient/none").await.expect(404);
        let delete = |tag| {
            let headers = vec![("If-Match", tag)];
            async move { server.send(Method::DELETE, "Patient/p", &headers, None).await }
        };
        delete("W/\"1\"").await.expect(412);
        delete("W/\"6\"").await.expect(204);
        // What is deleted is at the version of its deletion.
        server.put_with("Patient/p", &[("If-Match", "W/\"6\"")], &patient("p")).await.expect(412);
        server.put_with("Patient/p", &[("If-Match", "W/\"7\"")], &patient("p")).await.expect(201);
    });
}

#[test]
fn delete_ends_it_until_it_is_made_again() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        let deleted = server.delete("Patient/p").await.expect(204);
        assert_eq!((deleted.header("etag"), deleted.body.len()), ("W/\"2\"", 0));
        server.get("Patient/p").await.expect(410);
        server.finds("Patient", "").await;
        server.finds("Patient?name=bramble", "").await;
        server.finds("Patient?_id=p", "").await;
        // Deleting what is not there succeeds and leaves no trace.
        server.delete("Patient/p").await.expect(204);
        server.delete("Patient/never").await.expect(204);
        server.get("Patient/never").await.expect(404);
        let again = server.put("Patient/p", &patient("p")).await.expect(201);
        assert_eq!(again.header("etag"), "W/\"3\"");
        server.finds("Patient?name=bramble", "p").await;
        let history = server.read("Patient/p/_history").await;
        assert_eq!(history["total"], 3);
    });
}

#[test]
fn prefer_says_what_comes_back() {
    on_both(async |server| {
        let mut number = 0;
        for (prefer, expected) in [
            ("", "Patient"),
            ("return=representation", "Patient"),
            ("return=minimal", ""),
            ("return=OperationOutcome", "OperationOutcome"),
            ("handling=strict, return=minimal", ""),
            ("respond-async; return=\"minimal\"", ""),
            ("return=nonsense", "Patient"),
        ] {
            number += 1;
            let headers = [("Prefer", prefer)];
            let created = server.post_with("Patient", &headers, &patient("x")).await.expect(201);
            let path = format!("Patient/n{number}");
            let put = server.put_with(&path, &headers, &patient(&format!("n{number}"))).await.expect(201);
            for answer in [&created, &put] {
                assert!(!answer.header("location").is_empty(), "{prefer}");
                assert_eq!(answer.header("etag"), "W/\"1\"", "{prefer}");
                let kind =
                    if answer.body.is_empty() { Value::Null } else { answer.json()["resourceType"].clone() };
                assert_eq!(kind.as_str().unwrap_or_default(), expected, "{prefer}");
            }
        }
    });
}

#[test]
fn the_id_in_the_body_is_the_one_in_the_url() {
    on_both(async |server| {
        let answer = server.put("Patient/p", &patient("q")).await.expect(400);
        assert!(answer.issues().starts_with("error value Patient.id"), "{}", answer.issues());
        let mut nameless = patient("p");
        nameless.as_object_mut().unwrap().remove("id");
        server.put("Patient/p", &nameless).await.expect(400);
        let mut odd = patient("p");
        odd["id"] = json!(7);
        server.put("Patient/p", &odd).await.expect(400);
        server.put("Observation/p", &patient("p")).await.expect(400);
        server.post("Observation", &patient("p")).await.expect(400);
        server.put("Patient/bad_id", &patient("bad_id")).await.expect(400);
        server.finds("Patient", "").await;
        server.finds("Observation", "").await;
    });
}
