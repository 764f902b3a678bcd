//! create (R4 §3.1.0.8).

use http::StatusCode;

use crate::fhir::{Id, OperationOutcome, Resource};
use crate::gateway::{Condition, Method, Submission, Write, Written};

use super::answer::{Content, version_url};
use super::request::{Body, Request, Return};
use super::{Answer, Api, ApiError, binary, conditional};

/// `POST Type`. The id is the server's; one that the body brings is not looked at.
pub(super) async fn create(
    api: &Api,
    request: &Request,
    type_name: &str,
    body: Body,
) -> Result<Answer, ApiError> {
    if let Some(query) = &request.conditions.if_none_exist {
        return conditional::create(api, request, type_name, query, body).await;
    }
    let write = draft(type_name, resource(type_name, body)?);
    let written = submit_one(api, request, write, Vec::new()).await?;
    Ok(answer(request, &written))
}

/// The resource in the body; for Binary, whatever the body is.
pub(super) fn resource(type_name: &str, body: Body) -> Result<Resource, ApiError> {
    if type_name == "Binary" { binary::wrap(body) } else { body.into_resource() }
}

/// The write a create comes to.
pub(super) fn draft(type_name: &str, resource: Resource) -> Write {
    Write {
        method: Method::Post,
        type_name: type_name.to_owned(),
        id: Id::fresh(),
        if_match: None,
        resource: Some(resource),
        entry: None,
    }
}

/// Submits a transaction of one.
pub(super) async fn submit_one(
    api: &Api,
    request: &Request,
    write: Write,
    conditions: Vec<Condition>,
) -> Result<Written, ApiError> {
    let submission = Submission {
        space: request.space.clone(),
        principal: request.principal.clone(),
        viewer: request.viewer.clone(),
        origin: request.origin.clone(),
        conditions,
        writes: vec![write],
    };
    let mut written = api.gateway.submit(submission).await?;
    written.pop().ok_or(ApiError::NotFound)
}

/// What a create or update is answered with, as `Prefer: return` has it.
pub(super) fn answer(request: &Request, written: &Written) -> Answer {
    let (type_name, id) = (&*written.key.type_name, &*written.key.id);
    let status = if written.created { StatusCode::CREATED } else { StatusCode::OK };
    let content = match (request.preferences.back, &written.body) {
        (Return::Representation, Some(body)) => Content::Resource(body.to_string()),
        (Return::OperationOutcome, _) => {
            Content::Resource(OperationOutcome::json_of(&request.placed(written.issues.clone())))
        }
        _ => Content::Nothing,
    };
    Answer {
        content,
        version: Some(written.version),
        updated: written.seq,
        location: Some(version_url(&request.space, type_name, id, written.version)),
        issues: written.issues.clone(),
        ..Answer::status(status)
    }
}

/// The same of something that is there already and was not written.
pub(super) fn as_preferred(request: &Request, answer: Answer) -> Answer {
    let content = match request.preferences.back {
        Return::Representation => answer.content,
        Return::Minimal => Content::Nothing,
        Return::OperationOutcome => Content::Resource(OperationOutcome::json_of(&[])),
    };
    Answer { content, ..answer }
}
