//! Ring 6: the configuration. One TOML file; environment variables go over it; what is wrong is named by its key.

mod audit;
mod check;
mod issuer;
mod limits;
mod secret;
mod tls;

pub use audit::Audit;
pub use issuer::Issuer;
pub use limits::Limits;
pub use secret::{Secret, Secrets};
pub use tls::Tls;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::access::Registration;
use crate::store::Durability;

/// Environment variables begin with this: `SDOH_GATEWAY_LISTEN`, `SDOH_GATEWAY_VALIDATION__DEFAULT`.
pub const ENVIRONMENT_PREFIX: &str = "SDOH_GATEWAY_";

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not TOML, or a key is unknown or has the wrong kind of value. The text names the key.
    #[error("{source_name}: {message}")]
    Malformed {
        /// The file, or the environment.
        source_name: String,
        /// What is wrong.
        message: String,
    },
    /// A value makes no sense.
    #[error("{key}: {message}")]
    Value {
        /// The key, with dots.
        key: &'static str,
        /// What is wrong and what would do.
        message: String,
    },
}

/// All settings. Every one has a default but for who may come in: clients and a key for secrets, or `open`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// Address and port for FHIR. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// URL under which clients reach the gateway, without `/fhir`. Default: the address listened on.
    pub base_url: Option<String>,
    /// `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`.
    pub database_url: Secret,
    /// File that holds the same.
    pub database_url_file: Option<PathBuf>,
    /// Serve without login. Only on loopback.
    pub open: bool,
    /// Serve without TLS beyond loopback, for something before the gateway speaks it.
    pub insecure: bool,
    /// Certificate and key.
    pub tls: Tls,
    /// Keys that secrets kept in the database are encrypted under.
    pub secrets: Secrets,
    /// Who may come in, beside those registered by `client add`.
    #[serde(rename = "client")]
    pub clients: Vec<Registration>,
    /// Authorization servers of others whose tokens are taken.
    #[serde(rename = "issuer")]
    pub issuers: Vec<Issuer>,
    /// What an answer promises: `power-cut` or `process-crash`.
    pub durability: DurabilitySetting,
    /// Address and port for Prometheus; none by default.
    pub metrics_listen: Option<SocketAddr>,
    /// FHIR packages to load beside the embedded ones.
    pub ig: Vec<PathBuf>,
    /// Spaces beside the default one; `clinic-a` is served at `/s/clinic-a/fhir`.
    pub spaces: BTreeSet<String>,
    /// FHIR base of a server that is asked about codes the definitions do not tell of; none by default.
    pub terminology_server: Option<String>,
    /// Web pages that may use the gateway from a browser, by origin: `https://app.example`, or `*` for all.
    pub cors_origins: BTreeSet<String>,
    /// What follows from a write that breaks a profile.
    pub validation: Validation,
    /// How the record of who did what is kept.
    pub audit: Audit,
    /// How much is too much.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            base_url: None,
            database_url: "sqlite://gateway.db".into(),
            database_url_file: None,
            open: false,
            insecure: false,
            tls: Tls::default(),
            secrets: Secrets::default(),
            clients: Vec::new(),
            issuers: Vec::new(),
            durability: DurabilitySetting::PowerCut,
            metrics_listen: None,
            ig: Vec::new(),
            spaces: BTreeSet::new(),
            terminology_server: None,
            cors_origins: BTreeSet::new(),
            validation: Validation::default(),
            audit: Audit::default(),
            limits: Limits::default(),
        }
    }
}

/// See [`Durability`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DurabilitySetting {
    /// Synced to disk before each answer.
    PowerCut,
    /// Handed to the operating system before each answer.
    ProcessCrash,
}

impl From<DurabilitySetting> for Durability {
    fn from(setting: DurabilitySetting) -> Self {
        match setting {
            DurabilitySetting::PowerCut => Durability::PowerCut,
            DurabilitySetting::ProcessCrash => Durability::ProcessCrash,
        }
    }
}

/// Whether errors refuse a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// The write is carried out, and what is wrong is told and kept.
    #[default]
    Report,
    /// The write is refused.
    Enforce,
}

/// What follows from a write that breaks a profile or a rule of the referral.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Validation {
    /// For all that no rule names.
    pub default: Enforcement,
    /// By profile; the first that fits decides.
    pub rules: Vec<ValidationRule>,
}

/// What follows for one profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ValidationRule {
    /// Canonical of a profile, or of a base type.
    pub profile: String,
    /// What follows.
    pub policy: Enforcement,
}

impl Validation {
    /// What follows from errors by a definition, given as canonical with or without version.
    pub fn enforcement(&self, canonical: &str) -> Enforcement {
        let url = canonical.split('|').next().unwrap_or(canonical);
        let rule = self.rules.iter().find(|rule| rule.profile == canonical || rule.profile == url);
        rule.map_or(self.default, |rule| rule.policy)
    }
}

