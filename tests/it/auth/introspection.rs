//! §8.3: introspection (RFC 7662, R269-276).

use serde_json::{Value, json};

use super::{stranger, usual};
use crate::harness::login::post_form;
use crate::harness::{Client, Server, on_both_with};

async fn introspect(server: &Server, client: &Client, token: &str) -> Value {
    let url = format!("{}/auth/introspect", server.origin);
    let answer = post_form(client, &url, &[("token", token)]).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

#[test]
fn s_8_3_12_what_a_token_is_good_for() {
    on_both_with(usual, async |server| {
        let token = server.token("clinic", "system/Task.rs").await;
        let clinic = server.login("clinic", "system/Task.rs").await;
        let admin = server.login("admin", "gateway/admin").await;
        let now = server.gateway.clock().now().0 / 1_000_000;
        for client in [&clinic, &admin] {
            let answer = introspect(server, client, &token).await;
            assert_eq!(answer["active"], true);
            assert_eq!(answer["client_id"], "clinic");
            assert_eq!(answer["scope"], "system/Task.rs");
            assert_eq!(answer["exp"], now + 300);
        }
        // To others nothing is told, nor about what is none.
        let pantry = server.login("pantry", "system/Task.rs").await;
        let inactive = json!({"active": false});
        assert_eq!(introspect(server, &pantry, &token).await, inactive);
        for other in ["x", "a.b.c", &token[1..], &token[..token.len() - 2]] {
            assert_eq!(introspect(server, &admin, other).await, inactive, "{other}");
        }
        let url = format!("{}/auth/introspect", server.origin);
        let answer = post_form(&stranger(server), &url, &[("token", &token)]).await.expect(401);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        post_form(&clinic, &url, &[]).await.expect(400);
        // Later on.
        server.clock.advance(299);
        let admin = server.login("admin", "gateway/admin").await;
        assert_eq!(introspect(server, &admin, &token).await["active"], true);
        server.clock.advance(1);
        assert_eq!(introspect(server, &admin, &token).await, inactive);
    });
}
