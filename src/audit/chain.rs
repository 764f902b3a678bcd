//! How pages hang together.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Page;

/// What a chain's first page is linked to.
pub const NO_PAGE: &str = "";

/// The hash of a page: SHA-256, in hexadecimal, of the page before's [`Page::link`], chain, number, seq and events, with a
/// line feed between them. So anybody can compute it: `printf '%s\n%s\n%s\n%s\n%s' … | sha256sum`.
pub fn hash_of(previous: &str, page: &Page) -> String {
    let Page { chain, number, seq, events, .. } = page;
    let mut hash = Context::new(&SHA256);
    hash.update(format!("{previous}\n{chain}\n{number}\n{}\n", seq.0).as_bytes());
    hash.update(events.as_bytes());
    hexadecimal(hash.finish().as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

/// The end of a chain as it was at some time: its last page's place and hash. Written `chain/number/hash`; this text is
/// also what is signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// Which chain.
    pub chain: u64,
    /// Number of the page in it, from 1.
    pub number: u64,
    /// Hash of the page.
    pub hash: String,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.chain, self.number, self.hash)
    }
}

/// A text is no end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no chain/number/hash")]
pub struct NoEnd;

impl FromStr for End {
    type Err = NoEnd;

    fn from_str(text: &str) -> Result<End, NoEnd> {
        let mut parts = text.splitn(3, '/');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).ok_or(NoEnd);
        let (chain, number) = (number()?, number()?);
        let hash = parts.next().filter(|hash| !hash.is_empty()).ok_or(NoEnd)?;
        Ok(End { chain, number, hash: hash.to_owned() })
    }
}

impl Serialize for End {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<End, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::time::Instant;

    #[test]
    fn everything_counts() {
        let page = |chain, number, seq, events: &str| Page {
            seq: Instant(seq),
            chain,
            number,
            hash: String::new(),
            signature: String::new(),
            events: events.to_owned(),
        };
        let hash = hash_of("before", &page(1, 2, 3, "{}\n{}"));
        // printf 'before\n1\n2\n3\n{}\n{}' | sha256sum
        assert_eq!(hash, "d54e5c9cd16246a32232180eb48b853e3ea7c692b9613aa770a1c1812307d427");
        for (previous, page) in [
            ("Before", page(1, 2, 3, "{}\n{}")),
            ("before", page(2, 2, 3, "{}\n{}")),
            ("before", page(1, 3, 3, "{}\n{}")),
            ("before", page(1, 2, 4, "{}\n{}")),
            ("before", page(1, 2, 3, "{}\n{} ")),
        ] {
            assert_ne!(hash_of(previous, &page), hash);
        }
    }

    #[test]
    fn ends_as_text() {
        let end: End = "1/22/ab".parse().unwrap();
        assert_eq!(end, End { chain: 1, number: 22, hash: "ab".into() });
        assert_eq!(end.to_string(), "1/22/ab");
        for text in ["", "1", "1/2", "1/2/", "x/2/ab", "1/-2/ab"] {
            assert_eq!(text.parse::<End>(), Err(NoEnd), "{text}");
        }
    }
}
