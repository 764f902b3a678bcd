//! The gateway as somebody else's client.

use sdoh_gateway::access::Registration;
use sdoh_gateway::auth::{Auth, OutboundError, PartnerLogin};
use sdoh_gateway::config::Config;

use super::usual;
use crate::harness::login::registration;
use crate::harness::{Elsewhere, Server, local, on_databases};

/// The gateway's own way to log in elsewhere.
async fn tokens(server: &Server, config: &Config) -> std::sync::Arc<sdoh_gateway::auth::Login> {
    match Auth::open(&server.gateway, config).await.unwrap() {
        Auth::Required(login) => login,
        Auth::Open => panic!("open"),
    }
}

fn partner(token_url: &str) -> PartnerLogin {
    PartnerLogin {
        token_url: token_url.to_owned(),
        client_id: "gateway".to_owned(),
        scope: "system/Task.cruds".to_owned(),
        allow_addresses: ["127.0.0.1".to_owned()].into(),
    }
}

#[test]
fn it_logs_in_to_another_gateway_as_clients_do_to_it() {
    on_databases(async |database| {
        let mut config = local(&database.url);
        usual(&mut config);
        let own = Server::start(&config).await;
        // The other one knows it by the URL of its keys.
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("other.db").display());
        let mut other = local(&url);
        usual(&mut other);
        other.clients.push(Registration {
            jwks: None,
            jwks_url: Some(format!("{}/auth/jwks.json", own.origin)),
            allow_addresses: ["127.0.0.1".to_owned()].into(),
            ..registration("gateway", "system/Task.rs")
        });
        let other = Server::start(&other).await;
        let login = tokens(&own, &config).await;
        let partner = partner(&format!("{}/auth/token", other.origin));
        let token = login.partners.token(&partner).await.unwrap();
        other.client.with_token(token.expose()).get("Task").await.expect(200);
        // It is kept until shortly before its end.
        own.clock.advance(269);
        assert_eq!(login.partners.token(&partner).await.unwrap(), token);
        own.clock.advance(1);
        other.clock.advance(270);
        let next = login.partners.token(&partner).await.unwrap();
        assert_ne!(next, token);
        login.partners.forget(&partner);
        assert_ne!(login.partners.token(&partner).await.unwrap(), next);
        // Also after its key has changed, and no sooner than the other one can know of it.
        for days in [30, 1, 30] {
            own.clock.advance(days * 86_400);
            other.clock.advance(days * 86_400);
            login.partners.token(&partner).await.unwrap();
        }
        let scope = PartnerLogin { scope: "system/Patient.rs".to_owned(), ..partner };
        let refused = login.partners.token(&scope).await.unwrap_err();
        assert!(
            matches!(refused, OutboundError::Refused { status: 400, code: "invalid_scope" }),
            "{refused}"
        );
        own.stop().await;
        other.stop().await;
    });
}

#[test]
fn odd_answers_give_no_token() {
    on_databases(async |database| {
        let mut config = local(&database.url);
        usual(&mut config);
        let server = Server::start(&config).await;
        let login = tokens(&server, &config).await;
        let elsewhere = Elsewhere::start().await;
        let partner = partner(&format!("{}/token", elsewhere.origin));
        for (status, body) in [
            (500, "{}"),
            (401, "{\"error\":\"invalid_client\"}"),
            (400, "{\"error\":\"ada@example.org is not known\"}"),
            (200, ""),
            (200, "{}"),
            (200, "{\"access_token\":\"t\"}"),
            (200, "{\"access_token\":\"\",\"token_type\":\"bearer\"}"),
            (200, "{\"access_token\":\"a\\r\\nX: y\",\"token_type\":\"bearer\"}"),
            (200, "{\"access_token\":\"t\",\"token_type\":\"mac\"}"),
        ] {
            elsewhere.say("/token", status, body, &[]);
            let error = login.partners.token(&partner).await.unwrap_err().to_string();
            assert!(!error.contains("ada"), "{error}");
        }
        elsewhere.say("/token", 200, "{\"access_token\":\"t\",\"token_type\":\"Bearer\"}", &[]);
        assert_eq!(login.partners.token(&partner).await.unwrap().expose(), "t");
        let sent = elsewhere.last().body;
        assert!(sent.starts_with("grant_type=client%5Fcredentials&scope=system%2FTask%2Ecruds&"), "{sent}");
        // Nor is anybody asked who is not public.
        let inside = PartnerLogin { allow_addresses: Default::default(), ..partner };
        let count = elsewhere.count("/token");
        login.partners.token(&inside).await.unwrap_err();
        assert_eq!(elsewhere.count("/token"), count);
        server.stop().await;
    });
}
