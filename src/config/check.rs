//! What has to hold of the settings beyond their types.

use std::collections::BTreeSet;

use super::{Config, ConfigError};

impl Config {
    /// Checks what the types do not.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, message: &str| Err(ConfigError::Value { key, message: message.into() });
        self.check_trust()?;
        if self.base_url.as_deref().is_some_and(|url| !is_http(url)) {
            return wrong("base-url", "begins with http:// or https://");
        }
        if self.terminology_server.as_deref().is_some_and(|url| !is_http(url)) {
            return wrong("terminology-server", "begins with http:// or https://");
        }
        if let Some(origin) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            let text = format!(
                "'{origin}' is no origin: https://host, perhaps with :port, and nothing after it; or *"
            );
            return wrong("cors-origins", &text);
        }
        if let Some(name) = self.spaces.iter().find(|name| !crate::fhir::Id::is_valid(name)) {
            return wrong(
                "spaces",
                &format!("'{name}' is no name: letters, digits, dashes and dots, at most 64"),
            );
        }
        self.limits.check()
    }

    /// Who may come in, and over what.
    fn check_trust(&self) -> Result<(), ConfigError> {
        let wrong = |key, message: &str| Err(ConfigError::Value { key, message: message.into() });
        let is_local = self.listen.ip().is_loopback();
        if self.tls.is_on() != self.tls.key.is_some() {
            return wrong("tls", "certificate and key go together");
        }
        if self.tls.client_ca.is_some() && !self.tls.is_on() {
            return wrong("tls.client-ca", "needs tls.certificate and tls.key");
        }
        if self.open {
            if !is_local {
                return wrong(
                    "listen",
                    "without logins only a loopback address is served: 127.0.0.1 or [::1]",
                );
            }
            if !self.clients.is_empty() || !self.issuers.is_empty() {
                return wrong(
                    "open",
                    "clients and issuers are of no use where nobody logs in: leave out open, or them",
                );
            }
            return Ok(());
        }
        if !self.secrets.is_set() {
            return wrong(
                "secrets.key-file",
                "the key that the gateway's own secrets are encrypted under: a file with what 'openssl rand -base64 32' \
                 prints. For a demonstration on loopback without any login: --open",
            );
        }
        if !is_local && !self.tls.is_on() && !self.insecure {
            return wrong(
                "tls",
                "beyond loopback the gateway speaks TLS: set tls.certificate and tls.key; or say --insecure, if something \
                 before it does",
            );
        }
        let mut ids = BTreeSet::new();
        let mut subjects = BTreeSet::new();
        for client in &self.clients {
            client
                .check()
                .map_err(|error| ConfigError::Value { key: "client", message: error.to_string() })?;
            if !ids.insert(&client.id) {
                return wrong("client", &format!("'{}' is there twice", client.id));
            }
            if client.tls_subject.as_ref().is_some_and(|subject| !subjects.insert(subject)) {
                return wrong(
                    "client",
                    &format!("'{}': tls-subject: another client has the same", client.id),
                );
            }
            if let Some(space) =
                client.organizations.keys().find(|s| !s.is_empty() && !self.spaces.contains(*s))
            {
                return wrong(
                    "client",
                    &format!("'{}': organizations: there is no space '{space}'", client.id),
                );
            }
        }
        let mut issuers = BTreeSet::new();
        for issuer in &self.issuers {
            let urls = [&issuer.jwks_url, &issuer.authorization_endpoint, &issuer.token_endpoint];
            if !is_http(&issuer.issuer) || urls.into_iter().flatten().any(|url| !is_http(url)) {
                return wrong("issuer", &format!("'{}': its URLs begin with https://", issuer.issuer));
            }
            if issuer.audience.is_empty() || issuer.client_claim.is_empty() {
                return wrong(
                    "issuer",
                    &format!("'{}': audience and client-claim are not empty", issuer.issuer),
                );
            }
            if !issuers.insert(&issuer.issuer) {
                return wrong("issuer", &format!("'{}' is there twice", issuer.issuer));
            }
        }
        Ok(())
    }
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// Whether a text is what browsers send as `Origin` (RFC 6454 §7), or `*`.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text == "*"
        || host.is_some_and(|host| {
            let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]".contains(c);
            !host.is_empty() && host.chars().all(known)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Registration;
    use crate::config::Issuer;

    #[test]
    fn errors_name_the_key() {
        let check = |change: fn(&mut Config)| {
            let mut config = Config { open: true, ..Config::default() };
            change(&mut config);
            config.check().map_err(|error| error.to_string().split(':').next().unwrap().to_owned())
        };
        assert_eq!(check(|_| ()), Ok(()));
        assert_eq!(check(|c| c.listen = "0.0.0.0:80".parse().unwrap()), Err("listen".into()));
        assert_eq!(check(|c| c.base_url = Some("x".into())), Err("base-url".into()));
        assert_eq!(check(|c| c.terminology_server = Some("x".into())), Err("terminology-server".into()));
        assert_eq!(check(|c| c.spaces = ["a/b".to_owned()].into()), Err("spaces".into()));
        assert_eq!(check(|c| c.limits.body_bytes = 0), Err("limits.body-bytes".into()));
        assert_eq!(check(|c| c.clients = vec![Registration::default()]), Err("open".into()));
    }

    #[test]
    fn without_open_there_are_keys_and_tls() {
        fn client(id: &str) -> Registration {
            Registration {
                id: id.into(),
                organization: Some("Organization/1".into()),
                scopes: "system/*.rs".parse().unwrap(),
                ..Registration::default()
            }
        }
        let issuer = |url: &str| Issuer {
            issuer: url.into(),
            audience: "https://gateway.example/fhir".into(),
            jwks_url: None,
            authorization_endpoint: None,
            token_endpoint: None,
            client_claim: "azp".into(),
            clients: Default::default(),
            allow_addresses: Default::default(),
        };
        type Change<'c> = &'c dyn Fn(&mut Config);
        let public = "0.0.0.0:80".parse().unwrap();
        let cases: [(Change, Option<&str>); 14] = [
            (&|_| (), None),
            (&|c| c.secrets = Default::default(), Some("secrets.key-file")),
            (&|c| c.listen = public, Some("tls")),
            (&|c| (c.listen, c.insecure) = (public, true), None),
            (&|c| c.tls.certificate = Some("c.pem".into()), Some("tls")),
            (&|c| c.tls.client_ca = Some("c.pem".into()), Some("tls.client-ca")),
            (
                &|c| {
                    (c.tls.certificate, c.tls.key) = (Some("c.pem".into()), Some("k.pem".into()));
                    c.listen = public;
                },
                None,
            ),
            (&|c| c.clients = vec![client("a"), client("b")], None),
            (&|c| c.clients = vec![client("a"), client("a")], Some("client")),
            (&|c| c.clients = vec![client("a b")], Some("client")),
            (
                &|c| {
                    let organizations = [("nowhere".to_owned(), vec!["Organization/1".to_owned()])].into();
                    c.clients = vec![Registration { organizations, ..client("a") }];
                },
                Some("client"),
            ),
            (
                &|c| {
                    let same = |id: &str| Registration { tls_subject: Some("CN=x".into()), ..client(id) };
                    c.clients = vec![same("a"), same("b")];
                },
                Some("client"),
            ),
            (&|c| c.issuers = vec![issuer("login.example")], Some("issuer")),
            (
                &|c| c.issuers = vec![issuer("https://login.example"), issuer("https://login.example")],
                Some("issuer"),
            ),
        ];
        for (index, (change, expected)) in cases.into_iter().enumerate() {
            let mut config = Config::default();
            config.secrets.key = "key".into();
            change(&mut config);
            let key = config.check().err().map(|error| match error {
                ConfigError::Value { key, .. } => key,
                other => panic!("{other}"),
            });
            assert_eq!(key, expected, "case {index}");
        }
    }
}
