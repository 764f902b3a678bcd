//! Why somebody is turned away.

use crate::store::StoreError;

use super::own_keys::OwnKeysError;

/// Why a request is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// It says nothing of who makes it.
    #[error("no token")]
    NoToken,
    /// Its token is not good. The text tells why, and nothing of the token.
    #[error("bad token: {0}")]
    BadToken(&'static str),
    /// Its client comes too often: to be tried again after so many seconds.
    #[error("too often")]
    TooOften(u64),
    /// It cannot be told who makes it just now.
    #[error("{0}")]
    Unavailable(String),
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Denied::Unavailable(error.to_string())
    }
}

impl From<OwnKeysError> for Denied {
    fn from(error: OwnKeysError) -> Self {
        Denied::Unavailable(error.to_string())
    }
}

/// Why a request for a token is refused (RFC 6749 §5.2). The texts tell nothing of what was sent.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// A parameter is missing, twice there, or makes no sense.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The client is not known, or has not proved that it is the one.
    #[error("{0}")]
    InvalidClient(&'static str),
    /// There are no tokens for what it brings.
    #[error("only client_credentials are exchanged for a token here")]
    UnsupportedGrantType,
    /// Nothing of what it asks for can be granted.
    #[error("{0}")]
    InvalidScope(&'static str),
    /// Too many ask from one address: to be tried again after so many seconds.
    #[error("too many requests for tokens: try again later")]
    TooOften(u64),
    /// Tokens cannot be given just now.
    #[error("no tokens can be given just now: try again in a moment")]
    Unavailable(String),
}

impl GrantError {
    /// The `error` of the answer.
    pub fn code(&self) -> &'static str {
        match self {
            GrantError::InvalidRequest(_) => "invalid_request",
            GrantError::InvalidClient(_) => "invalid_client",
            GrantError::UnsupportedGrantType => "unsupported_grant_type",
            GrantError::InvalidScope(_) => "invalid_scope",
            GrantError::TooOften(_) | GrantError::Unavailable(_) => "temporarily_unavailable",
        }
    }
}

impl From<StoreError> for GrantError {
    fn from(error: StoreError) -> Self {
        GrantError::Unavailable(error.to_string())
    }
}

impl From<OwnKeysError> for GrantError {
    fn from(error: OwnKeysError) -> Self {
        GrantError::Unavailable(error.to_string())
    }
}
