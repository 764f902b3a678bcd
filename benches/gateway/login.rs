//! A client that logs in, as the one that runs the gateway: what it may see costs nothing, so that the cost of the login
//! itself shows.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sdoh_gateway::access::Registration;
use serde_json::{Value, json};

/// Its name.
const ID: &str = "bench";

/// What it signs with.
pub struct Key(EncodingKey);

impl Key {
    /// A new one.
    pub fn generate() -> Key {
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new());
        Key(EncodingKey::from_ec_der(pair.expect("a key").as_ref()))
    }

    /// How it is registered.
    pub fn registration(&self) -> Registration {
        let jwk = Jwk::from_encoding_key(&self.0, Algorithm::ES384).expect("its public half");
        let mut jwk = serde_json::to_value(jwk).expect("JSON");
        jwk["kid"] = ID.into();
        Registration {
            id: ID.to_owned(),
            scopes: "system/*.cruds gateway/admin".parse().expect("scopes"),
            jwks: Some(json!({ "keys": [jwk] })),
            ..Registration::default()
        }
    }

    /// A form that asks for a token, at the token endpoint of a gateway.
    pub fn form(&self, origin: &str) -> Vec<(String, String)> {
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs();
        let claims: Value = json!({"iss": ID, "sub": ID, "aud": format!("{origin}/auth/token"), "exp": now + 300,
            "jti": uuid::Uuid::new_v4().to_string()});
        let header = Header { kid: Some(ID.to_owned()), ..Header::new(Algorithm::ES384) };
        let assertion = jsonwebtoken::encode(&header, &claims, &self.0).expect("an assertion");
        let fields = [
            ("grant_type", "client_credentials"),
            ("scope", "system/*.cruds gateway/admin"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// A token of a gateway that serves.
    #[expect(clippy::disallowed_methods, reason = "a client of the gateway, on loopback")]
    pub async fn token(&self, origin: &str) -> String {
        let escape = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let form: Vec<String> =
            self.form(origin).iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
        let request = reqwest::Client::new().post(format!("{origin}/auth/token"));
        let request =
            request.header("Content-Type", "application/x-www-form-urlencoded").body(form.join("&"));
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        answer["access_token"].as_str().expect("a token").to_owned()
    }
}
