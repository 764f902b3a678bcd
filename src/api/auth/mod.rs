//! Who is calling, over HTTP: tokens are given at [`TOKEN_PATH`], told about at [`INTROSPECTION_PATH`], and looked for in
//! the `Authorization` of every request; discovery says where all that is.

mod discovery;
mod form;
mod introspection;
mod token;

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use tower_http::timeout::TimeoutLayer;

use crate::access::Principal;
use crate::auth::{Denied, INTROSPECTION_PATH, JWKS_PATH, TOKEN_PATH};

use super::Api;
use super::server::Peer;

/// The routes outside of FHIR.
pub(super) fn routes(api: &Api) -> Router<Api> {
    let within = Duration::from_secs(api.limits.request_seconds);
    Router::new()
        .route(TOKEN_PATH, post(token::token))
        .route(INTROSPECTION_PATH, post(introspection::introspection))
        .route(JWKS_PATH, get(discovery::own_keys))
        .route("/fhir/.well-known/smart-configuration", get(discovery::of_default_space))
        .route("/s/{space}/fhir/.well-known/smart-configuration", get(discovery::of_space))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, within))
}

/// Who makes a request, by its head.
pub(super) async fn principal(api: &Api, head: &Parts) -> Result<Principal, Denied> {
    let subject = head.extensions.get::<Peer>().and_then(|peer| peer.subject.as_deref());
    api.auth.principal(bearer(head)?, subject).await
}

/// The token of a request (RFC 6750 §2.1).
fn bearer(head: &Parts) -> Result<Option<&str>, Denied> {
    let mut values = head.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Denied::BadToken("there are several"));
    }
    let value = value.to_str().map_err(|_| Denied::BadToken("it has characters that a token cannot have"))?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    match scheme.eq_ignore_ascii_case("Bearer") {
        true => Ok(Some(token.trim())),
        false => Ok(None),
    }
}
