//! Conditional interactions (R4 §3.1.0.8.1, §3.1.0.4.3, §3.1.0.7.1, §3.1.0.11.2): which resource is meant is said by a
//! search.

use serde_json::{Value, json};

use super::patient;
use crate::harness::{Server, entry, on_both, transaction};

const ONE: &str = "identifier=http://ids.example|1";

/// A patient with an identifier, and with an id where it is not empty.
fn known(id: &str, identifier: &str) -> Value {
    let mut known = patient(id);
    if id.is_empty() {
        known.as_object_mut().unwrap().remove("id");
    }
    known["identifier"] = json!([{"system": "http://ids.example", "value": identifier}]);
    known
}

async fn create(server: &Server, query: &str) -> (u16, String) {
    let answer = server.post_with("Patient", &[("If-None-Exist", query)], &known("", "1")).await;
    (answer.status, answer.header("location").to_owned())
}

#[test]
fn create_if_none_exists() {
    on_both(async |server| {
        let (status, first) = create(server, ONE).await;
        assert_eq!(status, 201);
        assert_eq!(create(server, ONE).await, (200, first), "the one that is there");
        server.store(&known("other", "1")).await;
        assert_eq!(create(server, ONE).await.0, 412, "which one?");
        for query in ["", "shoe-size=43", "_count=1", "birthdate=tomorrow"] {
            assert_eq!(create(server, query).await.0, 400, "{query}: would find what is not meant");
        }
        // As HAPI's client sends it; but not of another type.
        for (query, status) in [
            ("http://gateway.example/fhir/Patient?_id=other", 200),
            ("Patient?_id=other", 200),
            ("Person?_id=other", 400),
            ("Patient?", 400),
        ] {
            assert_eq!(create(server, query).await.0, status, "{query}");
        }
        let minimal = [("If-None-Exist", "_id=other"), ("Prefer", "return=minimal")];
        let answer = server.post_with("Patient", &minimal, &known("", "1")).await.expect(200);
        assert_eq!(answer.text(), "");
        assert_eq!(server.search(&format!("Patient?{ONE}")).await.matches.len(), 2);
    });
}

#[test]
fn ten_clients_that_create_if_none_exists_make_one() {
    on_both(async |server| {
        for round in 0..5 {
            let query = format!("identifier=http://ids.example|round-{round}");
            let body = known("", &format!("round-{round}"));
            let headers = [("If-None-Exist", query.as_str())];
            let clients = (0..10).map(|_| server.post_with("Patient", &headers, &body));
            let answers = futures_util::future::join_all(clients).await;
            let created = answers.iter().filter(|answer| answer.status == 201).count();
            let same = answers.iter().filter(|answer| answer.status == 200).count();
            assert_eq!((created, same), (1, 9));
            assert_eq!(server.search(&format!("Patient?{query}")).await.matches.len(), 1);
        }
    });
}

#[test]
fn update_of_the_one_that_matches() {
    on_both(async |server| {
        let path = format!("Patient?{ONE}");
        let created = server.put(&path, &known("", "1")).await.expect(201);
        let id = created.id();
        let updated = server.put(&path, &known("", "1")).await.expect(200);
        assert_eq!((updated.id(), updated.header("etag")), (id.clone(), "W/\"2\""));
        server.put(&path, &known(&id, "1")).await.expect(200);
        server.put(&path, &known("another", "1")).await.expect(400);
        server.put_with(&path, &[("If-Match", "W/\"1\"")], &known("", "1")).await.expect(412);
        server.put_with(&path, &[("If-Match", "W/\"3\"")], &known("", "1")).await.expect(200);
        // None matches: under its own id, if that is free.
        let two = "Patient?identifier=http://ids.example|2";
        server.put(two, &known(&id, "2")).await.expect(412);
        assert_eq!(server.put(two, &known("mine", "2")).await.expect(201).id(), "mine");
        server.store(&known("third", "2")).await;
        server.put(two, &known("", "2")).await.expect(412);
        for path in ["Patient", "Patient?", "Patient?shoe-size=43"] {
            server.put(path, &known("", "1")).await.expect(400);
        }
    });
}

#[test]
fn update_where_there_is_nothing_yet() {
    on_both(async |server| {
        let only_new = [("If-None-Match", "*")];
        server.put_with("Patient/p", &only_new, &patient("p")).await.expect(201);
        server.put_with("Patient/p", &only_new, &patient("p")).await.expect(412);
        server.delete("Patient/p").await.expect(204);
        server.put_with("Patient/p", &only_new, &patient("p")).await.expect(201);
    });
}

#[test]
fn delete_of_the_one_that_matches() {
    on_both(async |server| {
        server.store_all(&[known("a", "1"), known("b", "2"), known("c", "2")]).await;
        server.delete("Patient?identifier=http://ids.example|2").await.expect(412);
        server.delete(&format!("Patient?{ONE}")).await.expect(204);
        server.get("Patient/a").await.expect(410);
        server.delete(&format!("Patient?{ONE}")).await.expect(204);
        for path in ["Patient", "Patient?shoe-size=43", "Patient?_sort=_id"] {
            server.delete(path).await.expect(400);
        }
        server.finds("Patient", "b c").await;
    });
}

