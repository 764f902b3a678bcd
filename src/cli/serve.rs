//! `serve`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::serve::{Running, serve};

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
    /// Certificate, in PEM; read anew when it changes. Needed beyond loopback.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Private key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Serve without TLS beyond loopback, where something before the gateway speaks it.
    #[arg(long)]
    insecure: bool,
    /// URL under which clients reach the gateway, without /fhir [default: the address listened on]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Address and port for Prometheus metrics (/metrics).
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    /// FHIR base of a server to ask about codes the definitions do not tell of (SNOMED CT, LOINC …).
    #[arg(long, value_name = "URL")]
    terminology_server: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let mut config = self.settings.load()?;
        config.listen = self.listen.unwrap_or(config.listen);
        config.open |= self.open;
        config.insecure |= self.insecure;
        config.tls.certificate = self.tls_certificate.or(config.tls.certificate);
        config.tls.key = self.tls_key.or(config.tls.key);
        config.base_url = self.base_url.or(config.base_url);
        config.terminology_server = self.terminology_server.or(config.terminology_server);
        config.metrics_listen = self.metrics_listen.or(config.metrics_listen);
        Ok(serve(config, stop_signal()?, announce).await?)
    }
}

/// Tells, for whoever started the process and waits, when and where it is ready.
fn announce(running: Running) {
    let mut out = std::io::stdout();
    // A closed pipe is the reader's choice.
    let _ = writeln!(out, "sdoh-gateway is ready: {}", running.base);
    if let Some(metrics) = running.metrics {
        let _ = writeln!(out, "metrics: http://{metrics}/metrics");
    }
    let _ = out.flush();
}

/// Cancelled when the process is told to stop.
pub(super) fn stop_signal() -> Result<CancellationToken, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::other)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::other)?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        info!("stopping: finishing what is under way");
        stopped.cancel();
    });
    Ok(stop)
}
