//! Tokens that the gateway gets from partners, as their client: in the same way as its own clients from it.
//!
//! It signs with a key of its own, whose public half is published (`/auth/jwks.json`): partners register it by that URL, and
//! the key changes by itself.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use serde_json::{Value, json};

use crate::config::Secret;
use crate::fetch::{self, Addresses, FetchError, Outbound};
use crate::fhir::json;
use crate::fhir::time::{Clock, Instant};

use super::assertion::ASSERTION_TYPE;
use super::jwk::Algorithm;
use super::jwt;
use super::own_keys::{OwnKeys, OwnKeysError};

/// What the assertions are signed with.
pub(super) const ALGORITHM: Algorithm = Algorithm::Es384;
/// How long an assertion is good for, in seconds: long enough for a partner that is slow, or whose clock is.
const ASSERTION: i64 = 240;
/// How long before its end a token is not used any more, in seconds.
const MARGIN: i64 = 30;
/// How long a token is taken to be good for where nothing is said, in seconds.
const USUAL: i64 = 60;
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// How to log in to a partner.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartnerLogin {
    /// Its token endpoint.
    pub token_url: String,
    /// What the gateway is called there.
    pub client_id: String,
    /// What is asked for.
    pub scope: String,
    /// Addresses that are not of the public internet and may be connected to for it all the same.
    pub allow_addresses: BTreeSet<String>,
}

/// Why there is no token to be had. Tells nothing of what was sent.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The partner could not be asked.
    #[error("the token endpoint: {0}")]
    Fetch(#[from] FetchError),
    /// It refused.
    #[error("the token endpoint refused: {status} {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `error` of the answer, where it is one of RFC 6749's.
        code: &'static str,
    },
    /// Its answer has no token of use.
    #[error("the token endpoint gave no bearer token")]
    NoToken,
    /// There is nothing to sign with.
    #[error(transparent)]
    Keys(#[from] OwnKeysError),
}

/// Tokens of partners, kept until shortly before their end.
pub struct PartnerTokens {
    keys: OwnKeys,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<PartnerLogin, Arc<Kept>>>,
}

/// Held while a token is asked for: those who come meanwhile wait for the same one.
type Kept = tokio::sync::Mutex<Option<(Secret, Instant)>>;

/// The errors of RFC 6749 §5.2. Others are not repeated: they are the partner's words.
const CODES: [&str; 6] = [
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
];

impl PartnerTokens {
    /// Tokens asked for with these keys.
    pub fn new(keys: OwnKeys, clock: Arc<dyn Clock>) -> PartnerTokens {
        PartnerTokens { keys, clock, kept: Mutex::default() }
    }

    /// The public keys that partners know the gateway by.
    pub async fn jwks(&self) -> Result<Value, OwnKeysError> {
        self.keys.jwks().await
    }

    /// A token for a partner.
    pub async fn token(&self, partner: &PartnerLogin) -> Result<Secret, OutboundError> {
        let kept = self.kept(partner);
        let mut kept = kept.lock().await;
        let now = self.clock.now();
        if let Some((token, until)) = &*kept
            && now < *until
        {
            return Ok(token.clone());
        }
        let (token, seconds) = self.ask(partner, now).await?;
        let until = Instant(now.0.saturating_add((seconds - MARGIN).saturating_mul(1_000_000)));
        *kept = Some((token.clone(), until));
        Ok(token)
    }

    /// Forgets the token of a partner that does not take it any more.
    pub fn forget(&self, partner: &PartnerLogin) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(partner);
    }

    fn kept(&self, partner: &PartnerLogin) -> Arc<Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(partner.clone()).or_default())
    }

    async fn ask(&self, partner: &PartnerLogin, now: Instant) -> Result<(Secret, i64), OutboundError> {
        let seconds = now.0.div_euclid(1_000_000);
        let claims = json!({
            "iss": partner.client_id,
            "sub": partner.client_id,
            "aud": partner.token_url,
            "exp": seconds + ASSERTION,
            "jti": uuid::Uuid::new_v4().simple().to_string(),
        });
        let key = self.keys.signing().await?;
        let assertion = jwt::sign(&key, "JWT", &claims).map_err(OwnKeysError::from)?;
        let allowed = Addresses::parse(&partner.allow_addresses).unwrap_or_default();
        let request = Outbound::new(allowed)?.request(Method::POST, &partner.token_url)?;
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", partner.scope.as_str()),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.as_str()),
        ];
        let request = request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Accept", "application/json")
            .body(encode(&form));
        let response = request.send().await.map_err(FetchError::from)?;
        let status = response.status();
        let body = json::parse(&fetch::read(response, MAX_ANSWER).await?).unwrap_or_default();
        if !status.is_success() {
            let code = CODES.into_iter().find(|code| body["error"] == *code).unwrap_or_default();
            return Err(OutboundError::Refused { status: status.as_u16(), code });
        }
        let is_bearer = body["token_type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
        let token = body["access_token"].as_str().filter(|token| is_bearer && is_token(token));
        let token = token.ok_or(OutboundError::NoToken)?;
        Ok((token.into(), body["expires_in"].as_i64().unwrap_or(USUAL)))
    }
}

/// What may stand in a header (RFC 6750 §2.1).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn encode(form: &[(&str, &str)]) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let pairs =
        form.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    pairs.collect::<Vec<_>>().join("&")
}
