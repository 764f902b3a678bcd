//! The committer: takes what waits to be written, commits it together, and answers when it is on disk.
//!
//! One sync of the disk then serves many requests. A transaction that is refused leaves no trace in its group; when the
//! database refuses a whole group, each of its jobs is tried alone, so that one cannot fail another.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error};

use crate::access::{Principal, Viewer};
use crate::audit::{Event, Origin};
use crate::fhir::time::Instant;
use crate::store::{Leased, StoreError, WriteTransaction};

use super::audit::Ledger;
use super::condition::Condition;
use super::group::{Counts, Group};
use super::submit::{Prepared, Written};
use super::{Gateway, Inner, Refused, Space};

/// Most jobs committed together.
const LARGEST_GROUP: usize = 64;

/// Something to be written.
pub(super) enum Job {
    /// A transaction.
    Transaction(Transaction),
    /// A turn of a delivery worker.
    Outbox(OutboxTurn, oneshot::Sender<Result<Vec<Leased>, StoreError>>),
    /// What else happened.
    Record(Arc<Vec<Event>>, oneshot::Sender<Result<(), StoreError>>),
}

/// A transaction on its way.
pub(super) struct Transaction {
    pub(super) space: Arc<Space>,
    pub(super) principal: Principal,
    pub(super) viewer: Viewer,
    pub(super) origin: Origin,
    pub(super) conditions: Vec<Condition>,
    pub(super) writes: Vec<Prepared>,
    pub(super) reply: oneshot::Sender<Result<Vec<Written>, Refused>>,
}

/// What a delivery worker has done, and wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxTurn {
    /// Messages that are told, and go.
    pub done: Vec<i64>,
    /// Messages to be tried again, and when.
    pub again: Vec<(i64, Instant)>,
    /// How many further messages to take, until when.
    pub lease: Option<(usize, Instant)>,
}

/// What a job comes to.
enum Answer {
    Transaction(Result<Vec<Written>, Refused>),
    Outbox(Vec<Leased>),
    Record,
}

/// Starts the committer. It ends when the gateway is gone and all that waited is done.
pub(super) fn start(gateway: &Gateway, mut queue: mpsc::Receiver<Job>, mut ledger: Ledger) {
    // It must not keep the gateway alive whose end it waits for.
    let inner = Arc::downgrade(&gateway.inner);
    tokio::spawn(async move {
        let mut jobs = Vec::with_capacity(LARGEST_GROUP);
        while queue.recv_many(&mut jobs, LARGEST_GROUP).await > 0 {
            let Some(inner) = inner.upgrade() else { return };
            commit(&inner, &mut ledger, std::mem::take(&mut jobs)).await;
        }
    });
}

