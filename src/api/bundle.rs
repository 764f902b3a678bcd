//! batch and transaction (R4 §3.1.0.11).

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Method, StatusCode};
use serde_json::Value;

use crate::fhir::bundle::{BundleText, BundleType, EntryText, ResponseText};
use crate::fhir::time::Instant;
use crate::fhir::{Issue, IssueCode, OperationOutcome, is_type_name};
use crate::gateway::Refused;

use super::answer::Content;
use super::request::{Body, Conditions, Preferences, Request, decode_form};
use super::{Answer, Api, ApiError, Interaction, scope, transaction};

/// How many entries of a batch are worked on at once.
const AT_ONCE: usize = 16;

/// An entry that has been understood.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) request: Request,
    pub(super) body: Body,
    pub(super) full_url: Option<String>,
}

/// `POST` to the base.
pub(super) async fn bundle(api: &Api, request: &Request, body: Body) -> Result<Answer, ApiError> {
    let mut value = body.into_resource()?.into_value();
    if value["resourceType"] != "Bundle" {
        return Err(ApiError::malformed(
            IssueCode::Structure,
            "only a Bundle is posted to the base; others go to their type",
        ));
    }
    let kind = value["type"].as_str().and_then(BundleType::parse);
    let kind = kind.ok_or_else(|| {
        let issue = Issue::error(
            IssueCode::NotSupported,
            "a Bundle posted to the base is of type batch or transaction",
        );
        ApiError::from(Refused::Malformed(issue.at("Bundle.type").into()))
    })?;
    let entries = match value.get_mut("entry").map(Value::take) {
        None => Vec::new(),
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(ApiError::malformed(IssueCode::Structure, "Bundle.entry is an array")),
    };
    if entries.len() > api.limits.bundle_entries {
        let text = format!("a Bundle may have {} entries (limits.bundle-entries)", api.limits.bundle_entries);
        return Err(ApiError::malformed(IssueCode::TooCostly, text));
    }
    let entries = entries.into_iter().map(|entry| read_entry(api, request, entry));
    let mut answers = match kind {
        BundleType::Transaction => {
            let mut read = Vec::with_capacity(entries.len());
            for (index, entry) in entries.enumerate() {
                read.push(entry.map_err(|error| in_entry(index, error))?);
            }
            transaction::transaction(api, request, read).await?
        }
        BundleType::Batch => {
            let entries: Vec<_> = entries.collect();
            let work = entries.into_iter().map(|entry| async move {
                let answer = match entry {
                    Ok(entry) => Box::pin(api.carry_out(&entry.request, entry.body)).await,
                    Err(error) => Err(error),
                };
                answer.unwrap_or_else(ApiError::into_answer)
            });
            stream::iter(work).buffered(AT_ONCE).collect().await
        }
    };
    let shown = answers.iter_mut().flat_map(|answer| std::mem::take(&mut answer.shown)).collect();
    Ok(Answer { shown, ..Answer::resource(response(api, kind, &answers)) })
}

/// Reads `Bundle.entry`.
fn read_entry(api: &Api, outer: &Request, mut entry: Value) -> Result<Entry, ApiError> {
    let missing = |element: &str| {
        let issue = Issue::error(IssueCode::Required, format!("an entry has {element}"));
        ApiError::from(Refused::Malformed(issue.at("Bundle.entry").into()))
    };
    let resource = entry.get_mut("resource").map(Value::take);
    let request = entry.get("request").ok_or_else(|| missing("request.method and request.url"))?;
    let method = request["method"].as_str().ok_or_else(|| missing("request.method"))?;
    let url = request["url"].as_str().ok_or_else(|| missing("request.url"))?;
    let method = match method {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" => {
            Method::from_bytes(method.as_bytes()).unwrap_or_default()
        }
        _ => {
            return Err(ApiError::malformed(
                IssueCode::NotSupported,
                "request.method is one of GET, HEAD, POST, PUT, PATCH and DELETE",
            ));
        }
    };
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let interaction =
        Interaction::parse(&method, relative(path, &outer.space.base), api.gateway.definitions().types())?;
    if interaction == Interaction::Bundle {
        return Err(ApiError::malformed(
            IssueCode::NotSupported,
            "a Bundle cannot hold another one to be carried out",
        ));
    }
    if matches!(interaction, Interaction::ExportFile { .. }) {
        return Err(ApiError::malformed(IssueCode::NotSupported, "a file of an export is fetched by itself"));
    }
    // The answer to a Bundle comes at once; an export in it cannot be told where it is.
    let preferences = Preferences { is_async: false, ..outer.preferences };
    let preferences = scope::preferences(&outer.principal, &interaction, preferences);
    Ok(Entry {
        request: Request {
            interaction,
            space: Arc::clone(&outer.space),
            principal: outer.principal.clone(),
            viewer: outer.viewer.clone(),
            origin: outer.origin.clone(),
            method,
            target: url.to_owned(),
            query: decode_form(query),
            conditions: Conditions::of_entry(request),
            preferences,
            text: Bytes::new(),
            wants_raw_binary: false,
        },
        full_url: entry.get("fullUrl").and_then(Value::as_str).map(str::to_owned),
        body: resource.map_or(Body::Nothing, Body::Value),
    })
}

