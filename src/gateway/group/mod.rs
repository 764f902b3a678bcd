//! A group of transactions as it grows: what is current, in the store and among the group's own writes.

mod disclosure;
mod permission;
mod reach;
mod settle;
mod story;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::access::reach::{Identity, has_reach};
use crate::access::shared::is_shared;
use crate::audit::Origin;
use crate::audit::{self, Actor, Kind};
use crate::definitions::SearchKind;
use crate::fhir::time::Instant;
use crate::fhir::{Id, Issue, IssueCode, OperationOutcome, Resource, json};
use crate::referral::author::organization_of;
use crate::referral::order::{open_order_of, order_of};
use crate::referral::{Change, Event, Facts, FactsNeeded, Proposal};
use crate::search::{Entries, ParameterKey};
use crate::store::{Key, NewMessage, NewVersion, SpaceId, StoreError, Version, WriteBatch, WriteTransaction};

use super::audit::{Told, actor_of, written};
use super::commit::Transaction;
use super::recipients::Recipients;
use super::submit::{Expected, Method, Written};
use super::{Inner, Refused, Space, condition};

/// Who writes what the gateway itself writes.
const GATEWAY: &str = "Device/sdoh-gateway";

/// A resource as it is now.
#[derive(Clone)]
struct Current {
    version: u64,
    /// Who wrote the first version.
    creator: Option<String>,
    body: Option<Arc<str>>,
    /// The version that is current in the store, whose entries have to go.
    stored: Option<Instant>,
}

/// Transactions that are committed together.
pub(super) struct Group<'g, 's> {
    inner: &'g Inner,
    transaction: &'g mut WriteTransaction<'s>,
    current: HashMap<Key, Option<Current>>,
    next: Instant,
    now: Instant,
    batch: WriteBatch,
    /// Roles and services that work for somebody else than before.
    employers_changed: Vec<(SpaceId, Key)>,
    /// What has been written, and how.
    touched: Vec<(Key, Method)>,
    /// Consents as they were.
    consents_before: Vec<(Key, Resource)>,
    /// What there was to say about the Tasks written.
    told: HashMap<Key, (Instant, Vec<Issue>)>,
    /// What there is to say besides, now that all is written.
    late: HashMap<Key, Vec<Issue>>,
    /// How many Tasks it was found out for what may be disclosed.
    settled: usize,
    written: Counts,
    /// What was done, for the record.
    record: Told,
}

/// How much a group has written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) versions: usize,
    pub(super) messages: usize,
    /// Tasks it was found out for what may be disclosed.
    pub(super) settled: usize,
}

/// By whom, by which request and where something is written.
struct Via<'v> {
    actor: &'v Actor,
    origin: &'v Origin,
    space: &'v Space,
}

/// One write of a transaction, decided but not yet part of the group.
struct Draft {
    key: Key,
    method: Method,
    resource: Option<Resource>,
    author: Option<String>,
    issues: Vec<Issue>,
    entries: Entries,
    /// Of what it reaches, what its author cannot see.
    unseen: BTreeSet<Identity>,
}

impl<'g, 's> Group<'g, 's> {
    /// Begins a group: fetches all that its transactions write to.
    pub(super) async fn open(
        inner: &'g Inner,
        transaction: &'g mut WriteTransaction<'s>,
        jobs: &[&Transaction],
    ) -> Result<Group<'g, 's>, StoreError> {
        let now = inner.clock.now();
        let next = transaction.next_seq(now).await?;
        let mut group = Group {
            inner,
            transaction,
            current: HashMap::new(),
            next,
            now,
            batch: WriteBatch::default(),
            employers_changed: Vec::new(),
            touched: Vec::new(),
            consents_before: Vec::new(),
            told: HashMap::new(),
            late: HashMap::new(),
            settled: 0,
            written: Counts::default(),
            record: Told::default(),
        };
        // A create under a fresh id replaces nothing.
        let keys: Vec<Key> = jobs
            .iter()
            .flat_map(|job| job.writes.iter().map(move |prepared| (job.space.id, &prepared.write)))
            .filter(|(_, write)| write.method != Method::Post)
            .map(|(space, write)| Key::new(space, &write.type_name, write.id.as_str()))
            .collect();
        group.fetch(&keys).await?;
        group.fetch_orders(jobs).await?;
        Ok(group)
    }

