//! The ends of the chain, written where others can keep them.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::error;

use crate::audit::{Checkpoint, Page, PublicKey};

use super::super::Gateway;

/// How often, where something was recorded meanwhile.
const EVERY: Duration = Duration::from_secs(60);

/// The file of checkpoints, and what is to be written to it next.
pub(in super::super) struct Checkpoints {
    file: Option<PathBuf>,
    key: PublicKey,
    next: Mutex<Option<Checkpoint>>,
}

impl Checkpoints {
    pub(in super::super) fn new(file: Option<PathBuf>, key: PublicKey) -> Checkpoints {
        Checkpoints { file, key, next: Mutex::default() }
    }

    /// A page was committed.
    pub(in super::super) fn note(&self, page: &Page) {
        if self.file.is_some() {
            let checkpoint = Checkpoint::new(page, &self.key);
            *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(checkpoint);
        }
    }

    /// Adds the latest checkpoint to the file, unless it is there already.
    pub(super) fn write(&self) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(file), Some(checkpoint)) = (&self.file, next.as_ref()) else { return };
        let added = OpenOptions::new().create(true).append(true).open(file).and_then(|mut file| {
            file.write_all(format!("{}\n", checkpoint.to_line()).as_bytes())?;
            file.sync_data()
        });
        match added {
            Ok(()) => *next = None,
            Err(error) => error!(%error, "audit.checkpoint-file cannot be written"),
        }
    }
}

/// Starts to write checkpoints, as long as the gateway is there.
pub(in super::super) fn start(gateway: &Gateway) {
    if gateway.inner.checkpoints.file.is_none() {
        return;
    }
    let inner = Arc::downgrade(&gateway.inner);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            let Some(inner) = inner.upgrade() else { return };
            // A file, perhaps on a network: not on a thread that answers requests.
            let _ = tokio::task::spawn_blocking(move || inner.checkpoints.write()).await;
        }
    });
}
