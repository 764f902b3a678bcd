//! §8.1: what a client learns before it logs in.

use serde_json::Value;

use super::usual;
use crate::harness::{Server, on_both, on_both_with};

async fn configuration(server: &Server, base: &str) -> Value {
    let url = format!("{}{base}/.well-known/smart-configuration", server.origin);
    let answer = server.get_with(&url, &[("Accept", "application/json")]).await.expect(200);
    assert!(answer.header("content-type").starts_with("application/json"));
    answer.json()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn s_8_1_1_it_is_below_each_base_and_asks_nobody() {
    on_both_with(
        |config| {
            usual(config);
            config.spaces = ["clinic-a".to_owned()].into();
        },
        async |server| {
            let own = configuration(server, "/fhir").await;
            assert_eq!(configuration(server, "/s/clinic-a/fhir").await, own);
            for path in
                ["/s/nowhere/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration"]
            {
                server.get(&format!("{}{path}", server.origin)).await.expect(404);
            }
            // Neither does the CapabilityStatement, which tells of it.
            let statement = server.read("metadata").await;
            let security = &statement["rest"][0]["security"];
            assert_eq!(security["service"][0]["coding"][0]["code"], "SMART-on-FHIR");
        },
    );
}

#[test]
fn s_8_1_2_the_keys_are_there() {
    on_both_with(usual, async |server| {
        let configuration = configuration(server, "/fhir").await;
        // s_8_1_5: absolute, so that nothing has to be resolved.
        assert_eq!(configuration["token_endpoint"], format!("{}/auth/token", server.origin));
        assert_eq!(configuration["introspection_endpoint"], format!("{}/auth/introspect", server.origin));
        assert_eq!(texts(&configuration["grant_types_supported"]), ["client_credentials"]);
        let capabilities = texts(&configuration["capabilities"]);
        // Those that come from an external server are not there without one: see `issuer`.
        for key in ["authorization_endpoint", "code_challenge_methods_supported", "issuer", "jwks_uri"] {
            assert!(configuration.get(key).is_none(), "{key}");
        }
        // s_8_1_4
        assert!(!capabilities.contains(&"sso-openid-connect"));
        // s_8_1_7, R285-289
        assert!(capabilities.contains(&"client-confidential-asymmetric"));
        assert!(texts(&configuration["scopes_supported"]).contains(&"system/*.rs"));
        assert_eq!(texts(&configuration["token_endpoint_auth_methods_supported"]), ["private_key_jwt"]);
        let algorithms = texts(&configuration["token_endpoint_auth_signing_alg_values_supported"]);
        assert_eq!(algorithms, ["RS384", "ES384"]);
    });
}

#[test]
fn s_8_1_6_pages_of_other_origins_may_read_it() {
    on_both_with(
        |config| {
            usual(config);
            config.cors_origins = ["https://app.example".to_owned()].into();
        },
        async |server| {
            let origin = [("Origin", "https://app.example")];
            let token = format!("{}/auth/token", server.origin);
            for path in [".well-known/smart-configuration", "metadata"] {
                let answer = server.get_with(path, &origin).await.expect(200);
                assert_eq!(answer.header("access-control-allow-origin"), origin[0].1, "{path}");
            }
            let answer = server.send(http::Method::POST, &token, &origin, None).await.expect(400);
            assert_eq!(answer.header("access-control-allow-origin"), origin[0].1);
        },
    );
}

#[test]
fn where_everybody_comes_in_there_is_nothing_to_discover() {
    on_both(async |server| {
        server.get(".well-known/smart-configuration").await.expect(404);
        assert!(server.read("metadata").await["rest"][0].get("security").is_none());
    });
}
