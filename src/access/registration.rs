//! How a client is registered: who it is, how it proves that, and what it may ask for.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Client, Coverage, Scopes};

/// A client as it is registered, in the configuration or in the database (SMART App Launch 2.2 §Registering a client).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Registration {
    /// Its `client_id`.
    pub id: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Reference to the Organization it acts for in the default space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The same by space, where it has several or others; the first of each is the one it writes as. See
    /// [`Client::organizations`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub organizations: BTreeMap<String, Vec<String>>,
    /// What HIPAA makes of it.
    #[serde(default)]
    pub coverage: Coverage,
    /// Referrals without an owner that are offered to it. See [`Client::pools`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub pools: BTreeSet<String>,
    /// The most it may ask for. Those of administrators have `gateway/admin`.
    pub scopes: Scopes,
    /// Its public keys (RFC 7517).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where its public keys are. It may change them there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// Subject of the certificate it connects with (RFC 4514): `CN=pantry,O=Pantry`. Where `tls.client-ca` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_subject: Option<String>,
    /// Addresses that are not of the public internet and may be connected to for it all the same: `10.1.2.3`,
    /// `10.1.0.0/16`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub allow_addresses: BTreeSet<String>,
}

/// Why a registration cannot be used. Names the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("client '{id}': {key}: {message}")]
pub struct RegistrationError {
    id: String,
    key: &'static str,
    message: &'static str,
}

/// Members of a JSON Web Key that are secret (RFC 7518 §6).
const SECRET_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

impl Registration {
    /// The client as it is when its scopes are these.
    pub fn client(&self, scopes: Scopes) -> Client {
        let mut organizations = self.organizations.clone();
        if let Some(organization) = &self.organization {
            let own = organizations.entry(String::new()).or_default();
            own.retain(|known| known != organization);
            own.insert(0, organization.clone());
        }
        Client {
            id: self.id.clone(),
            organizations,
            coverage: self.coverage,
            pools: self.pools.clone(),
            is_administrator: scopes.is_administrator(),
            scopes,
        }
    }

    /// Checks what the types do not.
    pub fn check(&self) -> Result<(), RegistrationError> {
        let wrong = |key, message| Err(RegistrationError { id: self.id.clone(), key, message });
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/@".contains(&byte);
        if self.id.is_empty() || self.id.len() > 128 || !self.id.bytes().all(is_plain) {
            return wrong("id", "1 to 128 of the characters A-Z a-z 0-9 - . _ ~ : / @");
        }
        let mut references = self.organization.iter().chain(self.organizations.values().flatten());
        if !references.all(|reference| is_reference(reference)) {
            return wrong("organization", "is a reference such as Organization/pantry");
        }
        if self.organizations.values().any(Vec::is_empty) {
            return wrong("organizations", "each space names at least one");
        }
        if self.organization.is_none() && self.organizations.is_empty() && !self.scopes.is_administrator() {
            return wrong(
                "organization",
                "for whom does it act? Say Organization/…, or scopes with gateway/admin",
            );
        }
        if self.scopes.is_empty() {
            return wrong("scopes", "say what it may ask for, such as system/*.cruds");
        }
        if self.jwks.is_some() && self.jwks_url.is_some() {
            return wrong("jwks", "either jwks or jwks-url");
        }
        if let Some(jwks) = &self.jwks {
            let Some(keys) = jwks.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty())
            else {
                return wrong("jwks", "is an object with an array 'keys' of public keys");
            };
            if keys.iter().any(|key| SECRET_MEMBERS.iter().any(|secret| key.get(secret).is_some())) {
                return wrong("jwks", "has a key that is secret: the gateway takes public keys only");
            }
        }
        if self
            .jwks_url
            .as_ref()
            .is_some_and(|url| !(url.starts_with("https://") || url.starts_with("http://")))
        {
            return wrong("jwks-url", "begins with https://");
        }
        Ok(())
    }

    /// The same client with other keys.
    #[must_use]
    pub fn with_keys(self, jwks: Option<Value>, jwks_url: Option<String>) -> Registration {
        Registration { jwks, jwks_url, ..self }
    }
}

/// `Type/id`, or the URL of a resource.
fn is_reference(text: &str) -> bool {
    let mut segments = text.rsplit('/');
    let (id, type_name) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    crate::fhir::Id::is_valid(id) && type_name.starts_with(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn registration(change: impl Fn(&mut Registration)) -> Registration {
        let mut registration = Registration {
            id: "pantry".into(),
            organization: Some("Organization/pantry".into()),
            scopes: "system/*.cruds".parse().unwrap(),
            ..Registration::default()
        };
        change(&mut registration);
        registration
    }

    #[test]
    fn what_is_wrong_is_named() {
        let key = json!({"keys": [{"kty": "EC"}]});
        let secret = json!({"keys": [{"kty": "EC", "d": "x"}]});
        type Change<'c> = &'c dyn Fn(&mut Registration);
        let cases: [(Change, Option<&str>); 12] = [
            (&|_| (), None),
            (&|r| r.id = "a b".into(), Some("id")),
            (&|r| r.id = "a\r\nb".into(), Some("id")),
            (&|r| r.id = String::new(), Some("id")),
            (&|r| r.organization = Some("pantry".into()), Some("organization")),
            (&|r| r.organization = None, Some("organization")),
            (&|r| (r.organization, r.scopes) = (None, "gateway/admin".parse().unwrap()), None),
            (&|r| r.scopes = Scopes::default(), Some("scopes")),
            (&|r| r.jwks = Some(key.clone()), None),
            (&|r| r.jwks = Some(secret.clone()), Some("jwks")),
            (&|r| r.jwks = Some(json!({"keys": []})), Some("jwks")),
            (&|r| r.jwks_url = Some("file:///etc/passwd".into()), Some("jwks-url")),
        ];
        for (index, (change, expected)) in cases.into_iter().enumerate() {
            let wrong = registration(change).check().err();
            assert_eq!(wrong.as_ref().map(|wrong| wrong.key), expected, "case {index}");
        }
    }

    #[test]
    fn as_toml() {
        let text = "id = 'clinic'\norganization = 'Organization/1'\nscopes = 'system/Task.cruds gateway/admin'\n\
                    coverage = 'covered-entity'\n[organizations]\n'' = ['Organization/2']\na = ['Organization/3']\n\
                    [jwks]\nkeys = [{ kty = 'EC', crv = 'P-384', x = 'x', y = 'y' }]\n";
        let registration: Registration = toml::from_str(text).unwrap();
        assert_eq!(registration.check(), Ok(()));
        let client = registration.client(registration.scopes.clone());
        assert_eq!(client.organizations[""], ["Organization/1", "Organization/2"]);
        assert_eq!(client.acts_for("a"), Some("Organization/3"));
        assert!(client.is_administrator);
        assert!(!registration.client("system/Task.rs".parse().unwrap()).is_administrator);
        // As it is kept in the database.
        let kept = serde_json::to_string(&registration).unwrap();
        assert_eq!(serde_json::from_str::<Registration>(&kept).unwrap(), registration);
        let error = toml::from_str::<Registration>("id = 'x'\nscopes = 'all'").unwrap_err().to_string();
        assert!(error.contains("'all' is no scope"), "{error}");
    }
}