impl Config {
    /// Reads the file, if one is named, and puts the environment over it.
    ///
    /// `environment` are the variables of the process; those that begin with [`ENVIRONMENT_PREFIX`] count. Two underscores
    /// go a level down, one stands for a dash. A value is read as TOML where it is that, else as text.
    pub fn load(
        path: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Config, ConfigError> {
        let mut table = match path {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
                // Read on its own first, so that the error tells the line of the file.
                let malformed = |error: toml::de::Error| ConfigError::Malformed {
                    source_name: path.display().to_string(),
                    message: placed(&error, &text),
                };
                toml::from_str::<Config>(&text).map_err(malformed)?;
                toml::from_str(&text).map_err(malformed)?
            }
        };
        let mut names = Vec::new();
        for (name, value) in environment {
            let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
            let keys: Vec<String> =
                key.split("__").map(|part| part.to_lowercase().replace('_', "-")).collect();
            insert(&mut table, &keys, toml_value(&value));
            names.push(name);
        }
        let mut config: Config =
            table.try_into().map_err(|error: toml::de::Error| ConfigError::Malformed {
                source_name: format!("environment ({})", names.join(", ")),
                message: error.to_string().trim_end().to_owned(),
            })?;
        if let Some(path) = &config.database_url_file {
            config.database_url = Secret::of_file("database-url-file", path)?;
        }
        Ok(config)
    }
}

/// An error with its line and key, and without the line's value, which may be a secret.
fn placed(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = text.lines().nth(before.matches('\n').count()).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    format!("line {}: {key}: {}", before.matches('\n').count() + 1, error.message())
}

fn insert(table: &mut toml::Table, keys: &[String], value: toml::Value) {
    match keys {
        [] => {}
        [key] => {
            table.insert(key.clone(), value);
        }
        [key, rest @ ..] => {
            let inner = table.entry(key.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let toml::Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

fn toml_value(text: &str) -> toml::Value {
    let parsed: Option<toml::Table> = toml::from_str(&format!("value = {text}")).ok();
    parsed.and_then(|mut table| table.remove("value")).unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: Option<&str>, environment: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = file.map(|text| {
            let path = folder.path().join("gateway.toml");
            std::fs::write(&path, text).unwrap();
            path
        });
        let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Config::load(path.as_deref(), environment).map_err(|error| error.to_string())
    }

    #[test]
    fn file_and_environment() {
        let file = "open = true\nlisten = '127.0.0.1:1'\n[validation]\ndefault = 'report'\n";
        let environment = [
            ("SDOH_GATEWAY_LISTEN", "127.0.0.1:2"),
            ("SDOH_GATEWAY_VALIDATION__DEFAULT", "enforce"),
            ("SDOH_GATEWAY_LIMITS__BODY_BYTES", "2048"),
            ("SDOH_GATEWAY_SPACES", "['a', 'b']"),
            ("HOME", "/nowhere"),
        ];
        let config = load(Some(file), &environment).unwrap();
        assert!(config.open);
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.validation.default, Enforcement::Enforce);
        assert_eq!(config.limits.body_bytes, 2048);
        assert_eq!(config.spaces.len(), 2);
    }

    #[test]
    fn errors_name_the_key() {
        for (file, environment, key) in [
            ("opne = true", None, "opne"),
            ("listen = 'here'", None, "listen"),
            ("[limits]\nbody-bytes = 'many'", None, "body-bytes"),
            ("", Some(("SDOH_GATEWAY_OPNE", "true")), "opne"),
            ("", Some(("SDOH_GATEWAY_LIMITS__BODY", "1")), "body"),
            ("[[client]]\nid = 'a'\nscopes = 'all'", None, "line 3: scopes"),
            ("database-url-file = '/nowhere'", None, "/nowhere"),
        ] {
            let environment: Vec<_> = environment.into_iter().collect();
            let error = load(Some(file), &environment).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
        for file in ["[secrets]\nkey = 'hush", "[secrets]\nkye = 'hush'", "[secrets]\nkey = ['hush']"] {
            let error = load(Some(file), &[]).unwrap_err();
            assert!(!error.contains("hush") && error.contains("line 2"), "{error}");
        }
    }

    #[test]
    fn enforcement() {
        let rule = |profile: &str, policy| ValidationRule { profile: profile.into(), policy };
        let validation = Validation {
            default: Enforcement::Report,
            rules: vec![rule("http://a/p|1", Enforcement::Report), rule("http://a/p", Enforcement::Enforce)],
        };
        for (canonical, expected) in [
            ("http://a/p|1", Enforcement::Report),
            ("http://a/p|2", Enforcement::Enforce),
            ("http://a/p", Enforcement::Enforce),
            ("http://a/q", Enforcement::Report),
        ] {
            assert_eq!(validation.enforcement(canonical), expected, "{canonical}");
        }
    }
}
