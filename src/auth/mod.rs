//! Ring 7: who is calling (SMART App Launch 2.2 §Backend Services).
//!
//! A client proves with a signed assertion who it is, gets an access token for five minutes ([`Login::grant`]), and shows
//! that with each request ([`Auth::principal`]). Any node verifies what any node has given.
//!
//! * By what: [`Jwt`] and [`KeySet`] (what is signed, and by whom), `key_sets` (keys by URL), `own_keys` (the gateway's own),
//!   [`Vault`] (how these are kept).
//! * Who: `clients` (those there are now), [`Registrar`] (how they become more or fewer), `assertion`, `issuer` (servers of
//!   others), `token`, `seen`, `rate`.
//! * The other way round: [`PartnerTokens`].

mod assertion;
mod clients;
mod discovery;
mod error;
mod grant;
mod introspection;
mod issuer;
mod jwk;
mod jwt;
mod key_sets;
mod outbound;
mod own_keys;
mod rate;
mod registrar;
mod seen;
mod token;
mod vault;

pub use error::{Denied, GrantError};
pub use grant::{GrantType, claimant};
pub use jwk::{Algorithm, KeySet, OwnKey, PublicKey};
pub use jwt::Jwt;
pub use outbound::{OutboundError, PartnerLogin, PartnerTokens};
pub use own_keys::{OwnKeysError, reseal};
pub use registrar::{Listed, Registrar, RegistrarError};
pub use token::{Grant, LIFETIME};
pub use vault::{Vault, VaultError};

use std::net::IpAddr;
use std::sync::Arc;

use crate::access::{Client, Principal, Registration, Scopes};
use crate::config::Config;
use crate::fhir::time::{Clock, Instant};
use crate::gateway::Gateway;
use crate::store::Store;

use clients::{Clients, Registered, Roster};
use issuer::{Foreign, Issuers};
use key_sets::KeySets;
use own_keys::OwnKeys;
use rate::Rates;
use seen::{Seen, SeenTokens, TokenHash};
use token::Tokens;

/// Who is let in.
#[derive(Clone)]
pub enum Auth {
    /// Whoever comes.
    Open,
    /// Clients.
    Required(Arc<Login>),
}

/// Where the token endpoint is, below the gateway's URL.
pub const TOKEN_PATH: &str = "/auth/token";
/// Where tokens are told about.
pub const INTROSPECTION_PATH: &str = "/auth/introspect";
/// Where the public keys are that partners know the gateway by.
pub const JWKS_PATH: &str = "/auth/jwks.json";

/// How clients come in.
pub struct Login {
    /// The gateway's URL, without a slash at its end.
    base_url: String,
    clients: Clients,
    /// Keys of clients and issuers, by URL.
    key_sets: Arc<KeySets>,
    issuers: Issuers,
    tokens: Tokens,
    /// The gateway's own tokens, of partners.
    pub partners: PartnerTokens,
    seen: SeenTokens,
    /// How often each client may come.
    rates: Rates<String>,
    /// How often tokens may be asked for from an address.
    logins: Rates<IpAddr>,
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Auth {
    /// As configured.
    ///
    /// Errors: the database, or keys that cannot be used.
    pub async fn open(gateway: &Gateway, config: &Config) -> Result<Auth, OwnKeysError> {
        if config.open {
            return Ok(Auth::Open);
        }
        let (store, clock) = (gateway.store().clone(), Arc::clone(gateway.clock()));
        let base_url = gateway.space("").map_or("", |space| &space.base).trim_end_matches("/fhir").to_owned();
        let secrets = config.secrets.clone();
        let keys = async |purpose, algorithm| {
            OwnKeys::open(purpose, algorithm, store.clone(), secrets.clone(), clock.clone()).await
        };
        let partners = PartnerTokens::new(keys("client", outbound::ALGORITHM).await?, clock.clone());
        let keys = keys("token", token::ALGORITHM).await?;
        let limits = &config.limits;
        let key_sets = Arc::new(KeySets::new(clock.clone()));
        Ok(Auth::Required(Arc::new(Login {
            clients: Clients::new(config.clients.clone(), store.clone()),
            issuers: Issuers::new(config.issuers.clone(), key_sets.clone(), clock.clone()),
            key_sets,
            tokens: Tokens::new(keys, &base_url, clock.clone()),
            partners,
            seen: SeenTokens::default(),
            rates: Rates::new(limits.requests_per_second, 1_000_000, limits.burst),
            logins: Rates::new(limits.logins_per_minute, 60_000_000, limits.logins_per_minute),
            base_url,
            store,
            clock,
        })))
    }

    /// Who makes a request: by the token it shows (what follows `Bearer`), or else by the subject of its certificate.
    pub async fn principal(&self, token: Option<&str>, subject: Option<&str>) -> Result<Principal, Denied> {
        match self {
            Auth::Open => Ok(Principal::Open),
            Auth::Required(login) => {
                let client = login.client(token, subject).await?;
                login.rates.take(client.id.as_str(), login.clock.now()).map_err(Denied::TooOften)?;
                Ok(Principal::Client(client))
            }
        }
    }
}

impl Login {
    /// The URL of the token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN_PATH}", self.base_url)
    }

