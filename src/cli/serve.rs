//! `serve`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::api::{Api, Server};
use crate::config::Config;
use crate::definitions::Definitions;
use crate::delivery::{self, ReferralMetrics};
use crate::fhir::time::SystemClock;
use crate::gateway::Gateway;
use crate::telemetry;

use super::{Failure, Settings};

/// Options of `serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address and port; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Serve without login, on loopback only.
    #[arg(long)]
    open: bool,
    /// URL under which clients reach the gateway, without /fhir [default: the address listened on]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Address and port for Prometheus metrics (/metrics).
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let mut config = self.settings.load()?;
        config.listen = self.listen.unwrap_or(config.listen);
        config.open |= self.open;
        config.base_url = self.base_url.or(config.base_url);
        config.metrics_listen = self.metrics_listen.or(config.metrics_listen);
        config.check()?;
        let stop = CancellationToken::new();
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::other)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::other)?;
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
            info!("stopping: finishing what is under way");
            stopped.cancel();
        });
        let ready = |running: &Running| {
            let mut out = std::io::stdout();
            // Whoever started the process waits for this line; a closed pipe is their choice.
            let _ = writeln!(out, "sdoh-gateway is ready: {}", running.base);
            if let Some(metrics) = running.metrics {
                let _ = writeln!(out, "metrics: http://{metrics}/metrics");
            }
            let _ = out.flush();
        };
        serve(config, stop, ready).await
    }
}

/// A gateway that serves.
pub(super) struct Running {
    /// FHIR base of the default space.
    pub(super) base: String,
    /// Where metrics are.
    pub(super) metrics: Option<SocketAddr>,
}

/// Serves until `stop`; `ready` is called when requests are answered.
pub(super) async fn serve(
    config: Config,
    stop: CancellationToken,
    ready: impl FnOnce(&Running),
) -> Result<(), Failure> {
    if config.open {
        warn!("open: whoever reaches {} may read and change everything", config.listen);
    }
    let metrics = match config.metrics_listen {
        Some(address) => Some(
            telemetry::serve_metrics(address)
                .await
                .map_err(|e| Failure::Other(format!("metrics-listen: {e}")))?,
        ),
        None => None,
    };
    let definitions = Arc::new(Definitions::with_packages(&config.ig).map_err(Failure::other)?);
    let server = Server::bind(config.listen)
        .await
        .map_err(|e| Failure::Other(format!("listen: {}: {e}", config.listen)))?;
    let base_url = config.base_url.clone().unwrap_or_else(|| format!("http://{}", server.address));
    let progress = |what: &str, done: u64| {
        if done.is_multiple_of(10_000) {
            info!(done, "{what}");
        }
    };
    let gateway = Gateway::open(&config, &base_url, definitions, Arc::new(SystemClock), progress)
        .await
        .map_err(Failure::other)?;
    let worker = tokio::spawn(delivery::run(gateway.clone(), vec![Arc::new(ReferralMetrics)], stop.clone()));
    let api = Api::new(gateway.clone(), config.limits.clone());
    ready(&Running { base: format!("{}/fhir", base_url.trim_end_matches('/')), metrics });
    let served = server.run(api, stop.clone().cancelled_owned()).await;
    stop.cancel();
    let _ = worker.await;
    gateway.store().close().await;
    served.map_err(Failure::other)
}
