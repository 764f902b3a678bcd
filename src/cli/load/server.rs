//! The server that resources are loaded into.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::entry::{self, Entry};
use super::rejects::Refusal;

/// How often a server that has too much to do is asked again.
const MOST_ATTEMPTS: u32 = 6;

/// A FHIR server.
pub(super) struct Server {
    client: Client,
    base: String,
}

/// That the server did not take something.
struct Refused {
    /// `None` when it did not answer.
    status: Option<StatusCode>,
    outcome: Value,
}

impl Server {
    /// The server with this base, to which so many requests go at once.
    #[expect(clippy::disallowed_methods, reason = "to where whoever calls the command says")]
    pub(super) fn new(base: &str, at_once: usize) -> Result<Server, String> {
        let client = Client::builder().pool_max_idle_per_host(at_once).build();
        let client = client.map_err(|error| error.to_string())?;
        Ok(Server { client, base: base.trim_end_matches('/').to_owned() })
    }

    /// Sends entries as a transaction, which is far quicker than one by one. Where it is refused its halves are sent, and
    /// so on until what is left is refused for itself. Gives that.
    pub(super) async fn take(&self, entries: Vec<Entry>) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let mut parts = vec![entries];
        while let Some(mut part) = parts.pop() {
            let Err(refused) = self.send(&part).await else { continue };
            if refused.status.is_some() && part.len() > 1 {
                let second = part.split_off(part.len() / 2);
                parts.extend([second, part]);
                continue;
            }
            refusals.extend(part.into_iter().map(|entry| Refusal {
                what: format!("{entry:?}"),
                status: refused.status,
                resource: Ok(entry.value()),
                outcome: refused.outcome.clone(),
            }));
        }
        refusals
    }

    async fn send(&self, entries: &[Entry]) -> Result<(), Refused> {
        match entries {
            [] => Ok(()),
            [entry] => {
                let (method, place) = entry.request();
                self.request(method, &format!("{}/{place}", self.base), entry.text().to_owned()).await
            }
            entries => self.request(http::Method::POST, &self.base, entry::bundle(entries)).await,
        }
    }

    /// One request. A server with too much to do is asked again.
    async fn request(&self, method: http::Method, url: &str, body: String) -> Result<(), Refused> {
        let body = Bytes::from(body);
        let mut attempt = 0;
        loop {
            let request = self.client.request(method.clone(), url);
            let request =
                request.header("Content-Type", "application/fhir+json").header("Prefer", "return=minimal");
            let response = match request.body(body.clone()).send().await {
                Ok(response) => response,
                Err(error) => {
                    return Err(Refused { status: None, outcome: Refusal::outcome(&error.to_string()) });
                }
            };
            let status = response.status();
            // To its end, so that the connection can be used again.
            let answer = response.bytes().await.unwrap_or_default();
            if status.is_success() {
                return Ok(());
            }
            attempt += 1;
            let is_busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
            if !is_busy || attempt == MOST_ATTEMPTS {
                let outcome = serde_json::from_slice(&answer).unwrap_or_default();
                return Err(Refused { status: Some(status), outcome });
            }
            tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
        }
    }
}
