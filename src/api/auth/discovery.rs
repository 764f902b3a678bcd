//! `GET .well-known/smart-configuration` (SMART App Launch 2.2 §FHIR authorization endpoint and capabilities discovery).

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response, StatusCode};

use crate::api::Api;
use crate::auth::Auth;

use super::form;

/// `GET /auth/jwks.json`: the public keys that partners know the gateway by.
pub(super) async fn own_keys(State(api): State<Api>) -> Response<Body> {
    let Auth::Required(login) = &api.auth else { return StatusCode::NOT_FOUND.into_response() };
    let Ok(jwks) = login.partners.jwks().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let mut response = form::json_answer(StatusCode::OK, &jwks);
    // Not longer than a new key is published before it signs.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=900"));
    response
}

/// Of the default space.
pub(super) async fn of_default_space(State(api): State<Api>) -> Response<Body> {
    tell(&api, "").await
}

/// Of another one.
pub(super) async fn of_space(State(api): State<Api>, Path(space): Path<String>) -> Response<Body> {
    match space.is_empty() {
        true => StatusCode::NOT_FOUND.into_response(),
        false => tell(&api, &space).await,
    }
}

async fn tell(api: &Api, space: &str) -> Response<Body> {
    match (&api.auth, api.gateway.space(space)) {
        (Auth::Required(login), Some(_)) => form::json_answer(StatusCode::OK, &login.discovery().await),
        // Where everybody comes in there is nothing to discover.
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
