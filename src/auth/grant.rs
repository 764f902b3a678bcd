//! The token endpoint: client credentials for an access token (RFC 6749 §4.4, SMART App Launch 2.2 §Backend Services).

use std::sync::Arc;

use serde_json::{Value, json};
use tracing::info;

use crate::access::Scopes;

use super::Login;
use super::assertion::{ASSERTION_TYPE, Assertion};
use super::clients::Registered;
use super::error::GrantError;
use super::jwk::Algorithm;
use super::jwt::Jwt;
use super::token;

/// The longest client_id that is told of a form that proves nothing, in bytes.
const MAX_CLAIM: usize = 128;

/// Who answers a request for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// The gateway.
    Own,
    /// The authorization server where people log in.
    OfIssuer,
}

/// Who a form says has sent it: the `sub` of its assertion. Nothing of it is proved.
pub fn claimant(form: &[(String, String)]) -> Option<String> {
    let text = field(form, "client_assertion").ok()??;
    let jwt = Jwt::parse(text)?;
    let claimed = jwt.claim("sub").filter(|id| (1..=MAX_CLAIM).contains(&id.len()));
    claimed.map(|id| id.chars().filter(|c| !c.is_control()).collect())
}

impl Login {
    /// What a request for a token brings, by the fields of its form.
    pub fn kind(&self, form: &[(String, String)]) -> Result<GrantType, GrantError> {
        match field(form, "grant_type")? {
            Some("authorization_code" | "refresh_token") => Ok(GrantType::OfIssuer),
            _ => Ok(GrantType::Own),
        }
    }

    /// Hands a request that is not for this server on to the one where people log in; the form is as it came, and so is
    /// the `Authorization` header. Gives status and body.
    pub async fn relay(&self, form: String, authorization: Option<&str>) -> Result<(u16, Value), GrantError> {
        self.issuers.relay(form, authorization).await
    }

    /// Answers a request for a token: the fields of its form, decoded.
    pub async fn grant(&self, form: &[(String, String)]) -> Result<Value, GrantError> {
        match field(form, "grant_type")? {
            Some("client_credentials") => {}
            Some(_) => return Err(GrantError::UnsupportedGrantType),
            None => return Err(GrantError::InvalidRequest("grant_type is missing: client_credentials")),
        }
        let Some(scope) = field(form, "scope")? else {
            return Err(GrantError::InvalidRequest("scope is missing: say what for, as system/Task.rs"));
        };
        let client = self.authenticate(form).await?;
        let scopes = Scopes::known_in(scope).within(&client.registration.scopes);
        if scopes.is_empty() {
            return Err(GrantError::InvalidScope(
                "nothing of this scope is granted: it is not allowed to this client, or cannot be kept to",
            ));
        }
        let token = self.tokens.give(&client.registration.id, &scopes).await?;
        info!(client = client.registration.id, "logged in");
        metrics::counter!("sdoh_gateway_logins", "outcome" => "granted").increment(1);
        Ok(json!({
            "access_token": token,
            "token_type": "bearer",
            "expires_in": token::LIFETIME,
            "scope": scopes.to_string(),
        }))
    }

    /// The client that a form's assertion proves to have sent it.
    pub(super) async fn authenticate(
        &self,
        form: &[(String, String)],
    ) -> Result<Arc<Registered>, GrantError> {
        let Some(text) = field(form, "client_assertion")? else {
            return Err(GrantError::InvalidRequest("client_assertion is missing"));
        };
        match field(form, "client_assertion_type")? {
            Some(ASSERTION_TYPE) => {}
            Some(_) => return Err(GrantError::InvalidClient("client_assertion_type is not jwt-bearer")),
            None => return Err(GrantError::InvalidRequest("client_assertion_type is missing")),
        }
        let now = self.clock.now();
        let roster = self.clients.current().await?;
        let assertion = Assertion::read(text, &self.token_url(), &roster, now)?;
        let id = &assertion.client.registration.id;
        if field(form, "client_id")?.is_some_and(|own| own != id) {
            return Err(GrantError::InvalidClient("client_id is not the assertion's iss"));
        }
        let keys = self.keys_of(&assertion.client, assertion.jwt.header("kid").unwrap_or_default()).await?;
        if !assertion.jwt.is_signed_by(&keys, &Algorithm::OF_CLIENTS) {
            return Err(GrantError::InvalidClient("the assertion is not signed by a key of the client"));
        }
        if !self.store.use_assertion(id, &assertion.jti, assertion.expires, now).await? {
            return Err(GrantError::InvalidClient(
                "the assertion has been used before: each has its own jti",
            ));
        }
        Ok(assertion.client)
    }
}

/// A field that is there once, or not at all (RFC 6749 §3.2). One without a value is not there.
fn field<'f>(form: &'f [(String, String)], name: &str) -> Result<Option<&'f str>, GrantError> {
    let mut values = form.iter().filter(|(own, value)| own == name && !value.is_empty());
    let value = values.next().map(|(_, value)| value.as_str());
    match values.next() {
        Some(_) => Err(GrantError::InvalidRequest("a parameter is there twice")),
        None => Ok(value),
    }
}
