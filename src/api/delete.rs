//! delete (R4 §3.1.0.7).

use http::StatusCode;

use crate::fhir::{Id, OperationOutcome};
use crate::gateway::{Method, Write, Written};

use super::request::{Request, Return};
use super::{Answer, Api, ApiError, create, update};

/// `DELETE Type/id`. What is not there counts as deleted.
pub(super) async fn delete(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: &Id,
) -> Result<Answer, ApiError> {
    let written = create::submit_one(api, request, draft(request, type_name, id)?, Vec::new()).await?;
    Ok(answer(request, &written))
}

/// The write a deletion comes to.
pub(super) fn draft(request: &Request, type_name: &str, id: &Id) -> Result<Write, ApiError> {
    Ok(Write {
        method: Method::Delete,
        type_name: type_name.to_owned(),
        id: id.clone(),
        if_match: update::if_match(request)?,
        resource: None,
        entry: None,
    })
}

/// What a deletion is answered with.
pub(super) fn answer(request: &Request, written: &Written) -> Answer {
    let about = Answer {
        version: (written.version > 0).then_some(written.version),
        updated: written.seq,
        issues: written.issues.clone(),
        ..Answer::status(StatusCode::NO_CONTENT)
    };
    match request.preferences.back {
        Return::OperationOutcome => {
            let outcome = OperationOutcome::from(written.issues.clone());
            Answer {
                content: Answer::outcome(StatusCode::OK, &outcome).content,
                status: StatusCode::OK,
                ..about
            }
        }
        _ => about,
    }
}