impl Gateway {
    /// Finds out what may be disclosed where the time has come to, or where clients have changed.
    pub async fn settle(&self) -> Result<(), Refused> {
        let inner = &self.inner;
        while inner.store.has_unsettled(inner.clock.now()).await?
            || inner.recipients.lock().await.are_stale(&inner.store).await?
        {
            let has_nobody = inner.recipients.lock().await.is_empty();
            self.outbox_turn(OutboxTurn::default()).await?;
            if has_nobody && inner.recipients.lock().await.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Carries out a worker's turn at the outbox, in one commit with whatever else is written. Gives the messages taken.
    pub async fn outbox_turn(&self, turn: OutboxTurn) -> Result<Vec<Leased>, Refused> {
        let (reply, answer) = oneshot::channel();
        self.inner.jobs.send(Job::Outbox(turn, reply)).await.map_err(|_| Refused::Busy)?;
        Ok(answer.await.map_err(|_| Refused::Busy)??)
    }
}

async fn commit(inner: &Inner, ledger: &mut Ledger, jobs: Vec<Job>) {
    match commit_group(inner, ledger, &jobs).await {
        Ok(answers) => jobs.into_iter().zip(answers).for_each(|(job, answer)| reply(job, Ok(answer))),
        Err(error) => {
            error!(%error, jobs = jobs.len(), "a commit failed");
            inner.recipients.lock().await.forget();
            let alone = jobs.len() == 1;
            let mut error = Some(error);
            for job in jobs {
                let answer = match error.take_if(|_| alone) {
                    Some(error) => Err(error),
                    None => commit_group(inner, ledger, std::slice::from_ref(&job)).await,
                };
                reply(job, answer.and_then(|mut one| one.pop().ok_or(StoreError::Unsupported("no answer"))));
            }
        }
    }
}

/// Answers; whoever asked may be gone, but what was done stays done.
fn reply(job: Job, answer: Result<Answer, StoreError>) {
    match (job, answer) {
        (Job::Transaction(job), Ok(Answer::Transaction(answer))) => drop(job.reply.send(answer)),
        (Job::Transaction(job), Err(error)) => drop(job.reply.send(Err(error.into()))),
        (Job::Outbox(_, reply), Ok(Answer::Outbox(leased))) => drop(reply.send(Ok(leased))),
        (Job::Outbox(_, reply), Err(error)) => drop(reply.send(Err(error))),
        (Job::Record(_, reply), Ok(Answer::Record)) => drop(reply.send(Ok(()))),
        (Job::Record(_, reply), Err(error)) => drop(reply.send(Err(error))),
        // Each job gets an answer of its own kind.
        (Job::Transaction(_) | Job::Outbox(..) | Job::Record(..), Ok(_)) => {}
    }
}

async fn commit_group(inner: &Inner, ledger: &mut Ledger, jobs: &[Job]) -> Result<Vec<Answer>, StoreError> {
    let mut store = inner.store.begin().await?;
    let mut recipients = inner.recipients.lock().await;
    let is_new = recipients.are_stale(&inner.store).await?;
    if is_new {
        recipients.refresh(&inner.store, &mut store, &inner.clients, inner.spaces.values()).await?;
    }
    let transactions: Vec<&Transaction> = jobs
        .iter()
        .filter_map(|job| match job {
            Job::Transaction(job) => Some(job),
            Job::Outbox(..) | Job::Record(..) => None,
        })
        .collect();
    let mut group = Group::open(inner, &mut store, &transactions).await?;
    let mut written = Vec::with_capacity(transactions.len());
    for transaction in &transactions {
        written.push(Answer::Transaction(group.add(transaction).await?));
    }
    let (Counts { versions, messages, settled }, late, told) = group.finish(&recipients).await?;
    for answer in &mut written {
        let Answer::Transaction(Ok(written)) = answer else { continue };
        for written in written {
            written.issues.extend(late.get(&written.key).into_iter().flatten().cloned());
        }
    }
    let mut told: Vec<&Event> = told.iter().collect();
    let mut written = written.into_iter();
    let (mut answers, mut turns, mut records) = (Vec::with_capacity(jobs.len()), 0, 0);
    for job in jobs {
        match job {
            Job::Transaction(_) => answers.extend(written.next()),
            Job::Outbox(turn, _) => {
                turns += 1;
                answers.push(Answer::Outbox(take_turn(inner, &mut store, turn).await?));
            }
            Job::Record(events, _) => {
                records += 1;
                told.extend(events.iter());
                answers.push(Answer::Record);
            }
        }
    }
    if versions + settled + turns + records == 0 && !is_new {
        return Ok(answers);
    }
    match told.is_empty() && records == 0 {
        true => store.commit().await?,
        false => write_down(inner, ledger, store, &told).await?,
    }
    debug!(jobs = jobs.len(), versions, "committed");
    if messages > 0 {
        inner.committed.notify_one();
    }
    Ok(answers)
}

/// Writes a page of what there is to tell, and commits.
async fn write_down(
    inner: &Inner,
    ledger: &mut Ledger,
    mut store: WriteTransaction<'_>,
    told: &[&Event],
) -> Result<(), StoreError> {
    let work = async {
        let serves = inner.serves.load(Ordering::Relaxed);
        let page = ledger.write(&mut store, inner.clock.now(), told, serves).await?;
        store.commit().await?;
        Ok(page)
    };
    match work.await {
        Ok(page) => {
            ledger.committed(&page);
            metrics::counter!("sdoh_gateway_audit_events").increment(told.len() as u64);
            inner.checkpoints.note(&page);
            Ok(())
        }
        Err(error) => {
            ledger.failed();
            Err(error)
        }
    }
}

async fn take_turn(
    inner: &Inner,
    store: &mut WriteTransaction<'_>,
    turn: &OutboxTurn,
) -> Result<Vec<Leased>, StoreError> {
    store.remove_messages(&turn.done).await?;
    for (id, due) in &turn.again {
        store.give_back(*id, *due).await?;
    }
    match turn.lease {
        Some((count, until)) => store.lease(inner.clock.now(), until, count).await,
        None => Ok(Vec::new()),
    }
}
