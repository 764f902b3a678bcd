//! Looking into the record.

use std::collections::HashMap;

use crate::audit::balp::{Recorder, audit_events};
use crate::audit::{Event, EventId, Kind, Page, events_of};
use crate::fhir::Resource;
use crate::fhir::time::Instant;
use crate::search::{Candidate, Criteria};
use crate::store::{Key, StoreError, Version};

use super::super::{Gateway, Space};
use super::narrow::Narrowed;

/// Pages fetched at once.
const AT_ONCE: usize = 64;
/// AuditEvents looked at for one answer: a search that finds little in much goes on in the next page.
const MOST: usize = 2000;
/// Pages looked at for one answer.
const MOST_PAGES: usize = 20_000;

/// AuditEvents of the gateway's own, as versions that are stored nowhere.
#[derive(Default)]
pub struct AuditAnswer {
    /// The latest first.
    pub found: Vec<Version>,
    /// Where the next page begins, if there may be more.
    pub next: Option<EventId>,
}

impl Gateway {
    /// AuditEvents of the gateway's own that meet all conditions, the latest first, up to `count` of them, after another
    /// one. What would have to be asked of other resources, chains, no AuditEvent of ours meets.
    pub async fn search_audit(
        &self,
        space: &Space,
        criteria: &Criteria,
        after: Option<EventId>,
        count: usize,
    ) -> Result<AuditAnswer, StoreError> {
        let narrowed = Narrowed::by(self, space, &criteria.conditions).await?;
        let mut answer = AuditAnswer::default();
        let mut nodes = HashMap::new();
        let (mut until, mut looked_at, mut pages) = (after.map(|after| after.seq), 0, 0);
        loop {
            let some = self.store().audit_pages_until(until, narrowed.filter(), AT_ONCE).await?;
            for page in &some {
                let node = self.node_of(&mut nodes, page).await?;
                let recorder = Recorder { node: &node, base: &space.base };
                for (line, event) in events_of(&page.events).rev() {
                    if event.space != space.name || !narrowed.concerns(&event) {
                        continue;
                    }
                    for (part, resource) in
                        rendered(&event, page, line, recorder).into_iter().enumerate().rev()
                    {
                        let id = EventId { seq: page.seq, line, part };
                        if after.is_some_and(|after| id >= after) {
                            continue;
                        }
                        looked_at += 1;
                        if self.meets(space, &resource, page.seq, criteria) {
                            answer.found.push(version(space, id, page.seq, &resource));
                        }
                        if answer.found.len() >= count || looked_at >= MOST {
                            answer.next = Some(id);
                            return Ok(answer);
                        }
                    }
                }
            }
            pages += some.len();
            let Some(last) = some.last().filter(|_| some.len() == AT_ONCE) else { return Ok(answer) };
            if pages >= MOST_PAGES {
                answer.next = Some(EventId { seq: last.seq, line: 0, part: 0 });
                return Ok(answer);
            }
            until = Some(Instant(last.seq.0 - 1));
        }
    }

    /// An AuditEvent of the gateway's own.
    pub async fn read_audit(&self, space: &Space, id: EventId) -> Result<Option<Version>, StoreError> {
        let Some(page) = self.store().audit_page(id.seq).await? else { return Ok(None) };
        let event = events_of(&page.events).find(|(line, _)| *line == id.line).map(|(_, event)| event);
        let Some(event) = event.filter(|event| event.space == space.name) else { return Ok(None) };
        let node = self.node_of(&mut HashMap::new(), &page).await?;
        let recorder = Recorder { node: &node, base: &space.base };
        let resource = rendered(&event, &page, id.line, recorder).into_iter().nth(id.part);
        Ok(resource.map(|resource| version(space, id, page.seq, &resource)))
    }

    /// All AuditEvents of a page, in the order of its events, each in its space.
    pub async fn audit_events_of(
        &self,
        page: &Page,
        nodes: &mut HashMap<u64, String>,
    ) -> Result<Vec<(Event, Vec<Resource>)>, StoreError> {
        let node = self.node_of(nodes, page).await?;
        let events = events_of(&page.events).map(|(line, event)| {
            // A space that is no longer served has no address.
            let base = self.space(&event.space).map_or("", |space| &space.base);
            let resources = rendered(&event, page, line, Recorder { node: &node, base });
            (event, resources)
        });
        Ok(events.collect())
    }

    /// What the machine was called that wrote a page.
    async fn node_of(&self, nodes: &mut HashMap<u64, String>, page: &Page) -> Result<String, StoreError> {
        if let Some(node) = nodes.get(&page.chain) {
            return Ok(node.clone());
        }
        let first = self.store().first_audit_page(page.chain).await?;
        let kind = first.and_then(|first| Some(events_of(&first.events).next()?.1.kind));
        let node = match kind {
            Some(Kind::Start(start)) => start.node,
            _ => String::from("unknown"),
        };
        Ok(nodes.entry(page.chain).or_insert(node).clone())
    }

    fn meets(&self, space: &Space, resource: &Resource, updated: Instant, criteria: &Criteria) -> bool {
        if criteria.conditions.is_empty() {
            return true;
        }
        let entries = self.entries(space.id, resource);
        let id = resource.id().unwrap_or_default();
        criteria.are_met_by(Candidate { id, updated: Some(updated), entries: &entries })
    }
}

fn rendered(event: &Event, page: &Page, line: usize, recorder: Recorder<'_>) -> Vec<Resource> {
    let values = audit_events(event, page, line, recorder).into_iter();
    values.filter_map(|value| Resource::new(value).ok()).collect()
}

fn version(space: &Space, id: EventId, seq: Instant, resource: &Resource) -> Version {
    Version {
        key: Key::new(space.id, "AuditEvent", &id.to_string()),
        seq,
        version: 1,
        method: "POST".to_owned(),
        author: None,
        creator: None,
        body: Some(resource.to_json()),
        issues: None,
    }
}
