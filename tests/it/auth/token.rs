//! §8.2: the token endpoint, in the order in which the test kit asks. Row 1, TLS, is in `transport`.

use serde_json::Value;

use super::{assertion, error, usual};
use crate::harness::login::{
    JWT_BEARER, Key, ask_for_token, claims, jwks, post_form, registration, with_login,
};
use crate::harness::{Answer, Server, on_both, on_both_with};

async fn post(server: &Server, fields: &[(&str, &str)]) -> Answer {
    post_form(server, &format!("{}/auth/token", server.origin), fields).await
}

#[test]
fn row_8_2_2_another_grant_type_is_400() {
    on_both_with(usual, async |server| {
        let assertion = assertion(server, |_| ());
        let answer = post(
            server,
            &[
                ("client_assertion", &assertion),
                ("client_assertion_type", JWT_BEARER),
                ("grant_type", "not_a_grant_type"),
                ("scope", "system/*.rs"),
            ],
        )
        .await
        .expect(400);
        assert_eq!(error(&answer), "unsupported_grant_type");
    });
}

#[test]
fn rows_8_2_3_and_8_2_4_another_assertion_type_is_401() {
    on_both_with(usual, async |server| {
        for _ in 0..2 {
            let assertion = assertion(server, |_| ());
            let answer = post(
                server,
                &[
                    ("client_assertion", &assertion),
                    ("client_assertion_type", "not_an_assertion_type"),
                    ("grant_type", "client_credentials"),
                    ("scope", "system/*.rs"),
                ],
            )
            .await
            .expect(401);
            assert_eq!(error(&answer), "invalid_client");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    });
}

#[test]
fn rows_8_2_5_and_8_2_6_a_good_one_is_200_and_has_its_members() {
    on_both_with(usual, async |server| {
        let assertion = assertion(server, |_| ());
        let answer = ask_for_token(server, &assertion, "system/*.rs").await.expect(200);
        assert!(answer.header("content-type").starts_with("application/json"));
        // s_8_3_11: nobody keeps it.
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pragma"), "no-cache");
        let body = answer.json();
        assert!(body["access_token"].as_str().is_some_and(|token| !token.is_empty()));
        assert_eq!(body["token_type"], "bearer");
        // s_8_3_9: a number, of at most five minutes, and no refresh token.
        assert!(body["expires_in"].as_u64().is_some_and(|seconds| seconds <= 300));
        assert!(body.get("refresh_token").is_none());
        assert_eq!(body["scope"], "system/*.rs");
    });
}

#[test]
fn s_8_3_6_either_algorithm_and_whichever_key() {
    let (ec, rsa) = (Key::es384("ec"), Key::rs384("rsa"));
    let mut client = registration("clinic", "system/*.cruds");
    client.jwks = Some(jwks(&[&ec, &rsa]));
    on_both_with(
        |config| with_login(config, vec![client.clone()]),
        async |server| {
            for key in [&ec, &rsa] {
                let assertion = key.sign(&claims(server, "clinic"));
                ask_for_token(server, &assertion, "system/*.rs").await.expect(200);
            }
        },
    );
}

#[test]
fn s_8_3_7_scopes_are_reduced() {
    on_both_with(usual, async |server| {
        for (client, asked, granted) in [
            ("clinic", "system/*.cruds", Some("system/*.cruds")),
            ("clinic", "system/Task.read system/Task.write", Some("system/Task.read system/Task.write")),
            ("clinic", "system/Task.cruds?status=requested", Some("system/Task.rs?status=requested")),
            ("clinic", "openid system/Task.r offline_access", Some("system/Task.r")),
            ("clinic", "gateway/admin system/Task.r", Some("system/Task.r")),
            ("pantry", "system/*.cruds", Some("system/Task.rs system/Patient.r")),
            ("pantry", "system/*.*", Some("system/Task.read system/Patient.r")),
            ("pantry", "system/Task.write", None),
            ("pantry", "system/Consent.rs", None),
            ("pantry", "patient/Task.rs user/Task.rs", None),
            ("pantry", "gateway/admin", None),
            ("pantry", "everything", None),
        ] {
            let assertion = Key::usual().sign(&claims(server, client));
            let answer = ask_for_token(server, &assertion, asked).await;
            match granted {
                Some(granted) => assert_eq!(answer.expect(200).json()["scope"], granted, "{client} {asked}"),
                None => assert_eq!(error(&answer.expect(400)), "invalid_scope", "{client} {asked}"),
            }
        }
    });
}

#[test]
fn s_8_3_8_what_is_missing_is_an_invalid_request() {
    on_both_with(usual, async |server| {
        let fresh = || assertion(server, |_| ());
        let whole = |assertion: &str| -> Vec<(&'static str, String)> {
            vec![
                ("client_assertion", assertion.to_owned()),
                ("client_assertion_type", JWT_BEARER.to_owned()),
                ("grant_type", "client_credentials".to_owned()),
                ("scope", "system/*.rs".to_owned()),
            ]
        };
        for missing in 0..4 {
            let mut fields = whole(&fresh());
            let (name, _) = fields.remove(missing);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
            let answer = post(server, &fields).await.expect(400);
            assert_eq!(error(&answer), "invalid_request", "{name}");
            // Empty is missing, and twice is wrong.
            let mut empty = fields.clone();
            empty.push((name, ""));
            assert_eq!(error(&post(server, &empty).await.expect(400)), "invalid_request", "{name} empty");
            let assertion = fresh();
            let twice = whole(&assertion);
            let mut twice: Vec<(&str, &str)> = twice.iter().map(|(name, value)| (*name, &**value)).collect();
            twice.push((name, "again"));
            assert_eq!(error(&post(server, &twice).await.expect(400)), "invalid_request", "{name} twice");
        }
        let url = format!("{}/auth/token", server.origin);
        let json = [("Content-Type", "application/json")];
        let body = Some(b"{\"grant_type\":\"client_credentials\"}".to_vec());
        let answer = server.send(http::Method::POST, &url, &json, body).await.expect(400);
        assert_eq!(error(&answer), "invalid_request");
        let long = "x".repeat(100_000);
        let answer = post(server, &[("client_assertion", &long)]).await.expect(400);
        assert_eq!(error(&answer), "invalid_request");
        server.get(&url).await.expect(405);
    });
}

#[test]
fn too_many_requests_for_tokens_are_told_to_come_later() {
    on_both_with(
        |config| {
            usual(config);
            config.limits.logins_per_minute = 3;
        },
        async |server| {
            for _ in 0..3 {
                post(server, &[]).await.expect(400);
            }
            let answer = post(server, &[]).await.expect(429);
            assert_eq!(error(&answer), "temporarily_unavailable");
            assert_eq!(answer.header("retry-after"), "20");
            server.clock.advance(20);
            server.token("clinic", "system/*.rs").await;
        },
    );
}

#[test]
fn an_open_gateway_gives_none() {
    on_both(async |server| {
        let answer = post(server, &[("grant_type", "client_credentials")]).await.expect(400);
        assert_eq!(error(&answer), "invalid_request");
    });
}

#[test]
fn tokens_are_signed_and_say_no_more_than_they_have_to() {
    on_both_with(usual, async |server| {
        let token = server.token("clinic", "system/Task.rs").await;
        let parts: Vec<&str> = token.split('.').collect();
        let read = |part: &str| -> Value {
            use base64::Engine as _;
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
            serde_json::from_slice(&bytes).unwrap()
        };
        let (header, claims) = (read(parts[0]), read(parts[1]));
        assert_eq!((&header["typ"], &header["alg"]), (&"at+jwt".into(), &"ES256".into()));
        let mut names: Vec<&String> = claims.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub"]);
    });
}
