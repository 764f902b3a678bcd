//! Clients that log in: their keys, their assertions, their tokens. Signed and written by another library than the
//! gateway's own code.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use http::Method;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sdoh_gateway::access::Registration;
use sdoh_gateway::config::{Config, Secrets};
use serde_json::{Value, json};

use super::{Answer, Client, Server};

/// The one `client_assertion_type` there is.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client signs with.
#[derive(Clone)]
pub struct Key {
    pub kid: String,
    pub algorithm: Algorithm,
    pub private: EncodingKey,
}

impl Key {
    /// A new key for ES384.
    pub fn es384(kid: &str) -> Key {
        let kept =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let private = EncodingKey::from_ec_der(kept.as_ref());
        Key { kid: kid.to_owned(), algorithm: Algorithm::ES384, private }
    }

    /// A new key for RS384.
    pub fn rs384(kid: &str) -> Key {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let kept = pair.as_der().unwrap();
        // PKCS#8 holds the RSAPrivateKey after 26 bytes of its own.
        let private = EncodingKey::from_rsa_der(&kept.as_ref()[26..]);
        Key { kid: kid.to_owned(), algorithm: Algorithm::RS384, private }
    }

    /// The one that tests use where any will do.
    pub fn usual() -> &'static Key {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(|| Key::es384("usual"))
    }

    /// Its public half.
    pub fn jwk(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.private, self.algorithm).unwrap()).unwrap();
        jwk["kid"] = self.kid.clone().into();
        jwk
    }

    /// Signs claims, under the header that a client has.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) };
        self.sign_under(&header, claims)
    }

    /// Signs claims under a header.
    pub fn sign_under(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.private).unwrap()
    }
}

/// A set of public keys.
pub fn jwks(keys: &[&Key]) -> Value {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()})
}

/// A client that acts for `Organization/ID` in the default space and signs with the usual key.
pub fn registration(id: &str, scopes: &str) -> Registration {
    Registration {
        id: id.to_owned(),
        organization: Some(format!("Organization/{id}")),
        scopes: scopes.parse().unwrap(),
        jwks: Some(jwks(&[Key::usual()])),
        ..Registration::default()
    }
}

/// Configures a gateway that wants logins of these clients.
pub fn with_login(config: &mut Config, clients: Vec<Registration>) {
    config.open = false;
    config.secrets =
        Secrets { key: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into(), ..Secrets::default() };
    config.clients = clients;
    // The clock stands still.
    config.limits.burst = u32::MAX;
}

/// The claims of an assertion as SMART clients write them: made now, good for five minutes, never used before.
pub fn claims(server: &Server, client: &str) -> Value {
    let seconds = server.gateway.clock().now().0 / 1_000_000;
    json!({
        "iss": client,
        "sub": client,
        "aud": format!("{}/auth/token", server.base_url),
        "exp": seconds + 300,
        "jti": uuid::Uuid::new_v4().simple().to_string(),
    })
}

/// Posts a form.
pub async fn post_form(client: &Client, url: &str, fields: &[(&str, &str)]) -> Answer {
    let escape = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")];
    client.send(Method::POST, url, &headers, Some(form.join("&").into_bytes())).await
}

/// Asks for a token as SMART clients do.
pub async fn ask_for_token(server: &Server, assertion: &str, scope: &str) -> Answer {
    let fields = [
        ("client_assertion", assertion),
        ("client_assertion_type", JWT_BEARER),
        ("grant_type", "client_credentials"),
        ("scope", scope),
    ];
    post_form(&server.client, &format!("{}/auth/token", server.origin), &fields).await
}

impl Server {
    /// A client that has logged in, with the usual key and these scopes.
    pub async fn login(&self, client: &str, scope: &str) -> Client {
        self.client.with_token(&self.token(client, scope).await)
    }

    /// A token for a client, by the usual key.
    pub async fn token(&self, client: &str, scope: &str) -> String {
        let assertion = Key::usual().sign(&claims(self, client));
        let answer = ask_for_token(self, &assertion, scope).await.expect(200).json();
        answer["access_token"].as_str().unwrap().to_owned()
    }
}
