//! What may be disclosed of referrals, found out anew in the commit that changes anything about it: so a read never waits
//! for it, and never sees what was allowed before.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::access::shared::is_shared;
use crate::audit::{Actor, Event, Origin};
use crate::fhir::{Issue, OperationOutcome, Resource};
use crate::gateway::recipients::Recipients;
use crate::referral::status::is_open;
use crate::store::{Key, StoreError, TaskKey};

use super::super::submit::Method;
use super::disclosure::patient_of;
use super::{Draft, Group, Via};

/// Tasks looked at together.
const AT_ONCE: usize = 64;
/// Tasks settled in one commit because their time has come.
const MOST_DUE: usize = 512;

/// The gateway's own tags.
const TAG_SYSTEM: &str = "urn:sdoh-gateway:tag";
/// The patient's consent does not let the owner see the Task.
const WITHHELD: &str = "consent-withheld";

impl Group<'_, '_> {
    /// Finds out what may be disclosed of all that the group has touched, and of what is due.
    pub(super) async fn settle(&mut self, recipients: &Recipients) -> Result<(), StoreError> {
        self.flush().await?;
        let mut tasks = self.tasks_touched().await?;
        if recipients.is_empty() {
            return Ok(());
        }
        tasks.extend(self.transaction.unsettled(self.now, MOST_DUE).await?);
        let tasks: Vec<TaskKey> = tasks.into_iter().collect();
        for tasks in tasks.chunks(AT_ONCE) {
            let findings = self.find_out(recipients, tasks).await?;
            let before = self.transaction.disclosed_tasks(tasks).await?;
            self.transaction.set_disclosures(&findings.due, &findings.disclosures).await?;
            self.settled += tasks.len();
            self.record_decisions(findings.decisions, &before);
            self.tell(tasks, &before, &findings.withheld).await?;
        }
        self.flush().await
    }

    /// Tells the record what is decided otherwise than before, and of what is written now why it is withheld.
    fn record_decisions(&mut self, decisions: Vec<(TaskKey, Event)>, before: &BTreeSet<(TaskKey, String)>) {
        for (task, event) in decisions {
            let is_written = self.told.contains_key(&Key::new(task.0, "Task", &task.1));
            let was_shown = before.contains(&(task, event.recipient.clone().unwrap_or_default()));
            if was_shown != event.outcome.is_success() || !event.outcome.is_success() && is_written {
                self.record.push(event);
            }
        }
    }

    /// The Tasks about which something has changed: they themselves, what they reach, or the patient's consent.
    async fn tasks_touched(&mut self) -> Result<BTreeSet<TaskKey>, StoreError> {
        let touched = std::mem::take(&mut self.touched);
        let mut tasks = BTreeSet::new();
        let mut reached = Vec::new();
        for (key, method) in &touched {
            match &*key.type_name {
                "Task" => drop(tasks.insert((key.space, key.id.to_string()))),
                // What was not there before, nobody reaches.
                _ if *method == Method::Post => {}
                type_name if is_shared(type_name) => {}
                _ => reached.push(key.clone()),
            }
        }
        // A Consent speaks of all that is the patient's.
        for (key, _) in touched.iter().filter(|(key, _)| &*key.type_name == "Consent") {
            let consent = self.resource(key);
            reached.extend(consent.and_then(|consent| patient_of(&consent, key, self.base_of(key)?)));
        }
        for (key, consent) in std::mem::take(&mut self.consents_before) {
            reached.extend(self.base_of(&key).and_then(|base| patient_of(&consent, &key, base)));
        }
        let reached: Vec<&Key> = reached.iter().collect();
        tasks.extend(self.transaction.tasks_that_reach(&reached).await?);
        Ok(tasks)
    }

    /// Tells those who refer what their recipients may not see: with the write that it follows from, or else by a mark on
    /// the Task, which goes when consent is there again.
    async fn tell(
        &mut self,
        tasks: &[TaskKey],
        before: &BTreeSet<(TaskKey, String)>,
        withheld: &[(Key, Issue)],
    ) -> Result<(), StoreError> {
        for (space, id) in tasks {
            let key = Key::new(*space, "Task", id);
            let issues: Vec<Issue> =
                withheld.iter().filter(|(task, _)| *task == key).map(|(_, issue)| issue.clone()).collect();
            if let Some((seq, told)) = self.told.get_mut(&key) {
                if issues.is_empty() {
                    continue;
                }
                told.extend(issues.iter().cloned());
                let text = OperationOutcome::json_of(told);
                self.transaction.set_issues(*seq, &text).await?;
                self.late.entry(key).or_default().extend(issues);
                continue;
            }
            let Some(task) = self.resource(&key) else { continue };
            let is_marked = is_marked(&task);
            let was_shown = before.iter().any(|(task, _)| task.0 == *space && task.1 == *id);
            let is_due = match (is_marked, issues.is_empty()) {
                (false, false) => was_shown && is_open(&task),
                (true, is_shown) => is_shown,
                (false, true) => false,
            };
            let Some(space) = self.inner.spaces.values().find(|known| known.id == *space) else { continue };
            if let (true, Some(draft)) = (is_due, self.own_draft(space, with_mark(task, !is_marked))) {
                let via = Via { actor: &Actor::Gateway, origin: &Origin::default(), space };
                self.record.next_transaction();
                self.write(&via, Draft { issues, ..draft });
            }
        }
        Ok(())
    }
}

/// Whether a Task has the mark of one that is withheld.
fn is_marked(task: &Resource) -> bool {
    let tags = task.as_value()["meta"]["tag"].as_array().into_iter().flatten();
    tags.into_iter().any(is_mark)
}

fn is_mark(tag: &Value) -> bool {
    tag["system"] == TAG_SYSTEM && tag["code"] == WITHHELD
}

/// The Task with the mark, or without it.
fn with_mark(task: Resource, is_withheld: bool) -> Resource {
    let mut value = task.clone().into_value();
    let mut tags: Vec<Value> = value["meta"]["tag"].as_array().cloned().unwrap_or_default();
    tags.retain(|tag| !is_mark(tag));
    if is_withheld {
        let display = "The patient's consent does not let the owner see this";
        tags.push(json!({"system": TAG_SYSTEM, "code": WITHHELD, "display": display}));
    }
    if tags.is_empty() {
        // FHIR knows no empty lists.
        if let Some(meta) = value["meta"].as_object_mut() {
            meta.remove("tag");
        }
    } else {
        value["meta"]["tag"] = tags.into();
    }
    Resource::new(value).unwrap_or(task)
}
