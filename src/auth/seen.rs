//! Tokens that have been verified: to be recognised by their hash, since a signature takes longer.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};

use crate::access::Client;
use crate::fhir::time::Instant;
use crate::store::ClientsVersion;

/// How many are kept in mind.
const MOST: usize = 20_000;

/// A token's SHA-256. The token itself is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token.
    pub fn of(token: &str) -> TokenHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        TokenHash(hash)
    }
}

/// Whose a token is, as long as it is good and the clients stay as they are.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The client, with what the token permits.
    pub client: Arc<Client>,
    /// When the token is over.
    pub expires: Instant,
    /// The clients it was told by.
    pub version: ClientsVersion,
}

/// Verified tokens.
#[derive(Default)]
pub struct SeenTokens(RwLock<HashMap<TokenHash, Seen>>);

impl SeenTokens {
    /// Whose a token is, if it was seen with these clients and is not over.
    pub fn get(&self, hash: &TokenHash, version: ClientsVersion, now: Instant) -> Option<Arc<Client>> {
        let seen = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = seen.get(hash)?;
        (known.version == version && now < known.expires).then(|| Arc::clone(&known.client))
    }

    /// Keeps a token in mind.
    pub fn insert(&self, hash: TokenHash, token: Seen, now: Instant) {
        let mut seen = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.retain(|_, known| known.version == token.version && now < known.expires);
        }
        if seen.len() >= MOST {
            seen.clear();
        }
        seen.insert(hash, token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_while_it_lasts() {
        let tokens = SeenTokens::default();
        let hash = TokenHash::of("a");
        let seen = Seen { client: Arc::default(), expires: Instant(10), version: ClientsVersion(1) };
        tokens.insert(hash, seen.clone(), Instant(0));
        for (text, version, now, expected) in
            [("a", 1, 9, true), ("a", 1, 10, false), ("a", 2, 9, false), ("b", 1, 9, false)]
        {
            let found = tokens.get(&TokenHash::of(text), ClientsVersion(version), Instant(now));
            assert_eq!(found.is_some(), expected, "{text} {version} {now}");
        }
        for n in 0..2 * MOST {
            tokens.insert(TokenHash::of(&n.to_string()), seen.clone(), Instant(0));
        }
        assert!(tokens.0.read().unwrap().len() <= MOST);
    }
}
