//! JSON Web Keys (RFC 7517, RFC 7518 §6): public ones to verify by, and pairs of our own to sign with.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

/// How a token is signed (RFC 7518 §3.1). What is not here is not accepted: no `none`, no shared secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA PKCS#1 with SHA-256; of external issuers only.
    Rs256,
    /// RSA PKCS#1 with SHA-384.
    Rs384,
    /// P-256 with SHA-256; of external issuers and our own tokens.
    Es256,
    /// P-384 with SHA-384.
    Es384,
}

impl Algorithm {
    /// What clients may sign their assertions with (SMART App Launch 2.2 §Client confidential asymmetric).
    pub const OF_CLIENTS: [Algorithm; 2] = [Algorithm::Rs384, Algorithm::Es384];
    /// What external issuers may sign their tokens with.
    pub const OF_ISSUERS: [Algorithm; 4] =
        [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Es256, Algorithm::Es384];

    /// The name in a header.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Rs384 => "RS384",
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
        }
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name.
    kid: Option<String>,
    /// The one algorithm it is for, where that is said.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Uncompressed points.
    P256(Vec<u8>),
    P384(Vec<u8>),
}

impl PublicKey {
    /// Reads a JWK. `None` for one of no use here: of another kind, for encryption, or malformed.
    pub fn of_jwk(jwk: &Value) -> Option<PublicKey> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(|text| BASE64.decode(text).ok());
        if text("use").is_some_and(|own| own != "sig") {
            return None;
        }
        let operations = jwk.get("key_ops").and_then(Value::as_array);
        if operations.is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
            return None;
        }
        let point = |length: usize| {
            let (x, y) = (bytes("x")?, bytes("y")?);
            (x.len() == length && y.len() == length).then(|| [&[4], &*x, &*y].concat())
        };
        let material = match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let strip = |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect();
                Material::Rsa { n: strip(bytes("n")?), e: strip(bytes("e")?) }
            }
            ("EC", Some("P-256")) => Material::P256(point(32)?),
            ("EC", Some("P-384")) => Material::P384(point(48)?),
            _ => return None,
        };
        let owned = |name| text(name).map(str::to_owned);
        Some(PublicKey { kid: owned("kid"), algorithm: owned("alg"), material })
    }

    /// Whether the signature is this key's by that algorithm. RSA keys of less than 2048 bits verify nothing.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if self.algorithm.as_deref().is_some_and(|own| own != algorithm.name()) {
            return false;
        }
        let rsa = |n, e, parameters| RsaPublicKeyComponents { n, e }.verify(parameters, message, signature);
        let verified = match (algorithm, &self.material) {
            (Algorithm::Rs256, Material::Rsa { n, e }) => rsa(n, e, &RSA_PKCS1_2048_8192_SHA256),
            (Algorithm::Rs384, Material::Rsa { n, e }) => rsa(n, e, &RSA_PKCS1_2048_8192_SHA384),
            (Algorithm::Es256, Material::P256(point)) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Algorithm::Es384, Material::P384(point)) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

/// A JWK Set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeySet(Vec<PublicKey>);

/// How many keys of a set are looked at.
const MOST_KEYS: usize = 100;

impl KeySet {
    /// Reads a JWK Set; keys of no use here are left out.
    pub fn of_jwks(jwks: &Value) -> KeySet {
        let keys = jwks.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        KeySet(keys.iter().take(MOST_KEYS).filter_map(PublicKey::of_jwk).collect())
    }

    /// Whether a key has this name.
    pub fn knows(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// Whether the signature is by one of the keys of this name; there may be several.
    pub fn verifies(&self, kid: &str, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let mut named = self.0.iter().filter(|key| key.kid.as_deref() == Some(kid));
        named.any(|key| key.verifies(algorithm, message, signature))
    }
}

/// A key pair of our own.
pub struct OwnKey {
    /// Its name.
    pub kid: String,
    algorithm: Algorithm,
    pair: EcdsaKeyPair,
}

/// A key cannot be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a private key on P-256 or P-384")]
pub struct BadKey;

impl OwnKey {
    /// A new key, and its form to be kept (PKCS#8). `algorithm` is one of the elliptic ones.
    pub fn generate(kid: &str, algorithm: Algorithm) -> Result<(OwnKey, Vec<u8>), BadKey> {
        let curve = curve(algorithm).ok_or(BadKey)?;
        let kept = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).map_err(|_| BadKey)?;
        let pair = EcdsaKeyPair::from_pkcs8(curve, kept.as_ref()).map_err(|_| BadKey)?;
        Ok((OwnKey { kid: kid.to_owned(), algorithm, pair }, kept.as_ref().to_vec()))
    }

