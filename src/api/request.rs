//! A request as the handlers see it, from HTTP or from an entry of a Bundle.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::access::{Principal, Viewer};
use crate::audit::Origin;
use crate::definitions::TypeGraph;
use crate::fhir::locate::place_issues_within;
use crate::fhir::time::{Instant, Period};
use crate::fhir::{Issue, IssueCode, Resource, json};
use crate::gateway::Space;
use crate::search::Handling;
use crate::xml;

use super::content::{Format, essence};
use super::{ApiError, Interaction};

/// FHIR's own (R4 §3.1.0.8.1).
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// What is asked, by whom, and how the answer should be.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) interaction: Interaction,
    pub(super) space: Arc<Space>,
    pub(super) principal: Principal,
    /// What of the space the caller may see.
    pub(super) viewer: Viewer,
    /// Id of the HTTP request, and where it came from, for the record.
    pub(super) origin: Origin,
    pub(super) method: Method,
    /// The URL as it was sent, from the path on.
    pub(super) target: String,
    /// The query, decoded.
    pub(super) query: Vec<(String, String)>,
    pub(super) conditions: Conditions,
    pub(super) preferences: Preferences,
    /// The text as sent, JSON or XML, in which issues are placed; empty where there is none.
    pub(super) text: Bytes,
    /// Whether a Binary is to be answered with its content.
    pub(super) wants_raw_binary: bool,
}

/// What has to hold of the current version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    pub(super) if_match: Option<IfMatch>,
    pub(super) if_none_match: Option<String>,
    /// The last microsecond that counts as not modified since.
    pub(super) if_modified_since: Option<Instant>,
    /// `If-None-Exist`: the search that has to find nothing for a create.
    pub(super) if_none_exist: Option<String>,
}

/// `If-Match`: one version, as clients that have read it send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// Any version that exists.
    Any,
    /// This one.
    Version(u64),
    /// Something that is no version of ours, and so never matches.
    Other,
}

/// The `Prefer` header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Preferences {
    pub(super) back: Return,
    pub(super) handling: Handling,
    /// `handling=lenient`, which is what searches do anyway, was asked for by name.
    pub(super) is_lenient: bool,
    /// `respond-async`.
    pub(super) is_async: bool,
}

/// What the answer to a write should hold (R4 §3.1.0.1.7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Return {
    #[default]
    Representation,
    Minimal,
    OperationOutcome,
}

/// The body of a request.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// As it came over HTTP, with its content type.
    Bytes(Bytes, Option<String>),
    /// The resource of a Bundle's entry, or what came as XML.
    Value(Value),
    /// None.
    Nothing,
}

impl Request {
    /// Whether a search says which resource it writes to.
    pub(super) fn is_conditional(&self) -> bool {
        let by_query = matches!(
            self.interaction,
            Interaction::ConditionalUpdate { .. } | Interaction::ConditionalDelete { .. }
        );
        by_query || self.conditions.if_none_exist.is_some()
    }

    /// Issues with their places in what was sent.
    pub(super) fn placed(&self, issues: Vec<Issue>) -> Vec<Issue> {
        self.placed_within("", issues)
    }

    /// Like [`Request::placed`], of issues about a resource inside what was sent: `Parameters.parameter[0].resource`.
    pub(super) fn placed_within(&self, element: &str, mut issues: Vec<Issue>) -> Vec<Issue> {
        if self.interaction.patches() {
            // What was sent is not what the issues are about.
        } else if self.text.trim_ascii_start().starts_with(b"<") {
            xml::place_issues_within(&self.text, element, &mut issues);
        } else if !self.text.is_empty() {
            place_issues_within(&self.text, element, &mut issues);
        }
        issues
    }
}

impl Conditions {
    pub(super) fn of_headers(headers: &HeaderMap) -> Conditions {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        Conditions {
            if_match: text(IF_MATCH).map(IfMatch::parse),
            if_none_match: text(IF_NONE_MATCH).map(str::to_owned),
            if_modified_since: text(IF_MODIFIED_SINCE).and_then(not_modified_since),
            if_none_exist: text(IF_NONE_EXIST).map(str::to_owned),
        }
    }

