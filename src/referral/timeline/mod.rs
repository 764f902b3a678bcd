//! How far a referral has come, from the versions of its Task: for `GET Task/{id}/$timeline`.
//!
//! A [`Timeline`] has the steps every referral is asked about (sent, received, accepted, in progress, completed,
//! outcome) and every change of status underneath. [`Timeline::to_parameters`] makes it a resource.

mod parameters;
mod phrase;
#[cfg(test)]
mod tests;
mod words;

use serde_json::Value;

use crate::fhir::Resource;
use crate::fhir::time::Instant;

use super::{Machine, Status};

/// One version of a Task, as its history has it.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// The Task; `None` where it was deleted.
    pub task: Option<&'a Resource>,
    /// When the version was committed.
    pub at: Instant,
    /// Who wrote it, when that is on record: a reference, else a name.
    pub who: Option<&'a str>,
}

/// The life of one Task up to a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline<'a> {
    /// The Task's id.
    pub id: &'a str,
    /// The rules it lives by.
    pub machine: Machine,
    /// The steps, in their usual order; a patient's Task is neither received nor accepted.
    pub steps: Vec<Step<'a>>,
    /// Every version in which status, reason, business status or output changed, oldest first.
    pub changes: Vec<Entry<'a>>,
    /// From when it was sent until it ended, or until now; `None` when it never was sent.
    pub open: Option<Span>,
    /// Whether it has ended.
    pub ended: bool,
    /// Whether the source can see what came of it: it has ended, and if it was completed, with an outcome.
    pub closed: bool,
}

/// A stretch of time in microseconds, not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span(pub u64);

impl Span {
    /// From one moment to another; nothing when clocks ran backwards.
    pub fn between(from: Instant, to: Instant) -> Span {
        Span(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
    }

    /// Whole seconds.
    pub fn seconds(self) -> u64 {
        self.0 / 1_000_000
    }
}

/// One of the steps of a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Milestone {
    /// It left the draft state: the owner can know of it.
    Sent,
    /// It reached the owner.
    Received,
    /// The owner said yes.
    Accepted,
    /// Work began.
    InProgress,
    /// Work was done.
    Completed,
    /// How it ended, and with what.
    Outcome,
}

/// A step and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<'a> {
    /// Which.
    pub milestone: Milestone,
    /// How far.
    pub progress: Progress<'a>,
}

/// What is known of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress<'a> {
    /// It was taken.
    Reached {
        /// The version that shows it.
        entry: Entry<'a>,
        /// The step taken before it, and the time since; `None` when one version shows both.
        since: Option<(Milestone, Span)>,
    },
    /// It must have been taken, for later ones were, but no version shows it.
    NotRecorded,
    /// It may still come.
    NotYet,
    /// It will not come: the Task ended otherwise.
    WillNot,
}

/// A version in which something changed that a reader cares for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    /// The Task at that version; `None` where it was deleted.
    pub task: Option<&'a Resource>,
    /// Its status; `None` where it has none that R4 knows, or was deleted.
    pub status: Option<Status>,
    /// Why, in words, when this version gave a reason.
    pub reason: Option<&'a str>,
    /// When.
    pub at: Instant,
    /// Who, when that is on record.
    pub who: Option<&'a str>,
    /// The time since the entry before.
    pub since: Option<Span>,
}

impl<'a> Entry<'a> {
    /// The partner's own status, as it wrote it.
    pub fn business_status(&self) -> Option<&'a Value> {
        self.task?.get("businessStatus")
    }

    /// What the Task has brought.
    pub fn outputs(&self) -> &'a [Value] {
        let output = self.task.and_then(|task| task.get("output")).and_then(Value::as_array);
        output.map_or(&[], Vec::as_slice)
    }

    /// Whether the Task had ended: in a terminal state, or deleted.
    fn is_end(&self) -> bool {
        self.task.is_none() || self.status.is_some_and(Status::is_terminal)
    }
}

impl<'a> Timeline<'a> {
    /// Tells the life of the Task `id` from its versions, oldest first, as seen at `now`. `None` without a version.
    pub fn of(id: &'a str, versions: &[Version<'a>], now: Instant) -> Option<Timeline<'a>> {
        let changes = entries(versions);
        let last = changes.last()?;
        let machine =
            versions.iter().rev().find_map(|version| version.task).map_or(Machine::Free, Machine::of);
        let ended = last.is_end();
        let outcome = outcome(machine, &changes);
        let sent = changes.iter().find(|entry| entry.status.is_some_and(was_sent));
        let open = sent.map(|sent| {
            // A correction afterwards, or an outcome handed in late, does not make it last longer.
            let end = changes.iter().rev().take_while(|entry| entry.is_end()).last();
            Span::between(sent.at, end.map_or(now, |end| end.at))
        });
        let steps = steps(machine, &changes, sent, outcome);
        let closed = ended && outcome.is_some();
        Some(Timeline { id, machine, steps, changes, open, ended, closed })
    }

    /// The Task as it is now: the last entry.
    pub fn latest(&self) -> Option<&Entry<'a>> {
        self.changes.last()
    }
}

