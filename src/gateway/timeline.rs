//! `Task/$timeline`: the story of a referral.

use crate::access::Viewer;
use crate::fhir::{Resource, json};
use crate::referral::Timeline;
use crate::referral::timeline;
use crate::store::{HistoryFilter, HistoryScope, Key, StoreError};

use super::{Gateway, Space};

/// Most versions a timeline looks at.
const MOST_VERSIONS: usize = 10_000;

impl Gateway {
    /// The timeline of a Task as a Parameters resource; `None` when there never was such a Task.
    pub async fn timeline(
        &self,
        viewer: &Viewer,
        space: &Space,
        id: &str,
    ) -> Result<Option<serde_json::Value>, StoreError> {
        let scope = HistoryScope::Instance(Key::new(space.id, "Task", id));
        let mut history =
            self.inner.store.history(viewer, &scope, HistoryFilter::default(), None, MOST_VERSIONS).await?;
        history.reverse();
        let tasks: Vec<Option<Resource>> = history
            .iter()
            .map(|version| Resource::new(json::parse(version.body.as_deref()?.as_bytes()).ok()?).ok())
            .collect();
        let versions: Vec<timeline::Version> = history
            .iter()
            .zip(&tasks)
            .map(|(version, task)| timeline::Version {
                task: task.as_ref(),
                at: version.seq,
                who: version.author.as_deref(),
            })
            .collect();
        Ok(Timeline::of(id, &versions, self.inner.clock.now()).map(|timeline| timeline.to_parameters()))
    }
}
