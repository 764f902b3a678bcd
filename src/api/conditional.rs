//! Conditional create, update and delete (R4 §3.1.0.8.1, §3.1.0.4.3, §3.1.0.7.1): which resource is meant is said by a
//! search.

use http::StatusCode;

use crate::fhir::{Id, Issue, IssueCode};
use crate::gateway::{Condition, Expected, Match, Method, Refused, Write};
use crate::search::{Handling, SearchRequest};

use super::answer::version_url;
use super::request::{Body, Request, decode_form};
use super::{Answer, Api, ApiError, create, delete, read, scope, update};

/// How often a write is made anew because what it depends on has changed meanwhile.
pub(super) const MOST_ATTEMPTS: usize = 8;

/// What the search of a conditional interaction finds now. More than one is refused (412).
pub(super) async fn condition(
    api: &Api,
    request: &Request,
    type_name: &str,
    query: &[(String, String)],
) -> Result<Condition, ApiError> {
    let criteria: Vec<(String, String)> =
        query.iter().filter(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty")).cloned().collect();
    let search = SearchRequest::parse(
        api.gateway.definitions(),
        api.gateway.registry(),
        &request.space.base,
        type_name,
        &criteria,
        // A parameter passed over would find what was not meant.
        Handling::Strict,
    )
    .map_err(Refused::Malformed)?;
    if search.criteria.iter().all(|criteria| criteria.conditions.is_empty()) {
        let text = "say by a search which resource is meant: Patient?identifier=system|value";
        return Err(ApiError::malformed(IssueCode::Required, text));
    }
    let search = scope::within(request, search)?;
    let condition = api.gateway.condition(&request.viewer, &request.space, search).await?;
    match condition.found {
        Match::Many => {
            let text =
                format!("several resources of type {type_name} match: the search is not selective enough");
            Err(Refused::VersionConflict(Issue::error(IssueCode::MultipleMatches, text).into()).into())
        }
        _ => Ok(condition),
    }
}

/// The parameters in `If-None-Exist`. R4 has them alone there; one widely used client sends the whole URL of the search.
pub(super) fn none_exist(type_name: &str, text: &str) -> Vec<(String, String)> {
    let is_search = |path: &str| path.rsplit('/').next() == Some(type_name);
    let query = text.split_once('?').filter(|(path, _)| is_search(path));
    decode_form(query.map_or(text, |(_, query)| query))
}

/// `POST Type` with `If-None-Exist`: nothing is made where there is one already.
pub(super) async fn create(
    api: &Api,
    request: &Request,
    type_name: &str,
    query: &str,
    body: Body,
) -> Result<Answer, ApiError> {
    let resource = create::resource(type_name, body)?;
    for _ in 0..MOST_ATTEMPTS {
        let condition = condition(api, request, type_name, &none_exist(type_name, query)).await?;
        if let Match::One(id) = &condition.found {
            return existing(api, request, type_name, id).await;
        }
        let write = create::draft(type_name, resource.clone());
        match create::submit_one(api, request, write, vec![condition]).await {
            Err(ApiError::Refused(Refused::Moved)) => {}
            written => return Ok(create::answer(request, &written?)),
        }
    }
    Err(Refused::Moved.into())
}

/// What a conditional create is answered with when there is nothing to create.
pub(super) async fn existing(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: &Id,
) -> Result<Answer, ApiError> {
    let answer = read::read(api, request, type_name, id.as_str()).await?;
    let location = answer.version.map(|version| version_url(&request.space, type_name, id.as_str(), version));
    Ok(create::as_preferred(request, Answer { location, ..answer }))
}

/// `PUT Type?…`.
pub(super) async fn update(
    api: &Api,
    request: &Request,
    type_name: &str,
    body: Body,
) -> Result<Answer, ApiError> {
    let resource = create::resource(type_name, body)?;
    for _ in 0..MOST_ATTEMPTS {
        let condition = condition(api, request, type_name, &request.query).await?;
        let write = update_draft(request, type_name, resource.clone(), &condition)?;
        match create::submit_one(api, request, write, vec![condition]).await {
            Err(ApiError::Refused(Refused::Moved)) => {}
            written => return Ok(create::answer(request, &written?)),
        }
    }
    Err(Refused::Moved.into())
}

/// The write a conditional update comes to: of the one that was found, else a create, under the resource's own id where
/// it has one.
pub(super) fn update_draft(
    request: &Request,
    type_name: &str,
    resource: crate::fhir::Resource,
    condition: &Condition,
) -> Result<Write, ApiError> {
    let own = resource.id().and_then(Id::parse);
    let (id, if_match) = match (&condition.found, own) {
        (Match::One(id), own) if own.as_ref().is_none_or(|own| own == id) => {
            (id.clone(), update::if_match(request)?)
        }
        (Match::One(_), _) => {
            let issue = Issue::error(IssueCode::Value, "the resource's id is not that of the resource found");
            return Err(Refused::Malformed(issue.at(format!("{type_name}.id")).into()).into());
        }
        (_, own) => {
            refuse_if_match(request)?;
            match own {
                Some(own) => (own, Some(Expected::Nothing)),
                None => return Ok(create::draft(type_name, resource)),
            }
        }
    };
    Ok(Write {
        method: Method::Put,
        type_name: type_name.to_owned(),
        id,
        if_match,
        resource: Some(resource),
        entry: None,
    })
}

/// Where a search finds nothing, there is nothing whose version `If-Match` could name (RFC 9110 §13.1.1).
pub(super) fn refuse_if_match(request: &Request) -> Result<(), ApiError> {
    match update::if_match(request)? {
        None | Some(Expected::Nothing) => Ok(()),
        Some(_) => {
            let text = "the search finds nothing whose version If-Match could name";
            Err(Refused::VersionConflict(Issue::error(IssueCode::Conflict, text).into()).into())
        }
    }
}

/// `DELETE Type?…`. Where nothing is found, nothing is done.
pub(super) async fn delete(api: &Api, request: &Request, type_name: &str) -> Result<Answer, ApiError> {
    for _ in 0..MOST_ATTEMPTS {
        let condition = condition(api, request, type_name, &request.query).await?;
        let Match::One(id) = &condition.found else {
            refuse_if_match(request)?;
            return Ok(Answer::status(StatusCode::NO_CONTENT));
        };
        let write = delete::draft(request, type_name, id)?;
        match create::submit_one(api, request, write, vec![condition]).await {
            Err(ApiError::Refused(Refused::Moved)) => {}
            written => return Ok(delete::answer(request, &written?)),
        }
    }
    Err(Refused::Moved.into())
}
