//! What a request is answered with.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED, LOCATION, VARY, WARNING};
use http::{Response, StatusCode};
use serde_json::Value;

use crate::access::Party;
use crate::access::shared::is_shared;
use crate::audit::Entity;
use crate::definitions::TypeGraph;
use crate::fhir::time::{Clock, Instant};
use crate::fhir::{Issue, OperationOutcome, Severity};
use crate::gateway::Space;
use crate::store::{Key, Version};
use crate::xml;

use super::content::{Form, Format};
use super::export::Lines;
use super::request::Request;
use super::{audit, audit_event};

/// An answer, to be sent over HTTP or put into a Bundle.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// What is sent.
    pub content: Content,
    /// Version the answer is about.
    pub version: Option<u64>,
    /// When that version was written.
    pub updated: Option<Instant>,
    /// Where a version can be found.
    pub location: Option<String>,
    /// What validation had to say about a write.
    pub issues: Vec<Issue>,
    /// Headers that only some answers have.
    pub headers: Vec<(HeaderName, String)>,
    /// The resources it shows, for the record; not what the request itself has written.
    pub shown: Vec<Shown>,
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub enum Content {
    /// Nothing.
    Nothing,
    /// A resource as JSON text.
    Resource(String),
    /// Something else, with its content type: what a Binary holds.
    Raw(String, Bytes),
    /// Lines that are read while they are sent: a file of an export.
    Lines(Box<Lines>),
}

/// Tells how many issues a write left, by severity.
const ISSUES: HeaderName = HeaderName::from_static("validation-issues");

impl Answer {
    /// A status without a body.
    pub fn status(status: StatusCode) -> Answer {
        Answer {
            status,
            content: Content::Nothing,
            version: None,
            updated: None,
            location: None,
            issues: Vec::new(),
            headers: Vec::new(),
            shown: Vec::new(),
        }
    }

    /// 200 with a resource.
    pub fn resource(text: impl Into<String>) -> Answer {
        Answer { content: Content::Resource(text.into()), ..Answer::status(StatusCode::OK) }
    }

    /// An outcome.
    pub fn outcome(status: StatusCode, outcome: &OperationOutcome) -> Answer {
        Answer { content: Content::Resource(outcome.to_json()), ..Answer::status(status) }
    }

    /// 200 with a stored version.
    pub fn version(version: Version) -> Answer {
        Answer {
            version: Some(version.version),
            updated: Some(version.seq),
            ..Answer::resource(version.body.unwrap_or_default())
        }
    }

    /// `W/"3"`.
    pub fn etag(&self) -> Option<String> {
        self.version.map(|version| format!("W/\"{version}\""))
    }

    /// As HTTP, in the form asked for.
    pub fn into_response(
        self,
        form: Form,
        types: &TypeGraph,
        clock: &dyn Clock,
    ) -> Response<axum::body::Body> {
        let etag = self.etag();
        let counts = counts(&self.issues);
        let mut left_out = 0;
        let (content_type, body) = match self.content {
            Content::Nothing => (None, axum::body::Body::empty()),
            Content::Resource(text) => {
                let (text, format, lost) = written(text, form, types);
                left_out = lost;
                (Some(HeaderValue::from_static(format.content_type())), axum::body::Body::from(text))
            }
            Content::Lines(lines) => (Some(lines.content_type()), lines.into_body()),
            Content::Raw(content_type, bytes) => {
                let fallback = HeaderValue::from_static("application/octet-stream");
                (
                    Some(HeaderValue::from_str(&content_type).unwrap_or(fallback)),
                    axum::body::Body::from(bytes),
                )
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let mut insert = |name, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        };
        if let Some(etag) = etag {
            insert(ETAG, etag);
        }
        if let Some(updated) = self.updated {
            insert(LAST_MODIFIED, last_modified(updated, clock.now()).to_http());
        }
        if let Some(location) = self.location {
            insert(LOCATION, location);
        }
        for (name, value) in self.headers {
            insert(name, value);
        }
        if let Some(counts) = counts {
            insert(ISSUES, counts);
        }
        if left_out > 0 {
            let text = "properties that FHIR's XML cannot say are left out: ask for JSON to see all";
            insert(WARNING, format!("299 - \"{left_out} {text}\""));
        }
        // What is not sent again would have varied too (RFC 9110 §15.4.5).
        if content_type.is_some() || self.status == StatusCode::NOT_MODIFIED {
            headers.insert(VARY, HeaderValue::from_static("accept"));
        }
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, content_type);
        }
        response
    }
}

/// A resource in the form asked for, the format it came to, and how many of its properties that format could not hold.
/// What is no resource at all stays as it is.
fn written(text: String, form: Form, types: &TypeGraph) -> (String, Format, usize) {
    if form == Form::default() {
        return (text, Format::Json, 0);
    }
    let Ok(value) = serde_json::from_str::<Value>(&text) else { return (text, Format::Json, 0) };
    match form.format {
        Format::Json => (serde_json::to_string_pretty(&value).unwrap_or(text), Format::Json, 0),
        Format::Xml => match xml::from_any_json(types, &value, form.pretty) {
            Ok((xml, left_out)) => (xml, Format::Xml, left_out),
            Err(_) => (text, Format::Json, 0),
        },
    }
}

/// The moment told as `Last-Modified`. HTTP knows seconds only: within the second of a write, the one before is told, for
/// another write may follow that a client could not tell apart, and would miss.
fn last_modified(updated: Instant, now: Instant) -> Instant {
    let second = updated.0.div_euclid(1_000_000);
    let fresh = now.0.div_euclid(1_000_000) <= second;
    Instant((second - i64::from(fresh)) * 1_000_000)
}

/// `error=1, warning=2`.
fn counts(issues: &[Issue]) -> Option<String> {
    let count = |severity: Severity| {
        let count = issues.iter().filter(|issue| issue.severity == severity).count();
        (count > 0).then(|| format!("{}={count}", severity.code()))
    };
    let counts: Vec<String> =
        [Severity::Error, Severity::Warning, Severity::Information].into_iter().filter_map(count).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

/// A resource that is shown, for the record.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Which, and whom it concerns.
    pub entity: Entity,
    /// Whether the caller may have it only by what its patient allows.
    pub is_disclosed: bool,
}

/// A version that is shown. Of an AuditEvent of our own only its name: whom it speaks of, it says itself.
pub(super) fn shown(request: &Request, version: &Version) -> Shown {
    let Key { type_name, id, .. } = &version.key;
    let entity = match audit_event::is_own(&version.key) {
        true => Entity::named(type_name, id),
        false => {
            let body = version.body.as_deref().unwrap_or_default();
            Entity::new(type_name, id, version.version, body, &request.space.base)
        }
    };
    let is_others = |party: &Party| version.creator.as_deref() != Some(party.creator.as_str());
    let is_disclosed = audit::needs_disclosure(&request.principal)
        && !is_shared(type_name)
        && request.viewer.party().is_some_and(is_others);
    Shown { entity, is_disclosed }
}

/// URL of a version.
pub(super) fn version_url(space: &Space, type_name: &str, id: &str, version: u64) -> String {
    format!("{}/{type_name}/{id}/_history/{version}", space.base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_modified_never_hides_a_write() {
        for (updated, now, expected) in
            [(5_200_000, 5_900_000, 4), (5_200_000, 6_000_000, 5), (5_000_000, 5_000_000, 4)]
        {
            assert_eq!(last_modified(Instant(updated), Instant(now)), Instant(expected * 1_000_000));
        }
    }
}
