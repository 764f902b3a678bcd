//! `load`: resources from files into a server.

mod entry;
mod files;
mod order;
mod plan;
mod rejects;
mod server;

use std::path::PathBuf;

use clap::Args;
use futures_util::{StreamExt as _, stream};

use super::{Failure, progress};

use plan::Plan;
use rejects::{Refusal, Rejects};
use server::Server;

/// Requests under way at once.
const AT_ONCE: usize = 8;

/// Options of `load`.
#[derive(Debug, Args)]
pub(super) struct Load {
    /// Files (.json, .ndjson) or directories of them. A Bundle is loaded as the resource it is.
    #[arg(required = true, value_name = "FILE|DIR")]
    from: Vec<PathBuf>,
    /// FHIR base of the server.
    #[arg(long, value_name = "URL")]
    to: String,
    /// Write what is refused here, one a line: {"status", "resource", "outcome"}; "text" for what is no resource.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

impl Load {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let (loaded, refused, shown) = self.load().await.map_err(Failure::Other)?;
        println!("{loaded} loaded, {refused} refused");
        for line in shown {
            eprintln!("{line}");
        }
        match refused {
            0 => Ok(()),
            refused => Err(Failure::Other(format!("{refused} resources were refused"))),
        }
    }

    /// How many were loaded, how many refused, and the first of these.
    async fn load(&self) -> Result<(u64, u64, Vec<String>), String> {
        let sources = files::list(&self.from)?;
        let mut rejects = Rejects::new(self.rejects.as_deref())?;
        let bar = progress::count("reading");
        let plan = Plan::of(sources, &bar, |place, flaw| {
            rejects.add(&Refusal {
                what: place,
                status: None,
                outcome: Refusal::outcome(&flaw.why),
                resource: Err(flaw.text),
            })
        })?;
        bar.finish_and_clear();
        let bar = progress::bar(plan.count, "loading");
        let server = Server::new(&self.to, AT_ONCE)?;
        let mut loaded = 0;
        for portion in plan.portions() {
            // Within a rank no resource refers to another.
            for rank in portion? {
                let work = entry::transactions(rank).into_iter().map(async |entries| {
                    let count = entries.len() as u64;
                    (count, server.take(entries).await)
                });
                let mut work = stream::iter(work).buffer_unordered(AT_ONCE);
                while let Some((count, refusals)) = work.next().await {
                    bar.inc(count);
                    loaded += count - refusals.len() as u64;
                    refusals.iter().try_for_each(|refusal| rejects.add(refusal))?;
                }
            }
        }
        bar.finish();
        Ok((loaded, rejects.count, rejects.finish()?))
    }
}
