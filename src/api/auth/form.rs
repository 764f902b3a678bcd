//! Forms that come in and JSON that goes out (RFC 6749 §3.2, §5).

use axum::body::{Body, Bytes};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use tracing::error;

use crate::api::content::essence;
use crate::api::request::decode_form;
use crate::auth::GrantError;

/// The longest form that is read, in bytes.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// The fields of a form.
pub(super) fn fields(headers: &HeaderMap, body: &Bytes) -> Result<Vec<(String, String)>, GrantError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(essence);
    if content_type.as_deref() != Some("application/x-www-form-urlencoded") {
        return Err(GrantError::InvalidRequest("send a form: application/x-www-form-urlencoded"));
    }
    if body.len() > MAX_BYTES {
        return Err(GrantError::InvalidRequest("the form is too long"));
    }
    let text = std::str::from_utf8(body).map_err(|_| GrantError::InvalidRequest("the form is not UTF-8"))?;
    Ok(decode_form(text))
}

/// An answer that nobody keeps.
pub(super) fn answer(answer: Result<Value, GrantError>) -> Response<Body> {
    match answer {
        Ok(value) => answer_with(StatusCode::OK, &value),
        Err(error) => kept_by_nobody(refusal(&error)),
    }
}

/// The same with a status.
pub(super) fn answer_with(status: StatusCode, value: &Value) -> Response<Body> {
    kept_by_nobody(json_answer(status, value))
}

fn kept_by_nobody(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// JSON that is not FHIR.
pub(super) fn json_answer(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// RFC 6749 §5.2.
fn refusal(refused: &GrantError) -> Response<Body> {
    let status = match refused {
        GrantError::InvalidRequest(_) | GrantError::UnsupportedGrantType | GrantError::InvalidScope(_) => {
            StatusCode::BAD_REQUEST
        }
        GrantError::InvalidClient(_) => StatusCode::UNAUTHORIZED,
        GrantError::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
        GrantError::Unavailable(message) => {
            error!(message, "no tokens can be given");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    metrics::counter!("sdoh_gateway_logins", "outcome" => refused.code()).increment(1);
    let body = json!({"error": refused.code(), "error_description": refused.to_string()});
    let mut response = json_answer(status, &body);
    let headers = response.headers_mut();
    match refused {
        GrantError::InvalidClient(_) => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        GrantError::TooOften(seconds) => {
            headers.insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        GrantError::Unavailable(_) => {
            headers.insert(RETRY_AFTER, HeaderValue::from(1));
        }
        _ => {}
    }
    response
}
