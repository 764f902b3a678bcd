//! What follows from a transaction: orders follow their Tasks, Tasks follow their order.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::fhir::Resource;
use crate::referral::event::Cause;
use crate::referral::order::{OrderStatus, cancel, complete, is_done, open_order_of, order_of};
use crate::referral::{Event, Status};

use super::facts::{ends_work, order_joined, order_left};
use super::findings::{Findings, RefusalKind, remark, rule};
use super::{Change, ChangeKind, Facts, Plan, Proposal, Why, Write};

/// Adds the gateway's own writes and what there is to say about orders.
pub(super) fn orders(proposal: &Proposal, facts: &Facts, plan: &mut Plan, findings: &mut Findings) {
    let changes = || proposal.changes.iter().enumerate();
    let mut left = BTreeSet::new();
    let mut joined = Vec::new();
    let mut ended = Vec::new();
    for (index, change) in changes() {
        match change.type_name() {
            "Task" => {
                left.extend(order_left(change, proposal.own_base));
                joined.extend(order_joined(change, proposal.own_base).map(|order| (index, order)));
            }
            "ServiceRequest" if ends_work(change) => ended.push((index, change)),
            _ => {}
        }
    }
    if left.is_empty() && joined.is_empty() && ended.is_empty() {
        return;
    }
    let world = World::new(proposal, facts);
    let ending: HashSet<&str> = ended.iter().map(|(_, change)| change.id).collect();
    for order in left {
        completed(&world, order, plan, findings);
    }
    for (index, change) in ended {
        match change.kind {
            ChangeKind::Update { .. } => revoked(&world, change.id, plan, findings),
            ChangeKind::Create { .. } => arrived_revoked(&world, index, change.id, findings),
            ChangeKind::Delete { .. } => deleted(&world, index, change.id, findings),
        }
    }
    for (index, order) in joined {
        // Of an order that ends here it was just told.
        if !ending.contains(order) {
            opened(&world, index, order, findings);
        }
    }
}

/// A Task of the order has ended: complete the order if that was the last one.
fn completed(world: &World, id: &str, plan: &mut Plan, findings: &mut Findings) {
    if !is_done(world.tasks(id).map(|(_, task)| task)) {
        return;
    }
    let Some(order) = world.order(id) else { return };
    let from = OrderStatus::of(order);
    if from.is_some_and(OrderStatus::is_terminal) {
        return;
    }
    // The client's own word in the same transaction stands: no resource is written twice in one.
    if let Some(&index) = world.written_orders.get(id) {
        let message = "all Tasks of this order have ended and one is completed, yet this transaction keeps the \
                       order open; set its status to completed when the order is done";
        findings.tell(index, remark(message, "ServiceRequest.status"));
        return;
    }
    let Some(resource) = complete(order) else { return };
    plan.writes.push(Write { resource, why: Why::TasksDone });
    plan.events.push(Event::OrderStatusChanged {
        order: id.to_owned(),
        from,
        to: Some(OrderStatus::Completed),
        at: world.proposal.now,
        cause: Cause::Gateway,
    });
}

/// The order was revoked: call its open Tasks off.
fn revoked(world: &World, id: &str, plan: &mut Plan, findings: &mut Findings) {
    for (index, task) in world.open_tasks(id) {
        if let Some(index) = index {
            // As above: this transaction says itself what becomes of the Task.
            findings.tell(index, rule(STAYS_OPEN, "Task.status"));
            continue;
        }
        let Some(task_id) = task.id() else { continue };
        let Some(resource) = cancel(task, id, world.proposal.now) else { continue };
        plan.events.push(Event::StatusChanged {
            task: task_id.to_owned(),
            from: Status::of(task),
            to: Some(Status::Cancelled),
            at: world.proposal.now,
            cause: Cause::Gateway,
        });
        plan.writes.push(Write { resource, why: Why::OrderRevoked { order: id.to_owned() } });
    }
}

const STAYS_OPEN: &str =
    "the order of this Task is revoked; set the Task's status to cancelled, or refer under a new order";

fn arrived_revoked(world: &World, index: usize, id: &str, findings: &mut Findings) {
    if world.open_tasks(id).next().is_some() {
        let message = "this order arrives revoked while Tasks of it are open; set their status to cancelled";
        findings.tell(index, rule(message, "ServiceRequest.status"));
    }
}

fn deleted(world: &World, index: usize, id: &str, findings: &mut Findings) {
    if world.open_tasks(id).next().is_some() {
        let message = "Tasks of this order are still open; set its status to revoked, which cancels them";
        findings.breach(index, RefusalKind::Conflict, rule(message, "ServiceRequest"));
    }
}

/// A Task was opened: not for an order that was withdrawn, one hopes.
fn opened(world: &World, index: usize, order: &str, findings: &mut Findings) {
    if world.order(order).and_then(OrderStatus::of) == Some(OrderStatus::Revoked) {
        findings.tell(index, rule(STAYS_OPEN, "Task.status"));
    }
}

/// Orders and Tasks as they will be once the client's changes are made.
struct World<'a> {
    proposal: &'a Proposal<'a>,
    facts: &'a Facts,
    /// Orders the client writes, by id: the place of the change.
    written_orders: HashMap<&'a str, usize>,
    /// Tasks the client writes or deletes.
    touched_tasks: HashSet<&'a str>,
    /// Tasks the client writes, by their order: the places of the changes.
    written_tasks: HashMap<&'a str, Vec<usize>>,
}

impl<'a> World<'a> {
    fn new(proposal: &'a Proposal<'a>, facts: &'a Facts) -> World<'a> {
        let mut world = World {
            proposal,
            facts,
            written_orders: HashMap::new(),
            touched_tasks: HashSet::new(),
            written_tasks: HashMap::new(),
        };
        for (index, change) in proposal.changes.iter().enumerate() {
            match change.type_name() {
                "ServiceRequest" => drop(world.written_orders.insert(change.id, index)),
                "Task" => {
                    world.touched_tasks.insert(change.id);
                    if let Some(order) = change.after().and_then(|task| order_of(task, proposal.own_base)) {
                        world.written_tasks.entry(order).or_default().push(index);
                    }
                }
                _ => {}
            }
        }
        world
    }

    /// An order; `None` when it does not exist, or not here.
    fn order(&self, id: &str) -> Option<&'a Resource> {
        match self.written_orders.get(id) {
            Some(&index) => self.proposal.changes.get(index).and_then(Change::after),
            None => self.facts.orders.get(id),
        }
    }

    /// The referral Tasks of an order: first those this transaction leaves alone, then those it writes, with the place
    /// of the change.
    fn tasks<'s>(&'s self, order: &'s str) -> impl Iterator<Item = (Option<usize>, &'a Resource)> + 's {
        let own_base = self.proposal.own_base;
        let stored = self.facts.tasks.get(order).into_iter().flatten();
        let untouched = stored.filter(move |task| {
            order_of(task, own_base) == Some(order)
                && !task.id().is_some_and(|id| self.touched_tasks.contains(id))
        });
        let written = self.written_tasks.get(order).into_iter().flatten().filter_map(|&index| {
            let change = self.proposal.changes.get(index)?;
            Some((Some(index), change.after()?))
        });
        untouched.map(|task| (None, task)).chain(written)
    }

    fn open_tasks<'s>(&'s self, order: &'s str) -> impl Iterator<Item = (Option<usize>, &'a Resource)> + 's {
        let own_base = self.proposal.own_base;
        self.tasks(order).filter(move |(_, task)| open_order_of(task, own_base).is_some())
    }
}