#[test]
fn in_a_transaction() {
    on_both(async |server| {
        server.store(&known("there", "1")).await;
        let mut exists = entry("POST Patient", Some(known("", "1")));
        exists["request"]["ifNoneExist"] = ONE.into();
        exists["fullUrl"] = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0".into();
        let observation = |subject: &str| json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": subject}});
        let entries = vec![
            exists,
            entry("POST Observation", Some(observation("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"))),
            entry("POST Observation", Some(observation(&format!("Patient?{ONE}")))),
            entry("PUT Patient?identifier=http://ids.example|2", Some(known("", "2"))),
            entry("DELETE Patient?identifier=http://ids.example|9", None),
        ];
        let answer = server.post("", &transaction("transaction", entries)).await.expect(200).json();
        let status = |n: usize| answer["entry"][n]["response"]["status"].as_str().unwrap()[..3].to_owned();
        assert_eq!([0, 1, 2, 3, 4].map(status), ["200", "201", "201", "201", "204"]);
        assert_eq!(answer["entry"][0]["resource"]["id"], "there");
        for n in [1, 2] {
            assert_eq!(answer["entry"][n]["resource"]["subject"]["reference"], "Patient/there");
        }
        // A search that finds nothing, or too much, undoes all.
        server.store(&known("twin", "1")).await;
        for reference in [&*format!("Patient?{ONE}"), "Patient?identifier=nobody", "Nothing?x=y"] {
            let entries = vec![
                entry("POST Patient", Some(known("", "lost"))),
                entry("POST Observation", Some(observation(reference))),
            ];
            let answer = server.post("", &transaction("transaction", entries)).await;
            assert!(matches!(answer.status, 400 | 412), "{reference}: {}", answer.text());
        }
        server.finds("Patient?identifier=lost", "").await;
    });
}

#[test]
fn where_nothing_is_found_no_version_is_met() {
    on_both(async |server| {
        for tag in ["W/\"1\"", "*", "W/\"x\""] {
            let guarded = [("If-Match", tag)];
            let path = format!("Patient?{ONE}");
            server.put_with(&path, &guarded, &known("", "1")).await.expect(412);
            server.put_with(&path, &guarded, &known("mine", "1")).await.expect(412);
            server.send(http::Method::DELETE, &path, &guarded, None).await.expect(412);
            let mut deleted = entry(&format!("DELETE {path}"), None);
            deleted["request"]["ifMatch"] = tag.into();
            server.post("", &transaction("transaction", vec![deleted])).await.expect(412);
        }
        server.finds("Patient", "").await;
    });
}

#[test]
fn entries_of_a_transaction_that_search_for_the_same() {
    on_both(async |server| {
        let create = || {
            let mut create = entry("POST Patient", Some(known("", "1")));
            create["request"]["ifNoneExist"] = ONE.into();
            create
        };
        let update = || entry(&format!("PUT Patient?{ONE}"), Some(known("", "1")));
        let observation = json!({"resourceType": "Observation", "status": "final", "code": {"text": "x"},
            "subject": {"reference": format!("Patient?{ONE}")}});
        let carry_out =
            async |entries: Vec<Value>| server.post("", &transaction("transaction", entries)).await;
        // The second would have found what the first makes.
        for twice in [vec![create(), create()], vec![update(), update()], vec![update(), create()]] {
            let answer = carry_out(twice).await.expect(400);
            assert!(answer.issues().contains("the same search"), "{}", answer.issues());
        }
        server.finds("Patient", "").await;
        // A reference may speak of what the transaction itself makes.
        let answer = carry_out(vec![entry("POST Observation", Some(observation)), create()]).await;
        let answer = answer.expect(200).json();
        let id = answer["entry"][1]["resource"]["id"].as_str().unwrap().to_owned();
        assert_eq!(answer["entry"][0]["resource"]["subject"]["reference"], format!("Patient/{id}"));
        // What is there is the same for all of them, but not if one deletes it.
        carry_out(vec![create(), create(), update()]).await.expect(200);
        for deletion in [format!("DELETE Patient/{id}"), format!("DELETE Patient?{ONE}")] {
            carry_out(vec![create(), entry(&deletion, None)]).await.expect(400);
        }
        server.finds("Patient", &id).await;
    });
}

#[test]
fn in_a_batch() {
    on_both(async |server| {
        server.store(&known("there", "1")).await;
        let mut exists = entry("POST Patient", Some(known("", "1")));
        exists["request"]["ifNoneExist"] = ONE.into();
        let entries = vec![
            exists,
            entry(&format!("PUT Patient?{ONE}"), Some(known("", "1"))),
            entry("DELETE Patient?identifier=nobody", None),
        ];
        let answer = server.post("", &transaction("batch", entries)).await.expect(200).json();
        let status = |n: usize| answer["entry"][n]["response"]["status"].as_str().unwrap()[..3].to_owned();
        assert_eq!([0, 1, 2].map(status), ["200", "200", "204"]);
    });
}
