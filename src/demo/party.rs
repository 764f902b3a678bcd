//! One of the two parties: an HTTP client that prints what it asks and what it is told.

use std::time::Instant;

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use super::DemoError;

/// A client of the gateway.
pub(super) struct Party {
    name: &'static str,
    base: String,
    client: Client,
}

impl Party {
    #[expect(clippy::disallowed_methods, reason = "to a gateway of the demonstration's own")]
    pub(super) fn new(name: &'static str, base: &str) -> Party {
        Party { name, base: base.to_owned(), client: Client::new() }
    }

    /// Begins an act.
    pub(super) fn act(&self, what: &str) {
        println!("\n{}: {what}", self.name);
    }

    /// Sends a request, prints it with its answer, and gives the answer's body.
    ///
    /// Errors: the answer has another status than `expected`.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        expected: StatusCode,
    ) -> Result<Value, DemoError> {
        let url = format!("{}/{path}", self.base);
        let mut request = self.client.request(method.clone(), url).header("Accept", "application/fhir+json");
        if let Some(body) = body {
            request = request.header("Content-Type", "application/fhir+json").body(body.to_string());
        }
        let started = Instant::now();
        let response = request.send().await?;
        let status = response.status();
        let etag =
            response.headers().get("etag").and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
        let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        println!(
            "  {:<6} {path}\n         → {status} {etag} {} ({milliseconds:.1} ms)",
            method.as_str(),
            gist(&body)
        );
        if status == expected {
            return Ok(body);
        }
        print_issues(&body);
        Err(DemoError::Unexpected {
            party: self.name,
            request: format!("{method} {path}"),
            status: status.as_u16(),
        })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, DemoError> {
        self.ask(Method::GET, path, None, StatusCode::OK).await
    }

    /// Stores a resource under its own id.
    pub(super) async fn put_new(&self, resource: &Value) -> Result<Value, DemoError> {
        self.ask(Method::PUT, &address(resource), Some(resource), StatusCode::CREATED).await
    }

    /// Replaces a resource.
    pub(super) async fn put(&self, resource: &Value) -> Result<Value, DemoError> {
        self.ask(Method::PUT, &address(resource), Some(resource), StatusCode::OK).await
    }

    /// Creates a resource; the gateway gives it an id.
    pub(super) async fn post(&self, resource: &Value) -> Result<Value, DemoError> {
        let path = text(resource, "resourceType");
        self.ask(Method::POST, path, Some(resource), StatusCode::CREATED).await
    }
}

/// Prints what an OperationOutcome has to say.
pub(super) fn print_issues(outcome: &Value) {
    for issue in outcome["issue"].as_array().into_iter().flatten() {
        let place = issue["expression"][0].as_str().unwrap_or("request");
        println!("           {} at {place}: {}", text(issue, "severity"), text(issue, "diagnostics"));
    }
}

/// A resource of the story, from its file.
pub(super) fn resource(file: &str) -> Value {
    serde_json::from_str(file).unwrap_or_default()
}

/// `Type/id`.
pub(super) fn address(resource: &Value) -> String {
    format!("{}/{}", text(resource, "resourceType"), text(resource, "id"))
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// A body in a few words.
fn gist(body: &Value) -> String {
    match text(body, "resourceType") {
        "" => String::new(),
        "Bundle" => format!("Bundle of {}", body["entry"].as_array().map_or(0, Vec::len)),
        "OperationOutcome" => {
            format!("OperationOutcome with {} issues", body["issue"].as_array().map_or(0, Vec::len))
        }
        "CapabilityStatement" => format!("FHIR {}", text(body, "fhirVersion")),
        "Parameters" => "Parameters".to_owned(),
        _ => match text(body, "status") {
            "" => address(body),
            status => format!("{} is {status}", address(body)),
        },
    }
}
