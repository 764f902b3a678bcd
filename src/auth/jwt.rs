//! JSON Web Tokens (RFC 7519) in their compact form, signed (RFC 7515 §7.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Map, Value, json};

use crate::fhir::json;
use crate::fhir::time::Instant;

use super::jwk::{Algorithm, BadKey, KeySet, OwnKey};

/// The longest token that is looked at, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// A token that has been read; by whom it is, and whether it holds, is yet to be seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Jwt<'t> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signed: &'t str,
    signature: Vec<u8>,
}

impl<'t> Jwt<'t> {
    /// Reads the text. `None` for anything but a signed token of sound form: no encryption, no extensions that have to be
    /// understood, no member twice.
    pub fn parse(text: &'t str) -> Option<Jwt<'t>> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let object = |part: &str| match json::parse(&BASE64.decode(part).ok()?) {
            Ok(Value::Object(object)) => Some(object),
            _ => None,
        };
        let header = object(header)?;
        if header.contains_key("crit") {
            return None;
        }
        Some(Jwt { header, claims: object(claims)?, signed, signature: BASE64.decode(signature).ok()? })
    }

    /// A text of the header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// Whether the header has the member, of whatever kind.
    pub fn has_header(&self, name: &str) -> bool {
        self.header.contains_key(name)
    }

    /// A text of the claims.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A claim that is a text, or a list of texts.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let (one, several) = match self.claims.get(name) {
            Some(Value::String(text)) => (Some(text.as_str()), &[][..]),
            Some(Value::Array(texts)) => (None, texts.as_slice()),
            _ => (None, &[][..]),
        };
        one.into_iter().chain(several.iter().filter_map(Value::as_str))
    }

    /// A claim that is a moment (RFC 7519 §2, NumericDate).
    pub fn moment(&self, name: &str) -> Option<Instant> {
        // Whole seconds for all that is written by sane clients; up to the year 9999.
        let seconds = self.claims.get(name)?.as_f64()?;
        let sane = seconds.is_finite() && (0.0..=253_402_300_799.0).contains(&seconds);
        sane.then_some(Instant((seconds * 1e6) as i64))
    }

    /// Whether it is for this audience: the claim is it, or a list that has it.
    pub fn is_for(&self, audience: &str) -> bool {
        self.texts("aud").any(|own| own == audience)
    }

    /// Its algorithm, where it is one of these.
    pub fn algorithm(&self, among: &[Algorithm]) -> Option<Algorithm> {
        let name = self.header("alg")?;
        among.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// Whether a key of the set signed it by one of these algorithms: one of the name that the header has.
    pub fn is_signed_by(&self, keys: &KeySet, among: &[Algorithm]) -> bool {
        match (self.algorithm(among), self.header("kid")) {
            (Some(algorithm), Some(kid)) => {
                keys.verifies(kid, algorithm, self.signed.as_bytes(), &self.signature)
            }
            _ => false,
        }
    }
}

/// A token of these claims. `kind` becomes `typ`.
pub fn sign(key: &OwnKey, kind: &str, claims: &Value) -> Result<String, BadKey> {
    let header = json!({"typ": kind, "alg": key.algorithm().name(), "kid": key.kid});
    let mut text = BASE64.encode(header.to_string());
    text.push('.');
    BASE64.encode_string(claims.to_string(), &mut text);
    let signature = key.sign(text.as_bytes())?;
    text.push('.');
    BASE64.encode_string(signature, &mut text);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(header: &Value, claims: &Value) -> String {
        format!("{}.{}.AA", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
    }

    #[test]
    fn signed_and_read() {
        let (key, _) = OwnKey::generate("k", Algorithm::Es384).unwrap();
        let text = sign(&key, "JWT", &json!({"iss": "a", "exp": 5, "aud": ["b", "c"]})).unwrap();
        let jwt = Jwt::parse(&text).unwrap();
        assert_eq!(
            (jwt.header("typ"), jwt.header("kid"), jwt.claim("iss")),
            (Some("JWT"), Some("k"), Some("a"))
        );
        assert_eq!(jwt.moment("exp"), Some(Instant(5_000_000)));
        assert!(jwt.is_for("c") && !jwt.is_for("a"));
        let keys = KeySet::of_jwks(&json!({"keys": [key.to_jwk()]}));
        assert!(jwt.is_signed_by(&keys, &[Algorithm::Es384]));
        assert!(!jwt.is_signed_by(&keys, &[Algorithm::Es256]));
        assert!(!jwt.is_signed_by(&KeySet::default(), &[Algorithm::Es384]));
        // One bit elsewhere.
        let other = text.replacen("eyJ0", "eyK0", 1);
        assert!(Jwt::parse(&other).is_none_or(|jwt| !jwt.is_signed_by(&keys, &[Algorithm::Es384])));
    }

    #[test]
    fn odd_tokens() {
        let sound = json!({"alg": "ES384", "kid": "k"});
        for (text, expected) in [
            (token(&sound, &json!({})), true),
            (token(&json!({"alg": "none"}), &json!({})), true),
            (token(&json!({"alg": "ES384", "crit": ["b64"], "b64": false}), &json!({})), false),
            (token(&json!([]), &json!({})), false),
            (token(&sound, &json!("x")), false),
            (
                format!("{}.{}.AA", BASE64.encode(r#"{"alg":"none","alg":"ES384"}"#), BASE64.encode("{}")),
                false,
            ),
            (token(&sound, &json!({})) + "=", false),
            (token(&sound, &json!({})) + ".AA", false),
            ("..".to_owned(), false),
            (String::new(), false),
            (token(&sound, &json!({"x": "x".repeat(MAX_BYTES)})), false),
        ] {
            assert_eq!(Jwt::parse(&text).is_some(), expected, "{text:.200}");
        }
        let none = token(&json!({"alg": "none", "kid": "k"}), &json!({}));
        assert_eq!(Jwt::parse(&none).unwrap().algorithm(&Algorithm::OF_ISSUERS), None);
    }

    #[test]
    fn moments() {
        for (value, expected) in [
            (json!(5), Some(5_000_000)),
            (json!(5.5), Some(5_500_000)),
            (json!("5"), None),
            (json!(-1), None),
            (json!(1e300), None),
            (json!(null), None),
        ] {
            let text = token(&json!({}), &json!({"exp": value}));
            assert_eq!(Jwt::parse(&text).unwrap().moment("exp"), expected.map(Instant), "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_token_or_not(text in "[A-Za-z0-9_.=-]{0,200}") {
            let _ = Jwt::parse(&text);
        }
    }
}
