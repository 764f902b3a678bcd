//! `POST /auth/token` (RFC 6749 §4.4.2).

use std::net::{IpAddr, Ipv4Addr};

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Response, StatusCode};
use serde_json::Value;

use crate::api::Api;
use crate::api::audit;
use crate::api::server::Peer;
use crate::audit::Origin;
use crate::auth::{Auth, GrantError, GrantType, claimant};

use super::form;

/// Gives a token for a client's assertion.
pub(super) async fn token(
    State(api): State<Api>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.address.ip());
    let granted = grant(&api, address, &headers, &body).await;
    if matches!(api.auth, Auth::Required(_)) {
        let origin = Origin { address: Some(address), ..audit::origin(&headers, None) };
        let claimant = form::fields(&headers, &body).ok().and_then(|fields| claimant(&fields));
        audit::note_login(&api, origin, claimant, granted.as_ref().err()).await;
    }
    match granted {
        Ok((status, value)) => form::answer_with(status, &value),
        Err(error) => form::answer(Err(error)),
    }
}

async fn grant(
    api: &Api,
    address: IpAddr,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(StatusCode, Value), GrantError> {
    let Auth::Required(login) = &api.auth else {
        return Err(GrantError::InvalidRequest("the gateway is open: no token is needed"));
    };
    login.may_ask(address)?;
    let fields = form::fields(headers, body)?;
    match login.kind(&fields)? {
        GrantType::Own => Ok((StatusCode::OK, login.grant(&fields).await?)),
        GrantType::OfIssuer => {
            let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            let form = String::from_utf8_lossy(body).into_owned();
            let (status, value) = login.relay(form, authorization).await?;
            Ok((StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), value))
        }
    }
}
