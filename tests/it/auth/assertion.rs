//! §8.3: assertions that are not taken.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{assertion, error, usual};
use crate::harness::login::{Key, ask_for_token, claims, jwks, registration, with_login};
use crate::harness::{Server, local, on_both_with, on_databases};

/// Asks with an assertion that is not good.
async fn refused(server: &Server, what: &str, assertion: &str) {
    let answer = ask_for_token(server, assertion, "system/*.rs").await;
    assert!(matches!(answer.status, 400 | 401), "{what}: {} {}", answer.status, answer.text());
    assert_eq!(error(&answer), "invalid_client", "{what}");
}

#[test]
fn s_8_3_1_of_somebody_else_or_for_somebody_else() {
    on_both_with(usual, async |server| {
        let fhir = server.base.clone();
        let slash = format!("{}/auth/token/", server.origin);
        let change = |name: &'static str, value: &str| {
            let value: Value = value.into();
            assertion(server, |claims| claims[name] = value.clone())
        };
        for (what, assertion) in [
            ("nobody's", Key::usual().sign(&claims(server, "nobody"))),
            ("iss is not sub", change("sub", "pantry")),
            ("sub is not iss", change("iss", "pantry")),
            ("no iss", assertion(server, |claims| claims["iss"] = Value::Null)),
            ("iss is no text", assertion(server, |claims| claims["iss"] = json!(["clinic"]))),
            ("for the FHIR base", change("aud", &fhir)),
            ("with a slash", change("aud", &slash)),
            ("for the gateway", change("aud", &server.origin)),
            ("for nobody", assertion(server, |claims| claims["aud"] = Value::Null)),
        ] {
            refused(server, what, &assertion).await;
        }
        // Among others it may be for us.
        let url = format!("{}/auth/token", server.origin);
        let among = assertion(server, |claims| claims["aud"] = json!(["https://other.example", url]));
        ask_for_token(server, &among, "system/*.rs").await.expect(200);
    });
}

#[test]
fn s_8_3_2_at_the_wrong_time() {
    on_both_with(usual, async |server| {
        let now = server.gateway.clock().now().0 / 1_000_000;
        let with =
            |name: &'static str, value: Value| assertion(server, |claims| claims[name] = value.clone());
        for (what, assertion) in [
            ("expired", with("exp", (now - 1).into())),
            ("just expired", with("exp", now.into())),
            ("far ahead", with("exp", (now + 331).into())),
            ("no exp", with("exp", Value::Null)),
            ("exp is a text", with("exp", (now + 60).to_string().into())),
            ("not yet", with("nbf", (now + 60).into())),
            ("made tomorrow", with("iat", (now + 86_400).into())),
            ("no jti", with("jti", Value::Null)),
            ("an empty jti", with("jti", "".into())),
            ("a long jti", with("jti", "x".repeat(1000).into())),
        ] {
            refused(server, what, &assertion).await;
        }
        // A clock that is a little ahead.
        let skewed = with("exp", (now + 310).into());
        ask_for_token(server, &skewed, "system/*.rs").await.expect(200);
    });
}

#[test]
fn s_8_3_2_twice_on_whichever_node() {
    on_databases(async |database| {
        let mut config = local(&database.url);
        usual(&mut config);
        config.base_url = Some("https://gateway.example".to_owned());
        let (one, two) = (Server::start(&config).await, Server::start(&config).await);
        let once = assertion(&one, |_| ());
        ask_for_token(&one, &once, "system/*.rs").await.expect(200);
        refused(&one, "again", &once).await;
        refused(&two, "again, elsewhere", &once).await;
        // Another client may have the same jti; the same one after its end may not.
        let jti = json!("the same");
        let of = |client: &str| {
            let mut claims = claims(&one, client);
            claims["jti"] = jti.clone();
            Key::usual().sign(&claims)
        };
        let (clinic, pantry) = (of("clinic"), of("pantry"));
        ask_for_token(&one, &clinic, "system/Task.rs").await.expect(200);
        ask_for_token(&two, &pantry, "system/Task.rs").await.expect(200);
        one.clock.advance(400);
        refused(&one, "after its end", &clinic).await;
        // By then the name may be used again.
        ask_for_token(&one, &of("clinic"), "system/Task.rs").await.expect(200);
        one.stop().await;
        two.stop().await;
    });
}

