//! `load`: resources from files into a server.

mod files;
mod order;
mod plan;
mod rejects;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use futures_util::{StreamExt as _, stream};
use reqwest::{Client, StatusCode};

use crate::fhir::Resource;

use super::{Failure, progress};

use plan::Plan;
use rejects::{Refusal, Rejects};

/// Requests under way at once.
const AT_ONCE: usize = 32;
/// How often a server that has too much to do is asked again.
const MOST_ATTEMPTS: u32 = 6;

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
        let plan = Plan::of(sources, &bar, |document| {
            let why = document.resource.err().unwrap_or_default();
            rejects.add(&Refusal {
                what: document.place,
                status: None,
                resource: Err(document.text),
                outcome: Refusal::outcome(&why),
            })
        })?;
        bar.finish_and_clear();
        let bar = progress::bar(plan.count, "loading");
        let client = client().map_err(|error| error.to_string())?;
        let base = self.to.trim_end_matches('/');
        let mut loaded = 0;
        for portion in plan.portions() {
            // Within a rank no resource refers to another.
            for rank in portion? {
                let mut work = stream::iter(rank.into_iter().map(|resource| put(&client, base, resource)))
                    .buffer_unordered(AT_ONCE);
                while let Some(done) = work.next().await {
                    bar.inc(1);
                    match done {
                        Ok(()) => loaded += 1,
                        Err(refusal) => rejects.add(&refusal)?,
                    }
                }
            }
        }
        bar.finish();
        Ok((loaded, rejects.count, rejects.finish()?))
    }
}

#[expect(clippy::disallowed_methods, reason = "to where whoever calls the command says")]
fn client() -> reqwest::Result<Client> {
    Client::builder().pool_max_idle_per_host(AT_ONCE).build()
}

/// Puts a resource under its id; one without gets an id from the server. A server with too much to do is asked again.
async fn put(client: &Client, base: &str, resource: Resource) -> Result<(), Refusal> {
    let text = bytes::Bytes::from(resource.to_json());
    let type_name = resource.type_name();
    let mut attempt = 0;
    let (status, outcome) = loop {
        let request = match resource.id() {
            Some(id) => client.put(format!("{base}/{type_name}/{id}")),
            None => client.post(format!("{base}/{type_name}")),
        };
        let request =
            request.header("Content-Type", "application/fhir+json").header("Prefer", "return=minimal");
        let response = match request.body(text.clone()).send().await {
            Ok(response) => response,
            Err(error) => break (None, Refusal::outcome(&error.to_string())),
        };
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        attempt += 1;
        let is_busy = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if is_busy && attempt < MOST_ATTEMPTS {
            tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
            continue;
        }
        let outcome = response.bytes().await.unwrap_or_default();
        break (Some(status.as_u16()), serde_json::from_slice(&outcome).unwrap_or_default());
    };
    Err(Refusal { what: format!("{resource:?}"), status, resource: Ok(resource), outcome })
}
