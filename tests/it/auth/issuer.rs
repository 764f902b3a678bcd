//! Tokens of an authorization server of somebody else's, and what apps are told of it (§8.1).

use jsonwebtoken::{Algorithm, Header};
use sdoh_gateway::config::{Config, Issuer};
use serde_json::{Value, json};

use super::{patient, usual};
use crate::harness::login::{Key, jwks, post_form};
use crate::harness::{Elsewhere, Server, local, on_databases};

const AUDIENCE: &str = "https://gateway.example/fhir";

fn issuer(elsewhere: &Elsewhere) -> Issuer {
    Issuer {
        issuer: elsewhere.origin.clone(),
        audience: AUDIENCE.to_owned(),
        jwks_url: None,
        authorization_endpoint: None,
        token_endpoint: None,
        client_claim: "azp".to_owned(),
        clients: [("app-7".to_owned(), "clinic".to_owned()), ("app-8".to_owned(), "nobody".to_owned())]
            .into(),
        allow_addresses: ["127.0.0.1".to_owned()].into(),
    }
}

/// What it says of itself.
fn describe(elsewhere: &Elsewhere, keys: &[&Key]) {
    let origin = &elsewhere.origin;
    let document = json!({
        "issuer": origin,
        "jwks_uri": format!("{origin}/keys"),
        "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"),
    });
    elsewhere.say("/.well-known/openid-configuration", 200, &document.to_string(), &[]);
    elsewhere.say("/keys", 200, &jwks(keys).to_string(), &[]);
}

fn with_issuer(configure: impl Fn(&mut Config), test: impl AsyncFn(&Server, &Elsewhere)) {
    on_databases(async |database| {
        let elsewhere = Elsewhere::start().await;
        let mut config = local(&database.url);
        usual(&mut config);
        // What a person may do by way of the clinic's app.
        config.clients[0].scopes = "user/*.rs system/*.cruds".parse().unwrap();
        config.issuers = vec![issuer(&elsewhere)];
        configure(&mut config);
        let server = Server::start(&config).await;
        test(&server, &elsewhere).await;
        server.stop().await;
    });
}

fn claims(server: &Server, elsewhere: &Elsewhere) -> Value {
    let now = server.gateway.clock().now().0 / 1_000_000;
    json!({"iss": elsewhere.origin, "aud": AUDIENCE, "sub": "ada", "azp": "app-7", "iat": now, "exp": now + 3600,
        "scope": "openid fhirUser user/Patient.rs user/Task.cruds patient/Observation.rs"})
}

#[test]
fn tokens_are_taken_by_issuer_and_keys() {
    with_issuer(
        |_| (),
        async |server, elsewhere| {
            let key = Key::rs384("k");
            describe(elsewhere, &[&key]);
            server.login("clinic", "system/*.cruds").await.store(&patient("p")).await;
            let with = |change: &dyn Fn(&mut Value)| {
                let mut claims = claims(server, elsewhere);
                change(&mut claims);
                server.client.with_token(&key.sign(&claims))
            };
            let app = with(&|_| ());
            app.get("Patient/p").await.expect(200);
            app.get("Task").await.expect(200);
            // No more than the client is registered for, and nothing that is a patient's own.
            app.put("Patient/p", &patient("p")).await.expect(403);
            app.get("Observation").await.expect(403);
            with(&|claims| claims["aud"] = json!(["https://other.example", AUDIENCE]))
                .get("Patient")
                .await
                .expect(200);
            let now = server.gateway.clock().now().0 / 1_000_000;
            type Change<'c> = &'c dyn Fn(&mut Value);
            let cases: [(&str, Change); 9] = [
                ("another audience", &|claims| claims["aud"] = "https://other.example".into()),
                ("no audience", &|claims| claims["aud"] = Value::Null),
                ("another issuer", &|claims| claims["iss"] = "https://other.example".into()),
                ("the gateway as issuer", &|claims| claims["iss"] = server.origin.clone().into()),
                ("an app nobody knows", &|claims| claims["azp"] = "app-9".into()),
                ("a client nobody knows", &|claims| claims["azp"] = "app-8".into()),
                ("no app", &|claims| claims["azp"] = Value::Null),
                ("it has expired", &|claims| claims["exp"] = (now - 1).into()),
                ("it is not good yet", &|claims| claims["nbf"] = (now + 600).into()),
            ];
            for (what, change) in cases {
                let answer = with(change).get("Patient").await;
                assert_eq!(answer.status, 401, "{what}");
            }
            let other = Key::rs384("k").sign(&claims(server, elsewhere));
            server.client.with_token(&other).get("Patient").await.expect(401);
            let logout = Header {
                typ: Some("logout+jwt".into()),
                kid: Some("k".into()),
                ..Header::new(Algorithm::RS384)
            };
            let logout = key.sign_under(&logout, &claims(server, elsewhere));
            server.client.with_token(&logout).get("Patient").await.expect(401);
            // Its keys change.
            let new = Key::es384("new");
            describe(elsewhere, &[&new]);
            server.clock.advance(300);
            let token = new.sign(&claims(server, elsewhere));
            server.client.with_token(&token).get("Patient/p").await.expect(200);
            app.get("Patient/p").await.expect(401);
        },
    );
}