    /// Fetches, at once, the orders that the group's Tasks are for; what a transaction needs beyond them it fetches itself.
    async fn fetch_orders(&mut self, jobs: &[&Transaction]) -> Result<(), StoreError> {
        let mut orders = Vec::new();
        for job in jobs {
            let resources = job.writes.iter().filter_map(|prepared| prepared.write.resource.as_ref());
            let tasks = resources.filter(|resource| resource.type_name() == "Task");
            let ids = tasks.filter_map(|task| open_order_of(task, &job.space.base));
            orders.extend(ids.map(|id| Key::new(job.space.id, "ServiceRequest", id)));
        }
        orders.sort_unstable();
        orders.dedup();
        self.fetch(&orders).await
    }

    /// Makes sure that what is current of these resources is known.
    async fn fetch(&mut self, keys: &[Key]) -> Result<(), StoreError> {
        let unknown: Vec<&Key> = keys.iter().filter(|key| !self.current.contains_key(*key)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let found = self.transaction.current(&unknown).await?;
        for key in unknown {
            self.current.insert(key.clone(), None);
        }
        for version in found {
            self.know(version);
        }
        Ok(())
    }

    fn know(&mut self, version: Version) {
        let current = Current {
            version: version.version,
            creator: version.creator,
            body: version.body.map(Arc::from),
            stored: Some(version.seq),
        };
        self.current.insert(version.key, Some(current));
    }

    fn body(&self, key: &Key) -> Option<&Arc<str>> {
        self.current.get(key)?.as_ref()?.body.as_ref()
    }

    fn resource(&self, key: &Key) -> Option<Resource> {
        let value = json::parse(self.body(key)?.as_bytes()).ok()?;
        Resource::new(value).ok()
    }

    /// Adds a transaction, or refuses it; a refused one changes nothing.
    pub(super) async fn add(
        &mut self,
        job: &Transaction,
    ) -> Result<Result<Vec<Written>, Refused>, StoreError> {
        if !self.finds_still(job).await? {
            return Ok(Err(Refused::Moved));
        }
        let hidden = self.hidden(job).await?;
        let checked = self.check_versions(job, &hidden).and_then(|()| self.check_permission(job, &hidden));
        if let Err(refused) = checked {
            return Ok(Err(refused));
        }
        if let Err(refused) = self.check_requesters(job).await? {
            return Ok(Err(refused));
        }
        let caller = job.principal.acts_for(&job.space.name);
        let mut drafts = Vec::with_capacity(job.writes.len());
        let mut befores = Vec::with_capacity(job.writes.len());
        for prepared in &job.writes {
            let write = &prepared.write;
            let key = Key::new(job.space.id, &write.type_name, write.id.as_str());
            let is_of_interest = has_reach(&write.type_name) && !hidden.contains(&key);
            befores.push(if is_of_interest { self.resource(&key) } else { None });
            drafts.push(Draft {
                key,
                method: write.method,
                resource: write.resource.clone(),
                author: caller.map(str::to_owned),
                issues: prepared.issues.clone(),
                entries: prepared.entries.clone(),
                unseen: prepared.unseen.clone(),
            });
        }
        let mut places = Vec::new();
        let mut changes = Vec::new();
        for (place, (draft, before)) in drafts.iter().zip(&befores).enumerate() {
            if let Some(change) = Change::new(&draft.key.id, before.as_ref(), draft.resource.as_ref()) {
                places.push(place);
                changes.push(change);
            }
        }
        let needed = crate::referral::plan::facts_needed(&changes, caller, &job.space.base);
        let in_reach = self.orders_in_reach(job).await?;
        let facts = self.facts(&job.space, &needed, in_reach.as_ref()).await?;
        let proposal = Proposal {
            changes: &changes,
            caller,
            own_base: &job.space.base,
            policy: &self.inner.referral_policy,
            now: self.now,
        };
        let plan = match crate::referral::plan::plan(&proposal, &facts) {
            Ok(plan) => plan,
            Err(mut refusal) => {
                for finding in &mut refusal.findings {
                    let write = places.get(finding.change).and_then(|place| job.writes.get(*place));
                    if let Some(write) = write {
                        finding.issue = write.write.placed(vec![finding.issue.clone()]).remove(0);
                    }
                }
                return Ok(Err(refusal.into()));
            }
        };
        for finding in plan.findings {
            if let Some(draft) = places.get(finding.change).and_then(|place| drafts.get_mut(*place)) {
                draft.issues.push(finding.issue);
            }
        }
        for write in plan.writes {
            if let Some(draft) = self.own_draft(&job.space, write.resource) {
                befores.push(self.resource(&draft.key));
                drafts.push(draft);
            }
        }
        // The gateway's own writes come last and are not told.
        let told = job.writes.len();
        self.record.next_transaction();
        let via =
            Via { actor: &actor_of(&job.principal, &job.space), origin: &job.origin, space: &job.space };
        let mut written = Vec::with_capacity(drafts.len());
        for (draft, before) in drafts.into_iter().zip(&befores) {
            if hidden.contains(&draft.key) {
                written.push(nothing_deleted(draft, 0));
                continue;
            }
            self.note_reach(&job.space, &draft, before.as_ref()).await?;
            written.push(self.write(&via, draft));
        }
        self.settle_employers(&job.space).await?;
        for event in plan.events {
            self.announce(&job.space, &event);
        }
        Ok(Ok(written.into_iter().take(told).collect()))
    }

    /// Whether the searches a transaction depends on find what they have found. They see the group's own writes.
    async fn finds_still(&mut self, job: &Transaction) -> Result<bool, StoreError> {
        for condition in &job.conditions {
            self.flush().await?;
            let mut snapshot = self.transaction.snapshot(&job.viewer);
            if condition::found(&mut snapshot, &job.space, &condition.search).await? != condition.found {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `If-Match`, and deletions of what is not there.
    fn check_versions(&self, job: &Transaction, hidden: &HashSet<Key>) -> Result<(), Refused> {
        for prepared in &job.writes {
            let write = &prepared.write;
            let Some(expected) = write.if_match else { continue };
            let key = Key::new(job.space.id, &write.type_name, write.id.as_str());
            let current = self.current.get(&key).and_then(Option::as_ref);
            let current = current.filter(|_| !hidden.contains(&key));
            let actual = current.map(|current| current.version);
            let met = match expected {
                Expected::Any => current.is_some_and(|current| current.body.is_some()),
                Expected::Nothing => current.is_none_or(|current| current.body.is_none()),
                Expected::Version(expected) | Expected::Unchanged(expected) => actual == Some(expected),
            };
            if !met {
                let place = format!("{}/{}", write.type_name, write.id);
                let text = match (expected, actual) {
                    (Expected::Unchanged(_), _) => return Err(Refused::Moved),
                    (Expected::Version(expected), Some(actual)) => format!(
                        "{place} is at version {actual}, not {expected}: read it again and redo the change"
                    ),
                    (Expected::Version(expected), None) => {
                        format!("there is no {place} whose version could be {expected}")
                    }
                    (Expected::Any, _) => format!("there is no {place}"),
                    (Expected::Nothing, _) => format!("there is a {place} already"),
                };
                return Err(Refused::VersionConflict(OperationOutcome::from(Issue::error(
                    IssueCode::Conflict,
                    text,
                ))));
            }
        }
        Ok(())
    }

    /// `in_reach` tells of orders whether the caller's Tasks may have consequences for them; `None`: all.
    async fn facts(
        &mut self,
        space: &Space,
        needed: &FactsNeeded,
        in_reach: Option<&HashMap<String, bool>>,
    ) -> Result<Facts, StoreError> {
        let mut facts = Facts::default();
        if needed.is_empty() {
            return Ok(facts);
        }
        let orders: Vec<Key> =
            needed.orders.iter().map(|id| Key::new(space.id, "ServiceRequest", id)).collect();
        self.fetch(&orders).await?;
        for key in orders {
            let counts = in_reach.is_none_or(|orders| orders.get(&*key.id).is_none_or(|seen| *seen));
            if let Some(order) = self.resource(&key).filter(|_| counts) {
                facts.orders.insert(key.id.to_string(), order);
            }
        }
        for id in &needed.tasks {
            let tasks = self.tasks_of(space, id).await?;
            facts.tasks.insert(id.clone(), tasks);
        }
        let parties: Vec<Key> = needed
            .organizations
            .iter()
            .filter_map(|party| party.split_once('/'))
            .map(|(type_name, id)| Key::new(space.id, type_name, id))
            .collect();
        self.fetch(&parties).await?;
        for key in parties {
            let party = self.resource(&key);
            if let Some(organization) = party.as_ref().and_then(organization_of) {
                facts.organizations.insert(format!("{}/{}", key.type_name, key.id), organization.to_owned());
            }
        }
        for id in &needed.creators {
            let current = self.current.get(&Key::new(space.id, "Task", id)).and_then(Option::as_ref);
            if let Some(creator) = current.and_then(|current| current.creator.clone()) {
                facts.creators.insert(id.clone(), creator);
            }
        }
        Ok(facts)
    }

    /// The Tasks whose focus is an order and whose author could see it, as the group has changed them.
    async fn tasks_of(&mut self, space: &Space, id: &str) -> Result<Vec<Resource>, StoreError> {
        self.flush().await?;
        let mut keys = Vec::new();
        for version in self.transaction.tasks_reaching(&Key::new(space.id, "ServiceRequest", id)).await? {
            keys.push(version.key.clone());
            if !self.current.contains_key(&version.key) {
                self.know(version);
            }
        }
        keys.sort();
        let tasks = keys.iter().filter_map(|key| self.resource(key));
        Ok(tasks.filter(|task| order_of(task, &space.base) == Some(id)).collect())
    }

    fn parameter(&self, type_name: &str, code: &str) -> Option<ParameterKey> {
        let key = self.inner.registry.find(type_name, code)?;
        (self.inner.registry[key].kind == SearchKind::Reference).then_some(key)
    }

    /// An update of the gateway's own.
    fn own_draft(&self, space: &Space, resource: Resource) -> Option<Draft> {
        let id = Id::parse(resource.id()?)?;
        Some(Draft {
            key: Key::new(space.id, resource.type_name(), id.as_str()),
            method: Method::Put,
            entries: self.inner.extractor.entries(&resource, &space.base),
            resource: Some(resource),
            author: Some(GATEWAY.to_owned()),
            issues: Vec::new(),
            unseen: BTreeSet::new(),
        })
    }

    /// Makes a draft part of the group.
    fn write(&mut self, via: &Via, draft: Draft) -> Written {
        let before = self.current.get(&draft.key).cloned().flatten();
        let was_there = before.as_ref().is_some_and(|before| before.body.is_some());
        if draft.resource.is_none() && !was_there {
            // Deleting what is not there is no error and no version (R4 §3.1.0.7).
            return nothing_deleted(draft, before.map_or(0, |before| before.version));
        }
        self.touched.push((draft.key.clone(), draft.method));
        if &*draft.key.type_name == "Consent" {
            let consent = self.resource(&draft.key);
            self.consents_before.extend(consent.map(|consent| (draft.key.clone(), consent)));
        }
        let seq = self.next;
        if &*draft.key.type_name == "Task" && draft.resource.is_some() {
            self.told.insert(draft.key.clone(), (seq, draft.issues.clone()));
        }
        self.next = Instant(seq.0 + 1);
        let version = before.as_ref().map_or(1, |before| before.version + 1);
        let body: Option<Arc<str>> = draft.resource.map(|mut resource| {
            if let Some(id) = Id::parse(&draft.key.id) {
                resource.stamp(&id, version, &seq.to_fhir());
            }
            resource.to_json().into()
        });
        let kind = match (draft.method, was_there) {
            (Method::Delete, _) => Kind::Delete,
            (Method::Patch, _) => Kind::Patch,
            (_, true) => Kind::Update,
            (_, false) => Kind::Create,
        };
        let actor = if draft.author.as_deref() == Some(GATEWAY) { &Actor::Gateway } else { via.actor };
        let bodies = (before.as_ref().and_then(|before| before.body.as_deref()), body.as_deref());
        let entity = written(&draft.key, version, bodies, &via.space.base);
        self.record.add(seq, kind, actor, (via.origin, &via.space.name), entity);
        let before_is_none = before.is_none();
        let creator = match &before {
            Some(before) => before.creator.clone(),
            None => draft.author.clone(),
        };
        let stored = before.and_then(|before| before.stored);
        if before_is_none && draft.method == Method::Put && !is_shared(&draft.key.type_name) {
            self.batch.first.push((draft.key.clone(), draft.author.clone().unwrap_or_default()));
        }
        let current = Current { version, creator: creator.clone(), body: body.clone(), stored };
        self.current.insert(draft.key.clone(), Some(current));
        let issues = (!draft.issues.is_empty()).then(|| OperationOutcome::json_of(&draft.issues));
        self.batch.versions.push(NewVersion {
            key: draft.key.clone(),
            seq,
            version,
            method: draft.method.as_str(),
            author: draft.author,
            creator,
            body: body.clone(),
            issues,
            entries: draft.entries,
            replaces: stored,
        });
        Written { key: draft.key, version, seq: Some(seq), created: !was_there, body, issues: draft.issues }
    }

    /// Puts an event into the outbox, with the version it speaks of.
    fn announce(&mut self, space: &Space, event: &Event) {
        let (type_name, id) = event.resource();
        let key = Key::new(space.id, type_name, id);
        let Some(version) = self.batch.versions.iter().rev().find(|version| version.key == key) else {
            return;
        };
        let event = serde_json::to_string(event).unwrap_or_default();
        self.batch.messages.push(NewMessage { seq: version.seq, key, event });
    }

    /// Writes what there is to write, so that searches see it.
    async fn flush(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.batch);
        self.transaction.write(&batch).await?;
        for version in &batch.versions {
            if let Some(Some(current)) = self.current.get_mut(&version.key) {
                current.stored = Some(version.seq);
            }
        }
        self.written.versions += batch.versions.len();
        self.written.messages += batch.messages.len();
        Ok(())
    }

    /// Writes what is left, and finds out what of it may be disclosed. Tells how much it was in all, what there is to say
    /// about Tasks besides what their authors were told, and what there is to record.
    pub(super) async fn finish(
        mut self,
        recipients: &Recipients,
    ) -> Result<(Counts, HashMap<Key, Vec<Issue>>, Vec<audit::Event>), StoreError> {
        self.settle(recipients).await?;
        let counts = Counts { settled: self.settled, ..self.written };
        Ok((counts, self.late, self.record.into_events()))
    }
}

/// What comes of a deletion of what is not there.
fn nothing_deleted(draft: Draft, version: u64) -> Written {
    Written { key: draft.key, version, seq: None, created: false, body: None, issues: draft.issues }
}
