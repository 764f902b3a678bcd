//! The keys that pages are signed with: Ed25519, as `openssl genpkey -algorithm ed25519` makes them.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};

use super::End;

/// Before everything that is signed, so that no signature serves for anything else.
const PURPOSE: &str = "sdoh-gateway audit page ";
/// What stands before the key itself in the DER of an Ed25519 public key (RFC 8410 §4).
const PUBLIC_KEY_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PUBLIC_KEY_BYTES: usize = 32;

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not what `openssl genpkey -algorithm ed25519` writes.
    #[error("no Ed25519 private key (PKCS#8) in PEM")]
    NoPrivateKey,
    /// Not what `openssl pkey -pubout` writes.
    #[error("no Ed25519 public key in PEM")]
    NoPublicKey,
}

/// The secret half. Debugs as its public half.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads a private key in PEM.
    pub fn from_pem(pem: &str) -> Result<SigningKey, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoPrivateKey)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
        pair.map(SigningKey).map_err(|_| KeyError::NoPrivateKey)
    }

    /// Makes a new private key, as PEM.
    pub fn generate() -> Result<String, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::NoPrivateKey)?;
        let der = pair.to_pkcs8v1().map_err(|_| KeyError::NoPrivateKey)?;
        Ok(pem("PRIVATE KEY", der.as_ref()))
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.public_key().as_ref().to_vec())
    }

    /// Signs the end of a chain; in base64.
    pub fn sign(&self, end: &End) -> String {
        STANDARD.encode(self.0.sign(message(end).as_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public_key())
    }
}

/// The public half. Displays as base64 of its 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads a public key in PEM.
    pub fn from_pem(pem: &str) -> Result<PublicKey, KeyError> {
        let der =
            SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoPublicKey)?;
        let key = der.strip_prefix(&PUBLIC_KEY_HEAD).filter(|key| key.len() == PUBLIC_KEY_BYTES);
        key.map(|key| PublicKey(key.to_vec())).ok_or(KeyError::NoPublicKey)
    }

    /// As PEM.
    pub fn to_pem(&self) -> String {
        pem("PUBLIC KEY", &[&PUBLIC_KEY_HEAD, self.0.as_slice()].concat())
    }

    /// Whether a signature in base64 is the secret half's, of this end.
    pub fn verifies(&self, end: &End, signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message(end).as_bytes(), &signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

fn message(end: &End) -> String {
    format!("{PURPOSE}{end}")
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (index, c) in STANDARD.encode(der).chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of RFC 8410 §10.
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    #[test]
    fn pem_both_ways() {
        let key = SigningKey::from_pem(PRIVATE).unwrap();
        assert_eq!(key.public_key().to_pem(), PUBLIC);
        assert_eq!(PublicKey::from_pem(PUBLIC).unwrap(), key.public_key());
        let generated = SigningKey::generate().unwrap();
        let key = SigningKey::from_pem(&generated).unwrap();
        assert_eq!(PublicKey::from_pem(&key.public_key().to_pem()).unwrap(), key.public_key());
        assert_ne!(SigningKey::generate().unwrap(), generated);
        assert!(!format!("{key:?}").contains("PRIVATE"));
        for bad in ["", "key", PUBLIC, &PRIVATE.replace("MC4C", "MC4D")] {
            assert_eq!(SigningKey::from_pem(bad).err(), Some(KeyError::NoPrivateKey));
        }
        for bad in ["", "key", PRIVATE, &PUBLIC.replace("MCow", "MCox")] {
            assert_eq!(PublicKey::from_pem(bad).err(), Some(KeyError::NoPublicKey));
        }
    }

    #[test]
    fn signatures() {
        let key = SigningKey::from_pem(PRIVATE).unwrap();
        let (end, other): (End, End) = ("1/2/ab".parse().unwrap(), "1/3/ab".parse().unwrap());
        let signature = key.sign(&end);
        assert!(key.public_key().verifies(&end, &signature));
        assert!(!key.public_key().verifies(&other, &signature));
        assert!(!key.public_key().verifies(&end, "no base64"));
        let stranger = SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap();
        assert!(!stranger.public_key().verifies(&end, &signature));
    }
}
