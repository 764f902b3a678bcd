//! Ring 9: a gateway from start to stop, as `serve` and the demonstration run it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::api::{Api, ListenError, Server};
use crate::auth::{Auth, OwnKeysError};
use crate::config::{Config, ConfigError};
use crate::definitions::{Definitions, DefinitionsError};
use crate::delivery::{self, ReferralMetrics};
use crate::fhir::time::SystemClock;
use crate::gateway::{Gateway, OpenError, Refused};
use crate::telemetry;

/// Why a gateway does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting makes no sense.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// A package cannot be read.
    #[error("ig: {0}")]
    Definitions(#[from] DefinitionsError),
    /// An address cannot be listened on.
    #[error("{key}: {address}: {error}")]
    Listen {
        /// The setting.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// There is nothing to listen on, or with.
    #[error(transparent)]
    Server(#[from] ListenError),
    /// The gateway cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nobody could log in.
    #[error(transparent)]
    Auth(#[from] OwnKeysError),
    /// The start cannot be recorded.
    #[error("the audit record cannot be written: {0}")]
    Record(Refused),
}

/// A gateway that serves.
#[derive(Debug, Clone)]
pub struct Running {
    /// FHIR base of the default space.
    pub base: String,
    /// Where metrics are, if anywhere.
    pub metrics: Option<SocketAddr>,
}

/// Serves until `stop`, then finishes what is under way. `ready` is called once requests are answered.
pub async fn serve(
    config: Config,
    stop: CancellationToken,
    ready: impl FnOnce(Running),
) -> Result<(), ServeError> {
    config.check()?;
    let listen = |key, address| move |error| ServeError::Listen { key, address, error };
    let metrics = match config.metrics_listen {
        Some(address) => {
            Some(telemetry::serve_metrics(address).await.map_err(listen("metrics-listen", address))?)
        }
        None => None,
    };
    let definitions = Arc::new(Definitions::with_packages(&config.ig)?);
    for error in definitions.snapshot_errors() {
        warn!("no snapshot could be generated: {error}");
    }
    let server = Server::bind(&config).await?;
    if config.open {
        warn!("open: whoever reaches {} may read and change everything", server.address);
    }
    let base_url = config.base_url.clone().unwrap_or_else(|| server.origin());
    let progress = |what: &str, done: u64| {
        if done.is_multiple_of(10_000) {
            info!(done, "{what}");
        }
    };
    let gateway = Gateway::open(&config, &base_url, definitions, Arc::new(SystemClock), progress).await?;
    let worker = tokio::spawn(delivery::run(gateway.clone(), vec![Arc::new(ReferralMetrics)], stop.clone()));
    gateway.begin_record().await.map_err(ServeError::Record)?;
    let auth = Auth::open(&gateway, &config).await?;
    let api = Api::new(gateway.clone(), auth, &config);
    ready(Running { base: format!("{}/fhir", base_url.trim_end_matches('/')), metrics });
    server.run(api, stop.clone().cancelled_owned()).await;
    stop.cancel();
    let _ = worker.await;
    if let Err(error) = gateway.end_record().await {
        warn!(%error, "the stop could not be recorded");
    }
    gateway.close().await;
    Ok(())
}
