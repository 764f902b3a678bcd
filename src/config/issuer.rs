//! Authorization servers of others whose tokens are taken.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// An OpenID Connect or SMART server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Issuer {
    /// What its tokens have as `iss`: its URL.
    pub issuer: String,
    /// What its tokens have as `aud` when they are for this gateway.
    pub audience: String,
    /// Where its public keys are; found by `ISSUER/.well-known/openid-configuration` where it is not said.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// Where people log in, to be advertised to apps; found likewise.
    #[serde(default)]
    pub authorization_endpoint: Option<String>,
    /// Where apps exchange codes for tokens; found likewise.
    #[serde(default)]
    pub token_endpoint: Option<String>,
    /// The claim that names the client.
    #[serde(default = "client_id")]
    pub client_claim: String,
    /// Registered clients by what that claim has for them. Others are refused.
    pub clients: BTreeMap<String, String>,
    /// Addresses that are not of the public internet and may be connected to for it all the same.
    #[serde(default)]
    pub allow_addresses: BTreeSet<String>,
}

fn client_id() -> String {
    "client_id".to_owned()
}
