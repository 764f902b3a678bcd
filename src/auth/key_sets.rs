//! Public keys by URL: fetched when they are needed, and kept no longer than whoever publishes them says.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use reqwest::header::{ACCEPT, CACHE_CONTROL, HeaderMap};
use serde_json::Value;
use tracing::warn;

use crate::fetch::{self, Addresses, FetchError, Outbound};
use crate::fhir::json;
use crate::fhir::time::{Clock, Instant};

use super::jwk::KeySet;

/// The longest document that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// How long keys are kept where nothing is said, in seconds.
const USUAL: i64 = 300;
/// How long keys are kept at least, in seconds, and at most, whatever is said: a flood of tokens is not to become one of
/// requests.
const SHORTEST: i64 = 1;
const LONGEST: i64 = 86_400;
/// How long is waited at least until a document is fetched again that could not be, or that did not have a key, in seconds:
/// whoever makes up names of keys must not make the gateway ask without end.
const PAUSE: i64 = 10;

/// Documents that are kept, by URL.
pub struct KeySets {
    clock: Arc<dyn Clock>,
    documents: Mutex<HashMap<Place, Arc<Document>>>,
}

/// A URL, and the addresses that may be connected to for it.
type Place = (String, BTreeSet<String>);

struct Document {
    url: String,
    outbound: Outbound,
    /// Held while it is fetched: those who come meanwhile wait for the same answer.
    kept: tokio::sync::Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    value: Option<Arc<Value>>,
    keys: Arc<KeySet>,
    /// Until when it is good.
    until: Option<Instant>,
    /// When it was last asked for.
    asked: Option<Instant>,
    /// Whether that was in vain.
    has_failed: bool,
}

impl KeySets {
    /// Nothing is kept yet.
    pub fn new(clock: Arc<dyn Clock>) -> KeySets {
        KeySets { clock, documents: Mutex::default() }
    }

    /// The keys at a URL. Where one of that name is not among those kept, they are fetched anew.
    pub async fn keys(
        &self,
        url: &str,
        allowed: &BTreeSet<String>,
        kid: &str,
    ) -> Result<Arc<KeySet>, FetchError> {
        let document = self.document(url, allowed)?;
        let mut kept = document.kept.lock().await;
        let now = self.clock.now();
        if !kept.is_good(now) || !kept.keys.knows(kid) && !kept.asked_lately(now) {
            document.fetch(&mut kept, now).await?;
        }
        Ok(Arc::clone(&kept.keys))
    }

    /// The document at a URL as it is.
    pub async fn value(&self, url: &str, allowed: &BTreeSet<String>) -> Result<Arc<Value>, FetchError> {
        let document = self.document(url, allowed)?;
        let mut kept = document.kept.lock().await;
        let now = self.clock.now();
        if !kept.is_good(now) {
            document.fetch(&mut kept, now).await?;
        }
        Ok(kept.value.clone().unwrap_or_default())
    }

    fn document(&self, url: &str, allowed: &BTreeSet<String>) -> Result<Arc<Document>, FetchError> {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (url.to_owned(), allowed.clone());
        if let Some(document) = documents.get(&key) {
            return Ok(Arc::clone(document));
        }
        // The configuration has been checked: what is none allows nothing.
        let outbound = Outbound::new(Addresses::parse(allowed).unwrap_or_default())?;
        let kept = tokio::sync::Mutex::default();
        let document = Arc::new(Document { url: url.to_owned(), outbound, kept });
        documents.insert(key, Arc::clone(&document));
        Ok(document)
    }
}

impl Kept {
    fn is_good(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    fn asked_lately(&self, now: Instant) -> bool {
        self.asked.is_some_and(|asked| (asked.0..asked.0.saturating_add(PAUSE * 1_000_000)).contains(&now.0))
    }
}

impl Document {
    async fn fetch(&self, kept: &mut Kept, now: Instant) -> Result<(), FetchError> {
        if kept.has_failed && kept.asked_lately(now) {
            return Err(FetchError::Lately);
        }
        kept.asked = Some(now);
        kept.has_failed = true;
        match self.get().await {
            Ok((value, seconds)) => {
                kept.has_failed = false;
                kept.keys = Arc::new(KeySet::of_jwks(&value));
                kept.value = Some(Arc::new(value));
                kept.until = Some(Instant(now.0.saturating_add(seconds * 1_000_000)));
                Ok(())
            }
            Err(error) => {
                warn!(%error, "a document of keys could not be fetched");
                Err(error)
            }
        }
    }

    async fn get(&self) -> Result<(Value, i64), FetchError> {
        let request = self.outbound.request(Method::GET, &self.url)?.header(ACCEPT, "application/json");
        let response = request.send().await?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status()));
        }
        let seconds = lifetime(response.headers());
        let bytes = fetch::read(response, MAX_BYTES).await?;
        Ok((json::parse(&bytes).map_err(|_| FetchError::NotJson)?, seconds))
    }
}

/// How long an answer may be kept (RFC 9111 §4.2.1), in seconds.
fn lifetime(headers: &HeaderMap) -> i64 {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut seconds = None;
    for directive in values.flat_map(|value| value.split(',')) {
        let directive = directive.trim().to_ascii_lowercase();
        match directive.split_once('=') {
            None if directive == "no-store" || directive == "no-cache" => return SHORTEST,
            Some(("max-age", age)) => seconds = Some(age.trim_matches('"').parse().unwrap_or(0)),
            _ => {}
        }
    }
    seconds.unwrap_or(USUAL).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes() {
        for (headers, expected) in [
            (vec![], USUAL),
            (vec!["max-age=60"], 60),
            (vec!["public, Max-Age=\"7\""], 7),
            (vec!["max-age=60", "no-store"], SHORTEST),
            (vec!["no-cache"], SHORTEST),
            (vec!["max-age=-1"], SHORTEST),
            (vec!["max-age=x"], SHORTEST),
            (vec!["max-age=99999999999999999999"], SHORTEST),
            (vec!["max-age=31536000"], LONGEST),
            (vec!["must-revalidate"], USUAL),
        ] {
            let mut map = HeaderMap::new();
            for value in &headers {
                map.append(CACHE_CONTROL, value.parse().unwrap());
            }
            assert_eq!(lifetime(&map), expected, "{headers:?}");
        }
    }
}