#[test]
fn a_server_that_speaks_for_another_one_is_not_listened_to() {
    with_issuer(
        |_| (),
        async |server, elsewhere| {
            let key = Key::es384("k");
            describe(elsewhere, &[&key]);
            let document =
                json!({"issuer": "https://other.example", "jwks_uri": format!("{}/keys", elsewhere.origin)});
            elsewhere.say("/.well-known/openid-configuration", 200, &document.to_string(), &[]);
            let token = key.sign(&claims(server, elsewhere));
            let url = format!("{}/fhir/Patient", server.origin);
            #[expect(clippy::disallowed_methods, reason = "a client of the gateway, on loopback")]
            let http = reqwest::Client::builder().no_proxy().build().unwrap();
            let answer = http.get(&url).bearer_auth(&token).send().await.unwrap();
            assert_eq!(answer.status(), 503);
            assert_eq!(elsewhere.count("/keys"), 0);
        },
    );
}

#[test]
fn s_8_1_3_with_such_a_server_apps_are_told_of_it() {
    with_issuer(
        |_| (),
        async |server, elsewhere| {
            describe(elsewhere, &[]);
            let configuration = server.get(".well-known/smart-configuration").await.expect(200).json();
            let has = |name: &str, value: &str| {
                configuration[name].as_array().unwrap().iter().any(|known| known == value)
            };
            assert_eq!(configuration["authorization_endpoint"], format!("{}/authorize", elsewhere.origin));
            assert_eq!(configuration["token_endpoint"], format!("{}/auth/token", server.origin));
            assert!(has("grant_types_supported", "authorization_code"));
            assert!(has("grant_types_supported", "client_credentials"));
            assert!(has("code_challenge_methods_supported", "S256"));
            assert!(!has("code_challenge_methods_supported", "plain"));
            assert!(!has("capabilities", "sso-openid-connect"));
        },
    );
    // Where it does not answer, nothing is said that may not be so.
    with_issuer(
        |_| (),
        async |server, _| {
            let configuration = server.get(".well-known/smart-configuration").await.expect(200).json();
            assert!(configuration.get("authorization_endpoint").is_none());
        },
    );
    // It need not be asked where all is configured.
    with_issuer(
        |config| {
            let issuer = &mut config.issuers[0];
            issuer.authorization_endpoint = Some("https://login.example/authorize".to_owned());
            issuer.token_endpoint = Some("https://login.example/token".to_owned());
        },
        async |server, elsewhere| {
            let configuration = server.get(".well-known/smart-configuration").await.expect(200).json();
            assert_eq!(configuration["authorization_endpoint"], "https://login.example/authorize");
            assert_eq!(elsewhere.count("/.well-known/openid-configuration"), 0);
        },
    );
}

#[test]
fn what_apps_exchange_is_handed_on_to_it() {
    with_issuer(
        |_| (),
        async |server, elsewhere| {
            describe(elsewhere, &[]);
            let url = format!("{}/auth/token", server.origin);
            let form = [("grant_type", "authorization_code"), ("code", "c"), ("code_verifier", "v")];
            elsewhere.say("/token", 200, "{\"access_token\":\"t\",\"token_type\":\"bearer\"}", &[]);
            let answer = post_form(server, &url, &form).await.expect(200);
            assert_eq!(answer.json()["access_token"], "t");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(elsewhere.last().path, "/token");
            assert_eq!(elsewhere.last().body, "grant_type=authorization%5Fcode&code=c&code_verifier=v");
            elsewhere.say("/token", 400, "{\"error\":\"invalid_grant\"}", &[]);
            assert_eq!(post_form(server, &url, &form).await.expect(400).json()["error"], "invalid_grant");
        },
    );
}
