//! What a timeline says in plain words.

use crate::referral::{Machine, Status};

use super::{Entry, Milestone, Progress, Step, Timeline};

impl Milestone {
    /// Its name in the resource.
    pub fn code(self) -> &'static str {
        match self {
            Milestone::Sent => "sent",
            Milestone::Received => "received",
            Milestone::Accepted => "accepted",
            Milestone::InProgress => "in-progress",
            Milestone::Completed => "completed",
            Milestone::Outcome => "outcome",
        }
    }

    fn reached(self) -> &'static str {
        match self {
            Milestone::Sent => "Sent",
            Milestone::Received => "Received",
            Milestone::Accepted => "Accepted",
            Milestone::InProgress => "Work began",
            Milestone::Completed => "Completed",
            Milestone::Outcome => "Outcome known",
        }
    }

    /// Goes on after "two hours after".
    fn after(self) -> &'static str {
        match self {
            Milestone::Sent => "it was sent",
            Milestone::Received => "it was received",
            Milestone::Accepted => "it was accepted",
            Milestone::InProgress => "work began",
            Milestone::Completed => "it was completed",
            Milestone::Outcome => "its outcome was known",
        }
    }

    fn not_yet(self) -> &'static str {
        match self {
            Milestone::Sent => "Not yet sent",
            Milestone::Received => "Not yet received",
            Milestone::Accepted => "Not yet accepted",
            Milestone::InProgress => "Work has not yet begun",
            Milestone::Completed => "Not yet completed",
            Milestone::Outcome => "Outcome not yet known",
        }
    }

    fn will_not(self) -> &'static str {
        match self {
            Milestone::Sent => "Never sent",
            Milestone::Received => "Not known to have been received",
            Milestone::Accepted => "Not accepted",
            Milestone::InProgress => "Work did not begin",
            Milestone::Completed => "Not completed",
            Milestone::Outcome => "No outcome",
        }
    }
}

impl Progress<'_> {
    /// Its name in the resource.
    pub fn code(&self) -> &'static str {
        match self {
            Progress::Reached { .. } => "reached",
            Progress::NotRecorded => "not-recorded",
            Progress::NotYet => "not-yet",
            Progress::WillNot => "will-not",
        }
    }
}

impl Step<'_> {
    /// One sentence without a full stop. `ending` is how the Task ended, if it did.
    pub fn sentence(&self, ending: Option<&str>) -> String {
        match &self.progress {
            Progress::Reached { entry, since } => {
                let mut sentence = self.milestone.reached().to_owned();
                if self.milestone == Milestone::Outcome {
                    sentence = format!("Outcome: {}", spoken(entry));
                }
                if let Some((milestone, span)) = since {
                    sentence.push_str(&format!(", {span} after {}", milestone.after()));
                }
                sentence
            }
            Progress::NotRecorded => format!("{}, but when was not recorded", self.milestone.reached()),
            Progress::NotYet => self.milestone.not_yet().to_owned(),
            Progress::WillNot => {
                let ending = ending.unwrap_or("ended");
                format!("{}: it was {ending}", self.milestone.will_not())
            }
        }
    }
}

/// A state as it is said of a Task that "was …".
pub(super) fn spoken(entry: &Entry) -> &'static str {
    match (entry.task, entry.status) {
        (None, _) => "deleted",
        (_, None) => "in a state FHIR does not have",
        (_, Some(status)) => match status {
            Status::InProgress => "in progress",
            Status::OnHold => "on hold",
            Status::EnteredInError => "entered in error",
            status => status.code(),
        },
    }
}

impl Timeline<'_> {
    /// The whole in a sentence or two: where it stands, for how long it was open, whether the loop is closed.
    pub fn summary(&self) -> String {
        let Some(last) = self.latest() else { return String::new() };
        let state = capitalised(spoken(last));
        let stands = match self.open {
            None => format!("{state}, never sent."),
            Some(open) if self.ended => format!("{state}; it was open for {open}."),
            Some(open) => format!("{state}; open for {open}."),
        };
        if self.open.is_none() && !self.ended {
            return format!("{state}, not yet sent.");
        }
        let loop_is = match (self.closed, self.ended, self.machine) {
            (true, ..) => "The loop is closed.",
            (false, true, Machine::Referral) if last.task.is_some() => {
                "The loop is not closed: no outcome has been recorded."
            }
            (false, true, _) => "The loop was not closed.",
            (false, false, _) => "The loop is not closed yet.",
        };
        format!("{stands} {loop_is}")
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}
