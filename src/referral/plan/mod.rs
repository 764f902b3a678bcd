//! What one transaction means for the referrals it touches, decided before anything is committed.
//!
//! The write path asks [`facts_needed`], fetches that, and calls [`plan`]. It gets the gateway's own writes to commit
//! along, what to tell the client, and the events to announce; or a refusal of the whole transaction.
//!
//! Rules, in the order they are applied to a Task:
//! 1. by whom (403), see [`author`](super::author);
//! 2. from which status to which (409 out of a terminal state; else reported), see [`state`](super::state);
//! 3. what goes with the status: an outcome with `completed`, a reason with refusals and pauses.
//!
//! To delete a Task that was sent and is open is reported, and refused (409) under `enforce`: the other side would lose
//! it without a word. Cancelled or entered-in-error tells them. A draft, or what has ended, may go. The same holds for
//! an order with open Tasks. Deleting changes everything, so only the author may.
//!
//! Architecture invariant: a write the gateway adds is not judged by these rules. It may cancel a draft, which no
//! diagram has, when the order is revoked.

mod facts;
mod findings;
mod follow;
mod task;
#[cfg(test)]
mod tests;

use crate::fhir::Resource;
use crate::fhir::time::Instant;

use super::Event;
use super::author::Extras;

pub use facts::{Facts, FactsNeeded, facts_needed};
pub use findings::{Finding, Refusal, RefusalKind};

use findings::Findings;

/// What one transaction does to one resource.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The id it has or is about to get.
    pub id: &'a str,
    /// What is done.
    pub kind: ChangeKind<'a>,
}

/// Create, update or delete, with the resource before and after. References between resources of the transaction
/// (`urn:uuid:`) are resolved already.
#[derive(Debug, Clone, Copy)]
pub enum ChangeKind<'a> {
    /// It is not there, or no longer.
    Create {
        /// As it is to be.
        after: &'a Resource,
    },
    /// It is there.
    Update {
        /// As it is.
        before: &'a Resource,
        /// As it is to be.
        after: &'a Resource,
    },
    /// It is there and is to go.
    Delete {
        /// As it is.
        before: &'a Resource,
    },
}

impl<'a> Change<'a> {
    /// A change from what is stored to what is wanted, `None` being nothing. `None` when there is nothing on both sides.
    pub fn new(id: &'a str, before: Option<&'a Resource>, after: Option<&'a Resource>) -> Option<Change<'a>> {
        let kind = match (before, after) {
            (None, None) => return None,
            (None, Some(after)) => ChangeKind::Create { after },
            (Some(before), Some(after)) => ChangeKind::Update { before, after },
            (Some(before), None) => ChangeKind::Delete { before },
        };
        Some(Change { id, kind })
    }

    /// The resource before.
    pub fn before(&self) -> Option<&'a Resource> {
        match self.kind {
            ChangeKind::Create { .. } => None,
            ChangeKind::Update { before, .. } | ChangeKind::Delete { before } => Some(before),
        }
    }

    /// The resource after.
    pub fn after(&self) -> Option<&'a Resource> {
        match self.kind {
            ChangeKind::Create { after } | ChangeKind::Update { after, .. } => Some(after),
            ChangeKind::Delete { .. } => None,
        }
    }

    /// The resource's type.
    pub fn type_name(&self) -> &'a str {
        match self.kind {
            ChangeKind::Create { after } | ChangeKind::Update { after, .. } => after.type_name(),
            ChangeKind::Delete { before } => before.type_name(),
        }
    }
}

/// Whether what is reported is also refused; set per partner and profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Carry out and tell.
    #[default]
    Report,
    /// Refuse.
    Enforce,
}

/// What a partner's agreement says of its referrals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Report or enforce.
    pub mode: Mode,
    /// What owners may change besides status, statusReason and output.
    pub extras: Extras,
}

/// One transaction before it is committed.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    /// What it does; each resource at most once (R4 §3.1.0.11.2).
    pub changes: &'a [Change<'a>],
    /// Reference of the Organization (or Patient) the caller acts for; `None` when nobody knows (open mode) or the
    /// gateway itself is writing.
    pub caller: Option<&'a str>,
    /// Base URL of the space, without a trailing slash.
    pub own_base: &'a str,
    /// The caller's policy.
    pub policy: &'a Policy,
    /// The present moment.
    pub now: Instant,
}

/// What to do along with a transaction.
#[derive(Debug, Default)]
pub struct Plan {
    /// Writes of the gateway's own, to commit in the same transaction.
    pub writes: Vec<Write>,
    /// What to tell the client, in the order of its changes. No errors among it.
    pub findings: Vec<Finding>,
    /// What to announce, the client's own first.
    pub events: Vec<Event>,
}

/// An update of the gateway's own.
#[derive(Debug)]
pub struct Write {
    /// The resource as it is to be. Its `meta.versionId` is still that of the version it was made from: the update is
    /// meant for that version only.
    pub resource: Resource,
    /// Why.
    pub why: Why,
}

/// Why the gateway writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// None of the order's Tasks is open and at least one is completed.
    TasksDone,
    /// The Task's order was revoked.
    OrderRevoked {
        /// The ServiceRequest's id.
        order: String,
    },
}

/// Plans a transaction. Resources other than Task and ServiceRequest cost a comparison of their type.
///
/// The facts must be as the transaction will find them: fetched and committed under one lock, or within one
/// serializable transaction. Else two Tasks that end at the same moment each see the other one open, and the order is
/// never completed.
///
/// A [`Refusal`] stands for the whole transaction and says what to answer.
pub fn plan(proposal: &Proposal, facts: &Facts) -> Result<Plan, Refusal> {
    let mut findings = Findings::new(proposal.policy.mode);
    let mut plan = Plan::default();
    for (index, change) in proposal.changes.iter().enumerate() {
        match change.type_name() {
            "Task" => task::judge(proposal, facts, index, change, &mut findings),
            "ServiceRequest" => {}
            _ => continue,
        }
        plan.events.extend(task::event(change, proposal.now));
    }
    follow::orders(proposal, facts, &mut plan, &mut findings);
    plan.findings = findings.finish()?;
    Ok(plan)
}
