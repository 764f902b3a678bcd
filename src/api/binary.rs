//! Binary: content that is no FHIR (R4 §2.40). It may be sent and fetched as it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::fhir::{IssueCode, Resource, json as fhir_json};

use super::answer::Content;
use super::content::{Format, essence};
use super::request::{Body, Request};
use super::{Answer, ApiError};

/// The Binary that a body is, or that is made of it.
pub(super) fn wrap(body: Body) -> Result<Resource, ApiError> {
    let Body::Bytes(bytes, content_type) = body else { return body.into_resource() };
    let essence = content_type.as_deref().map(essence);
    if essence.as_deref() != Some("application/json")
        && Format::of_body(essence.as_deref()) == Some(Format::Json)
    {
        return Body::Bytes(bytes, content_type).into_resource();
    }
    // Plain JSON may be a Binary resource, or content.
    if essence.as_deref() == Some("application/json")
        && let Ok(value) = fhir_json::parse(&bytes)
        && value.get("resourceType").and_then(Value::as_str) == Some("Binary")
    {
        return Body::Value(value).into_resource();
    }
    let value = json!({
        "resourceType": "Binary",
        "contentType": essence.unwrap_or_else(|| "application/octet-stream".into()),
        "data": STANDARD.encode(&bytes),
    });
    Resource::new(value).map_err(|error| ApiError::malformed(IssueCode::Structure, error.to_string()))
}

/// The content of a Binary, when that is what the caller accepts rather than the resource.
pub(super) fn unwrap(request: &Request, answer: Answer) -> Answer {
    let Content::Resource(text) = &answer.content else { return answer };
    if !request.wants_raw_binary {
        return answer;
    }
    let Ok(value) = fhir_json::parse(text.as_bytes()) else { return answer };
    let (Some(content_type), Some(data)) = (value["contentType"].as_str(), value["data"].as_str()) else {
        return answer;
    };
    match STANDARD.decode(data) {
        Ok(bytes) => Answer { content: Content::Raw(content_type.to_owned(), bytes.into()), ..answer },
        Err(_) => answer,
    }
}
