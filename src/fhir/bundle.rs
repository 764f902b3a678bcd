//! Bundles (R4 §2.36): those posted to the server, and the text of those it answers with.

use std::fmt::Write as _;

use serde_json::Value;

/// The kinds of Bundle that may be posted to the server's base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleType {
    /// Entries are done one by one.
    Batch,
    /// Entries are done all together or not at all.
    Transaction,
}

impl BundleType {
    /// Reads `Bundle.type`.
    pub fn parse(code: &str) -> Option<BundleType> {
        match code {
            "batch" => Some(BundleType::Batch),
            "transaction" => Some(BundleType::Transaction),
            _ => None,
        }
    }

    /// The type of the Bundle that answers.
    pub fn response(self) -> &'static str {
        match self {
            BundleType::Batch => "batch-response",
            BundleType::Transaction => "transaction-response",
        }
    }
}

/// One entry of a Bundle in the making. Resources are JSON text already, as they came from the store.
#[derive(Debug, Clone, Copy, Default)]
pub struct EntryText<'e> {
    /// `fullUrl`.
    pub full_url: Option<&'e str>,
    /// The resource as JSON.
    pub resource: Option<&'e str>,
    /// `search.mode`.
    pub search_mode: Option<&'e str>,
    /// `request.method` and `request.url`.
    pub request: Option<(&'e str, &'e str)>,
    /// `response`.
    pub response: Option<ResponseText<'e>>,
}

/// The `response` of an entry.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResponseText<'e> {
    /// Status line without `HTTP/1.1`: `201 Created`.
    pub status: &'e str,
    /// `location`.
    pub location: Option<&'e str>,
    /// `etag`.
    pub etag: Option<&'e str>,
    /// `lastModified`.
    pub last_modified: Option<&'e str>,
    /// `outcome`, as JSON.
    pub outcome: Option<&'e str>,
}

/// A Bundle in the making, as JSON text.
pub struct BundleText {
    text: String,
    entries: usize,
}

impl BundleText {
    /// Begins a Bundle. `last_updated` becomes `meta.lastUpdated`; `links` are relations with their URLs.
    pub fn new(kind: &str, last_updated: &str, total: Option<u64>, links: &[(&str, &str)]) -> BundleText {
        let mut text = String::with_capacity(4096);
        let _ = write!(
            text,
            r#"{{"resourceType":"Bundle","meta":{{"lastUpdated":{}}},"type":{}"#,
            quoted(last_updated),
            quoted(kind)
        );
        if let Some(total) = total {
            let _ = write!(text, r#","total":{total}"#);
        }
        for (index, (relation, url)) in links.iter().enumerate() {
            text.push_str(if index == 0 { r#","link":["# } else { "," });
            let _ = write!(text, r#"{{"relation":{},"url":{}}}"#, quoted(relation), quoted(url));
        }
        if !links.is_empty() {
            text.push(']');
        }
        BundleText { text, entries: 0 }
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: &EntryText<'_>) {
        self.text.push_str(if self.entries == 0 { r#","entry":["# } else { "," });
        self.entries += 1;
        self.text.push('{');
        let mut first = true;
        if let Some(url) = entry.full_url {
            self.property(&mut first, "fullUrl", &quoted(url));
        }
        if let Some(resource) = entry.resource {
            self.property(&mut first, "resource", resource);
        }
        if let Some(mode) = entry.search_mode {
            self.property(&mut first, "search", &format!(r#"{{"mode":{}}}"#, quoted(mode)));
        }
        if let Some((method, url)) = entry.request {
            self.property(
                &mut first,
                "request",
                &format!(r#"{{"method":{},"url":{}}}"#, quoted(method), quoted(url)),
            );
        }
        if let Some(response) = &entry.response {
            self.property(&mut first, "response", "{");
            let mut inner = true;
            let quoted_properties = [
                ("status", Some(response.status)),
                ("location", response.location),
                ("etag", response.etag),
                ("lastModified", response.last_modified),
            ];
            for (name, value) in quoted_properties {
                if let Some(value) = value {
                    self.property(&mut inner, name, &quoted(value));
                }
            }
            if let Some(outcome) = response.outcome {
                self.property(&mut inner, "outcome", outcome);
            }
            self.text.push('}');
        }
        self.text.push('}');
    }

    fn property(&mut self, first: &mut bool, name: &str, json: &str) {
        if !std::mem::take(first) {
            self.text.push(',');
        }
        let _ = write!(self.text, "\"{name}\":");
        self.text.push_str(json);
    }

    /// The Bundle. FHIR has no empty arrays: without entries there is no `entry`.
    pub fn finish(mut self) -> String {
        self.text.push_str(if self.entries == 0 { "}" } else { "]}" });
        self.text
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text() {
        let mut bundle = BundleText::new("searchset", "now", Some(1), &[("self", "http://a/?x=\"y\"")]);
        bundle.push(&EntryText {
            full_url: Some("u"),
            resource: Some(r#"{"a":1}"#),
            search_mode: Some("match"),
            ..Default::default()
        });
        bundle.push(&EntryText {
            request: Some(("GET", "a")),
            response: Some(ResponseText {
                status: "200 OK",
                etag: Some("W/\"1\""),
                outcome: Some("{}"),
                ..Default::default()
            }),
            ..Default::default()
        });
        let json: Value = serde_json::from_str(&bundle.finish()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "resourceType": "Bundle", "meta": {"lastUpdated": "now"}, "type": "searchset", "total": 1,
                "link": [{"relation": "self", "url": "http://a/?x=\"y\""}],
                "entry": [
                    {"fullUrl": "u", "resource": {"a": 1}, "search": {"mode": "match"}},
                    {"request": {"method": "GET", "url": "a"}, "response": {"status": "200 OK", "etag": "W/\"1\"", "outcome": {}}}
                ]
            })
        );
        assert_eq!(
            BundleText::new("history", "n", None, &[]).finish(),
            r#"{"resourceType":"Bundle","meta":{"lastUpdated":"n"},"type":"history"}"#
        );
    }
}
