//! Clients in the database: registered, changed and shut out while nodes serve, which know of it at once.

use sdoh_gateway::access::Registration;
use sdoh_gateway::store::ClientRow;

use super::{assertion, basic, error, usual};
use crate::harness::login::{Key, ask_for_token, claims, jwks, registration};
use crate::harness::{Server, local, on_both_with, on_databases};

async fn keep(server: &Server, registration: &Registration, is_disabled: bool) {
    let row = ClientRow {
        id: registration.id.clone(),
        registration: Some(serde_json::to_string(registration).unwrap()),
        is_disabled,
    };
    server.gateway.store().set_client(&row).await.unwrap();
}

#[test]
fn disabling_takes_effect_at_once_on_every_node() {
    on_databases(async |database| {
        let mut config = local(&database.url);
        usual(&mut config);
        config.base_url = Some("https://gateway.example".to_owned());
        let (one, two) = (Server::start(&config).await, Server::start(&config).await);
        let shelter = registration("shelter", "system/*.cruds");
        keep(&one, &shelter, false).await;
        let token = two.token("shelter", "system/*.cruds").await;
        for server in [&one, &two] {
            server.client.with_token(&token).get("Task").await.expect(200);
        }
        keep(&one, &shelter, true).await;
        for server in [&two, &one] {
            server.client.with_token(&token).get("Task").await.expect(401);
            let refused =
                ask_for_token(server, &Key::usual().sign(&claims(server, "shelter")), "system/*.rs").await;
            assert_eq!(error(&refused.expect(401)), "invalid_client");
        }
        keep(&two, &shelter, false).await;
        one.client.with_token(&token).get("Task").await.expect(200);
        // One of the configuration likewise.
        let token = one.token("clinic", "system/*.cruds").await;
        let row = ClientRow { id: "clinic".into(), registration: None, is_disabled: true };
        one.gateway.store().set_client(&row).await.unwrap();
        two.client.with_token(&token).get("Task").await.expect(401);
        // Who is not meant is let in.
        two.login("pantry", "system/Task.rs").await.get("Task").await.expect(200);
        one.stop().await;
        two.stop().await;
    });
}

#[test]
fn keys_and_scopes_change_at_once() {
    on_both_with(usual, async |server| {
        let (old, new) = (Key::es384("old"), Key::rs384("new"));
        let with = |key: &Key, scopes: &str| Registration {
            jwks: Some(jwks(&[key])),
            ..registration("shelter", scopes)
        };
        keep(server, &with(&old, "system/*.cruds"), false).await;
        let ask = async |key: &Key| {
            ask_for_token(server, &key.sign(&claims(server, "shelter")), "system/*.cruds").await
        };
        let token = ask(&old).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
        ask(&new).await.expect(401);
        keep(server, &with(&new, "system/Basic.rs"), false).await;
        ask(&old).await.expect(401);
        assert_eq!(ask(&new).await.expect(200).json()["scope"], "system/Basic.rs");
        // A token that was given before permits no more than is allowed now.
        let shelter = server.client.with_token(&token);
        shelter.get("Basic").await.expect(200);
        shelter.get("Task").await.expect(403);
        shelter.put("Basic/b", &basic("b")).await.expect(403);
    });
}

#[test]
fn the_configuration_goes_before_the_database() {
    on_both_with(usual, async |server| {
        let mut other = registration("clinic", "system/*.cruds gateway/admin");
        other.jwks = Some(jwks(&[&Key::es384("usual")]));
        keep(server, &other, false).await;
        let answer = ask_for_token(server, &assertion(server, |_| ()), "gateway/admin system/Task.r").await;
        assert_eq!(answer.expect(200).json()["scope"], "system/Task.r");
    });
}
