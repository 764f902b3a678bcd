//! `POST /auth/token` (RFC 6749 §4.4.2).

use std::net::{IpAddr, Ipv4Addr};

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use http::{HeaderMap, Response};
use serde_json::Value;

use crate::api::Api;
use crate::api::server::Peer;
use crate::auth::{Auth, GrantError};

use super::form;

/// Gives a token for a client's assertion.
pub(super) async fn token(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.address.ip());
    form::answer(grant(&api, address, &headers, &body).await)
}

async fn grant(api: &Api, address: IpAddr, headers: &HeaderMap, body: &Bytes) -> Result<Value, GrantError> {
    let Auth::Required(login) = &api.auth else {
        return Err(GrantError::InvalidRequest("the gateway is open: no token is needed"));
    };
    login.may_ask(address)?;
    login.grant(&form::fields(headers, body)?).await
}
