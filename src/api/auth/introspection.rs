//! `POST /auth/introspect` (RFC 7662).

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::IntoResponse as _;
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;

use crate::access::Principal;
use crate::api::Api;
use crate::auth::{Auth, GrantError};

use super::form;

/// Tells what a token is good for: a client of its own, an administrator of any.
pub(super) async fn introspection(State(api): State<Api>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let bytes = match Limited::new(body, form::MAX_BYTES).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => Bytes::new(),
    };
    match super::principal(&api, &head).await {
        Ok(principal) => form::answer(introspect(&api, &principal, &head.headers, &bytes).await),
        Err(denied) => {
            let answer = crate::api::ApiError::from(denied).into_answer();
            let mut response = (answer.status, "").into_response();
            if answer.status == StatusCode::UNAUTHORIZED {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    }
}

async fn introspect(
    api: &Api,
    principal: &Principal,
    headers: &http::HeaderMap,
    body: &Bytes,
) -> Result<Value, GrantError> {
    let (Auth::Required(login), Some(client)) = (&api.auth, principal.client()) else {
        return Err(GrantError::InvalidRequest("the gateway is open: there are no tokens"));
    };
    let fields = form::fields(headers, body)?;
    let token = fields.iter().find(|(name, _)| name == "token").map(|(_, token)| token.as_str());
    let token = token.ok_or(GrantError::InvalidRequest("token is missing"))?;
    login.introspect(client, token).await
}
