//! §8.3: requests with tokens, and without.

use serde_json::json;

use super::{basic, patient, stranger, usual};
use crate::harness::login::{Key, claims, registration, with_login};
use crate::harness::{Found, Server, entry, on_both_with, transaction};

async fn unauthorized(server: &Server, token: &str) {
    let answer = server.client.with_token(token).get("Patient").await.expect(401);
    assert!(answer.issues().starts_with("error login"), "{}", answer.issues());
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
    assert!(token.is_empty() || !answer.text().contains(token), "the token is told");
}

#[test]
fn s_8_3_10_without_a_token_nothing_but_metadata() {
    on_both_with(usual, async |server| {
        let stranger = stranger(server);
        stranger.get("metadata").await.expect(200);
        for path in
            ["Patient", "Patient/p", "_history", "$export", "_export/x", "Patient/p/$issues", "metadata/"]
        {
            let answer = stranger.get(path).await;
            if answer.status != 200 {
                assert_eq!(answer.status, 401, "{path}");
                assert_eq!(answer.header("www-authenticate"), "Bearer", "{path}");
                assert!(answer.issues().starts_with("error login"), "{path}");
            }
        }
        stranger.post("Patient", &patient("p")).await.expect(401);
        stranger.put("Patient/p", &patient("p")).await.expect(401);
        stranger.delete("Patient/p").await.expect(401);
        stranger.post("", &transaction("batch", vec![entry("GET Patient", None)])).await.expect(401);
        let basic = [("Authorization", "Basic dXNlcjpwYXNzd29yZA==")];
        stranger.get_with("Patient", &basic).await.expect(401);
    });
}

#[test]
fn s_8_3_10_with_a_token_that_is_not_good() {
    on_both_with(usual, async |server| {
        let good = server.token("clinic", "system/*.cruds").await;
        server.client.with_token(&good).get("Patient").await.expect(200);
        let broken = format!("{}A", &good[..good.len() - 1]);
        let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
        let assertion = Key::usual().sign(&claims(server, "clinic"));
        for token in ["x", "", &broken, &unsigned, &assertion, "..", "a.b.c"] {
            if token != good {
                unauthorized(server, token).await;
            }
        }
        // Of another gateway's keys.
        let now = server.gateway.clock().now().0 / 1_000_000;
        let claims = json!({"iss": server.origin, "aud": server.origin, "sub": "clinic", "client_id": "clinic",
            "scope": "system/*.cruds", "iat": now, "exp": now + 300, "jti": "x"});
        unauthorized(server, &Key::usual().sign(&claims)).await;
        let two = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")];
        stranger(server).get_with("Patient", &two).await.expect(401);
        server.clock.advance(299);
        server.client.with_token(&good).get("Patient").await.expect(200);
        server.clock.advance(1);
        unauthorized(server, &good).await;
    });
}

#[test]
fn s_8_3_10_a_token_is_good_on_every_node() {
    use crate::harness::{local, on_databases};
    on_databases(async |database| {
        let mut config = local(&database.url);
        usual(&mut config);
        config.base_url = Some("https://gateway.example".to_owned());
        let (one, two) = (Server::start(&config).await, Server::start(&config).await);
        let token = one.token("clinic", "system/*.rs").await;
        two.client.with_token(&token).get("Patient").await.expect(200);
        // Also after the key has been changed, by whichever node.
        for server in [&one, &two] {
            server.clock.advance(31 * 86_400);
        }
        let token = two.token("clinic", "system/*.rs").await;
        one.client.with_token(&token).get("Patient").await.expect(200);
        // And after a restart.
        let three = Server::start(&config).await;
        three.clock.advance(31 * 86_400);
        three.client.with_token(&token).get("Patient").await.expect(200);
        for server in [one, two, three] {
            server.stop().await;
        }
    });
}

