//! Secrets as they are kept: AES-256-GCM under a key that is not where they are.
//!
//! Keys have names, so that they can be changed: the first of those configured seals, each opens what it sealed.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};

use crate::config::{ConfigError, Secrets};

/// The form of what is sealed.
const FORM: &str = "1";

/// The keys.
pub struct Vault {
    keys: Vec<(String, LessSafeKey)>,
}

/// Why a secret cannot be sealed or opened. Names keys, never what they seal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// None of the keys is the one it was sealed under.
    #[error(
        "secrets.key-file: the key '{0}', under which secrets in the database are sealed, is not among those there"
    )]
    UnknownKey(String),
    /// It was changed, or is in another place than it was sealed for.
    #[error("a secret in the database is not as it was sealed")]
    Broken,
}

impl Vault {
    /// The keys that are configured.
    ///
    /// Errors: no key, or a line that is none.
    pub fn open(secrets: &Secrets) -> Result<Vault, ConfigError> {
        let wrong = |message: &str| ConfigError::Value { key: "secrets.key-file", message: message.into() };
        let mut keys = Vec::new();
        for line in secrets.keys()?.expose().split_ascii_whitespace() {
            let bytes = STANDARD.decode(line).unwrap_or_default();
            let key = UnboundKey::new(&AES_256_GCM, &bytes);
            let key = key.map_err(|_| wrong("each line is 32 bytes in base64: openssl rand -base64 32"))?;
            let hash = digest(&SHA256, &bytes);
            keys.push((BASE64.encode(hash.as_ref().get(..6).unwrap_or_default()), LessSafeKey::new(key)));
        }
        match keys.is_empty() {
            true => Err(wrong("holds no key: openssl rand -base64 32 makes one")),
            false => Ok(Vault { keys }),
        }
    }

    /// Seals a secret for a place: what is put elsewhere does not open.
    pub fn seal(&self, place: &str, secret: &[u8]) -> Result<String, VaultError> {
        let (name, key) = self.keys.first().ok_or(VaultError::Broken)?;
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| VaultError::Broken)?;
        let mut sealed = secret.to_vec();
        let place = Aad::from(format!("{FORM}.{name}.{place}"));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place, &mut sealed)
            .map_err(|_| VaultError::Broken)?;
        Ok(format!("{FORM}.{name}.{}.{}", BASE64.encode(nonce), BASE64.encode(sealed)))
    }

    /// Opens what was sealed for the place.
    pub fn unseal(&self, place: &str, sealed: &str) -> Result<Vec<u8>, VaultError> {
        let mut parts = sealed.split('.');
        let (Some(FORM), Some(name), Some(nonce), Some(sealed), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(VaultError::Broken);
        };
        let (_, key) = self
            .keys
            .iter()
            .find(|(known, _)| known == name)
            .ok_or_else(|| VaultError::UnknownKey(name.to_owned()))?;
        let nonce: [u8; NONCE_LEN] =
            BASE64.decode(nonce).ok().and_then(|nonce| nonce.try_into().ok()).ok_or(VaultError::Broken)?;
        let mut sealed = BASE64.decode(sealed).map_err(|_| VaultError::Broken)?;
        let place = Aad::from(format!("{FORM}.{name}.{place}"));
        let secret = key
            .open_in_place(Nonce::assume_unique_for_key(nonce), place, &mut sealed)
            .map_err(|_| VaultError::Broken)?;
        Ok(secret.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const TWO: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn vault(keys: &str) -> Result<Vault, String> {
        let secrets = Secrets { key: keys.into(), ..Secrets::default() };
        Vault::open(&secrets).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_change() {
        let old = vault(ONE).unwrap().seal("a", b"hush").unwrap();
        let both = vault(&format!("{TWO}\n{ONE}\n")).unwrap();
        assert_eq!(both.unseal("a", &old).unwrap(), b"hush");
        let new = both.seal("a", b"hush").unwrap();
        let two = vault(TWO).unwrap();
        assert_eq!(two.unseal("a", &new).unwrap(), b"hush");
        assert!(matches!(two.unseal("a", &old), Err(VaultError::UnknownKey(_))));
        assert_ne!(both.seal("a", b"hush").unwrap(), new, "the same seal twice");
    }

    #[test]
    fn nothing_else_opens() {
        let vault = vault(ONE).unwrap();
        let sealed = vault.seal("a", b"hush").unwrap();
        assert!(!sealed.contains("hush"));
        assert_eq!(vault.unseal("b", &sealed), Err(VaultError::Broken), "in another place");
        for index in 0..sealed.len() {
            let mut other = sealed.clone().into_bytes();
            other[index] = if other[index] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert!(vault.unseal("a", &other).is_err(), "{index}");
        }
        for text in ["", "1", "1.x.y", "2.a.b.c", "1.a.b.c.d"] {
            assert!(vault.unseal("a", text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_told() {
        for keys in ["", "\n \n", "c2hvcnQ=", "hush!hush"] {
            let error = vault(keys).err().unwrap();
            assert!(error.contains("openssl rand -base64 32") && !error.contains("hush"), "{error}");
        }
    }
}
