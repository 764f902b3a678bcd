//! §8.3: keys by URL (R296-297, R325-326, R339-342).

use jsonwebtoken::{Algorithm, Header};
use sdoh_gateway::access::Registration;

use super::error;
use crate::harness::login::{Key, ask_for_token, claims, jwks, registration, with_login};
use crate::harness::{Answer, Elsewhere, Server, local, on_databases};

const PATH: &str = "/jwks.json";

/// A client whose keys are elsewhere.
fn client(elsewhere: &Elsewhere) -> Registration {
    Registration {
        jwks: None,
        jwks_url: Some(format!("{}{PATH}", elsewhere.origin)),
        allow_addresses: ["127.0.0.1".to_owned()].into(),
        ..registration("clinic", "system/*.cruds")
    }
}

async fn ask(server: &Server, key: &Key) -> Answer {
    ask_for_token(server, &key.sign(&claims(server, "clinic")), "system/*.rs").await
}

/// A gateway, and a place elsewhere with the keys of its client.
fn with_keys_elsewhere(test: impl AsyncFn(&Server, &Elsewhere)) {
    on_databases(async |database| {
        let elsewhere = Elsewhere::start().await;
        let mut config = local(&database.url);
        with_login(&mut config, vec![client(&elsewhere)]);
        let server = Server::start(&config).await;
        test(&server, &elsewhere).await;
        server.stop().await;
    });
}

#[test]
fn s_8_3_5_keys_are_kept_no_longer_than_said() {
    with_keys_elsewhere(async |server, elsewhere| {
        let key = Key::es384("k");
        let say =
            |lifetime| elsewhere.say(PATH, 200, &jwks(&[&key]).to_string(), &[("Cache-Control", lifetime)]);
        say("max-age=60");
        for _ in 0..3 {
            ask(server, &key).await.expect(200);
        }
        assert_eq!(elsewhere.count(PATH), 1);
        server.clock.advance(59);
        ask(server, &key).await.expect(200);
        assert_eq!(elsewhere.count(PATH), 1);
        server.clock.advance(1);
        say("no-store");
        ask(server, &key).await.expect(200);
        assert_eq!(elsewhere.count(PATH), 2);
        server.clock.advance(1);
        ask(server, &key).await.expect(200);
        assert_eq!(elsewhere.count(PATH), 3);
    });
}

#[test]
fn s_8_3_5_keys_are_rotated() {
    with_keys_elsewhere(async |server, elsewhere| {
        let (old, new) = (Key::es384("old"), Key::rs384("new"));
        let say = |keys: &[&Key]| {
            elsewhere.say(PATH, 200, &jwks(keys).to_string(), &[("Cache-Control", "max-age=3600")]);
        };
        say(&[&old]);
        ask(server, &old).await.expect(200);
        say(&[&old, &new]);
        // A key that is not among those kept is looked for, but not without end.
        server.clock.advance(10);
        ask(server, &new).await.expect(200);
        assert_eq!(elsewhere.count(PATH), 2);
        for name in ["a", "b", "c"] {
            assert_eq!(error(&ask(server, &Key::es384(name)).await.expect(401)), "invalid_client");
        }
        assert_eq!(elsewhere.count(PATH), 2);
        server.clock.advance(10);
        ask(server, &Key::es384("d")).await.expect(401);
        assert_eq!(elsewhere.count(PATH), 3);
        // One that is taken away is no good any more, once it is not kept.
        say(&[&new]);
        server.clock.advance(3600);
        ask(server, &new).await.expect(200);
        ask(server, &old).await.expect(401);
    });
}

#[test]
fn s_8_3_4_jku_may_repeat_the_registered_url() {
    with_keys_elsewhere(async |server, elsewhere| {
        let key = Key::es384("k");
        elsewhere.say(PATH, 200, &jwks(&[&key]).to_string(), &[]);
        let evil = Elsewhere::start().await;
        evil.say(PATH, 200, &jwks(&[&key]).to_string(), &[]);
        let own = format!("{}{PATH}", elsewhere.origin);
        let other = format!("{}{PATH}", evil.origin);
        for (url, expected) in [(&own, 200), (&other, 401), (&format!("{own}?x"), 401)] {
            let header =
                Header { jku: Some(url.clone()), kid: Some("k".into()), ..Header::new(Algorithm::ES384) };
            let assertion = key.sign_under(&header, &claims(server, "clinic"));
            ask_for_token(server, &assertion, "system/*.rs").await.expect(expected);
        }
        assert_eq!(evil.count(PATH), 0, "what an assertion names was fetched");
    });
}

#[test]
fn what_is_no_set_of_keys_lets_nobody_in() {
    with_keys_elsewhere(async |server, elsewhere| {
        let key = Key::es384("k");
        let good = jwks(&[&key]).to_string();
        let elsewhere_again = format!("{}/other", elsewhere.origin);
        elsewhere.say("/other", 200, &good, &[]);
        for (status, body, headers) in [
            (404, good.as_str(), vec![]),
            (500, &good, vec![]),
            (302, "", vec![("Location", elsewhere_again.as_str())]),
            (200, "", vec![]),
            (200, "[]", vec![]),
            (200, "{\"keys\": {}}", vec![]),
            (200, &good[..good.len() - 1], vec![]),
            (200, &" ".repeat(300_000), vec![]),
            (200, &"[".repeat(100_000), vec![]),
        ] {
            elsewhere.say(PATH, status, body, &headers);
            assert_eq!(error(&ask(server, &key).await.expect(401)), "invalid_client", "{status} {body:.20}");
            server.clock.advance(600);
        }
        assert_eq!(elsewhere.count("/other"), 0, "a redirect was followed");
        elsewhere.say(PATH, 200, &good, &[]);
        ask(server, &key).await.expect(200);
    });
}

#[test]
fn nobody_is_connected_to_who_is_not_public_and_not_allowed() {
    on_databases(async |database| {
        let elsewhere = Elsewhere::start().await;
        let port = elsewhere.origin.rsplit(':').next().unwrap().to_owned();
        let key = Key::es384("k");
        elsewhere.say(PATH, 200, &jwks(&[&key]).to_string(), &[]);
        for (host, allowed) in [
            ("127.0.0.1", vec![]),
            ("127.0.0.1", vec!["10.0.0.0/8"]),
            ("localhost", vec!["10.0.0.0/8"]),
            ("[::ffff:127.0.0.1]", vec![]),
            ("0.0.0.0", vec!["10.0.0.0/8"]),
        ] {
            let mut config = local(&database.url);
            let registration = Registration {
                jwks_url: Some(format!("http://{host}:{port}{PATH}")),
                allow_addresses: allowed.iter().map(|text| (*text).to_owned()).collect(),
                ..client(&elsewhere)
            };
            with_login(&mut config, vec![registration]);
            let server = Server::start(&config).await;
            assert_eq!(error(&ask(&server, &key).await.expect(401)), "invalid_client", "{host}");
            server.stop().await;
        }
        assert_eq!(elsewhere.count(PATH), 0);
    });
}
