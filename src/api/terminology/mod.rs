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

use super::operation::Operation;
use super::request::{Body, Request};
use super::{Answer, Api, ApiError};

/// The operations.
pub(super) const OPERATIONS: [&Operation; 6] = [
    &lookup::OPERATION,
    &subsumes::OPERATION,
    &validate_code::OF_CODE_SYSTEM,
    &translate::OPERATION,
    &expand::OPERATION,
    &validate_code::OF_VALUE_SET,
];

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
