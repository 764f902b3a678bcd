//! Ring 7: who is calling (SMART App Launch 2.2 §Backend Services).

mod jwk;
mod jwt;
mod vault;

pub use jwk::{Algorithm, KeySet, OwnKey, PublicKey};
pub use jwt::Jwt;
pub use vault::{Vault, VaultError};
