//! Ring 9: the demonstration: a clinic refers a patient to a food pantry, and learns what came of it.
//!
//! A gateway under `enforce`, on a free loopback port, with its data in a temporary folder; clinic and pantry are two
//! HTTP clients of it, each seeing only what a client sees. All people are invented.

mod clinic;
mod pantry;
mod party;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Enforcement, Validation};
use crate::serve::{ServeError, serve};

use party::Party;

/// Why the demonstration broke off.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is nowhere to put the database.
    #[error("no temporary folder: {0}")]
    Folder(#[from] std::io::Error),
    /// The gateway did not serve.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The gateway stopped before it was ready.
    #[error("the gateway stopped")]
    Stopped,
    /// A request did not reach the gateway.
    #[error("a request failed: {0}")]
    Http(#[from] reqwest::Error),
    /// An answer was not what the story has.
    #[error("{party}: {request} was answered with {status}, not with what the story has")]
    Unexpected {
        /// Who asked.
        party: &'static str,
        /// What.
        request: String,
        /// The status.
        status: u16,
    },
}

/// Plays the story and prints it. With `keep`, the gateway goes on serving until `stop`.
pub async fn run(keep: bool, stop: CancellationToken) -> Result<(), DemoError> {
    let folder = tempfile::tempdir()?;
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        database_url: format!("sqlite://{}", folder.path().join("gateway.db").display()).into(),
        open: true,
        validation: Validation { default: Enforcement::Enforce, rules: Vec::new() },
        ..Config::default()
    };
    let (ready, running) = oneshot::channel();
    let serving = tokio::spawn(serve(config, stop.clone(), |running| drop(ready.send(running))));
    let told = match running.await {
        Ok(running) => {
            let base = &running.base;
            println!(
                "A referral that closes its loop. Gateway: {base} (SQLite in a temporary folder, policy: enforce)"
            );
            let told = story(base).await;
            if told.is_ok() && keep {
                println!("\nThe gateway goes on serving at {base} until Ctrl-C.");
                stop.cancelled().await;
            }
            told
        }
        Err(_) => Err(DemoError::Stopped),
    };
    stop.cancel();
    // Why it stopped outweighs that it did.
    serving.await.map_err(|_| DemoError::Stopped)??;
    told
}

/// The story, act by act.
async fn story(base: &str) -> Result<(), DemoError> {
    let clinic = Party::new("Riverbend Family Clinic", base);
    let pantry = Party::new("Open Shelf Food Pantry", base);
    clinic::prepare(&clinic).await?;
    clinic::refer_wrongly(&clinic).await?;
    let task = clinic::refer(&clinic).await?;
    pantry::accept(&pantry, &task).await?;
    pantry::work(&pantry, &task).await?;
    pantry::complete(&pantry, &task).await?;
    clinic::see_it_closed(&clinic, &task).await
}
