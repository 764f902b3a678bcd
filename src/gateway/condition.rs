//! What conditional interactions depend on (R4 §3.1.0.4.3, §3.1.0.5, §3.1.0.7.1, §3.1.0.8.1): what a search finds.
//!
//! The search is made before the write, and once more by the committer: a write whose search finds something else by
//! then is given back to be made anew. So two conditional creates at once make one resource.

use crate::access::Viewer;
use crate::fhir::Id;
use crate::search::SearchRequest;
use crate::store::{Isolation, Page, Snapshot, StoreError};

use super::{Gateway, Refused, Space};

/// What a search finds of the one resource that was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// None.
    Nothing,
    /// One.
    One(Id),
    /// More than one: the search is not selective enough.
    Many,
}

/// A search, and what it has to find when the write is carried out.
#[derive(Debug, Clone)]
pub struct Condition {
    /// What is searched.
    pub search: SearchRequest,
    /// What it has found.
    pub found: Match,
}

impl Gateway {
    /// What a search finds now.
    pub async fn condition(
        &self,
        viewer: &Viewer,
        space: &Space,
        search: SearchRequest,
    ) -> Result<Condition, Refused> {
        let mut snapshot = self.inner.store.snapshot(viewer, Isolation::Statement).await?;
        let found = found(&mut snapshot, space, &search).await?;
        Ok(Condition { search, found })
    }
}

/// What a search finds in a view of the store.
pub(super) async fn found(
    snapshot: &mut Snapshot<'_>,
    space: &Space,
    search: &SearchRequest,
) -> Result<Match, StoreError> {
    let page = Page { space: space.id, criteria: &search.criteria, sort: &[], after: None, count: 2 };
    let found = snapshot.search(&page).await?.versions;
    Ok(match found.as_slice() {
        [] => Match::Nothing,
        [one] => Id::parse(&one.key.id).map_or(Match::Nothing, Match::One),
        _ => Match::Many,
    })
}
