//! How the record of who did what is kept.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Secret;

/// How the record of who did what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Audit {
    /// What this machine or instance is called in the record. Default: the host's name.
    pub node: Option<String>,
    /// File with the key the record is signed with: an Ed25519 private key in PEM. Without one, a key is made beside the
    /// database.
    pub signing_key_file: Option<PathBuf>,
    /// The same without a file, for the environment.
    pub signing_key: Secret,
    /// File to which signed ends of the chain are added, every minute and at the stop, to be kept elsewhere.
    pub checkpoint_file: Option<PathBuf>,
}
