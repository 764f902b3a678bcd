//! Judging one change of a Task by itself.

use serde_json::Value;

use crate::fhir::time::Instant;
use crate::fhir::{Issue, IssueCode, Resource};
use crate::referral::author::{Actor, Setter, actor, beyond_owner};
use crate::referral::event::Cause;
use crate::referral::order::OrderStatus;
use crate::referral::state::Verdict;
use crate::referral::status::is_open;
use crate::referral::{Event, Machine, Status};

use super::findings::{Findings, RefusalKind, remark, rule};
use super::{Change, ChangeKind, Facts, Proposal};

const GUIDE: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/ImplementationGuide/hl7.fhir.us.sdoh-clinicalcare|3.0.0";

/// The most elements told one by one; a resource may have any number.
const MAX_ELEMENTS: usize = 10;

/// Applies all rules for one Task.
pub(super) fn judge(
    proposal: &Proposal,
    facts: &Facts,
    index: usize,
    change: &Change,
    findings: &mut Findings,
) {
    let actor = change.before().map_or(Actor::Unknown, |before| {
        let creator = facts.creators.get(change.id).map(String::as_str);
        actor(before, proposal.caller, creator, proposal.own_base, |party| facts.organization_of(party))
    });
    if !permitted(proposal, index, change, actor, findings) {
        return;
    }
    let machine = machine(change);
    match change.kind {
        ChangeKind::Create { after } => accompaniments(machine, index, None, after, findings),
        ChangeKind::Update { before, after } => {
            moved(machine, actor, index, before, after, findings);
            accompaniments(machine, index, Some(before), after, findings);
        }
        ChangeKind::Delete { before } => deleted(machine, index, before, findings),
    }
}

/// The machine whose rules a change of a Task is under.
fn machine(change: &Change) -> Machine {
    match change.kind {
        ChangeKind::Create { after } => Machine::of(after),
        ChangeKind::Update { before, after } => Machine::governing(before, after),
        ChangeKind::Delete { before } => Machine::of(before),
    }
}

/// Rule 1. Says no more to one who may not: what state the Task is in is none of its business.
fn permitted(
    proposal: &Proposal,
    index: usize,
    change: &Change,
    actor: Actor,
    findings: &mut Findings,
) -> bool {
    let mut forbid = |message: String, place: &str| {
        let issue = Issue::error(IssueCode::Forbidden, message).at(place);
        findings.refuse(index, RefusalKind::Forbidden, issue);
    };
    match (actor, change.kind) {
        (Actor::Unknown | Actor::Author | Actor::Both, _) => true,
        (_, ChangeKind::Create { .. }) => true,
        (Actor::Neither, _) => {
            forbid("only the requester and the owner of a Task may change it".to_owned(), "Task");
            false
        }
        (Actor::Owner, ChangeKind::Delete { .. }) => {
            forbid(
                "only the requester of a Task may delete it; to call it off set its status to cancelled"
                    .to_owned(),
                "Task",
            );
            false
        }
        (Actor::Owner, ChangeKind::Update { before, after }) => {
            let beyond = beyond_owner(before, after, &proposal.policy.extras);
            for element in beyond.iter().take(MAX_ELEMENTS) {
                let message = "the owner of a Task may change its status, statusReason and output; send this \
                               element as it was, or ask the requester to change it";
                forbid(message.to_owned(), &place(element));
            }
            beyond.is_empty()
        }
    }
}

/// A path to a top-level element, unless the client's name for it could be no element's.
fn place(element: &str) -> String {
    let plausible = element.len() <= 40 && element.bytes().all(|b| b.is_ascii_alphabetic());
    if plausible { format!("Task.{element}") } else { "Task".to_owned() }
}

/// Rule 2, and who may set the status.
fn moved(
    machine: Machine,
    actor: Actor,
    index: usize,
    before: &Resource,
    after: &Resource,
    findings: &mut Findings,
) {
    let (from, to) = (Status::of(before), Status::of(after));
    match machine.judge(from, to) {
        Verdict::Unchanged => return,
        Verdict::Allowed => {}
        Verdict::LeavesTerminal => {
            findings.refuse(index, RefusalKind::Conflict, rule(left_terminal(machine, from), "Task.status"));
            return;
        }
        Verdict::OffDiagram => {
            let message = off_diagram(machine, from, to);
            findings.breach(index, RefusalKind::Unprocessable, rule(message, "Task.status"));
        }
    }
    if let Some(to) = to
        && let Some(setter) = Setter::of(machine, to)
        && !setter.admits(actor)
    {
        let who = if setter == Setter::Requester { "requester" } else { "owner" };
        let message = format!("the status {to} of a {} is for its {who} to set", machine.noun());
        let issue = Issue::warning(IssueCode::Forbidden, message).at("Task.status");
        findings.breach(index, RefusalKind::Forbidden, issue);
    }
}

