//! The logical id of a resource (FHIR R4 §2.24.0.1, type `id`).

use std::fmt;

/// A logical id: 1 to 64 of `A-Z a-z 0-9 - .`; case matters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(String);

impl Id {
    /// Takes the text of an id; `None` when FHIR does not allow it.
    pub fn parse(text: &str) -> Option<Id> {
        Self::is_valid(text).then(|| Id(text.to_owned()))
    }

    /// Whether the text is a legal FHIR id.
    pub fn is_valid(text: &str) -> bool {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
    }

    /// A fresh id for a resource the client did not name: a version 7 UUID, so that ids sort by their time of birth.
    pub fn fresh() -> Id {
        Id(uuid::Uuid::now_v7().to_string())
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        for ok in ["a", "A-1.b", &"x".repeat(64)] {
            assert!(Id::is_valid(ok), "{ok}");
        }
        for bad in ["", "a_b", "a b", "ä", "a/b", &"x".repeat(65)] {
            assert!(!Id::is_valid(bad), "{bad}");
        }
    }
}
