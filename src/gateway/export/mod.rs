//! Bulk Data Access (FHIR Bulk Data 2.0.0): exports that a client starts, asks after, and fetches as files of lines.
//!
//! An export is what was current at the moment of its kick-off. Versions stay, so its files need not be written: they are
//! read from the store when they are fetched. A job then is no more than its request and its moment, and any gateway on
//! the same database, also one that was started later, goes on with it. All there is to prepare is the list of files.

mod membership;
mod prepare;
mod reader;

pub use reader::ExportReader;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::access::{Principal, Viewer};
use crate::fhir::time::Instant;
use crate::fhir::{Issue, IssueCode};
use crate::store::{ExportRow, Key, StoreError};

use super::{Gateway, Refused, Space};

pub(super) use prepare::Preparing;

/// How long an export can be fetched, in microseconds: a week.
const KEPT: i64 = 7 * 86_400 * 1_000_000;

/// Whose resources are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportLevel {
    /// All.
    System,
    /// Those in the compartment of any Patient.
    Patient,
    /// Those in the compartments of the Patients who are members of the Group of this id.
    Group(String),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRequest {
    /// The client that asks, where it is known: nobody else may have the export.
    pub client: Option<String>,
    /// The URL of the kick-off, for the manifest.
    pub url: String,
    /// Whose.
    pub level: ExportLevel,
    /// Only these types; `None` for all.
    pub types: Option<Vec<String>>,
    /// Only what changed after this.
    pub since: Option<Instant>,
    /// Only these elements, where any are named.
    pub elements: Vec<String>,
    /// Only of the Patients of these ids, where any are named.
    pub patients: Vec<String>,
}

/// A file of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportFile {
    /// The type of its resources.
    #[serde(rename = "type")]
    pub type_name: String,
    /// How many there are.
    pub count: u64,
    /// What is told of them.
    pub contents: Contents,
}

/// What the lines of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contents {
    /// Resources.
    Resources,
    /// Transactions that delete what was deleted after `since`.
    Deletions,
}

/// An export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Who looks.
    pub viewer: Viewer,
    /// Id.
    pub id: String,
    /// What was asked for.
    pub request: ExportRequest,
    /// `transactionTime`: all that was current then is in it, nothing later.
    pub as_of: Instant,
    /// When it can no longer be fetched.
    pub expires: Instant,
    /// Its files, none of them empty; `None` as long as they are not known.
    pub files: Option<Vec<ExportFile>>,
}

impl Gateway {
    /// Starts an export of what is current now.
    ///
    /// Errors: there is no such Group.
    pub async fn start_export(
        &self,
        viewer: &Viewer,
        space: &Arc<Space>,
        request: ExportRequest,
    ) -> Result<Export, Refused> {
        let (store, now) = (self.store(), self.clock().now());
        // In an empty store anything that comes is later.
        let as_of = store.latest().await?.unwrap_or(Instant(now.0 - 1));
        if let ExportLevel::Group(id) = &request.level {
            let group = store.read_at(viewer, &Key::new(space.id, "Group", id), as_of).await?;
            if group.and_then(|group| group.body).is_none() {
                let issue = Issue::error(IssueCode::NotFound, "there is no such Group");
                return Err(Refused::NotFound(issue.into()));
            }
        }
        let row = ExportRow {
            id: uuid::Uuid::new_v4().to_string(),
            space: space.id,
            request: serde_json::to_string(&request).map_err(|error| Refused::Store(error.to_string()))?,
            as_of,
            expires: Instant(now.0 + KEPT),
            files: None,
        };
        store.add_export(&row, now).await?;
        let viewer = viewer.clone();
        let export = Export { viewer, id: row.id, request, as_of, expires: row.expires, files: None };
        self.prepare_export(space, &export);
        Ok(export)
    }

    /// An export of the client's; `None` when there is none of that id, or no longer. One whose files nobody lists, because whoever did
    /// was stopped, is taken up again.
    pub async fn export(
        &self,
        principal: &Principal,
        viewer: &Viewer,
        space: &Arc<Space>,
        id: &str,
    ) -> Result<Option<Export>, StoreError> {
        let row = self.store().export(space.id, id, self.clock().now()).await?;
        let unreadable = |_| StoreError::Unsupported("an export of a form this version does not read");
        let Some(row) = row else { return Ok(None) };
        let request: ExportRequest = serde_json::from_str(&row.request).map_err(unreadable)?;
        if request.client.as_deref() != principal.client().map(|client| &*client.id) {
            return Ok(None);
        }
        let export = Export {
            viewer: viewer.clone(),
            id: row.id,
            request,
            as_of: row.as_of,
            expires: row.expires,
            files: row.files.as_deref().map(serde_json::from_str).transpose().map_err(unreadable)?,
        };
        if export.files.is_none() {
            self.prepare_export(space, &export);
        }
        Ok(Some(export))
    }

    /// Ends an export: its files can no longer be fetched. Gives whether there was one.
    pub async fn cancel_export(&self, space: &Space, id: &str) -> Result<bool, StoreError> {
        self.inner.preparing.forget(id);
        self.store().remove_export(space.id, id).await
    }

    /// The resource types an export at this level can have.
    pub fn export_types(&self, level: &ExportLevel) -> Vec<&str> {
        let types = self.definitions().types();
        let names = types.resources().map(|id| types[id].name.as_str());
        let mut names: Vec<&str> = match level {
            ExportLevel::System => names.collect(),
            _ => names.filter(|name| self.inner.compartment.parameters(name).is_some()).collect(),
        };
        names.sort_unstable();
        names
    }
}