#[test]
fn s_8_3_3_of_other_keys_and_algorithms() {
    let (own, other) = (Key::es384("k"), Key::es384("k"));
    let rsa = Key::rs384("r");
    let mut clinic = registration("clinic", "system/*.cruds");
    clinic.jwks = Some(jwks(&[&own, &rsa]));
    on_both_with(
        |config| with_login(config, vec![clinic.clone(), registration("pantry", "system/*.rs")]),
        async |server| {
            let claims = || claims(server, "clinic");
            let header = |algorithm, kid: Option<&str>| Header {
                kid: kid.map(str::to_owned),
                ..Header::new(algorithm)
            };
            let unsigned = |header: Value| {
                use base64::Engine as _;
                let encode = |value: &Value| {
                    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
                };
                format!("{}.{}", encode(&header), encode(&claims()))
            };
            // The public key, as those who mistake it for a shared secret would use it.
            let public = own.jwk().to_string();
            let hmac = |text: &str, algorithm| {
                let header = header(algorithm, Some("k"));
                jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(text.as_bytes())).unwrap()
            };
            let broken = {
                let mut text = own.sign(&claims()).into_bytes();
                let last = text.len() - 10;
                text[last] = if text[last] == b'A' { b'B' } else { b'A' };
                String::from_utf8(text).unwrap()
            };
            for (what, assertion) in [
                ("a bad signature", broken),
                ("another key of that name", other.sign(&claims())),
                ("another client's key", Key::usual().sign(&claims())),
                ("no algorithm", unsigned(json!({"alg": "none", "kid": "k", "typ": "JWT"})) + "."),
                ("None", unsigned(json!({"alg": "None", "kid": "k"})) + "."),
                ("no alg", unsigned(json!({"kid": "k"})) + ".AAAA"),
                ("an empty signature", unsigned(json!({"alg": "ES384", "kid": "k"})) + "."),
                ("zeroes", unsigned(json!({"alg": "ES384", "kid": "k"})) + "." + &"A".repeat(128)),
                ("HS256 by the public key", hmac(&public, Algorithm::HS256)),
                ("HS384 by the public key", hmac(&public, Algorithm::HS384)),
                ("an unknown kid", own.sign_under(&header(Algorithm::ES384, Some("x")), &claims())),
                ("no kid", own.sign_under(&header(Algorithm::ES384, None), &claims())),
                ("the other key's kid", own.sign_under(&header(Algorithm::ES384, Some("r")), &claims())),
                ("RS256", rsa.sign_under(&header(Algorithm::RS256, Some("r")), &claims())),
                ("PS384", rsa.sign_under(&header(Algorithm::PS384, Some("r")), &claims())),
                (
                    "a key of its own in the header",
                    other.sign_under(
                        &Header {
                            jwk: Some(serde_json::from_value(other.jwk()).unwrap()),
                            ..header(Algorithm::ES384, Some("k"))
                        },
                        &claims(),
                    ),
                ),
                (
                    "an access token",
                    own.sign_under(
                        &Header { typ: Some("at+jwt".into()), ..header(Algorithm::ES384, Some("k")) },
                        &claims(),
                    ),
                ),
                ("half of one", own.sign(&claims()).split('.').take(2).collect::<Vec<_>>().join(".")),
                ("nothing of the kind", "..".to_owned()),
            ] {
                refused(server, what, &assertion).await;
            }
            // What the signature is not over counts for nothing; what it is over does.
            ask_for_token(server, &own.sign(&claims()), "system/*.rs").await.expect(200);
        },
    );
}

#[test]
fn s_8_3_3_several_keys_of_one_name() {
    let keys = [Key::es384("k"), Key::es384("k"), Key::rs384("k")];
    let mut clinic = registration("clinic", "system/*.cruds");
    clinic.jwks = Some(jwks(&[&keys[0], &keys[1], &keys[2]]));
    on_both_with(
        |config| with_login(config, vec![clinic.clone()]),
        async |server| {
            for key in &keys {
                let assertion = key.sign(&claims(server, "clinic"));
                ask_for_token(server, &assertion, "system/*.rs").await.expect(200);
            }
            refused(server, "another", &Key::es384("k").sign(&claims(server, "clinic"))).await;
        },
    );
}

#[test]
fn s_8_3_4_jku_is_the_registered_url_or_is_not_there() {
    on_both_with(usual, async |server| {
        for url in ["https://evil.example/jwks.json", "", "https://clinic.example/jwks.json"] {
            let header = Header {
                jku: Some(url.to_owned()),
                kid: Some("usual".into()),
                ..Header::new(Algorithm::ES384)
            };
            let assertion = Key::usual().sign_under(&header, &claims(server, "clinic"));
            refused(server, url, &assertion).await;
        }
    });
}
