//! What the gateway says of how to log in.

use serde_json::{Value, json};

use super::jwk::Algorithm;
use super::{INTROSPECTION_PATH, Login};

impl Login {
    /// The SMART configuration, the same for all spaces.
    pub async fn discovery(&self) -> Value {
        let algorithms = Algorithm::OF_CLIENTS.map(Algorithm::name);
        let mut configuration = json!({
            "token_endpoint": self.token_url(),
            "introspection_endpoint": format!("{}{INTROSPECTION_PATH}", self.base_url),
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "scopes_supported": ["system/*.cruds", "system/*.rs", "system/*.read", "system/*.write", "system/*.*"],
            "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
        });
        // Where people log in; without such a server nobody can, and nothing is said.
        if let Some(endpoints) = self.issuers.endpoints().await {
            configuration["authorization_endpoint"] = endpoints.authorization.into();
            configuration["grant_types_supported"] =
                json!(["client_credentials", "authorization_code", "refresh_token"]);
            configuration["code_challenge_methods_supported"] = json!(["S256"]);
            configuration["capabilities"] = json!([
                "client-confidential-asymmetric",
                "permission-v1",
                "permission-v2",
                "launch-standalone",
                "permission-user",
            ]);
        }
        configuration
    }
}
