//! `audit verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::audit::{Break, Checkpoint, Event, PublicKey, Verdict, Verifier, events_of, subjects_of};
use crate::gateway::audit_public_key;
use crate::store::{AuditFilter, Options, Store};

use super::super::{FAILED, Failure, MISCONFIGURED, Settings, progress};
use super::AT_ONCE;

/// Options of `audit verify`.
///
/// Exit codes: 0 nothing was changed; 1 something was, and is named; 2 it cannot be told.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in super::super) struct Verify {
    /// File of checkpoints that was kept elsewhere: with it, pages missing at the very end are found too. May be given
    /// several times.
    #[arg(long, value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// Public key in PEM that goes with the key the record is signed with; once for each key there was [default: that
    /// of the configured key]
    #[arg(long, value_name = "FILE")]
    public_key: Vec<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl Verify {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let config = self.settings.load()?;
        let keys = match self.public_key.as_slice() {
            [] => audit_public_key(&config.audit, config.database_url.expose()).into_iter().collect(),
            paths => paths.iter().map(public_key).collect::<Result<Vec<_>, _>>()?,
        };
        let mut checkpoints = Vec::new();
        for path in &self.checkpoints {
            checkpoints.extend(read_checkpoints(path)?);
        }
        let options = Options::new(config.database_url.expose());
        let store = Store::look(&options).await.map_err(Failure::cannot_run)?;
        let verifier = Verifier::new(&keys, &checkpoints);
        let mut found = read(&store, verifier).await?;
        if let Err(Break::Forged { .. }) = found {
            // Which page was the first?
            found = read(&store, Verifier::new(&keys, &checkpoints).with_every_signature()).await?;
        }
        store.close().await;
        Ok(ExitCode::from(tell(found)))
    }
}

fn public_key(path: &PathBuf) -> Result<PublicKey, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::CannotRun(format!("{}: {error}", path.display()));
    let pem = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    PublicKey::from_pem(&pem).map_err(|error| failed(&error))
}

fn read_checkpoints(path: &PathBuf) -> Result<Vec<Checkpoint>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::CannotRun(format!("{}: {error}", path.display())))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let place = format!("{}:{}: no checkpoint", path.display(), number + 1);
            Checkpoint::parse(line).ok_or(Failure::CannotRun(place))
        })
        .collect()
}

/// Goes through all pages.
async fn read(store: &Store, mut verifier: Verifier) -> Result<Result<Verdict, Break>, Failure> {
    let bar = progress::bar(store.count_audit_pages().await.map_err(Failure::cannot_run)?, "verifying");
    let mut after = None;
    loop {
        let pages = store.audit_pages_after(after, AuditFilter::default(), AT_ONCE).await;
        let pages = pages.map_err(Failure::cannot_run)?;
        let Some(last) = pages.last() else { break };
        after = Some(last.seq);
        for page in &pages {
            if let Err(found) = verifier.take(page) {
                bar.abandon();
                return Ok(Err(found));
            }
            let events: Vec<Event> = events_of(&page.events).map(|(_, event)| event).collect();
            let is_found = store.is_audit_page_found_by(page.seq, &subjects_of(&events)).await;
            if !is_found.map_err(Failure::cannot_run)? {
                bar.abandon();
                let (chain, number, at) = (page.chain, page.number, page.seq);
                return Ok(Err(Break::Hidden { chain, number, at }));
            }
        }
        bar.inc(pages.len() as u64);
    }
    bar.finish_and_clear();
    Ok(verifier.finish())
}

/// Says it, and gives the exit code.
fn tell(found: Result<Verdict, Break>) -> u8 {
    match found {
        Err(found) => {
            println!("broken: {found}");
            FAILED
        }
        Ok(verdict) => {
            let Verdict { chains, pages, events, unproved, unproved_checkpoints } = &verdict;
            let size = format!("{events} events in {pages} pages of {chains} chains");
            if verdict.is_proved() {
                println!("whole: {size}");
                return 0;
            }
            if !unproved.is_empty() {
                let some: Vec<String> = unproved.iter().take(10).map(u64::to_string).collect();
                println!(
                    "cannot tell: hashes go together, but of {} chains ({}) no key that is known here could prove the \
                     signatures: name it with --public-key; {size}",
                    unproved.len(),
                    some.join(", "),
                );
            }
            if *unproved_checkpoints > 0 {
                println!(
                    "cannot tell: {unproved_checkpoints} checkpoints are signed with a key that is not known here"
                );
            }
            MISCONFIGURED
        }
    }
}
