//! TLS of the gateway's own address.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Certificate and key. Both are read anew when their files change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Tls {
    /// File with the certificate and those between it and a known one, in PEM.
    pub certificate: Option<PathBuf>,
    /// File with its private key, in PEM.
    pub key: Option<PathBuf>,
    /// File with the certificates of those who sign clients' certificates, in PEM. Clients then may show one, and are
    /// known by its subject (`tls-subject`).
    pub client_ca: Option<PathBuf>,
}

impl Tls {
    /// Whether the gateway speaks TLS.
    pub fn is_on(&self) -> bool {
        self.certificate.is_some()
    }
}
