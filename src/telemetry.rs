//! Ring 7: logs and metrics. Neither holds personal data: ids, types, durations and counts only.

use std::io::IsTerminal as _;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Sends logs to standard error. What is logged is chosen by `RUST_LOG`; without it, warnings and what the gateway itself
/// has to say. Does nothing when logs go somewhere already.
pub fn start_logs(format: LogFormat) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,sdoh_gateway=info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only a second start fails, and the first one serves as well.
    let _ = match format {
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => logs.json().try_init(),
    };
}

/// Serves metrics in Prometheus' format at `/metrics`, until the process ends. Gives the address it got.
///
/// Errors: the address is taken, or metrics are served already.
pub async fn serve_metrics(address: SocketAddr) -> std::io::Result<SocketAddr> {
    // From a read served out of memory to a write that waits for a slow disk.
    let buckets = [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];
    let metrics = PrometheusBuilder::new()
        .set_buckets(&buckets)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error: BuildError| std::io::Error::other(error))?;
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/metrics", get(move || std::future::ready(metrics.render())));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}