/// The versions that changed something, with what they changed.
fn entries<'a>(versions: &[Version<'a>]) -> Vec<Entry<'a>> {
    const TOLD: [&str; 4] = ["status", "statusReason", "businessStatus", "output"];
    let mut entries: Vec<Entry<'a>> = Vec::new();
    let mut previous: Option<&Version<'a>> = None;
    for version in versions {
        let old = |name: &str| previous.and_then(|previous| previous.task).and_then(|task| task.get(name));
        let new = |name: &str| version.task.and_then(|task| task.get(name));
        let same_presence =
            previous.is_some_and(|previous| previous.task.is_some() == version.task.is_some());
        if same_presence && TOLD.iter().all(|name| old(name) == new(name)) {
            previous = Some(version);
            continue;
        }
        let status = version.task.and_then(Status::of);
        // Clients that read, change and put back carry an old reason into a state it does not belong to.
        let is_news = old("statusReason") != new("statusReason")
            || status.is_some_and(|status| Machine::Referral.wants_reason(status));
        entries.push(Entry {
            task: version.task,
            status,
            reason: new("statusReason").filter(|_| is_news).and_then(words_of),
            at: version.at,
            who: version.who,
            since: entries.last().map(|last| Span::between(last.at, version.at)),
        });
        previous = Some(version);
    }
    entries
}

/// A CodeableConcept in words: its text, else what its first coding is displayed as, else that code.
fn words_of(concept: &Value) -> Option<&str> {
    text(concept, "text").or_else(|| {
        let coding = concept.get("coding")?.get(0)?;
        text(coding, "display").or_else(|| text(coding, "code"))
    })
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

/// Whether a Task in this state has been put before its owner.
fn was_sent(status: Status) -> bool {
    !matches!(status, Status::Draft | Status::Cancelled | Status::EnteredInError)
}

/// The entry that shows how it ended. A completed referral has ended with its outcome, not before.
fn outcome<'a>(machine: Machine, changes: &[Entry<'a>]) -> Option<Entry<'a>> {
    let last = changes.last().filter(|last| last.task.is_some() && last.is_end())?;
    let wanting = machine == Machine::Referral && last.status == Some(Status::Completed);
    if wanting && last.outputs().is_empty() {
        return None;
    }
    let shows = |entry: &&Entry| entry.status == last.status && !(wanting && entry.outputs().is_empty());
    changes.iter().rev().take_while(shows).last().copied()
}

fn steps<'a>(
    machine: Machine,
    changes: &[Entry<'a>],
    sent: Option<&Entry<'a>>,
    outcome: Option<Entry<'a>>,
) -> Vec<Step<'a>> {
    use Status::{Accepted, Completed, Failed, InProgress, OnHold, Ready, Received, Rejected};
    let first = |wanted: &[Status]| {
        changes.iter().find(|entry| entry.status.is_some_and(|status| wanted.contains(&status))).copied()
    };
    // Each step: the entry that shows it, and the states that cannot be had without it.
    let patient = machine == Machine::Patient;
    let received = first(&[Received]);
    let accepted = first(&[Accepted, Ready]);
    let mut known: Vec<(Milestone, Option<Entry<'a>>, &[Status])> = Vec::with_capacity(6);
    known.push((Milestone::Sent, sent.copied(), &[]));
    if !patient {
        let answers = &[Accepted, Ready, Rejected, InProgress, OnHold, Failed, Completed];
        known.push((Milestone::Received, received, answers));
        known.push((Milestone::Accepted, accepted, &[InProgress, OnHold, Failed, Completed]));
    }
    known.push((Milestone::InProgress, first(&[InProgress]), &[Completed]));
    known.push((Milestone::Completed, first(&[Completed]), &[]));
    known.push((Milestone::Outcome, outcome, &[]));

    let ended = changes.last().is_some_and(Entry::is_end);
    let completed = changes.last().is_some_and(|last| last.status == Some(Completed));
    let mut previous: Option<(Milestone, Entry<'a>)> = None;
    let step = |(milestone, entry, implied_by): (Milestone, Option<Entry<'a>>, &[Status])| {
        let progress = match entry {
            Some(entry) => {
                let since = previous
                    .filter(|(_, earlier)| *earlier != entry)
                    .map(|(step, earlier)| (step, Span::between(earlier.at, entry.at)));
                previous = Some((milestone, entry));
                Progress::Reached { entry, since }
            }
            None if first(implied_by).is_some() => Progress::NotRecorded,
            // Completed without an outcome: that can still be handed in.
            None if ended && !(milestone == Milestone::Outcome && completed) => Progress::WillNot,
            None => Progress::NotYet,
        };
        Step { milestone, progress }
    };
    known.into_iter().map(step).collect()
}
