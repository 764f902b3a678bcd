//! How a client proves who it is: `private_key_jwt` (SMART App Launch 2.2 §Client authentication: asymmetric, RFC 7523).

use std::sync::Arc;

use crate::fhir::time::Instant;

use super::clients::{Registered, Roster};
use super::error::GrantError;
use super::jwk::Algorithm;
use super::jwt::Jwt;

/// The one `client_assertion_type` there is.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion may be good for, in microseconds (R331: five minutes).
const LIFETIME: i64 = 300_000_000;
/// How far a client's clock may be ahead.
const SKEW: i64 = 30_000_000;
/// The longest `jti` that is kept.
const MAX_JTI: usize = 255;

/// An assertion whose claims are in order. That its signature is good, and that it is used for the first time, is yet to be
/// seen.
pub struct Assertion<'t> {
    /// The token.
    pub jwt: Jwt<'t>,
    /// The client that it names.
    pub client: Arc<Registered>,
    /// Its one name.
    pub jti: String,
    /// When it is over.
    pub expires: Instant,
}

impl<'t> Assertion<'t> {
    /// Reads an assertion, made for the token endpoint at `audience`.
    pub fn read(
        text: &'t str,
        audience: &str,
        roster: &Roster,
        now: Instant,
    ) -> Result<Assertion<'t>, GrantError> {
        let wrong = |message| Err(GrantError::InvalidClient(message));
        let Some(jwt) = Jwt::parse(text) else { return wrong("the assertion is not a signed JWT") };
        if jwt.algorithm(&Algorithm::OF_CLIENTS).is_none() {
            return wrong("the assertion is signed with RS384 or ES384");
        }
        let kind = jwt.header("typ");
        if jwt.has_header("typ") && !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("JWT")) {
            return wrong("the assertion's typ is JWT");
        }
        let (Some(issuer), Some(subject)) = (jwt.claim("iss"), jwt.claim("sub")) else {
            return wrong("iss and sub of the assertion are the client_id");
        };
        if issuer != subject {
            return wrong("iss and sub of the assertion are the client_id, both");
        }
        let Some(client) = roster.client(issuer) else {
            return wrong("the client is not known, or not let in");
        };
        if !jwt.is_for(audience) {
            return wrong("aud of the assertion is the URL of the token endpoint");
        }
        let Some(expires) = jwt.moment("exp") else { return wrong("the assertion has an exp") };
        if expires <= now {
            return wrong("the assertion has expired");
        }
        if expires.0 > now.0.saturating_add(LIFETIME + SKEW) {
            return wrong("exp of the assertion is at most five minutes ahead");
        }
        let is_later = |name| jwt.moment(name).is_some_and(|moment| moment.0 > now.0.saturating_add(SKEW));
        if is_later("nbf") || is_later("iat") {
            return wrong("the assertion is not good yet");
        }
        let jti = jwt.claim("jti").unwrap_or_default();
        if jti.is_empty() || jti.len() > MAX_JTI {
            return wrong("the assertion has a jti of its own, of at most 255 characters");
        }
        // What the header says of where keys are is taken from nobody: it may only repeat what is registered (R325).
        let registered = client.registration.jwks_url.as_deref();
        if jwt.has_header("jku") && (jwt.header("jku").is_none() || jwt.header("jku") != registered) {
            return wrong("jku of the assertion is the JWKS URL that the client is registered with");
        }
        if jwt.header("kid").is_none() {
            return wrong("the assertion's header names the key: kid");
        }
        let (client, jti) = (Arc::clone(client), jti.to_owned());
        Ok(Assertion { jwt, client, jti, expires })
    }
}
