//! Finding out which files an export has: counting its resources, type by type, beside the requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::store::{Moment, StoreError};

use super::super::{Gateway, Space};
use super::{Contents, Export, ExportFile, ExportLevel, ExportReader};

/// Exports prepared at once; the others wait.
const AT_ONCE: usize = 2;

/// The exports that this gateway prepares.
pub(crate) struct Preparing {
    /// Types counted, of how many, by id of the export.
    counted: Mutex<HashMap<String, (usize, usize)>>,
    turns: Semaphore,
}

impl Default for Preparing {
    fn default() -> Self {
        Preparing { counted: Mutex::default(), turns: Semaphore::new(AT_ONCE) }
    }
}

impl Preparing {
    fn change<T>(&self, change: impl FnOnce(&mut HashMap<String, (usize, usize)>) -> T) -> T {
        change(&mut self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes how far an export is. False when it is not wanted any more.
    fn note(&self, id: &str, done: usize, of: usize) -> bool {
        self.change(|counted| counted.get_mut(id).map(|place| *place = (done, of)).is_some())
    }

    /// Gives an export up.
    pub(super) fn forget(&self, id: &str) {
        self.change(|counted| counted.remove(id));
    }
}

impl Gateway {
    /// How many of its types an export that is being prepared has been counted for, and of how many.
    pub fn export_progress(&self, id: &str) -> (usize, usize) {
        self.inner.preparing.change(|counted| counted.get(id).copied()).unwrap_or_default()
    }

    /// Begins to list the files of an export, unless that is under way.
    pub(super) fn prepare_export(&self, space: &Arc<Space>, export: &Export) {
        let id = export.id.clone();
        if self.inner.preparing.change(|counted| counted.insert(id.clone(), (0, 0))).is_some() {
            return;
        }
        let (gateway, space, export) = (self.clone(), Arc::clone(space), Arc::new(export.clone()));
        tokio::spawn(async move {
            let counted = count(&gateway, &space, &export).await;
            if let Err(error) = &counted {
                // Whoever asks next begins anew.
                warn!(%error, "an export could not be prepared");
            }
            gateway.inner.preparing.forget(&id);
        });
    }
}

async fn count(gateway: &Gateway, space: &Arc<Space>, export: &Arc<Export>) -> Result<(), StoreError> {
    let preparing = &gateway.inner.preparing;
    let _turn = preparing.turns.acquire().await;
    let types = match &export.request.types {
        Some(types) => types.iter().map(String::as_str).collect(),
        None => gateway.export_types(&export.request.level),
    };
    let mut files = Vec::new();
    for (index, type_name) in types.iter().enumerate() {
        if !preparing.note(&export.id, index, types.len()) {
            debug!("an export was given up");
            return Ok(());
        }
        for contents in [Contents::Resources, Contents::Deletions] {
            let count = count_lines(gateway, space, export, type_name, contents).await?;
            if count > 0 {
                files.push(ExportFile { type_name: (*type_name).to_owned(), count, contents });
            }
        }
    }
    let files = serde_json::to_string(&files).unwrap_or_default();
    gateway.store().set_export_files(&export.id, &files).await
}

async fn count_lines(
    gateway: &Gateway,
    space: &Arc<Space>,
    export: &Arc<Export>,
    type_name: &str,
    contents: Contents,
) -> Result<u64, StoreError> {
    let (since, as_of) = (export.request.since, export.as_of);
    if contents == Contents::Deletions && since.is_none() {
        return Ok(0);
    }
    if contents == Contents::Resources && export.request.level == ExportLevel::System {
        let moment = Moment { viewer: &export.viewer, space: space.id, type_name, since, as_of };
        return gateway.store().count_at(&moment).await;
    }
    let mut reader = ExportReader::new(gateway, space, Arc::clone(export), type_name, contents);
    let mut count = 0;
    while let Some(page) = reader.next().await? {
        count += page.len() as u64;
    }
    Ok(count)
}
