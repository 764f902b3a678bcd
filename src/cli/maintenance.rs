//! `reindex`, `backup` and `restore`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::audit::{Actor, Kind};
use crate::definitions::Definitions;
use crate::fhir::{Resource, json};
use crate::gateway::Gateway;
use crate::search::Entries;
use crate::store::{SpaceId, backup, restore};

use super::{Failure, Settings, progress};

/// Options of `reindex`.
#[derive(Debug, Args)]
pub(super) struct Reindex {
    #[command(flatten)]
    settings: Settings,
}

/// Options of `backup`.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// File to write; it takes its place only when it is whole.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// File that `backup` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

impl Settings {
    /// The gateway on the database, for a command that does its work and ends.
    pub(super) async fn gateway(&self) -> Result<Gateway, Failure> {
        let config = self.load()?;
        let base_url = config.base_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
        let definitions = Arc::new(Definitions::with_packages(&config.ig).map_err(Failure::other)?);
        let clock = Arc::new(crate::fhir::time::SystemClock);
        Gateway::open(&config, &base_url, definitions, clock, |_, _| ()).await.map_err(Failure::other)
    }
}

impl Reindex {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let gateway = self.settings.gateway().await?;
        let census = gateway.store().census().await.map_err(Failure::other)?;
        let bar = progress::bar(census.values().sum(), "reindexing");
        let types = census.into_keys().collect();
        let entries = |space, resource: &Resource| gateway.entries(space, resource);
        let progress = |done| bar.inc(done as u64);
        let done = gateway.store().reindex(gateway.registry(), &types, entries, progress).await;
        bar.finish();
        println!("{} resources", done.map_err(Failure::other)?);
        gateway.store().reindex_audit().await.map_err(Failure::other)?;
        gateway.close().await;
        Ok(())
    }
}

impl Backup {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let gateway = self.settings.gateway().await?;
        // What leaves is told before it leaves.
        gateway.record_own(Actor::Operator, Kind::Export, "backup").await.map_err(Failure::other)?;
        let count = progress::count("versions written:");
        let done = backup(gateway.store(), &self.file, |more| count.inc(more as u64)).await;
        count.finish();
        println!("{} versions in {}", done.map_err(Failure::other)?, self.file.display());
        gateway.close().await;
        Ok(())
    }
}

impl Restore {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let gateway = self.settings.gateway().await?;
        let entries = |space: SpaceId, body: &str| {
            let resource = json::parse(body.as_bytes()).ok().and_then(|value| Resource::new(value).ok());
            resource.map_or_else(Entries::default, |resource| gateway.entries(space, &resource))
        };
        let count = progress::count("versions restored:");
        let done =
            restore(gateway.store(), gateway.registry(), &self.file, entries, |more| count.inc(more as u64))
                .await;
        count.finish();
        println!("{} versions", done.map_err(Failure::other)?);
        gateway.record_own(Actor::Operator, Kind::Import, "restore").await.map_err(Failure::other)?;
        gateway.close().await;
        Ok(())
    }
}
