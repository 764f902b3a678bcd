//! Reading the resources of an export page by page.

use std::sync::Arc;

use serde_json::json;

use crate::fhir::time::Instant;
use crate::store::{Moment, StoreError};

use super::super::{Gateway, Space};
use super::membership::Membership;
use super::{Contents, Export};

/// Most versions that are looked at for a page.
const MOST: usize = 500;
/// About how many bytes a page has: pages get shorter where resources are long.
const ABOUT: usize = 1 << 20;

/// The resources of one type in an export, oldest version first. It holds no connection between pages, and one page of
/// about a megabyte at most.
pub struct ExportReader {
    gateway: Gateway,
    space: Arc<Space>,
    export: Arc<Export>,
    type_name: String,
    contents: Contents,
    membership: Option<Membership>,
    after: Option<Instant>,
    /// Versions to look at for the next page.
    count: usize,
    is_done: bool,
}

impl ExportReader {
    /// A reader that has read nothing yet.
    pub fn new(
        gateway: &Gateway,
        space: &Arc<Space>,
        export: Arc<Export>,
        type_name: &str,
        contents: Contents,
    ) -> ExportReader {
        ExportReader {
            gateway: gateway.clone(),
            space: Arc::clone(space),
            export,
            type_name: type_name.to_owned(),
            contents,
            membership: None,
            after: None,
            count: 32,
            is_done: false,
        }
    }

    /// The next resources as JSON texts, never none; `None` when there are no more.
    pub async fn next(&mut self) -> Result<Option<Vec<String>>, StoreError> {
        while !self.is_done {
            let page = self.page().await?;
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    async fn page(&mut self) -> Result<Vec<String>, StoreError> {
        let membership = match self.membership.take() {
            Some(membership) => membership,
            None => Membership::of(&self.gateway, &self.space, &self.export, &self.type_name).await?,
        };
        let membership = self.membership.insert(membership);
        let Some(among) = membership.among() else {
            self.is_done = true;
            return Ok(Vec::new());
        };
        let moment = Moment {
            viewer: &self.export.viewer,
            space: self.space.id,
            type_name: &self.type_name,
            since: self.export.request.since,
            as_of: self.export.as_of,
        };
        let store = self.gateway.store();
        let candidates = match self.contents {
            Contents::Resources => store.candidates(&moment, among, self.after, self.count).await?,
            Contents::Deletions => store.deleted(&moment, self.after, self.count).await?,
        };
        self.is_done = candidates.next.is_none();
        self.after = candidates.next;
        let bytes: usize = candidates.found.iter().map(|candidate| candidate.body.len()).sum();
        // No sooner than step by step: the next ones may be longer.
        let most = self.count * 4;
        self.count = match bytes.checked_div(candidates.found.len()) {
            Some(each) => (ABOUT / each.max(1)).clamp(1, MOST).min(most),
            None => MOST.min(most),
        };
        let found = candidates.found.into_iter();
        let belonging = found.filter(|candidate| membership.has(&self.gateway, &self.space, candidate));
        Ok(belonging
            .map(|candidate| match self.contents {
                Contents::Resources => candidate.body,
                Contents::Deletions => deletion(&self.type_name, &candidate.id),
            })
            .collect())
    }
}

/// A transaction that deletes a resource.
fn deletion(type_name: &str, id: &str) -> String {
    let request = json!({"method": "DELETE", "url": format!("{type_name}/{id}")});
    json!({"resourceType": "Bundle", "type": "transaction", "entry": [{"request": request}]}).to_string()
}
