//! Tokens that an authorization server of somebody else has given (OpenID Connect Discovery 1.0, RFC 9068), and what that
//! server is told of to apps: people log in there, not here.

use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;

use crate::access::Scopes;
use crate::config::Issuer;
use crate::fetch::{self, Addresses, FetchError, Outbound};
use crate::fhir::json;
use crate::fhir::time::{Clock, Instant};

use super::error::{Denied, GrantError};
use super::jwk::Algorithm;
use super::jwt::Jwt;
use super::key_sets::KeySets;

/// How long a token of somebody else is taken for good without being looked at again, in microseconds: its server may have
/// changed its keys.
const LOOK_AGAIN: i64 = 300_000_000;
/// How far its clock may be ahead.
const SKEW: i64 = 30_000_000;
/// The longest answer of its token endpoint, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// What a token of somebody else says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreign {
    /// The registered client that it is of.
    pub(super) client: String,
    /// What it permits, as far as that is known here.
    pub(super) scopes: Scopes,
    /// When it is over, or has to be looked at again.
    pub(super) expires: Instant,
}

/// What apps are told of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub(super) authorization: String,
    pub(super) token: String,
}

/// The servers whose tokens are taken.
pub(super) struct Issuers {
    configured: Vec<Issuer>,
    documents: Arc<KeySets>,
    clock: Arc<dyn Clock>,
}

impl Issuers {
    pub(super) fn new(configured: Vec<Issuer>, documents: Arc<KeySets>, clock: Arc<dyn Clock>) -> Issuers {
        Issuers { configured, documents, clock }
    }

    /// Verifies a token of one of them.
    pub(super) async fn verify(&self, jwt: &Jwt<'_>) -> Result<Foreign, Denied> {
        let unknown = Denied::BadToken("it is not a token of this server, nor of one that it trusts");
        let Some(name) = jwt.claim("iss") else { return Err(unknown) };
        let Some(issuer) = self.configured.iter().find(|issuer| issuer.issuer == name) else {
            return Err(unknown);
        };
        let kind = jwt.header("typ").unwrap_or("JWT").to_ascii_lowercase();
        let is_kind = matches!(kind.trim_start_matches("application/"), "jwt" | "at+jwt");
        if !is_kind || jwt.algorithm(&Algorithm::OF_ISSUERS).is_none() {
            return Err(Denied::BadToken("it is not signed in a way that is accepted"));
        }
        let now = self.clock.now();
        let is_later = |name| jwt.moment(name).is_some_and(|moment| moment.0 > now.0.saturating_add(SKEW));
        let expires = jwt.moment("exp").filter(|expires| now < *expires);
        let Some(expires) = expires.filter(|_| !is_later("nbf")) else {
            return Err(Denied::BadToken("it has expired, or is not good yet"));
        };
        if !jwt.is_for(&issuer.audience) {
            return Err(Denied::BadToken("it is not for this server"));
        }
        let known = jwt.claim(&issuer.client_claim).and_then(|name| issuer.clients.get(name));
        let Some(client) = known else { return Err(Denied::BadToken("its client is not known here")) };
        let kid = jwt.header("kid").unwrap_or_default();
        let keys = async {
            let url = self.jwks_url(issuer).await?;
            self.documents.keys(&url, &issuer.allow_addresses, kid).await
        };
        let keys = keys.await.map_err(|error| Denied::Unavailable(error.to_string()))?;
        if !jwt.is_signed_by(&keys, &Algorithm::OF_ISSUERS) {
            return Err(Denied::BadToken("it is not signed by the server that it names"));
        }
        let scope = jwt.texts("scope").chain(jwt.texts("scp")).collect::<Vec<_>>().join(" ");
        Ok(Foreign {
            client: client.clone(),
            scopes: Scopes::known_in(&scope),
            expires: expires.min(Instant(now.0.saturating_add(LOOK_AGAIN))),
        })
    }

    /// What apps are told: of the first server that has what it takes. `None` where there is none, or it does not answer.
    pub(super) async fn endpoints(&self) -> Option<Endpoints> {
        for issuer in &self.configured {
            let authorization = self.told(issuer, &issuer.authorization_endpoint, "authorization_endpoint");
            let token = self.told(issuer, &issuer.token_endpoint, "token_endpoint");
            if let (Ok(authorization), Ok(token)) = (authorization.await, token.await) {
                return Some(Endpoints { authorization, token });
            }
        }
        None
    }

    /// Hands a request for a token on to the server that apps are told of, and its answer back: status and body.
    pub(super) async fn relay(
        &self,
        form: String,
        authorization: Option<&str>,
    ) -> Result<(u16, Value), GrantError> {
        let endpoints = self.endpoints().await.ok_or(GrantError::UnsupportedGrantType)?;
        let allowed = self.configured.iter().flat_map(|issuer| &issuer.allow_addresses);
        let allowed = Addresses::parse(allowed).unwrap_or_default();
        let work = async {
            let outbound = Outbound::new(allowed)?;
            let mut request = outbound
                .request(Method::POST, &endpoints.token)?
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Accept", "application/json")
                .body(form);
            if let Some(authorization) = authorization {
                request = request.header("Authorization", authorization);
            }
            let response = request.send().await?;
            let status = response.status();
            if status.is_server_error() || status.is_redirection() {
                return Err(FetchError::Status(status));
            }
            let body = fetch::read(response, MAX_ANSWER).await?;
            Ok((status.as_u16(), json::parse(&body).map_err(|_| FetchError::NotJson)?))
        };
        work.await.map_err(|error: FetchError| GrantError::Unavailable(error.to_string()))
    }

    async fn jwks_url(&self, issuer: &Issuer) -> Result<String, FetchError> {
        self.told(issuer, &issuer.jwks_url, "jwks_uri").await
    }

    /// What is configured, or else what the server tells of itself.
    async fn told(
        &self,
        issuer: &Issuer,
        configured: &Option<String>,
        name: &str,
    ) -> Result<String, FetchError> {
        if let Some(configured) = configured {
            return Ok(configured.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.issuer.trim_end_matches('/'));
        let document = self.documents.value(&url, &issuer.allow_addresses).await?;
        // It speaks for the server that it names and for no other (OpenID Connect Discovery 1.0 §4.3).
        let is_own = document["issuer"] == issuer.issuer.as_str();
        document[name].as_str().filter(|_| is_own).map(str::to_owned).ok_or(FetchError::Url)
    }
}
