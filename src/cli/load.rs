//! `load`: resources from files into a server.

mod files;
mod order;

use std::path::PathBuf;

use clap::Args;
use futures_util::{StreamExt as _, stream};
use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::fhir::Resource;

use super::{Failure, progress};

/// Requests under way at once.
const AT_ONCE: usize = 16;
/// Failures shown one by one; of more, only the number.
const MOST_SHOWN: usize = 50;

/// Options of `load`.
#[derive(Debug, Args)]
pub(super) struct Load {
    /// Files (.json, .ndjson) or directories of them. A Bundle is loaded as the resource it is.
    #[arg(required = true, value_name = "FILE|DIR")]
    from: Vec<PathBuf>,
    /// FHIR base of the server.
    #[arg(long, value_name = "URL")]
    to: String,
}

/// A resource the server did not take.
struct Refusal {
    what: String,
    why: String,
}

impl Load {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let resources = files::read(&self.from).map_err(Failure::Other)?;
        let bar = progress::bar(resources.len() as u64, "loading");
        let client = Client::builder().pool_max_idle_per_host(AT_ONCE).build().map_err(Failure::other)?;
        let base = self.to.trim_end_matches('/');
        let (mut loaded, mut refusals) = (0, Vec::new());
        // Within a rank no resource refers to another.
        for rank in order::by_rank(resources) {
            let mut work = stream::iter(rank.into_iter().map(|resource| put(&client, base, resource)))
                .buffer_unordered(AT_ONCE);
            while let Some(done) = work.next().await {
                bar.inc(1);
                match done {
                    Ok(()) => loaded += 1,
                    Err(refusal) => refusals.push(refusal),
                }
            }
        }
        bar.finish();
        println!("{loaded} loaded, {} refused", refusals.len());
        for refusal in refusals.iter().take(MOST_SHOWN) {
            eprintln!("{}: {}", refusal.what, refusal.why);
        }
        match refusals.len() {
            0 => Ok(()),
            refused => Err(Failure::Other(format!("{refused} resources were refused"))),
        }
    }
}

/// Puts a resource under its id; one without gets an id from the server.
async fn put(client: &Client, base: &str, resource: Resource) -> Result<(), Refusal> {
    let type_name = resource.type_name();
    let request = match resource.id() {
        Some(id) => client.put(format!("{base}/{type_name}/{id}")),
        None => client.post(format!("{base}/{type_name}")),
    };
    let what = format!("{resource:?}");
    let request = request.header("Content-Type", "application/fhir+json").header("Prefer", "return=minimal");
    let response = match request.body(resource.to_json()).send().await {
        Ok(response) => response,
        Err(error) => return Err(Refusal { what, why: error.to_string() }),
    };
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let outcome = response.bytes().await.unwrap_or_default();
    Err(Refusal { what, why: reason(status, &serde_json::from_slice(&outcome).unwrap_or_default()) })
}

/// The status and the first thing the outcome says.
fn reason(status: StatusCode, outcome: &Value) -> String {
    let issue = &outcome["issue"][0];
    let text = issue["diagnostics"].as_str().or(issue["details"]["text"].as_str()).unwrap_or_default();
    match issue["expression"][0].as_str() {
        Some(place) => format!("{status}: {place}: {text}"),
        None => format!("{status}: {text}"),
    }
}