    /// Reads what was kept.
    pub fn of_pkcs8(kid: &str, algorithm: Algorithm, kept: &[u8]) -> Result<OwnKey, BadKey> {
        let curve = curve(algorithm).ok_or(BadKey)?;
        let pair = EcdsaKeyPair::from_pkcs8(curve, kept).map_err(|_| BadKey)?;
        Ok(OwnKey { kid: kid.to_owned(), algorithm, pair })
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, BadKey> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| BadKey)?;
        Ok(signature.as_ref().to_vec())
    }

    /// The public half, to be published.
    pub fn to_jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point.get(1..).unwrap_or_default().split_at(point.len() / 2);
        json!({
            "kty": "EC",
            "crv": if self.algorithm == Algorithm::Es256 { "P-256" } else { "P-384" },
            "x": BASE64.encode(x),
            "y": BASE64.encode(y),
            "kid": self.kid,
            "alg": self.algorithm.name(),
            "use": "sig",
        })
    }
}

fn curve(algorithm: Algorithm) -> Option<&'static aws_lc_rs::signature::EcdsaSigningAlgorithm> {
    match algorithm {
        Algorithm::Es256 => Some(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => Some(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::Rs256 | Algorithm::Rs384 => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_keys_sign_what_their_public_halves_verify() {
        for algorithm in [Algorithm::Es256, Algorithm::Es384] {
            let (key, kept) = OwnKey::generate("k", algorithm).unwrap();
            let again = OwnKey::of_pkcs8("k", algorithm, &kept).unwrap();
            assert_eq!(again.to_jwk(), key.to_jwk());
            let set = KeySet::of_jwks(&json!({"keys": [key.to_jwk()]}));
            let signature = again.sign(b"text").unwrap();
            for (kid, by, message, expected) in [
                ("k", algorithm, b"text", true),
                ("k", algorithm, b"texT", false),
                ("other", algorithm, b"text", false),
                ("k", Algorithm::Rs384, b"text", false),
            ] {
                assert_eq!(set.verifies(kid, by, message, &signature), expected, "{kid} {by:?}");
            }
            assert!(OwnKey::of_pkcs8("k", algorithm, &kept[1..]).is_err());
        }
        assert!(OwnKey::generate("k", Algorithm::Rs384).is_err());
    }

    /// The key of RFC 7515 A.3, and its signature.
    #[test]
    fn of_the_specification() {
        let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "a",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
        let key = PublicKey::of_jwk(&jwk).unwrap();
        let signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = BASE64
            .decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
            .unwrap();
        assert!(key.verifies(Algorithm::Es256, signed.as_bytes(), &signature));
        assert!(!key.verifies(Algorithm::Es256, &signed.as_bytes()[1..], &signature));
    }

    #[test]
    fn keys_of_no_use_are_left_out() {
        let (key, _) = OwnKey::generate("k", Algorithm::Es384).unwrap();
        let with = |name: &str, value: Value| {
            let mut jwk = key.to_jwk();
            jwk[name] = value;
            jwk
        };
        assert!(PublicKey::of_jwk(&key.to_jwk()).is_some());
        assert!(PublicKey::of_jwk(&with("key_ops", json!(["verify"]))).is_some());
        for jwk in [
            with("use", "enc".into()),
            with("key_ops", json!(["encrypt"])),
            with("kty", "oct".into()),
            with("kty", Value::Null),
            with("crv", "P-521".into()),
            with("crv", "P-256".into()),
            with("x", "!".into()),
            with("y", "AA".into()),
            json!({"kty": "RSA", "n": "AQAB"}),
            json!({"kty": "oct", "k": "AQAB"}),
            json!(7),
        ] {
            assert_eq!(PublicKey::of_jwk(&jwk), None, "{jwk}");
        }
        // For another algorithm than the one it says it is for, it verifies nothing.
        let other = PublicKey::of_jwk(&with("alg", "ES256".into())).unwrap();
        assert!(!other.verifies(Algorithm::Es384, b"text", &key.sign(b"text").unwrap()));
        for jwks in [json!(null), json!({"keys": 7}), json!({"keys": [7, null]})] {
            assert_eq!(KeySet::of_jwks(&jwks), KeySet::default());
        }
    }
}