    /// From `Bundle.entry.request`.
    pub(super) fn of_entry(request: &Value) -> Conditions {
        let text = |name: &str| request.get(name).and_then(Value::as_str);
        Conditions {
            if_match: text("ifMatch").map(IfMatch::parse),
            if_none_match: text("ifNoneMatch").map(str::to_owned),
            if_modified_since: text("ifModifiedSince").and_then(not_modified_since),
            if_none_exist: text("ifNoneExist").map(str::to_owned),
        }
    }
}

/// An HTTP date stands for its whole second; a FHIR instant, which Bundles have, for as much as it says.
fn not_modified_since(text: &str) -> Option<Instant> {
    match Period::parse(text) {
        Some(period) => Some(period.high),
        None => Instant::from_http(text).map(|second| Instant(second.0 + 999_999)),
    }
}

impl IfMatch {
    /// `W/"3"`, `"3"` or, as one widely used client sends it, `3`.
    fn parse(text: &str) -> IfMatch {
        let text = text.trim();
        if text == "*" {
            return IfMatch::Any;
        }
        let tag = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
        tag.parse().map_or(IfMatch::Other, IfMatch::Version)
    }
}

impl Preferences {
    pub(super) fn of_headers(headers: &HeaderMap) -> Preferences {
        let mut preferences = Preferences::default();
        let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split([',', ';'])) {
            match preference.trim().replace('"', "").as_str() {
                "return=minimal" => preferences.back = Return::Minimal,
                "return=representation" => preferences.back = Return::Representation,
                "return=OperationOutcome" => preferences.back = Return::OperationOutcome,
                "handling=strict" => preferences.handling = Handling::Strict,
                "handling=lenient" => {
                    (preferences.handling, preferences.is_lenient) = (Handling::Lenient, true)
                }
                "respond-async" => preferences.is_async = true,
                _ => {}
            }
        }
        preferences
    }
}

impl Body {
    /// The body of an HTTP request. XML becomes what the same would be in JSON, unless it may be a Binary's content.
    pub(super) fn of_http(
        types: &TypeGraph,
        interaction: &Interaction,
        headers: &HeaderMap,
        bytes: Bytes,
    ) -> Result<Body, ApiError> {
        if bytes.is_empty() {
            return Ok(Body::Nothing);
        }
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_xml = content_type.and_then(Format::parse) == Some(Format::Xml);
        let is_content =
            interaction.writes("Binary") && content_type.map(essence) != Some("application/fhir+xml".into());
        match is_xml && !is_content {
            true => xml::to_json(types, &bytes).map(Body::Value).map_err(ApiError::Xml),
            false => Ok(Body::Bytes(bytes, content_type.map(str::to_owned))),
        }
    }

    /// The body as JSON.
    pub(super) fn into_value(self) -> Result<Value, ApiError> {
        match self {
            Body::Value(value) => Ok(value),
            Body::Nothing => Err(ApiError::malformed(IssueCode::Required, "a resource is needed here")),
            Body::Bytes(bytes, content_type) => {
                if Format::of_body(content_type.as_deref()) != Some(Format::Json) {
                    return Err(ApiError::UnsupportedMediaType);
                }
                if bytes.is_empty() {
                    return Err(ApiError::malformed(
                        IssueCode::Required,
                        "the body is empty; a resource is needed here",
                    ));
                }
                json::parse(&bytes).map_err(ApiError::Syntax)
            }
        }
    }

    /// The body as a resource.
    pub(super) fn into_resource(self) -> Result<Resource, ApiError> {
        Resource::new(self.into_value()?)
            .map_err(|error| ApiError::malformed(IssueCode::Structure, error.to_string()))
    }
}

/// The pairs of a query string or form, decoded.
pub(super) fn decode_form(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match() {
        for (text, expected) in [
            ("W/\"3\"", IfMatch::Version(3)),
            ("\"3\"", IfMatch::Version(3)),
            ("3", IfMatch::Version(3)),
            ("*", IfMatch::Any),
            ("W/\"a\"", IfMatch::Other),
        ] {
            assert_eq!(IfMatch::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn forms() {
        assert_eq!(
            decode_form("a=1&b=%C3%A9+x&c&&d=http://x|y"),
            [("a", "1"), ("b", "é x"), ("c", ""), ("d", "http://x|y")]
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
    }
}
