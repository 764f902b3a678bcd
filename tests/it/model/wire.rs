//! Requests as a step wants them, and answers in the format asked for, whatever they say.

use http::Method;
use sdoh_gateway::xml;
use serde_json::{Value, json};

use super::content::{PatchBody, patch_body};
use super::outcome::{Asked, Body};
use super::step::{Accept, Back, Wire};
use super::well_formed::well_formed;
use crate::harness::{Answer, Client, embedded};

impl Wire {
    /// Plain JSON, there and back.
    pub const JSON: Wire = Wire { in_xml: false, accept: Accept::Json, back: Back::Unsaid };
    /// Plain XML, there and back.
    pub const XML: Wire = Wire { in_xml: true, accept: Accept::Xml, back: Back::Unsaid };
}

/// An answer, or the entry of a Bundle that stands for one.
#[derive(Debug, Default)]
pub struct Told {
    pub status: u16,
    pub etag: String,
    pub location: String,
    /// When the version was written; an entry of a Bundle tells it.
    pub updated: Option<String>,
    pub body: Option<Value>,
}

impl Told {
    /// Of the entry of a batch's or a transaction's answer.
    pub fn of_entry(entry: &Value) -> Told {
        let response = &entry["response"];
        let text = |name: &str| response[name].as_str().unwrap_or_default().to_owned();
        let status = text("status")[..3].parse().unwrap();
        let body = if status < 400 { entry.get("resource") } else { response.get("outcome") };
        Told {
            status,
            etag: text("etag"),
            location: text("location"),
            updated: response["lastModified"].as_str().map(str::to_owned),
            body: body.cloned(),
        }
    }

    /// Type and id in `Location`.
    pub fn place(&self) -> (&str, &str) {
        let mut segments = self.location.rsplit('/').skip(2);
        let (id, of_type) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        (of_type, id)
    }
}

/// Sends a write by itself.
pub async fn send_write(client: &Client, asked: &Asked, of_type: &str, wire: Wire) -> Told {
    let guard = asked.guard.as_ref().map(|(name, value)| (*name, value.as_str()));
    let mut headers: Vec<(&str, &str)> = guard.into_iter().collect();
    if let Some(query) = &asked.none_exist {
        headers.push(("If-None-Exist", query));
    }
    let method = Method::from_bytes(asked.method.as_bytes()).unwrap();
    let body = match &asked.body {
        Body::Nothing => None,
        Body::Resource(resource) => Some(in_format(resource, wire)),
        Body::Patch(patch) => Some(match patch_body(of_type, *patch) {
            PatchBody::Text(content_type, text) => (content_type, text),
            PatchBody::Resource(parameters) => in_format(&parameters, wire),
        }),
    };
    send(client, method, &asked.path, headers, body, wire).await
}

/// A resource in the format of the request.
pub fn in_format(resource: &Value, wire: Wire) -> (&'static str, String) {
    match wire.in_xml {
        false => ("application/fhir+json", resource.to_string()),
        true => ("application/fhir+xml", xml::from_json(embedded().types(), resource).unwrap()),
    }
}

/// Sends a request and reads the answer in the format it has to be in.
pub async fn send(
    client: &Client,
    method: Method,
    path: &str,
    mut headers: Vec<(&str, &str)>,
    body: Option<(&str, String)>,
    wire: Wire,
) -> Told {
    let accept = match wire.accept {
        Accept::Anything => "*/*",
        Accept::Json | Accept::XmlByQuery => "application/fhir+json",
        Accept::Xml => "application/fhir+xml",
    };
    headers.push(("Accept", accept));
    match wire.back {
        Back::Unsaid => {}
        Back::Minimal => headers.push(("Prefer", "return=minimal")),
        Back::Representation => headers.push(("Prefer", "return=representation")),
        Back::Outcome => headers.push(("Prefer", "return=OperationOutcome")),
    }
    if let Some((content_type, _)) = &body {
        headers.push(("Content-Type", content_type));
    }
    let path = match (wire.accept, path.contains('?')) {
        (Accept::XmlByQuery, true) => format!("{path}&_format=xml"),
        (Accept::XmlByQuery, false) => format!("{path}?_format=xml"),
        _ => path.to_owned(),
    };
    let answer = client.send(method, &path, &headers, body.map(|(_, text)| text.into_bytes())).await;
    let is_xml = matches!(wire.accept, Accept::Xml | Accept::XmlByQuery);
    Told {
        status: answer.status,
        etag: answer.header("etag").to_owned(),
        location: answer.header("location").to_owned(),
        updated: None,
        body: read(&answer, is_xml),
    }
}

/// The body of an answer. Every answer with a body parses as the format asked for; what is refused is told why.
fn read(answer: &Answer, is_xml: bool) -> Option<Value> {
    let (asked, text) = (&answer.asked, answer.text());
    let body = match (text.is_empty(), is_xml) {
        (true, _) => None,
        (false, true) => {
            assert_eq!(answer.header("content-type"), "application/fhir+xml; charset=utf-8", "{asked}");
            well_formed(&text).unwrap_or_else(|error| panic!("{asked}: {error}: {text}"));
            let parsed = xml::to_json(embedded().types(), text.as_bytes());
            Some(parsed.unwrap_or_else(|error| panic!("{asked}: {error}: {text}")))
        }
        (false, false) => {
            assert_eq!(answer.header("content-type"), "application/fhir+json; charset=utf-8", "{asked}");
            let parsed = serde_json::from_str(&text);
            Some(parsed.unwrap_or_else(|error| panic!("{asked}: {error}: {text}")))
        }
    };
    if answer.status >= 400 {
        let body = body.as_ref().unwrap_or_else(|| panic!("{asked}: {} without a word", answer.status));
        assert_outcome(body);
        let has_error = |issue: &Value| matches!(issue["severity"].as_str(), Some("error" | "fatal"));
        assert!(body["issue"].as_array().unwrap().iter().any(has_error), "{asked}: {body}");
    }
    body
}

/// That something is an OperationOutcome.
pub fn assert_outcome(body: &Value) {
    let issues = body["issue"].as_array().map(Vec::len).unwrap_or_default();
    assert!(body["resourceType"] == "OperationOutcome" && issues > 0, "no OperationOutcome: {body}");
}

/// A resource without what the server writes into it.
pub fn bare(resource: &Value) -> Value {
    let mut bare = resource.clone();
    let meta = &mut bare["meta"];
    for name in ["versionId", "lastUpdated"] {
        meta.as_object_mut().map(|meta| meta.shift_remove(name));
    }
    if [json!({}), Value::Null].contains(meta) {
        bare.as_object_mut().map(|map| map.shift_remove("meta"));
    }
    bare
}
