//! What came back.

use http::HeaderMap;
use sdoh_gateway::fhir::json;
use sdoh_gateway::xml;
use serde_json::Value;

use super::embedded;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// Fails the test when the status is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}\n{}", self.asked, self.beginning());
        self
    }

    /// The body as JSON, read by the gateway's own reader: decimals and order are kept. XML becomes what it is in JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        if self.header("content-type").starts_with("application/fhir+xml") {
            let parsed = xml::to_json(embedded().types(), &self.body);
            return parsed.unwrap_or_else(|error| panic!("{}: {error}\n{}", self.asked, self.beginning()));
        }
        let parsed = json::parse(&self.body);
        parsed.unwrap_or_else(|error| panic!("{}: {error}\n{}", self.asked, self.beginning()))
    }

    /// As much of the body as a message can bear.
    fn beginning(&self) -> String {
        self.text().chars().take(2000).collect()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The id of the resource that came back.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("{}: no id", self.asked)).to_owned()
    }

    /// Of an OperationOutcome: `severity code expression: diagnostics`, one line an issue.
    #[track_caller]
    pub fn issues(&self) -> String {
        issues(&self.json())
    }
}

/// As [`Answer::issues`].
pub fn issues(outcome: &Value) -> String {
    assert_eq!(outcome["resourceType"], "OperationOutcome", "{outcome}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lines = outcome["issue"].as_array().unwrap().iter().map(|issue| {
        let (severity, code) = (text(&issue["severity"]), text(&issue["code"]));
        format!("{severity} {code} {}: {}", text(&issue["expression"][0]), text(&issue["diagnostics"]))
    });
    lines.collect::<Vec<_>>().join("\n")
}
