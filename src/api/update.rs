//! update (R4 §3.1.0.4), which creates where there is nothing yet.

use crate::fhir::{Id, Issue, IssueCode, Resource};
use crate::gateway::{Expected, Method, Refused, Write};

use super::request::{Body, IfMatch, Request};
use super::{Answer, Api, ApiError, create};

/// `PUT Type/id`.
pub(super) async fn update(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: &Id,
    body: Body,
) -> Result<Answer, ApiError> {
    let resource = create::resource(type_name, body)?;
    let write = draft(request, type_name, id, resource)?;
    let written = create::submit_one(api, request, write, Vec::new()).await?;
    Ok(create::answer(request, &written))
}

/// The write an update comes to.
pub(super) fn draft(
    request: &Request,
    type_name: &str,
    id: &Id,
    resource: Resource,
) -> Result<Write, ApiError> {
    // Binary content sent as it is has no id of its own.
    if resource.id().is_some_and(|own| own != id.as_str())
        || (resource.id().is_none() && type_name != "Binary")
    {
        let text = format!("the resource's id has to be the one in the URL: {id}");
        return Err(Refused::Malformed(
            Issue::error(IssueCode::Value, text).at(format!("{type_name}.id")).into(),
        )
        .into());
    }
    Ok(Write {
        method: Method::Put,
        type_name: type_name.to_owned(),
        id: id.clone(),
        if_match: if_match(request)?,
        resource: Some(resource),
        entry: None,
    })
}

/// What `If-Match` names.
pub(super) fn if_match(request: &Request) -> Result<Option<Expected>, ApiError> {
    match &request.conditions.if_match {
        // RFC 9110 §13.1.2: only where there is nothing yet.
        None if request.conditions.if_none_match.as_deref() == Some("*") => Ok(Some(Expected::Nothing)),
        None => Ok(None),
        Some(IfMatch::Any) => Ok(Some(Expected::Any)),
        Some(IfMatch::Version(version)) => Ok(Some(Expected::Version(*version))),
        Some(IfMatch::Other) => {
            let text = "If-Match names no version of this server; it looks like W/\"3\"";
            Err(Refused::VersionConflict(Issue::error(IssueCode::Conflict, text).into()).into())
        }
    }
}
