//! The record of who did what, as the gateway keeps it.
//!
//! What a write did is recorded in the transaction of the write. What else happens is noted: it waits in memory, a
//! twentieth of a second at most, and is written together with what others did ([`Gateway::note`]); where too much waits,
//! requests wait as well, and nothing is lost. What must be on disk before an answer is recorded at once
//! ([`Gateway::record`]). All of it goes through the committer, so that a page is what one commit had to tell, and the
//! chain is in the order of commits.

mod checkpoints;
mod find;
mod key;
mod ledger;
mod narrow;
mod opening;
mod scribe;
mod told;

pub use find::AuditAnswer;
pub use key::{AuditKeyError, public_key};

pub(super) use checkpoints::Checkpoints;
pub(super) use key::signing_key;
pub(super) use ledger::Ledger;
pub(super) use opening::Opening;
pub(super) use scribe::{NoteReceiver, Notes};
pub use told::actor_of;
pub(super) use told::{Told, written};

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use crate::audit::{Actor, Event, Kind, Origin};

use super::commit::Job;
use super::{Gateway, Refused};

/// Starts what writes the record beside the requests.
pub(super) fn start(gateway: &Gateway, noted: NoteReceiver) {
    scribe::start(gateway, noted);
    checkpoints::start(gateway);
}

impl Gateway {
    /// Notes an event: it is on disk within a tenth of a second. Waits while too many wait.
    pub async fn note(&self, event: Event) {
        self.inner.notes.add(event).await;
    }

    /// Records events: when this returns, they are on disk.
    pub async fn write_down(&self, events: Vec<Event>) -> Result<(), Refused> {
        self.inner.record(Arc::new(events)).await
    }

    /// Records something that the gateway, or whoever gave it a command, did of itself; it is on disk when this returns.
    pub async fn record_own(&self, actor: Actor, kind: Kind, reason: &str) -> Result<(), Refused> {
        let now = self.clock().now();
        let event = Event { reason: reason.to_owned(), ..Event::new(now, kind, actor, Origin::default()) };
        self.write_down(vec![event]).await
    }

    /// Tells the record that this process begins to serve, and whether its configuration is another than before. A process
    /// that has a single thing to do begins with that.
    pub async fn begin_record(&self) -> Result<(), Refused> {
        self.inner.serves.store(true, Ordering::Relaxed);
        self.write_down(Vec::new()).await
    }

    /// Tells the record that this process ends as it should, after all that was noted.
    pub async fn end_record(&self) -> Result<(), Refused> {
        self.inner.notes.flush().await;
        self.record_own(Actor::Gateway, Kind::Stop, "").await
    }

    /// Writes all that was noted, and closes the store. A gateway that is only dropped loses what waits.
    pub async fn close(&self) {
        self.inner.notes.flush().await;
        self.inner.checkpoints.write();
        self.store().close().await;
    }
}

impl super::Inner {
    pub(super) async fn record(&self, events: Arc<Vec<Event>>) -> Result<(), Refused> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Record(events, reply)).await.map_err(|_| Refused::Busy)?;
        Ok(answer.await.map_err(|_| Refused::Busy)??)
    }
}
