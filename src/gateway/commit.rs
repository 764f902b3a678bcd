//! The committer: takes the transactions that wait, commits them together, and answers them when they are on disk.
//!
//! One sync of the disk then serves many requests. A transaction that is refused leaves no trace in its group; when the
//! database refuses a whole group, each of its transactions is tried alone, so that one cannot fail another.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error};

use crate::access::Principal;
use crate::store::StoreError;

use super::group::Group;
use super::submit::{Prepared, Written};
use super::{Gateway, Inner, Refused, Space};

/// Most transactions committed together.
const LARGEST_GROUP: usize = 64;

/// A transaction on its way.
pub(super) struct Job {
    pub(super) space: Arc<Space>,
    pub(super) principal: Principal,
    pub(super) request: String,
    pub(super) writes: Vec<Prepared>,
    pub(super) reply: oneshot::Sender<Result<Vec<Written>, Refused>>,
}

type Answers = Vec<Result<Vec<Written>, Refused>>;

/// Starts the committer. It ends when the gateway is gone and all that waited is done.
pub(super) fn start(gateway: &Gateway, mut queue: mpsc::Receiver<Job>) {
    // It must not keep the gateway alive whose end it waits for.
    let inner = Arc::downgrade(&gateway.inner);
    tokio::spawn(async move {
        let mut jobs = Vec::with_capacity(LARGEST_GROUP);
        while queue.recv_many(&mut jobs, LARGEST_GROUP).await > 0 {
            let Some(inner) = inner.upgrade() else { return };
            commit(&inner, &mut jobs).await;
        }
    });
}

async fn commit(inner: &Inner, jobs: &mut Vec<Job>) {
    let answers = match commit_group(inner, jobs).await {
        Ok(answers) => answers,
        Err(error) => {
            error!(%error, transactions = jobs.len(), "a commit failed");
            one_by_one(inner, jobs, error).await
        }
    };
    for (job, answer) in jobs.drain(..).zip(answers) {
        // Whoever asked may be gone; what was done stays done.
        let _ = job.reply.send(answer);
    }
}

async fn one_by_one(inner: &Inner, jobs: &[Job], error: StoreError) -> Answers {
    if jobs.len() == 1 {
        return vec![Err(error.into())];
    }
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs {
        answers.push(match commit_group(inner, std::slice::from_ref(job)).await {
            Ok(mut one) => one.pop().unwrap_or(Err(Refused::Busy)),
            Err(error) => Err(error.into()),
        });
    }
    answers
}

async fn commit_group(inner: &Inner, jobs: &[Job]) -> Result<Answers, StoreError> {
    let mut transaction = inner.store.begin().await?;
    let mut group = Group::open(inner, &mut transaction, jobs).await?;
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs {
        answers.push(group.add(job).await?);
    }
    let batch = group.finish();
    if batch.versions.is_empty() {
        return Ok(answers);
    }
    transaction.write(&batch).await?;
    transaction.commit().await?;
    debug!(transactions = jobs.len(), versions = batch.versions.len(), "committed");
    if !batch.messages.is_empty() {
        inner.committed.notify_one();
    }
    Ok(answers)
}
