//! The end of a chain, to be kept out of reach.

use serde::{Deserialize, Serialize};

use crate::fhir::time::Instant;

use super::{End, Page, PublicKey};

/// The end of a chain at some moment, signed. One a line, as JSON, in a file that others keep: what comes later cannot
/// unsay it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The moment, for people.
    pub at: String,
    /// The last page.
    pub end: End,
    /// The public key that goes with the signature, for people: whose it is, is for the reader to know.
    pub key: String,
    /// Signature over the end, in base64.
    pub signature: String,
}

impl Checkpoint {
    /// Of a page.
    pub fn new(page: &Page, key: &PublicKey) -> Checkpoint {
        let at = Instant::to_fhir(page.seq);
        Checkpoint { at, end: page.end(), key: key.to_string(), signature: page.signature.clone() }
    }

    /// As a line, without its end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line.
    pub fn parse(line: &str) -> Option<Checkpoint> {
        serde_json::from_str(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::SigningKey;

    #[test]
    fn lines() {
        let key = SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap();
        let mut page = Page {
            seq: Instant(1_795_369_620_500_000),
            chain: 1,
            number: 2,
            hash: "ab".into(),
            signature: String::new(),
            events: String::new(),
        };
        page.signature = key.sign(&page.end());
        let checkpoint = Checkpoint::new(&page, &key.public_key());
        let line = checkpoint.to_line();
        assert!(line.starts_with(r#"{"at":"2026-11-22T17:47:00.500000Z","end":"1/2/ab","key":""#), "{line}");
        assert_eq!(Checkpoint::parse(&line), Some(checkpoint));
        assert_eq!(Checkpoint::parse("{}"), None);
    }
}
