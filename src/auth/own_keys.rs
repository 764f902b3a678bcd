//! The gateway's own keys: all nodes' alike, kept sealed in the database, changed by themselves.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};

use crate::config::{ConfigError, Secrets};
use crate::fhir::time::{Clock, Instant};
use crate::store::{OwnKeyRow, Store, StoreError};

use super::jwk::{Algorithm, BadKey, KeySet, OwnKey};
use super::vault::{Vault, VaultError};

const DAY: i64 = 86_400_000_000;
/// How long a key signs, in microseconds.
const SIGNS: i64 = 30 * DAY;
/// How long it is kept: until what it signed last has long expired.
const KEPT: i64 = 32 * DAY;
/// How long a new key is published before it signs: others may not have seen it yet.
const PUBLISHED: i64 = 3_600_000_000;
/// How long what is published may be behind the database.
const LOOK: i64 = 300_000_000;
/// How long the database is not asked again about a key that it did not have.
const PAUSE: i64 = 1_000_000;

/// Why the own keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnKeysError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configured keys.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// They do not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What they open to is no key.
    #[error("own key: {0}")]
    Key(#[from] BadKey),
}

/// Keys for one purpose.
pub struct OwnKeys {
    purpose: &'static str,
    algorithm: Algorithm,
    store: Store,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    loaded: RwLock<Loaded>,
}

#[derive(Clone, Default)]
struct Loaded {
    /// The newest first, with when they were made.
    keys: Vec<(Instant, Arc<OwnKey>)>,
    /// All of them, to verify by.
    set: Arc<KeySet>,
    /// When the database was asked.
    asked: Option<Instant>,
}

impl Loaded {
    /// The newest that has been published for a while, or the newest at all.
    fn signing(&self, now: Instant) -> Result<Arc<OwnKey>, OwnKeysError> {
        let is_known = |made: Instant| made.0.saturating_add(PUBLISHED) <= now.0;
        let known = self.keys.iter().find(|(made, _)| is_known(*made)).or(self.keys.first());
        Ok(Arc::clone(&known.ok_or(BadKey)?.1))
    }
}

impl OwnKeys {
    /// The keys for a purpose; the first one is made where there is none.
    pub async fn open(
        purpose: &'static str,
        algorithm: Algorithm,
        store: Store,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
    ) -> Result<OwnKeys, OwnKeysError> {
        let keys = OwnKeys { purpose, algorithm, store, secrets, clock, loaded: RwLock::default() };
        keys.load().await?;
        keys.signing().await?;
        Ok(keys)
    }

    /// The key that signs now; a new one where the last one is old.
    pub async fn signing(&self) -> Result<Arc<OwnKey>, OwnKeysError> {
        let now = self.clock.now();
        let loaded = self.read();
        let is_old = |made: Instant| made.0.saturating_add(SIGNS) <= now.0;
        if loaded.keys.first().is_some_and(|(made, _)| !is_old(*made)) {
            return loaded.signing(now);
        }
        let kid = format!("{}-{}", self.purpose, uuid::Uuid::new_v4().simple());
        let (_, kept) = OwnKey::generate(&kid, self.algorithm)?;
        let sealed = Vault::open(&self.secrets)?.seal(&self.place(&kid), &kept)?;
        let row = OwnKeyRow { id: kid, purpose: self.purpose.to_owned(), made: now, sealed };
        // Another node may have been first: then its key is taken.
        self.store
            .add_own_key(&row, Instant(now.0.saturating_sub(SIGNS)), Instant(now.0.saturating_sub(KEPT)))
            .await?;
        self.load().await?;
        self.read().signing(now)
    }

    /// The public halves, to be published; those made by other nodes are among them before they sign.
    pub async fn jwks(&self) -> Result<Value, OwnKeysError> {
        if !self.asked_within(LOOK) {
            self.load().await?;
        }
        let jwks: Vec<Value> = self.read().keys.iter().map(|(_, key)| key.to_jwk()).collect();
        Ok(json!({ "keys": jwks }))
    }

    /// Whether the database was asked within so many microseconds.
    fn asked_within(&self, microseconds: i64) -> bool {
        let now = self.clock.now().0;
        self.read().asked.is_some_and(|asked| (asked.0..asked.0.saturating_add(microseconds)).contains(&now))
    }

    /// The public halves, those made by other nodes included. `kid` is the one that is looked for.
    pub async fn public(&self, kid: &str) -> Result<Arc<KeySet>, OwnKeysError> {
        let known = self.read();
        if known.set.knows(kid) || self.asked_within(PAUSE) {
            return Ok(known.set);
        }
        self.load().await?;
        Ok(self.read().set)
    }

    async fn load(&self) -> Result<(), OwnKeysError> {
        let asked = Some(self.clock.now());
        let rows = self.store.own_keys(self.purpose).await?;
        // Read anew each time: the configured keys may have changed.
        let vault = Vault::open(&self.secrets)?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let kept = vault.unseal(&self.place(&row.id), &row.sealed)?;
            keys.push((row.made, Arc::new(OwnKey::of_pkcs8(&row.id, self.algorithm, &kept)?)));
        }
        let jwks: Vec<_> = keys.iter().map(|(_, key)| key.to_jwk()).collect();
        let set = Arc::new(KeySet::of_jwks(&json!({ "keys": jwks })));
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Loaded { keys, set, asked };
        Ok(())
    }

    fn read(&self) -> Loaded {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn place(&self, kid: &str) -> String {
        place(self.purpose, kid)
    }
}

/// Where a key is kept, as it is sealed for.
fn place(purpose: &str, kid: &str) -> String {
    format!("own_key/{purpose}/{kid}")
}

/// Seals all own keys in the database anew, under the first of the configured keys. Gives how many there are.
pub async fn reseal(store: &Store, secrets: &Secrets) -> Result<usize, OwnKeysError> {
    let vault = Vault::open(secrets)?;
    let reseal = |row: &OwnKeyRow| {
        let place = place(&row.purpose, &row.id);
        vault.seal(&place, &vault.unseal(&place, &row.sealed)?)
    };
    Ok(store.reseal_own_keys(reseal).await??)
}
