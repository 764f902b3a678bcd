//! `GET .well-known/smart-configuration` (SMART App Launch 2.2 §FHIR authorization endpoint and capabilities discovery).

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use http::{Response, StatusCode};

use crate::api::Api;
use crate::auth::Auth;

use super::form;

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