#[test]
fn s_8_3_10_what_the_scope_does_not_cover_is_403() {
    on_both_with(usual, async |server| {
        let clinic = server.login("clinic", "system/*.cruds").await;
        clinic.store(&patient("p")).await;
        clinic
            .store(
                &json!({"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}),
            )
            .await;
        let conditional = [("If-None-Exist", "family=Bramble")];
        for (scope, method, path, expected) in [
            ("system/Patient.r", "GET", "Patient/p", 200),
            ("system/Patient.r", "GET", "Patient/p/_history", 200),
            ("system/Patient.r", "GET", "Patient/p/_history/1", 200),
            ("system/Patient.r", "GET", "Patient/p/$issues", 200),
            ("system/Patient.r", "GET", "Patient", 403),
            ("system/Patient.r", "GET", "Patient/_history", 403),
            ("system/Patient.s", "GET", "Patient", 200),
            ("system/Patient.s", "GET", "Patient/_history", 200),
            ("system/Patient.s", "GET", "Patient/p", 403),
            ("system/Patient.cruds", "GET", "_history", 403),
            ("system/*.cruds", "GET", "_history", 200),
            ("system/*.cud", "GET", "Patient/p", 403),
            ("system/Observation.cruds", "GET", "Patient/p", 403),
            ("system/Observation.cruds", "GET", "Patient/none", 403),
            ("system/Patient.read", "PUT", "Patient/p", 403),
            ("system/Patient.write", "PUT", "Patient/p", 200),
            ("system/Patient.c", "PUT", "Patient/p", 403),
            ("system/Patient.c", "POST", "Patient", 201),
            ("system/Patient.u", "POST", "Patient", 403),
            ("system/Patient.u", "PUT", "Patient?family=Bramble", 403),
            ("system/Patient.u", "DELETE", "Patient/none", 403),
            ("system/Patient.d", "DELETE", "Patient/none", 204),
            ("system/Patient.d", "DELETE", "Patient?family=Nobody", 403),
            ("system/Patient.ds", "DELETE", "Patient?family=Nobody", 204),
            ("system/Patient.c", "POST if none exist", "Patient", 403),
            ("system/Patient.rs", "POST", "Patient/$validate", 200),
            ("system/Observation.rs", "POST", "Patient/$validate", 403),
            (
                "system/Patient.rs",
                "GET",
                "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender",
                403,
            ),
            (
                "system/ValueSet.r",
                "GET",
                "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender",
                200,
            ),
            // What goes by way of another type needs that one too.
            ("system/Observation.rs", "GET", "Observation?subject:Patient.family=Bramble", 403),
            (
                "system/Observation.rs system/Patient.r",
                "GET",
                "Observation?subject:Patient.family=Bramble",
                200,
            ),
        ] {
            let client = server.login("clinic", scope).await;
            let answer = match method {
                "GET" => client.get(path).await,
                "PUT" => client.put(path, &patient("p")).await,
                "DELETE" => client.delete(path).await,
                "POST" if path.ends_with('e') => client.post(path, &patient("q")).await,
                "POST" => client.post(path, &patient("q")).await,
                _ => client.post_with(path, &conditional, &patient("q")).await,
            };
            assert_eq!(answer.status, expected, "{scope} {method} {path}: {}", answer.text());
            if expected == 403 {
                assert!(answer.issues().starts_with("error forbidden"), "{}", answer.issues());
                assert!(answer.header("www-authenticate").contains("insufficient_scope"));
            }
        }
    });
}

#[test]
fn s_8_3_10_what_is_included_is_covered_too() {
    on_both_with(usual, async |server| {
        let clinic = server.login("clinic", "system/*.cruds").await;
        clinic.store(&patient("p")).await;
        let observation = json!({"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"},
            "subject": {"reference": "Patient/p"}});
        clinic.store(&observation).await;
        for (scope, query, included) in [
            ("system/Observation.rs", "Observation?_include=Observation:subject", vec![]),
            (
                "system/Observation.rs system/Patient.r",
                "Observation?_include=Observation:subject",
                vec!["Patient/p"],
            ),
            ("system/Patient.rs", "Patient?_revinclude=Observation:subject", vec![]),
            ("system/*.rs", "Patient?_revinclude=Observation:subject", vec!["Observation/o"]),
            (
                "system/Observation.rs system/Patient.rs?family=Bramble",
                "Observation?_include=Observation:subject",
                vec![],
            ),
        ] {
            let client = server.login("clinic", scope).await;
            assert_eq!(client.search(query).await.included, included, "{scope} {query}");
        }
    });
}

#[test]
fn restrictions_are_kept_to() {
    on_both_with(usual, async |server| {
        let clinic = server.login("clinic", "system/*.cruds").await;
        for (id, category) in [("a", "laboratory"), ("b", "survey"), ("c", "exam")] {
            let coding = json!([{"coding": [{"code": category}]}]);
            let observation = json!({"resourceType": "Observation", "id": id, "status": "final", "code": {"text": "x"},
                "category": coding});
            clinic.store(&observation).await;
        }
        let scope = "system/Observation.rs?category=laboratory system/Observation.rs?category=survey";
        let partly = server.login("clinic", scope).await;
        partly.finds("Observation", "a b").await;
        partly.finds("Observation?category=exam", "").await;
        partly.finds("Observation?category=survey,exam", "b").await;
        assert_eq!(partly.search("Observation?_summary=count").await.total, Some(2));
        partly.get("Observation/a").await.expect(200);
        assert_eq!(
            partly.get("Observation/c").await.expect(404).json(),
            partly.get("Observation/none").await.json()
        );
        for path in [
            "Observation/a/_history",
            "Observation/a/_history/1",
            "Observation/_history",
            "Observation/a/$issues",
        ] {
            partly.get(path).await.expect(403);
        }
        let found =
            partly.post("", &transaction("batch", vec![entry("GET Observation", None)])).await.expect(200);
        let found = Found::of(found.json()["entry"][0]["resource"].clone(), "in a batch");
        assert_eq!(found.ids().len(), 2);
        // One that the server cannot keep to permits nothing.
        let unknown = server.login("clinic", "system/Observation.rs?no-such-thing=x").await;
        unknown.get("Observation").await.expect(403);
        unknown.get("Observation/a").await.expect(403);
    });
}

#[test]
fn entries_of_a_bundle_are_looked_at_one_by_one() {
    on_both_with(usual, async |server| {
        let clinic = server.login("clinic", "system/*.cruds").await;
        clinic.store(&patient("p")).await;
        let narrow = server.login("clinic", "system/Basic.cruds").await;
        let entries = || {
            vec![
                entry("PUT Basic/b", Some(basic("b"))),
                entry("PUT Patient/p", Some(patient("p"))),
                entry("GET Patient/p", None),
            ]
        };
        let answer = narrow.post("", &transaction("batch", entries())).await.expect(200).json();
        let statuses: Vec<&str> =
            (0..3).map(|n| answer["entry"][n]["response"]["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["201 Created", "403 Forbidden", "403 Forbidden"]);
        // A transaction is carried out as a whole or not at all.
        let entries =
            vec![entry("PUT Basic/c", Some(basic("c"))), entry("PUT Patient/p", Some(patient("p")))];
        narrow.post("", &transaction("transaction", entries)).await.expect(403);
        narrow.get("Basic/c").await.expect(404);
        // Nor does it look for what its references mean.
        let reference = json!({"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": "Patient?family=Bramble"}});
        let entries = vec![entry("POST Basic", Some(reference))];
        narrow.post("", &transaction("transaction", entries)).await.expect(403);
    });
}

#[test]
fn who_may_not_read_is_not_shown_what_it_writes() {
    on_both_with(usual, async |server| {
        let clinic = server.login("clinic", "system/*.cruds").await;
        let stored = json!({"resourceType": "Patient", "id": "p", "birthDate": "1990-01-01"});
        clinic.store(&stored).await;
        let writer = server.login("clinic", "system/Patient.cu").await;
        let patch = Some(br#"[{"op": "add", "path": "/active", "value": true}]"#.to_vec());
        let headers = [("Content-Type", "application/json-patch+json"), ("Prefer", "return=representation")];
        let answer = writer.send(http::Method::PATCH, "Patient/p", &headers, patch).await.expect(200);
        assert_eq!(answer.text(), "");
        assert_eq!(clinic.read("Patient/p").await["active"], true);
    });
}

#[test]
fn an_export_is_of_what_the_scope_covers() {
    on_both_with(usual, async |server| {
        let prefer = [("Prefer", "respond-async")];
        let clinic = server.login("clinic", "system/*.cruds").await;
        clinic.store(&patient("p")).await;
        clinic.store(&basic("b")).await;
        let narrow = server.login("clinic", "system/Patient.rs").await;
        narrow.get_with("$export?_type=Basic", &prefer).await.expect(403);
        narrow.get_with("$export?_type=Patient,Basic", &prefer).await.expect(403);
        let status =
            narrow.get_with("$export", &prefer).await.expect(202).header("content-location").to_owned();
        let manifest = loop {
            let answer = narrow.get(&status).await;
            if answer.status == 200 {
                break answer.json();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        let types: Vec<&str> = manifest["output"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file["type"].as_str().unwrap())
            .collect();
        assert_eq!(types, ["Patient"]);
        assert_eq!(manifest["requiresAccessToken"], true);
        let file = manifest["output"][0]["url"].as_str().unwrap();
        narrow.get(file).await.expect(200);
        let other = server.login("clinic", "system/Basic.rs").await;
        other.get(file).await.expect(403);
        stranger(server).get(file).await.expect(401);
    });
}

#[test]
fn a_client_that_comes_too_often_is_told_to_come_later() {
    on_both_with(
        |config| {
            with_login(
                config,
                vec![registration("clinic", "system/*.rs"), registration("pantry", "system/*.rs")],
            );
            config.limits.requests_per_second = 2;
            config.limits.burst = 4;
        },
        async |server| {
            let clinic = server.login("clinic", "system/*.rs").await;
            for _ in 0..4 {
                clinic.get("Patient").await.expect(200);
            }
            let answer = clinic.get("Patient").await.expect(429);
            assert_eq!(answer.header("retry-after"), "1");
            assert!(answer.issues().starts_with("error throttled"), "{}", answer.issues());
            // Another token does not help, and nobody else suffers.
            server.login("clinic", "system/*.rs").await.get("Patient").await.expect(429);
            server.login("pantry", "system/*.rs").await.get("Patient").await.expect(200);
            server.clock.advance(1);
            clinic.get("Patient").await.expect(200);
        },
    );
}