    /// Lets an address ask for a token, or says that it has asked too often.
    pub fn may_ask(&self, address: IpAddr) -> Result<(), GrantError> {
        self.logins.take(&address, self.clock.now()).map_err(GrantError::TooOften)
    }

    async fn client(&self, token: Option<&str>, subject: Option<&str>) -> Result<Arc<Client>, Denied> {
        let roster = self.clients.current().await?;
        let by_certificate = subject.and_then(|subject| roster.by_subject(subject));
        let Some(token) = token else {
            let Registered { registration, .. } = &**by_certificate.ok_or(Denied::NoToken)?;
            // The certificate is the proof; there is nothing to be asked for, so all is granted that is allowed.
            let scopes = registration.scopes.within(&registration.scopes);
            return Ok(Arc::new(registration.client(scopes)));
        };
        let client = self.by_token(token, &roster).await?;
        if by_certificate.is_some_and(|other| other.registration.id != client.id) {
            return Err(Denied::BadToken("the token is not of the client whose certificate this is"));
        }
        Ok(client)
    }

    async fn by_token(&self, token: &str, roster: &Roster) -> Result<Arc<Client>, Denied> {
        let now = self.clock.now();
        let hash = TokenHash::of(token);
        if let Some(client) = self.seen.get(&hash, roster.version, now) {
            return Ok(client);
        }
        let (client, scopes, expires) = self.verify(token, roster, now).await?;
        // What the client may ask for may have become less since.
        let scopes = scopes.within(&client.registration.scopes);
        let client = Arc::new(client.registration.client(scopes));
        let seen = Seen { client: Arc::clone(&client), expires, version: roster.version };
        self.seen.insert(hash, seen, now);
        Ok(client)
    }

    async fn verify<'r>(
        &self,
        token: &str,
        roster: &'r Roster,
        now: Instant,
    ) -> Result<(&'r Registered, Scopes, Instant), Denied> {
        let jwt = Jwt::parse(token).ok_or(Denied::BadToken("it is not a token of this server"))?;
        let (client, scopes, expires) = match self.tokens.are_ours(&jwt) {
            true => {
                let grant = self.tokens.read(&jwt).await?;
                let grant = grant.ok_or(Denied::BadToken("it is not a token of this server"))?;
                (grant.client, grant.scopes, grant.expires)
            }
            false => {
                let Foreign { client, scopes, expires } = self.issuers.verify(&jwt).await?;
                (client, scopes, expires)
            }
        };
        if expires <= now {
            return Err(Denied::BadToken("it has expired"));
        }
        let client = roster.client(&client).ok_or(Denied::BadToken("its client is not let in"))?;
        Ok((client, scopes, expires))
    }

    /// The public keys of a client; `kid` is the one that is looked for.
    async fn keys_of(&self, client: &Registered, kid: &str) -> Result<Arc<KeySet>, GrantError> {
        let Registration { jwks_url: Some(url), allow_addresses, .. } = &client.registration else {
            return Ok(Arc::clone(&client.keys));
        };
        let keys = self.key_sets.keys(url, allow_addresses, kid).await;
        keys.map_err(|_| {
            GrantError::InvalidClient("the client's keys could not be fetched from its JWKS URL")
        })
    }
}
