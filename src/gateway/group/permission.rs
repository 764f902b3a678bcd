//! Whether a caller may write what it wants to write. What it cannot see is not there; what it can see it may change if its
//! organisation has created it. Who may change what of a Task is for the referral's rules to say.

use std::collections::{HashMap, HashSet};

use crate::access::reach::party;
use crate::fhir::{Issue, IssueCode, OperationOutcome};
use crate::referral::order::order_of;
use crate::store::{Key, StoreError};

use super::super::Refused;
use super::super::commit::Transaction;
use super::super::submit::Method;
use super::Group;

impl Group<'_, '_> {
    /// Which of the resources that a transaction writes to are there, but hidden from its caller.
    pub(super) async fn hidden(&mut self, job: &Transaction) -> Result<HashSet<Key>, StoreError> {
        let Some(party) = job.viewer.party() else { return Ok(HashSet::new()) };
        let mut others = Vec::new();
        for prepared in &job.writes {
            let key = Key::new(job.space.id, &prepared.write.type_name, prepared.write.id.as_str());
            let current = self.current.get(&key).and_then(Option::as_ref);
            if current.is_some_and(|current| current.creator.as_deref() != Some(&party.creator)) {
                others.push(key);
            }
        }
        if others.is_empty() {
            return Ok(HashSet::new());
        }
        if others.iter().any(|key| self.batch.versions.iter().any(|version| version.key == *key)) {
            self.flush().await?;
        }
        let seen = self.transaction.visible(&job.viewer, &others).await?;
        Ok(others.into_iter().filter(|key| !seen.contains(key)).collect())
    }

    /// Refuses what the caller may not write, of what it can see.
    pub(super) fn check_permission(&self, job: &Transaction, hidden: &HashSet<Key>) -> Result<(), Refused> {
        let Some(party) = job.viewer.party() else { return Ok(()) };
        for prepared in &job.writes {
            let write = &prepared.write;
            let key = Key::new(job.space.id, &write.type_name, write.id.as_str());
            if hidden.contains(&key) {
                match write.method {
                    Method::Delete => continue,
                    _ => return Err(Refused::NotFound(no_such_resource(&key))),
                }
            }
            let Some(current) = self.current.get(&key).and_then(Option::as_ref) else { continue };
            let is_own = current.creator.as_deref() == Some(&party.creator);
            if is_own || (write.type_name == "Task" && write.method != Method::Delete) {
                continue;
            }
            let text = format!(
                "{}/{} is another organisation's: only that one may change it",
                key.type_name, key.id
            );
            let issue = Issue::error(IssueCode::Forbidden, text);
            return Err(Refused::Forbidden(OperationOutcome::from(write.placed(vec![issue]))));
        }
        Ok(())
    }

    /// Refuses Tasks that speak in another organisation's name.
    pub(super) async fn check_requesters(
        &mut self,
        job: &Transaction,
    ) -> Result<Result<(), Refused>, StoreError> {
        let Some(caller) = job.viewer.party() else { return Ok(Ok(())) };
        for prepared in &job.writes {
            let write = &prepared.write;
            let Some(task) = write.resource.as_ref().filter(|_| write.type_name == "Task") else { continue };
            let before = self.resource(&Key::new(job.space.id, "Task", write.id.as_str()));
            if before.is_some_and(|before| before.reference("requester") == task.reference("requester")) {
                continue;
            }
            let employers = self.employers(&job.space, task).await?;
            let employer = |name: &str| employers.get(name).map(String::as_str);
            let requester = party(task, "requester", &job.space.base, employer);
            let Some(requester) = requester.filter(|name| name.contains("Organization/")) else { continue };
            if !caller.names.contains(&requester) {
                let text = "the requester is another organisation than the one that asks";
                let issue = Issue::error(IssueCode::Forbidden, text).at("Task.requester");
                return Ok(Err(Refused::Forbidden(OperationOutcome::from(write.placed(vec![issue])))));
            }
        }
        Ok(Ok(()))
    }

    /// Of the orders that a transaction's Tasks are for, those it may have consequences for: the caller's own, and those
    /// that its Tasks were given by somebody who could see them. `None` where all are.
    pub(super) async fn orders_in_reach(
        &mut self,
        job: &Transaction,
    ) -> Result<Option<HashMap<String, bool>>, StoreError> {
        let Some(party) = job.viewer.party() else { return Ok(None) };
        let base = &job.space.base;
        let mut orders = HashMap::new();
        let mut doubtful = Vec::new();
        for prepared in job.writes.iter().filter(|prepared| prepared.write.type_name == "Task") {
            let key = Key::new(job.space.id, "Task", prepared.write.id.as_str());
            let before = self.resource(&key);
            let old = before.as_ref().and_then(|task| order_of(task, base));
            let new = prepared.write.resource.as_ref().and_then(|task| order_of(task, base));
            for order in [old, new].into_iter().flatten() {
                let order_key = Key::new(job.space.id, "ServiceRequest", order);
                let current = self.current.get(&order_key).and_then(Option::as_ref);
                let is_own =
                    current.is_some_and(|current| current.creator.as_deref() == Some(&party.creator));
                let identity = ("ServiceRequest".to_owned(), order.to_owned());
                let is_new = old != Some(order) && !prepared.unseen.contains(&identity);
                let known = orders.entry(order.to_owned()).or_insert(false);
                *known |= is_own || is_new;
                if !*known && old == Some(order) {
                    doubtful.push(prepared.write.id.as_str());
                }
            }
        }
        if !doubtful.is_empty() {
            self.flush().await?;
            for (_, order) in self.transaction.linked_orders(job.space.id, &doubtful).await? {
                orders.insert(order, true);
            }
        }
        Ok(Some(orders))
    }
}

/// What anybody is told of what is not there.
fn no_such_resource(key: &Key) -> OperationOutcome {
    Issue::error(IssueCode::NotFound, format!("there is no {}/{}", key.type_name, key.id)).into()
}
