//! read and vread (R4 §3.1.0.2, §3.1.0.3).

use http::StatusCode;

use crate::store::{Key, Version};

use super::answer::shown;
use super::request::{Conditions, Request};
use super::{Answer, Api, ApiError, audit_event, binary, provided, scope, subset};

/// `GET Type/id`. 404 when it never was, 410 when it was deleted, 304 when the caller has it already.
pub(super) async fn read(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: &str,
) -> Result<Answer, ApiError> {
    if let Some(own) = audit_event::read(api, request, type_name, id).await? {
        return answer(api, request, own);
    }
    let key = Key::new(request.space.id, type_name, id);
    let version = api.gateway.store().read(&request.viewer, &key).await?;
    if version.as_ref().is_none_or(|version| version.body.is_none())
        && let Some(provided) = provided::find(api, request, type_name, id)
    {
        let part = subset::of_read(api, request, provided)?;
        return Ok(Answer::resource(part.body.unwrap_or_default()));
    }
    let version = version.ok_or(ApiError::NotFound)?;
    if !scope::covers(api, request, &version).await? {
        return Err(ApiError::NotFound);
    }
    answer(api, request, version)
}

/// `GET Type/id/_history/version`.
pub(super) async fn vread(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: &str,
    version: &str,
) -> Result<Answer, ApiError> {
    let key = Key::new(request.space.id, type_name, id);
    let number = version.parse().map_err(|_| ApiError::NotFound)?;
    if let (1, Some(own)) = (number, audit_event::read(api, request, type_name, id).await?) {
        return answer(api, request, own);
    }
    let version =
        api.gateway.store().read_version(&request.viewer, &key, number).await?.ok_or(ApiError::NotFound)?;
    answer(api, request, version)
}

fn answer(api: &Api, request: &Request, version: Version) -> Result<Answer, ApiError> {
    if version.body.is_none() {
        return Err(ApiError::Deleted(version.version));
    }
    let shown = vec![shown(request, &version)];
    if is_known(&request.conditions, &version) {
        let (number, seq) = (version.version, version.seq);
        return Ok(Answer {
            version: Some(number),
            updated: Some(seq),
            shown,
            ..Answer::status(StatusCode::NOT_MODIFIED)
        });
    }
    let version = subset::of_read(api, request, version)?;
    Ok(binary::unwrap(request, Answer { shown, ..Answer::version(version) }))
}

/// Whether the caller has this version already. `If-None-Match` outweighs `If-Modified-Since` (RFC 9110 §13.1.3).
fn is_known(conditions: &Conditions, version: &Version) -> bool {
    match (&conditions.if_none_match, conditions.if_modified_since) {
        (Some(tags), _) => tags.split(',').any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == version.version.to_string()
        }),
        (None, Some(since)) => version.seq <= since,
        (None, None) => false,
    }
}
