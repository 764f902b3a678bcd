//! What a token is good for (RFC 7662, SMART App Launch 2.2 §Token introspection).

use serde_json::{Value, json};

use crate::access::Client;

use super::Login;
use super::error::GrantError;
use super::jwt::Jwt;

impl Login {
    /// Tells about a token to who may know: the client whose it is, and administrators. To others, and of what is not
    /// good, it says only that it is not active.
    pub async fn introspect(&self, asks: &Client, token: &str) -> Result<Value, GrantError> {
        let inactive = Ok(json!({"active": false}));
        let Some(jwt) = Jwt::parse(token) else { return inactive };
        let Some(grant) = self.tokens.read(&jwt).await? else { return inactive };
        let roster = self.clients.current().await?;
        let Some(client) = roster.client(&grant.client) else { return inactive };
        let may_know = asks.is_administrator || asks.id == grant.client;
        let scopes = grant.scopes.within(&client.registration.scopes);
        if !may_know || grant.expires <= self.clock.now() || scopes.is_empty() {
            return inactive;
        }
        let seconds = |moment: crate::fhir::time::Instant| moment.0.div_euclid(1_000_000);
        Ok(json!({
            "active": true,
            "client_id": grant.client,
            "sub": grant.client,
            "scope": scopes.to_string(),
            "iat": seconds(grant.issued),
            "exp": seconds(grant.expires),
            "iss": self.base_url,
            "aud": self.base_url,
            "token_type": "bearer",
        }))
    }
}
