//! Ring 6: the gateway itself: what happens to a write, and how a search is answered.
//!
//! [`Gateway::submit`] is THE write path: nothing else commits (invariant 1). Reads and searches go straight to the store.

mod audit;
mod commit;
mod condition;
mod everything;
mod export;
mod group;
mod outcome;
mod recipients;
mod search;
mod shelf;
mod submit;
mod targets;
pub mod terminology_server;
mod timeline;
mod validate;

pub use audit::public_key as audit_public_key;
pub use audit::{AuditAnswer, AuditKeyError, actor_of};
pub use commit::OutboxTurn;
pub use condition::{Condition, Match};
pub use everything::RecordRequest;
pub use export::{Contents, Export, ExportFile, ExportLevel, ExportReader, ExportRequest};
pub use outcome::Refused;
pub use search::SearchAnswer;
pub use shelf::Needs;
pub use submit::{Expected, Method, Submission, Write, Written};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::{Notify, mpsc};

use crate::access::Registration;
use crate::config::{Config, Enforcement, Validation};
use crate::consent::Sensitivities;
use crate::definitions::Definitions;
use crate::fhir::time::Clock;
use crate::referral;
use crate::search::{Compartment, Extractor, Registry};
use crate::store::{DEFAULT_SPACE, Options, SpaceId, Store, StoreError};
use crate::terminology::Terminology;
use crate::validator::Validator;

use recipients::Recipients;
use terminology_server::{Patience, TerminologyServer, TerminologyServerError};

/// Why a gateway cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be used.
    #[error("database-url: {0}")]
    Store(#[from] StoreError),
    /// The terminology server cannot be.
    #[error(transparent)]
    TerminologyServer(#[from] TerminologyServerError),
    /// There is no key to sign the audit record with.
    #[error(transparent)]
    AuditKey(#[from] AuditKeyError),
}

/// A set of ids of its own, with the base URL it is served under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// Number in the store.
    pub id: SpaceId,
    /// Name; empty for the default space.
    pub name: String,
    /// Base URL, without a trailing slash.
    pub base: String,
}

/// The gateway. Cheap to clone; the last clone to go lets the committer finish.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    definitions: Arc<Definitions>,
    registry: Arc<Registry>,
    extractor: Extractor,
    /// What belongs to a Patient.
    compartment: Compartment,
    /// The same with the Tasks for the Patient: R4's compartment has none, but a referral without its Task is no record.
    record: Compartment,
    terminology: Arc<Terminology>,
    terminology_server: Option<TerminologyServer>,
    /// How long one transaction may wait for the terminology server, in milliseconds.
    terminology_milliseconds: u64,
    validator: Validator,
    store: Store,
    clock: Arc<dyn Clock>,
    validation: Validation,
    referral_policy: referral::Policy,
    sensitivities: Sensitivities,
    /// The clients of the configuration.
    clients: Vec<Registration>,
    /// Whom disclosures are kept for, as the committer knows them.
    recipients: tokio::sync::Mutex<Recipients>,
    spaces: BTreeMap<String, Arc<Space>>,
    jobs: mpsc::Sender<commit::Job>,
    committed: Arc<Notify>,
    preparing: export::Preparing,
    notes: audit::Notes,
    /// Whether the process serves, rather than having a single thing to do.
    serves: AtomicBool,
    checkpoints: audit::Checkpoints,
}

/// How many writes may wait for the committer before callers are told to come back.
const WAITING_WRITES: usize = 1024;

