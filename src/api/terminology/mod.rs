//! The operations of terminology (R4 §4.7): expanding value sets, checking, looking up and comparing codes, translating.
//!
//! They work with what the definitions have and with what clients have stored, which comes first.

mod capabilities;
mod expand;
mod lookup;
mod subject;
mod subsumes;
mod translate;
mod validate_code;

pub(super) use capabilities::terminology_capabilities;

use super::request::{Body, Request};
use super::{Answer, Api, ApiError};

/// The operations by type and name, and whether they can be asked of one resource.
pub(super) const OPERATIONS: [(&str, &str, bool); 6] = [
    ("CodeSystem", "lookup", false),
    ("CodeSystem", "subsumes", true),
    ("CodeSystem", "validate-code", true),
    ("ConceptMap", "translate", true),
    ("ValueSet", "expand", true),
    ("ValueSet", "validate-code", true),
];

/// Whether an operation is one of these.
pub(super) fn has(type_name: Option<&str>, id: Option<&str>, name: &str) -> bool {
    OPERATIONS.iter().any(|(own_type, own_name, on_instance)| {
        type_name == Some(own_type) && name == *own_name && (id.is_none() || *on_instance)
    })
}

/// Carries one of them out.
pub(super) async fn operation(
    api: &Api,
    request: &Request,
    name: &str,
    type_name: Option<&str>,
    id: Option<&str>,
    body: Body,
) -> Result<Answer, ApiError> {
    match (type_name, name) {
        (Some("ValueSet"), "expand") => expand::operation(api, request, id, body).await,
        (Some("ValueSet"), "validate-code") => validate_code::of_value_set(api, request, id, body).await,
        (Some("CodeSystem"), "validate-code") => validate_code::of_code_system(api, request, id, body).await,
        (Some("CodeSystem"), "lookup") => lookup::operation(api, request, body).await,
        (Some("CodeSystem"), "subsumes") => subsumes::operation(api, request, id, body).await,
        (Some("ConceptMap"), "translate") => translate::operation(api, request, id, body).await,
        _ => Err(ApiError::UnknownOperation(name.to_owned())),
    }
}
