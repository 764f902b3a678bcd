//! Access tokens: signed, short-lived, and verified by any node without asking anybody (RFC 9068).

use std::sync::Arc;

use serde_json::json;

use crate::access::Scopes;
use crate::fhir::time::{Clock, Instant};

use super::jwk::Algorithm;
use super::jwt::{self, Jwt};
use super::own_keys::{OwnKeys, OwnKeysError};

/// How long a token is good for, in seconds (R257: at most five minutes).
pub const LIFETIME: i64 = 300;

/// What they are signed with.
pub(super) const ALGORITHM: Algorithm = Algorithm::Es256;

/// The header's `typ`: nothing else that is signed can be taken for one.
const KIND: &str = "at+jwt";

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose it is: a `client_id`.
    pub client: String,
    /// What it permits, as it was granted.
    pub scopes: Scopes,
    /// When it was given.
    pub issued: Instant,
    /// When it is over.
    pub expires: Instant,
}

/// Gives and reads tokens.
pub struct Tokens {
    keys: OwnKeys,
    /// Who gives them, and for whom they are: the gateway's own URL.
    issuer: String,
    clock: Arc<dyn Clock>,
}

impl Tokens {
    /// Tokens signed with these keys.
    pub fn new(keys: OwnKeys, issuer: &str, clock: Arc<dyn Clock>) -> Tokens {
        Tokens { keys, issuer: issuer.to_owned(), clock }
    }

    /// Gives a client a token.
    pub async fn give(&self, client: &str, scopes: &Scopes) -> Result<String, OwnKeysError> {
        let now = self.clock.now().0.div_euclid(1_000_000);
        let claims = json!({
            "iss": self.issuer,
            "aud": self.issuer,
            "sub": client,
            "client_id": client,
            "scope": scopes.to_string(),
            "iat": now,
            "exp": now + LIFETIME,
            "jti": uuid::Uuid::new_v4().simple().to_string(),
        });
        Ok(jwt::sign(&*self.keys.signing().await?, KIND, &claims)?)
    }

    /// Whether the gateway says of itself to have given a token; whether it has is another question.
    pub fn are_ours(&self, jwt: &Jwt<'_>) -> bool {
        jwt.claim("iss") == Some(&self.issuer)
    }

    /// What a token says, if it is one of ours; it may be over. `None` if not.
    pub async fn read(&self, jwt: &Jwt<'_>) -> Result<Option<Grant>, OwnKeysError> {
        let is_one = self.are_ours(jwt) && jwt.header("typ") == Some(KIND) && jwt.is_for(&self.issuer);
        let Some(kid) = jwt.header("kid").filter(|_| is_one) else { return Ok(None) };
        if !jwt.is_signed_by(&*self.keys.public(kid).await?, &[ALGORITHM]) {
            return Ok(None);
        }
        let read = || {
            Some(Grant {
                client: jwt.claim("client_id")?.to_owned(),
                scopes: jwt.claim("scope")?.parse().ok()?,
                issued: jwt.moment("iat")?,
                expires: jwt.moment("exp")?,
            })
        };
        Ok(read())
    }
}
