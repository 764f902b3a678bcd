//! A FHIR client, as plain as can be.

use http::Method;
use sdoh_gateway::xml;
use serde_json::{Value, json};

use super::{Answer, Found, embedded};

/// A client of one FHIR base.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub base: String,
    format: Format,
    token: Option<String>,
}

/// What a client speaks where a test does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Xml,
}

impl Client {
    /// A client of a base.
    #[expect(clippy::disallowed_methods, reason = "a client of the gateway, on loopback")]
    pub fn new(base: &str) -> Client {
        // Only the second of two tests that get here at once fails, and the first one serves as well.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Client { http, base: base.to_owned(), format: Format::Json, token: None }
    }

    /// A client of a base that connects in a way of its own.
    pub fn over(http: reqwest::Client, base: &str) -> Client {
        Client { http, ..Client::new(base) }
    }

    /// The same client, speaking that format.
    pub fn speaking(&self, format: Format) -> Client {
        Client { format, ..self.clone() }
    }

    /// The same client, showing that token.
    pub fn with_token(&self, token: &str) -> Client {
        Client { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client at another base.
    pub fn at(&self, base: &str) -> Client {
        Client { base: base.to_owned(), ..self.clone() }
    }

    /// Sends a request to a path below the base, or to a whole URL. The gateway's own fault fails any test.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let url = match path {
            "" => self.base.clone(),
            path if path.starts_with("http://") || path.starts_with("https://") => path.to_owned(),
            path => format!("{}/{}", self.base, path.trim_start_matches('/')),
        };
        let asked = format!("{method} {url}");
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if self.format == Format::Xml && headers.iter().all(|(name, _)| *name != "Accept") {
            request = request.header("Accept", "application/fhir+xml");
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{asked}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap_or_else(|error| panic!("{asked}: {error}")).to_vec();
        assert!(status < 500, "{asked} was answered {status}: {}", String::from_utf8_lossy(&body));
        Answer { asked, status, headers, body }
    }

    async fn send_body(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let (content_type, text) = match self.format {
            Format::Json => ("application/fhir+json", body.to_string()),
            Format::Xml => ("application/fhir+xml", xml::from_json(embedded().types(), body).unwrap()),
        };
        let mut all = vec![("Content-Type", content_type)];
        all.extend(headers);
        self.send(method, path, &all, Some(text.into_bytes())).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send_body(Method::POST, path, &[], body).await
    }

    pub async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.send_body(Method::POST, path, headers, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send_body(Method::PUT, path, &[], body).await
    }

    pub async fn put_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.send_body(Method::PUT, path, headers, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// Puts a resource under its own type and id, and gives it as stored.
    pub async fn store(&self, resource: &Value) -> Value {
        let path =
            format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap());
        let answer = self.put(&path, resource).await;
        assert!(matches!(answer.status, 200 | 201), "{}: {} {}", answer.asked, answer.status, answer.text());
        answer.json()
    }

    /// Puts several resources, one after the other.
    pub async fn store_all(&self, resources: &[Value]) {
        for resource in resources {
            self.store(resource).await;
        }
    }

    /// What is stored now.
    pub async fn read(&self, path: &str) -> Value {
        self.get(path).await.expect(200).json()
    }

    /// Searches by GET.
    pub async fn search(&self, query: &str) -> Found {
        Found::new(&self.get(query).await.expect(200))
    }

    /// Searches by POST.
    pub async fn search_by_post(&self, query: &str) -> Found {
        let (type_name, form) = query.split_once('?').unwrap_or((query, ""));
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let path = format!("{type_name}/_search");
        Found::new(
            &self.send(Method::POST, &path, &headers, Some(form.as_bytes().to_vec())).await.expect(200),
        )
    }

    /// Searches and compares the ids of the matches, in any order: `"t1 t2"`.
    pub async fn finds(&self, query: &str, ids: &str) {
        let mut found = self.search(query).await.ids();
        let mut expected: Vec<&str> = ids.split_whitespace().collect();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }

    /// Searches and compares the ids of the matches in their order.
    pub async fn finds_in_order(&self, query: &str, ids: &str) {
        let expected: Vec<&str> = ids.split_whitespace().collect();
        assert_eq!(self.search(query).await.ids(), expected, "{query}");
    }
}

/// An entry of a transaction or batch. `what` is `POST Type`, `PUT Type/id`, `GET …`; a resource may follow.
pub fn entry(what: &str, resource: Option<Value>) -> Value {
    let (method, url) = what.split_once(' ').unwrap();
    let mut entry = json!({"request": {"method": method, "url": url}});
    if let Some(resource) = resource {
        entry["resource"] = resource;
    }
    entry
}

/// A Bundle of entries to be carried out.
pub fn transaction(kind: &str, entries: Vec<Value>) -> Value {
    json!({"resourceType": "Bundle", "type": kind, "entry": entries})
}
