//! patch (R4 §3.1.0.6): JSON Patch, XML Patch and FHIRPath Patch, with the rules of an update.
//!
//! A patch is applied to the version that is current, in the request's own task, where it holds up nobody else. It is
//! committed on the condition that this version is current still; where it is not, the patch is applied anew to the
//! one that is. So no change is lost. For the same reason patches of one resource wait for each other here: each comes
//! to be carried out, however many there are. `If-Match` names one version, and then there is nothing to apply anew.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::fhir::{Id, Issue, IssueCode, Resource, json};
use crate::gateway::{Expected, Match, Method, Refused, Write};
use crate::patch::{Patch, PatchError, PatchErrorKind};
use crate::store::Key;

use super::content::{Format, essence};
use super::request::{Body, Request};
use super::{Answer, Api, ApiError, conditional, create, update};

/// How often a patch is applied anew because the resource has changed meanwhile. Others' updates may come first again
/// and again, for each has as good a chance; only then is the client told to come back.
pub(super) const MOST_ATTEMPTS: usize = 64;

/// Tells what a PATCH may be sent as (RFC 5789 §3.1).
pub(super) const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// What a PATCH is sent as.
pub(super) const FORMATS: [&str; 4] =
    ["application/fhir+json", "application/fhir+xml", JSON_PATCH, XML_PATCH];
const JSON_PATCH: &str = "application/json-patch+json";
/// XML Patch.
pub(super) const XML_PATCH: &str = "application/xml-patch+xml";

/// `PATCH Type/id`.
pub(super) async fn patch(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: &Id,
    body: Body,
) -> Result<Answer, ApiError> {
    let patch = read(api, body)?;
    let _turn = api.turns.take([Key::new(request.space.id, type_name, id.as_str())]).await;
    for _ in 0..MOST_ATTEMPTS {
        let write = draft(api, request, type_name, id, &patch).await?;
        match create::submit_one(api, request, write, Vec::new()).await {
            Err(ApiError::Refused(Refused::Moved)) => {}
            written => return Ok(create::answer(request, &written?)),
        }
    }
    Err(Refused::Moved.into())
}

/// `PATCH Type?…`: of the one resource that matches.
pub(super) async fn conditional(
    api: &Api,
    request: &Request,
    type_name: &str,
    body: Body,
) -> Result<Answer, ApiError> {
    let patch = read(api, body)?;
    for _ in 0..MOST_ATTEMPTS {
        let condition = conditional::condition(api, request, type_name, &request.query).await?;
        let Match::One(id) = &condition.found else { return Err(ApiError::NotFound) };
        let _turn = api.turns.take([Key::new(request.space.id, type_name, id.as_str())]).await;
        let write = draft(api, request, type_name, id, &patch).await?;
        match create::submit_one(api, request, write, vec![condition]).await {
            Err(ApiError::Refused(Refused::Moved)) => {}
            written => return Ok(create::answer(request, &written?)),
        }
    }
    Err(Refused::Moved.into())
}

/// The patch that a body is. In a Bundle, JSON Patch and XML Patch come in a Binary (R4 §3.1.0.11.1).
pub(super) fn read(api: &Api, body: Body) -> Result<Patch, ApiError> {
    match body {
        Body::Nothing => Err(ApiError::malformed(IssueCode::Required, "a patch is needed here")),
        Body::Value(value) => of_value(api, value),
        Body::Bytes(bytes, content_type) => match of_content(content_type.as_deref(), &bytes) {
            Some(patch) => Ok(patch.map_err(refused)?),
            None if Format::of_body(content_type.as_deref()) == Some(Format::Json) => {
                of_value(api, json::parse(&bytes).map_err(ApiError::Syntax)?)
            }
            None => Err(ApiError::UnsupportedPatch),
        },
    }
}

fn of_content(content_type: Option<&str>, bytes: &[u8]) -> Option<Result<Patch, PatchError>> {
    match content_type.map(essence).as_deref() {
        Some(JSON_PATCH) => Some(Patch::json(bytes)),
        Some(XML_PATCH) => Some(Patch::xml(bytes)),
        _ => None,
    }
}