/// The path from the base on. Clients that were given absolute URLs send them back, perhaps with another host name in
/// front than the gateway's own: what counts begins at the resource type.
fn relative<'u>(path: &'u str, base: &str) -> &'u str {
    if let Some(rest) = path.strip_prefix(base) {
        return rest.trim_start_matches('/');
    }
    if !path.contains("://") {
        return path.trim_start_matches('/');
    }
    let segments = path.match_indices('/').map(|(at, _)| &path[at + 1..]);
    segments.into_iter().find(|rest| is_type_name(rest.split('/').next().unwrap_or_default())).unwrap_or(path)
}

/// Tells in which entry something was wrong.
pub(super) fn in_entry(index: usize, error: ApiError) -> ApiError {
    let place = format!("Bundle.entry[{index}]");
    let error = match error {
        // Not the entry's fault.
        ApiError::Refused(Refused::Busy | Refused::Moved | Refused::Store(_)) => return error,
        ApiError::Refused(Refused::VersionConflict(mut outcome)) => {
            outcome.issues = outcome.issues.into_iter().map(|issue| issue.at(place.clone())).collect();
            return ApiError::Refused(Refused::VersionConflict(outcome));
        }
        ApiError::Refused(Refused::Invalid(mut outcome)) => {
            outcome.issues = outcome.issues.into_iter().map(|issue| issue.at(place.clone())).collect();
            return ApiError::Refused(Refused::Invalid(outcome));
        }
        ApiError::NotFound | ApiError::Deleted(_) => {
            let text = "what this entry is to change is not there";
            let issue = Issue::error(IssueCode::NotFound, text).at(place);
            return ApiError::Refused(Refused::NotFound(issue.into()));
        }
        error => error,
    };
    let answer = error.into_answer();
    let issue = match &answer.content {
        Content::Resource(text) => crate::fhir::json::parse(text.as_bytes())
            .ok()
            .and_then(|outcome| outcome["issue"][0]["diagnostics"].as_str().map(str::to_owned)),
        _ => None,
    };
    let issue = Issue::error(
        IssueCode::Processing,
        issue.unwrap_or_else(|| "this entry cannot be carried out".into()),
    );
    ApiError::Refused(Refused::Malformed(issue.at(place).into()))
}

fn response(api: &Api, kind: BundleType, answers: &[Answer]) -> String {
    let now = api.gateway.clock().now().to_fhir();
    let mut bundle = BundleText::new(kind.response(), &now, None, &[]);
    for answer in answers {
        let outcome = (!answer.issues.is_empty()).then(|| OperationOutcome::json_of(&answer.issues));
        let failed = answer.status.is_client_error() || answer.status.is_server_error();
        let text = match &answer.content {
            Content::Resource(text) => Some(&**text),
            _ => None,
        };
        bundle.push(&EntryText {
            resource: text.filter(|_| !failed),
            response: Some(ResponseText {
                status: &status_line(answer.status),
                location: answer.location.as_deref(),
                etag: answer.etag().as_deref(),
                last_modified: answer.updated.map(Instant::to_fhir).as_deref(),
                outcome: if failed { text } else { outcome.as_deref() },
            }),
            ..EntryText::default()
        });
    }
    bundle.finish()
}

fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_str()),
        None => status.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn relative() {
        for (path, expected) in [
            ("Task/1", "Task/1"),
            ("/Task", "Task"),
            ("http://gw/fhir/Task/1", "Task/1"),
            ("https://other.example/a/Fhir4/Task/1/_history/2", "Task/1/_history/2"),
        ] {
            assert_eq!(super::relative(path, "http://gw/fhir"), expected, "{path}");
        }
    }
}
