//! Operations (R4 §3.2). Each is told of beside what carries it out; [`operations`] lists them all, and what it does not
//! list is not answered.

mod definition;

pub(super) use definition::{Definition, Operation, Parameter};

use crate::fhir::IssueCode;
use crate::gateway::ExportLevel;
use crate::store::Key;

use super::answer::shown;
use super::request::{Body, Request};
use super::{Answer, Api, ApiError, docref, everything, export, terminology, validate};

const TIMELINE: Operation = Operation {
    code: "timeline",
    resource: Some("Task"),
    on_type: false,
    on_instance: true,
    definition: Definition::Own,
    description: "Tells what became of a referral, step by step, and the time between.",
    parameters: &[
        Parameter::output("task", 1, "1", "Reference"),
        Parameter::output("status", 0, "1", "code"),
        Parameter::output("summary", 1, "1", "string"),
        Parameter::output("closed", 1, "1", "boolean"),
        Parameter::output("openTime", 0, "1", "Duration"),
        Parameter::output("openTimeText", 0, "1", "string"),
        Parameter::group(
            "out",
            "step",
            &[
                Parameter::output("name", 1, "1", "code"),
                Parameter::output("progress", 1, "1", "code"),
                Parameter::output("text", 1, "1", "string"),
                Parameter::output("status", 0, "1", "code"),
                Parameter::output("deleted", 0, "1", "boolean"),
                Parameter::output("when", 0, "1", "instant"),
                Parameter::output("who", 0, "1", "Reference"),
                Parameter::output("reason", 0, "1", "string"),
                Parameter::output("businessStatus", 0, "1", "CodeableConcept"),
                Parameter::output("previous", 0, "1", "code"),
                Parameter::output("sincePrevious", 0, "1", "Duration"),
                Parameter::output("sincePreviousText", 0, "1", "string"),
                Parameter::output("output", 0, "*", "Element"),
            ],
        ),
        Parameter::group(
            "out",
            "change",
            &[
                Parameter::output("status", 0, "1", "code"),
                Parameter::output("deleted", 0, "1", "boolean"),
                Parameter::output("when", 1, "1", "instant"),
                Parameter::output("who", 0, "1", "Reference"),
                Parameter::output("reason", 0, "1", "string"),
                Parameter::output("businessStatus", 0, "1", "CodeableConcept"),
                Parameter::output("sincePrevious", 0, "1", "Duration"),
                Parameter::output("sincePreviousText", 0, "1", "string"),
            ],
        ),
    ],
};

const ISSUES: Operation = Operation {
    code: "issues",
    resource: Some("Resource"),
    on_type: false,
    on_instance: true,
    definition: Definition::Own,
    description: "Tells what validation and the referral's rules had to say when the current version was written.",
    parameters: &[Parameter::output("return", 1, "1", "OperationOutcome")],
};

/// The operations there are.
pub(super) fn operations() -> impl Iterator<Item = &'static Operation> {
    let each = [&TIMELINE, &everything::OPERATION, &docref::OPERATION, &ISSUES, &validate::OPERATION];
    each.into_iter().chain(terminology::OPERATIONS).chain(&export::OPERATIONS)
}

/// `$name`: those there are.
pub(super) async fn operation(
    api: &Api,
    request: &Request,
    name: &str,
    type_name: Option<&str>,
    id: Option<&str>,
    body: Body,
) -> Result<Answer, ApiError> {
    if let ("everything", Some("Patient"), None) = (name, type_name, id) {
        let text = "say of which Patient: Patient/[id]/$everything; for all of them there is Patient/$export";
        return Err(ApiError::malformed(IssueCode::Required, text));
    }
    if !operations().any(|operation| operation.is(name, type_name, id.is_some())) {
        return Err(ApiError::UnknownOperation(name.to_owned()));
    }
    match (name, type_name, id) {
        ("timeline", _, Some(id)) => {
            let timeline =
                api.gateway.timeline(&request.viewer, &request.space, id).await?.ok_or(ApiError::NotFound)?;
            let key = Key::new(request.space.id, "Task", id);
            let task = api.gateway.store().read(&request.viewer, &key).await?;
            let shown = task.iter().map(|task| shown(request, task)).collect();
            Ok(Answer { shown, ..Answer::resource(timeline.to_string()) })
        }
        ("issues", Some(type_name), Some(id)) => issues(api, request, type_name, id).await,
        ("everything", _, Some(id)) => everything::everything(api, request, id, body).await,
        ("docref", ..) => docref::docref(api, request, body).await,
        ("export", None, _) => export::kick_off(api, request, ExportLevel::System, body).await,
        ("export", _, None) => export::kick_off(api, request, ExportLevel::Patient, body).await,
        ("export", _, Some(id)) => {
            export::kick_off(api, request, ExportLevel::Group(id.to_owned()), body).await
        }
        ("validate", Some(type_name), id) => validate::validate(api, request, type_name, id, body).await,
        _ => terminology::operation(api, request, name, type_name, id, body).await,
    }
}

/// `GET Type/id/$issues`: what validation and the referral's rules had to say when the current version was written.
async fn issues(api: &Api, request: &Request, type_name: &str, id: &str) -> Result<Answer, ApiError> {
    let key = Key::new(request.space.id, type_name, id);
    let version = api.gateway.store().read(&request.viewer, &key).await?.ok_or(ApiError::NotFound)?;
    let fine = || crate::fhir::OperationOutcome::json_of(&[]);
    let shown = vec![shown(request, &version)];
    let outcome = version.issues.unwrap_or_else(fine);
    let (number, seq) = (version.version, version.seq);
    Ok(Answer { version: Some(number), updated: Some(seq), shown, ..Answer::resource(outcome) })
}