fn left_terminal(machine: Machine, from: Option<Status>) -> String {
    let noun = machine.noun();
    match from {
        Some(from) if from != Status::EnteredInError => format!(
            "this {noun} has ended as {from}; it can only be corrected to entered-in-error; \
             create a new Task instead"
        ),
        _ => {
            format!(
                "this {noun} was entered in error and cannot be taken up again; create a new Task instead"
            )
        }
    }
}

fn off_diagram(machine: Machine, from: Option<Status>, to: Option<Status>) -> String {
    let noun = machine.noun();
    let (Some(from), Some(to)) = (from, to) else {
        return format!("a {noun} needs a status of the value set task-status");
    };
    let near = machine.nearest(from);
    let counts_as = if near == from { String::new() } else { format!(" (which counts as {near})") };
    let next: Vec<&str> = machine.moves_from(from).iter().map(|status| status.code()).collect();
    let instead = if next.is_empty() {
        "it may only go to entered-in-error".to_owned()
    } else {
        format!("it may go to {} or entered-in-error", next.join(", "))
    };
    format!("a {noun} does not go from {from}{counts_as} to {to}; {instead}")
}

/// Rule 3. Told when the write makes it so, not again with every later write.
fn accompaniments(
    machine: Machine,
    index: usize,
    before: Option<&Resource>,
    after: &Resource,
    findings: &mut Findings,
) {
    let Some(status) = Status::of(after) else { return };
    if machine == Machine::Referral && lacks_outcome(after) && !before.is_some_and(lacks_outcome) {
        let message = "a completed referral tells its outcome: add at least one output, say a \
                       resulting-activity that refers to the Procedure";
        findings.breach(
            index,
            RefusalKind::Unprocessable,
            rule(message, "Task.output").by("refer-10", GUIDE),
        );
    }
    if machine.wants_reason(status)
        && after.get("statusReason").is_none()
        && before.and_then(Status::of) != Some(status)
    {
        let message = format!("say in statusReason.text why the {} is {status}", machine.noun());
        findings.tell(index, remark(message, "Task.statusReason"));
    }
}

fn lacks_outcome(task: &Resource) -> bool {
    let has_output = task.get("output").and_then(Value::as_array).is_some_and(|output| !output.is_empty());
    Status::of(task) == Some(Status::Completed) && !has_output
}

fn deleted(machine: Machine, index: usize, before: &Resource, findings: &mut Findings) {
    let never_sent = Status::of(before) == Some(Status::Draft);
    if machine == Machine::Free || never_sent || !is_open(before) {
        return;
    }
    let message = format!(
        "this {} is still open; the other side would lose it without a word: set its status to cancelled, or to \
         entered-in-error",
        machine.noun()
    );
    findings.breach(index, RefusalKind::Conflict, rule(message, "Task"));
}

/// What a change of a Task or a ServiceRequest amounts to, for those who follow it.
pub(super) fn event(change: &Change, at: Instant) -> Option<Event> {
    let (id, cause) = (change.id.to_owned(), Cause::Client);
    if change.type_name() == "ServiceRequest" {
        let status = |resource: Option<&Resource>| resource.and_then(OrderStatus::of);
        let (from, to) = (status(change.before()), status(change.after()));
        return match change.kind {
            ChangeKind::Delete { .. } => Some(Event::OrderDeleted { order: id, status: from, at, cause }),
            ChangeKind::Update { .. } if from != to => {
                Some(Event::OrderStatusChanged { order: id, from, to, at, cause })
            }
            _ => None,
        };
    }
    match change.kind {
        ChangeKind::Create { after } => {
            Some(Event::TaskCreated { task: id, status: Status::of(after), at, cause })
        }
        ChangeKind::Delete { before } => {
            Some(Event::TaskDeleted { task: id, status: Status::of(before), at, cause })
        }
        ChangeKind::Update { before, after } => {
            let (from, to) = (Status::of(before), Status::of(after));
            if from != to {
                return Some(Event::StatusChanged { task: id, from, to, at, cause });
            }
            let same_output = before.get("output") == after.get("output");
            (!same_output).then_some(Event::OutputChanged { task: id, at, cause })
        }
    }
}
