//! A resource on its way to the server, alone or as an entry of a transaction.

use std::fmt::{self, Write as _};

use serde_json::Value;

use crate::fhir::{Reference, Resource, json};

/// Most entries of a transaction.
const MOST: usize = 100;
/// About how many bytes a transaction has, where no resource is longer.
const ABOUT: usize = 1 << 20;

/// A resource as it is written, and what has to be known of it to send it.
pub(super) struct Entry {
    type_name: String,
    id: Option<String>,
    text: String,
    targets: Vec<String>,
    has_searches: bool,
}

impl Entry {
    /// Of a resource and its text.
    pub(super) fn new(resource: &Resource, text: String) -> Entry {
        let (mut targets, mut has_searches) = (Vec::new(), false);
        references(resource.as_value(), &mut |reference| match Reference::parse(reference) {
            Reference::Relative { type_name, id, .. } => targets.push(format!("{type_name}/{id}")),
            _ => has_searches |= reference.contains('?'),
        });
        let id = resource.id().map(str::to_owned);
        Entry { type_name: resource.type_name().to_owned(), id, text, targets, has_searches }
    }

    /// Type.
    pub(super) fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The resource as JSON text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The resource.
    pub(super) fn value(&self) -> Value {
        json::parse(self.text.as_bytes()).unwrap_or_default()
    }

    /// What it refers to, as `Type/id`.
    pub(super) fn targets(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(String::as_str)
    }

    /// Where it is to be: `Type/id`; nowhere yet if it has no id.
    pub(super) fn place(&self) -> Option<String> {
        self.id.as_ref().map(|id| format!("{}/{id}", self.type_name))
    }

    /// How it is sent, and to where below the base: put under its id; one without gets an id from the server.
    pub(super) fn request(&self) -> (http::Method, String) {
        match self.place() {
            Some(place) => (http::Method::PUT, place),
            None => (http::Method::POST, self.type_name.clone()),
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.type_name, self.id.as_deref().unwrap_or("?"))
    }
}

/// Entries as transactions of some size. A resource that refers to others by a search goes alone: a transaction would put
/// what is found in its place (R4 §3.1.0.11.2), and it is to be stored as it is.
pub(super) fn transactions(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut transactions = Vec::new();
    let (mut open, mut bytes) = (Vec::new(), 0);
    for entry in entries {
        if entry.has_searches {
            transactions.push(vec![entry]);
            continue;
        }
        if open.len() == MOST || bytes + entry.text.len() > ABOUT {
            transactions.extend(Some(std::mem::take(&mut open)).filter(|open| !open.is_empty()));
            bytes = 0;
        }
        bytes += entry.text.len();
        open.push(entry);
    }
    transactions.extend(Some(open).filter(|open| !open.is_empty()));
    transactions
}

/// The Bundle of a transaction as JSON text.
pub(super) fn bundle(entries: &[Entry]) -> String {
    let mut text = r#"{"resourceType":"Bundle","type":"transaction","entry":["#.to_owned();
    for (index, entry) in entries.iter().enumerate() {
        let (method, url) = entry.request();
        let separator = if index == 0 { "" } else { "," };
        // Nothing fails that is written into a text.
        let _ = write!(
            text,
            r#"{separator}{{"resource":{},"request":{{"method":"{method}","url":{}}}}}"#,
            entry.text,
            Value::from(url)
        );
    }
    text.push_str("]}");
    text
}

/// All literal references within a resource.
fn references(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == "reference" => visit(text),
                    value => references(value, visit),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(id: &str, reference: &str, bytes: usize) -> Entry {
        let resource = json!({
            "resourceType": "Basic", "id": id, "subject": {"reference": reference}, "code": {"text": "x".repeat(bytes)}
        });
        let text = resource.to_string();
        Entry::new(&Resource::new(resource).unwrap(), text)
    }

    #[test]
    fn sizes() {
        let check = |entries: Vec<Entry>, expected: &[usize]| {
            let found: Vec<usize> = transactions(entries).iter().map(Vec::len).collect();
            assert_eq!(found, expected);
        };
        let many = |count, bytes| (0..count).map(|_| entry("a", "Patient/p", bytes)).collect::<Vec<_>>();
        check(Vec::new(), &[]);
        check(many(1, 10), &[1]);
        check(many(2 * MOST + 1, 10), &[MOST, MOST, 1]);
        check(many(5, 400_000), &[2, 2, 1]);
        check(many(2, 2_000_000), &[1, 1]);
        let mut with_search = many(3, 10);
        with_search.insert(1, entry("b", "Patient?identifier=1", 10));
        check(with_search, &[1, 3]);
    }

    #[test]
    fn bundles() {
        let mut new = entry("a", "Patient/p", 1);
        new.id = None;
        let text = bundle(&[entry("\"", "Patient/p", 1), new]);
        let bundle = json::parse(text.as_bytes()).unwrap();
        assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("transaction")));
        assert_eq!(bundle["entry"][0]["request"], json!({"method": "PUT", "url": "Basic/\""}));
        assert_eq!(bundle["entry"][1]["request"], json!({"method": "POST", "url": "Basic"}));
        assert_eq!(bundle["entry"][0]["resource"], entry("\"", "Patient/p", 1).value());
    }
}
