//! What a chain's first event tells of the process.

use aws_lc_rs::digest::{SHA256, digest};

use crate::config::Config;

/// What a chain's first event tells of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Opening {
    /// The machine or instance.
    pub(in super::super) node: String,
    /// SHA-256 of the configuration.
    pub(in super::super) configuration: String,
}

impl Opening {
    pub(in super::super) fn of(config: &Config) -> Opening {
        let node = config.audit.node.clone().unwrap_or_else(host_name);
        Opening { node, configuration: fingerprint(config) }
    }
}

fn host_name() -> String {
    let name = std::env::var("HOSTNAME").or_else(|_| std::fs::read_to_string("/etc/hostname"));
    let name = name.map(|name| name.trim().to_owned()).unwrap_or_default();
    if name.is_empty() { "sdoh-gateway".to_owned() } else { name }
}

/// SHA-256 of the settings. That of the database counts without user and password: who guesses a password must not see
/// that they are right.
fn fingerprint(config: &Config) -> String {
    let mut told = config.clone();
    if let (Some(scheme), Some(at)) = (told.database_url.find("://"), told.database_url.rfind('@'))
        && scheme < at
    {
        told.database_url.replace_range(scheme + 3..=at, "");
    }
    let text = toml::to_string(&told).unwrap_or_default();
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_leave_no_trace() {
        let of = |url: &str| fingerprint(&Config { database_url: url.into(), ..Config::default() });
        assert_eq!(of("postgres://a:b@host/db"), of("postgres://c:d@host/db"));
        assert_ne!(of("postgres://a:b@host/db"), of("postgres://a:b@host/other"));
        assert_eq!(of("sqlite://gateway.db").len(), 64);
    }
}