impl Gateway {
    /// Opens the store and starts the committer. `base_url` is where clients reach the gateway, without `/fhir`.
    ///
    /// Where search parameters have changed since the store's entries were made, they are made anew first: a search must
    /// not miss what is there. `progress` hears of that.
    pub async fn open(
        config: &Config,
        base_url: &str,
        definitions: Arc<Definitions>,
        clock: Arc<dyn Clock>,
        mut progress: impl FnMut(&str, u64),
    ) -> Result<Gateway, OpenError> {
        let registry = Arc::new(Registry::new(&definitions));
        let options =
            Options { durability: config.durability.into(), ..Options::new(config.database_url.expose()) };
        let store = Store::open(&options, &registry).await?;
        let terminology = Arc::new(Terminology::new(definitions.clone()));
        let extractor = Extractor::new(definitions.clone(), registry.clone(), terminology.clone());
        let spaces = spaces(&store, config, base_url).await?;
        let stale = store.stale_types(&registry).await?;
        if !stale.is_empty() {
            let base_of = |id| spaces.values().find(|space| space.id == id).map_or("", |space| &space.base);
            let entries =
                |space, resource: &crate::fhir::Resource| extractor.entries(resource, base_of(space));
            let mut done = 0;
            let count = store.reindex(&registry, &stale, entries, |more| {
                done += more as u64;
                progress("search parameters have changed: making entries anew", done);
            });
            count.await?;
        }
        let terminology_server = config
            .terminology_server
            .as_deref()
            .map(|base| TerminologyServer::new(base, Arc::clone(&terminology), Arc::clone(&clock)));
        let mode = match config.validation.default {
            Enforcement::Report => referral::Mode::Report,
            Enforcement::Enforce => referral::Mode::Enforce,
        };
        let compartment = Compartment::of_patient(&definitions, &registry);
        let record = compartment.clone().with(&registry, "Task", "patient");
        let (jobs, queue) = mpsc::channel(WAITING_WRITES);
        let (notes, noted) = audit::Notes::new();
        let key = audit::signing_key(&config.audit, config.database_url.expose())?;
        let checkpoints = audit::Checkpoints::new(config.audit.checkpoint_file.clone(), key.public_key());
        let ledger = audit::Ledger::new(key, audit::Opening::of(config));
        let gateway = Gateway {
            inner: Arc::new(Inner {
                validator: Validator::with_terminology(definitions.clone(), terminology.clone()),
                terminology,
                terminology_server: terminology_server.transpose()?,
                compartment,
                record,
                terminology_milliseconds: config.limits.terminology_milliseconds,
                definitions,
                registry,
                extractor,
                store,
                clock,
                validation: config.validation.clone(),
                referral_policy: referral::Policy { mode, ..referral::Policy::default() },
                sensitivities: Sensitivities::default(),
                clients: config.clients.clone(),
                recipients: tokio::sync::Mutex::default(),
                spaces,
                jobs,
                committed: Arc::new(Notify::new()),
                preparing: export::Preparing::default(),
                notes,
                serves: AtomicBool::new(false),
                checkpoints,
            }),
        };
        commit::start(&gateway, queue, ledger);
        audit::start(&gateway, noted);
        gateway
            .settle()
            .await
            .map_err(|_| StoreError::Unsupported("what may be disclosed cannot be found out"))?;
        Ok(gateway)
    }

    /// The space of that name; the empty name is the default space.
    pub fn space(&self, name: &str) -> Option<&Arc<Space>> {
        self.inner.spaces.get(name)
    }

    /// All spaces.
    pub fn spaces(&self) -> impl Iterator<Item = &Arc<Space>> {
        self.inner.spaces.values()
    }

    /// The definitions the gateway goes by.
    pub fn definitions(&self) -> &Arc<Definitions> {
        &self.inner.definitions
    }

    /// The search parameters there are.
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// What a resource of a space is found by.
    pub fn entries(&self, space: SpaceId, resource: &crate::fhir::Resource) -> crate::search::Entries {
        let base = self.spaces().find(|known| known.id == space).map_or("", |space| &space.base);
        self.inner.extractor.entries(resource, base)
    }

    /// How long the validation of one transaction may wait for others.
    fn patience(&self) -> Patience {
        Patience::of_milliseconds(self.inner.terminology_milliseconds)
    }

    /// The store, for reading.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Rings after each commit that left something to deliver.
    pub fn committed(&self) -> Arc<Notify> {
        self.inner.committed.clone()
    }
}

async fn spaces(
    store: &Store,
    config: &Config,
    base_url: &str,
) -> Result<BTreeMap<String, Arc<Space>>, StoreError> {
    let base_url = base_url.trim_end_matches('/');
    let mut spaces = BTreeMap::new();
    let default = Space { id: DEFAULT_SPACE, name: String::new(), base: format!("{base_url}/fhir") };
    spaces.insert(String::new(), Arc::new(default));
    for name in &config.spaces {
        let space = Space {
            id: store.space(name).await?,
            name: name.clone(),
            base: format!("{base_url}/s/{name}/fhir"),
        };
        spaces.insert(name.clone(), Arc::new(space));
    }
    Ok(spaces)
}
