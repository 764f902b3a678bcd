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

/// SHA-256 of the settings, which are written down without their secrets.
fn fingerprint(config: &Config) -> String {
    let text = serde_json::to_string(config).unwrap_or_default();
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_count_and_secrets_do_not() {
        let of = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            fingerprint(&config)
        };
        assert_eq!(of(|c| c.database_url = "postgres://a:b@host/db".into()), of(|_| ()));
        assert_ne!(of(|c| c.open = true), of(|_| ()));
        assert_eq!(of(|_| ()).len(), 64);
    }
}