fn of_value(api: &Api, value: Value) -> Result<Patch, ApiError> {
    let malformed = |text: &str| ApiError::malformed(IssueCode::Structure, text);
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if value.is_array() {
        return Ok(Patch::json_value(value).map_err(refused)?);
    }
    match text("resourceType") {
        Some("Parameters") => {
            Ok(Patch::fhirpath(api.gateway.definitions().types(), &value).map_err(refused)?)
        }
        Some("Binary") => {
            let data = text("data").and_then(|data| STANDARD.decode(data).ok());
            let data = data.ok_or_else(|| malformed("Binary.data holds the patch, in base64"))?;
            let patch = of_content(text("contentType"), &data).ok_or(ApiError::UnsupportedPatch)?;
            Ok(patch.map_err(refused)?)
        }
        _ => Err(malformed("a patch is a JSON Patch, an XML Patch, or Parameters (FHIRPath Patch)")),
    }
}

/// The write that a patch comes to, as things are now.
pub(super) async fn draft(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: &Id,
    patch: &Patch,
) -> Result<Write, ApiError> {
    let key = Key::new(request.space.id, type_name, id.as_str());
    let current = api.gateway.store().read(&request.viewer, &key).await?.ok_or(ApiError::NotFound)?;
    let body = current.body.ok_or(ApiError::Deleted(current.version))?;
    let if_match = match update::if_match(request)? {
        None | Some(Expected::Any | Expected::Unchanged(_)) => Expected::Unchanged(current.version),
        // Refused by the committer, which says why, if it is another.
        Some(named) => named,
    };
    let before = json::parse(body.as_bytes())
        .map_err(|_| Refused::Store("a stored resource is not JSON".to_owned()))?;
    let patched = match if_match {
        Expected::Version(version) if version != current.version => before,
        _ => {
            let now = api.gateway.clock().now();
            patch.apply(api.gateway.definitions().types(), now, &before).map_err(refused)?
        }
    };
    let is_same = |name: &str, expected: &str| patched.get(name).and_then(Value::as_str) == Some(expected);
    let resource = match Resource::new(patched.clone()) {
        Ok(resource) if is_same("resourceType", type_name) && is_same("id", id.as_str()) => resource,
        _ => {
            let text = "a patch does not change type and id of a resource";
            return Err(Refused::Invalid(Issue::error(IssueCode::Value, text).into()).into());
        }
    };
    Ok(Write {
        method: Method::Patch,
        type_name: type_name.to_owned(),
        id: id.clone(),
        if_match: Some(if_match),
        resource: Some(resource),
        entry: None,
    })
}

/// 400 for what is no patch, 422 for what cannot be applied.
fn refused(error: PatchError) -> Refused {
    let issue = |code| Issue::error(code, error.to_string()).into();
    match error.kind {
        PatchErrorKind::Malformed => Refused::Malformed(issue(IssueCode::Structure)),
        PatchErrorKind::NotApplicable => Refused::Invalid(issue(IssueCode::Processing)),
        PatchErrorKind::TestFailed => Refused::Invalid(issue(IssueCode::Conflict)),
        PatchErrorKind::TooCostly => Refused::Invalid(issue(IssueCode::TooCostly)),
    }
}

/// Where patches of one resource wait for each other. Now and then those of two do, which harms nobody.
#[derive(Clone)]
pub(super) struct Turns(Arc<[Mutex<()>; LINES]>);

const LINES: usize = 256;

impl Default for Turns {
    fn default() -> Self {
        Turns(Arc::new(std::array::from_fn(|_| Mutex::new(()))))
    }
}

impl Turns {
    /// Waits until it is the caller's turn with all of these resources; it lasts as long as what is given back.
    pub(super) async fn take(&self, keys: impl IntoIterator<Item = Key>) -> Vec<MutexGuard<'_, ()>> {
        let line = |key: Key| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            usize::try_from(hasher.finish() % LINES as u64).unwrap_or_default()
        };
        // Always in the same order: so nobody waits for who waits for them.
        let lines: BTreeSet<usize> = keys.into_iter().map(line).collect();
        let mut turns = Vec::with_capacity(lines.len());
        for line in lines.into_iter().filter_map(|line| self.0.get(line)) {
            turns.push(line.lock().await);
        }
        turns
    }
}
