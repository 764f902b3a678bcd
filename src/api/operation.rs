//! Operations (R4 §3.2).

use crate::gateway::ExportLevel;
use crate::store::Key;

use super::request::{Body, Request};
use super::{Answer, Api, ApiError, docref, export, terminology, validate};

/// `$name`: those there are.
pub(super) async fn operation(
    api: &Api,
    request: &Request,
    name: &str,
    type_name: Option<&str>,
    id: Option<&str>,
    body: Body,
) -> Result<Answer, ApiError> {
    if terminology::has(type_name, id, name) {
        return terminology::operation(api, request, name, type_name, id, body).await;
    }
    match (name, type_name, id) {
        ("timeline", Some("Task"), Some(id)) => {
            let timeline =
                api.gateway.timeline(&request.viewer, &request.space, id).await?.ok_or(ApiError::NotFound)?;
            Ok(Answer::resource(timeline.to_string()))
        }
        ("issues", Some(type_name), Some(id)) => issues(api, request, type_name, id).await,
        ("docref", Some("DocumentReference"), None) => docref::docref(api, request, body).await,
        ("export", None, None) => export::kick_off(api, request, ExportLevel::System, body).await,
        ("export", Some("Patient"), None) => export::kick_off(api, request, ExportLevel::Patient, body).await,
        ("export", Some("Group"), Some(id)) => {
            export::kick_off(api, request, ExportLevel::Group(id.to_owned()), body).await
        }
        ("validate", Some(type_name), id) => validate::validate(api, request, type_name, id, body).await,
        _ => Err(ApiError::UnknownOperation(name.to_owned())),
    }
}

/// `GET Type/id/$issues`: what validation and the referral's rules had to say when the current version was written.
async fn issues(api: &Api, request: &Request, type_name: &str, id: &str) -> Result<Answer, ApiError> {
    let key = Key::new(request.space.id, type_name, id);
    let version = api.gateway.store().read(&request.viewer, &key).await?.ok_or(ApiError::NotFound)?;
    let fine = || crate::fhir::OperationOutcome::default().to_value().to_string();
    let outcome = version.issues.unwrap_or_else(fine);
    Ok(Answer { version: Some(version.version), updated: Some(version.seq), ..Answer::resource(outcome) })
}
