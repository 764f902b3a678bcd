//! `secrets`: what the gateway keeps encrypted.

use clap::{Args, Subcommand};

use crate::audit::{Actor, Kind};
use crate::auth;

use super::{Failure, Settings};

/// Secrets that the database holds: the keys that tokens are signed with.
#[derive(Debug, Subcommand)]
pub(super) enum Secrets {
    /// Encrypt them anew, under the first key of secrets.key-file. Put the new key before the old one, on every node; then
    /// run this; then take the old one away.
    Rotate(Rotate),
}

/// Options of `rotate`.
#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    settings: Settings,
}

impl Secrets {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Secrets::Rotate(Rotate { settings }) = self;
        let config = settings.load()?;
        let gateway = settings.gateway().await?;
        let what = "secrets encrypted anew";
        gateway.record_own(Actor::Operator, Kind::Configuration, what).await.map_err(Failure::other)?;
        let count = auth::reseal(gateway.store(), &config.secrets).await.map_err(Failure::other)?;
        println!("{count} secrets");
        gateway.close().await;
        Ok(())
    }
}
