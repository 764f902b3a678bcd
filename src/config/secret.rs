//! Values that nobody is to see.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ConfigError;

/// A secret: what holds it can be printed, logged and written down without it. Empty where nothing is set.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// The secret itself. Not for texts that anybody reads.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a file holds, without blanks and line ends around it. `key` names the setting.
    pub fn of_file(key: &'static str, path: &Path) -> Result<Secret, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Secret(text.trim().to_owned())),
            Err(error) => Err(ConfigError::Value { key, message: format!("{}: {error}", path.display()) }),
        }
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("…")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("…")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret)
    }
}

/// Keys that secrets kept in the database are encrypted under.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Secrets {
    /// File with the keys, a line each: 32 bytes in base64, as `openssl rand -base64 32` prints them. The first one
    /// encrypts, all decrypt.
    pub key_file: Option<PathBuf>,
    /// The same without a file, for the environment.
    pub key: Secret,
}

impl Secrets {
    /// The lines, from the file where one is named.
    pub fn keys(&self) -> Result<Secret, ConfigError> {
        match &self.key_file {
            Some(path) => Secret::of_file("secrets.key-file", path),
            None => Ok(self.key.clone()),
        }
    }

    /// Whether there are any.
    pub fn is_set(&self) -> bool {
        self.key_file.is_some() || !self.key.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sees_it() {
        let secrets = Secrets { key_file: None, key: "hush".into() };
        for text in [format!("{secrets:?}"), format!("{secrets:#?}"), toml::to_string(&secrets).unwrap()] {
            assert!(!text.contains("hush"), "{text}");
        }
        assert_eq!(secrets.keys().unwrap().expose(), "hush");
    }
}
