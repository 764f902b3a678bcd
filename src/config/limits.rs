//! How much is too much.

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// How much is too much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// Largest body of a request in bytes.
    pub body_bytes: usize,
    /// Most entries of a batch or transaction.
    pub bundle_entries: usize,
    /// Longest time a request may take, in seconds.
    pub request_seconds: u64,
    /// Longest time one write may wait for the terminology server, in milliseconds; what it has not answered by then
    /// stays unchecked.
    pub terminology_milliseconds: u64,
    /// Most requests of one client a second, in the long run, at one node.
    pub requests_per_second: u32,
    /// Most requests of one client at once, after it has been quiet.
    pub burst: u32,
    /// Most requests for tokens from one address a minute, at one node.
    pub logins_per_minute: u32,
    /// Most connections at once.
    pub connections: usize,
    /// Longest time until a connection has sent the head of its next request, in seconds; then it is closed.
    pub idle_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            body_bytes: 32 << 20,
            bundle_entries: 5000,
            request_seconds: 60,
            terminology_milliseconds: 2000,
            requests_per_second: 1000,
            burst: 2000,
            logins_per_minute: 300,
            connections: 4096,
            idle_seconds: 75,
        }
    }
}

impl Limits {
    /// Checks what the types do not.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let at_least = |key, value: u64, least: u64| match value < least {
            true => Err(ConfigError::Value { key, message: format!("at least {least}") }),
            false => Ok(()),
        };
        at_least("limits.body-bytes", self.body_bytes as u64, 1024)?;
        at_least("limits.bundle-entries", self.bundle_entries as u64, 1)?;
        at_least("limits.request-seconds", self.request_seconds, 1)?;
        at_least("limits.requests-per-second", self.requests_per_second.into(), 1)?;
        at_least("limits.burst", self.burst.into(), 1)?;
        at_least("limits.logins-per-minute", self.logins_per_minute.into(), 1)?;
        at_least("limits.connections", self.connections as u64, 1)?;
        at_least("limits.idle-seconds", self.idle_seconds, 1)
    }
}
