//! The status of a Task (R4 value set task-status).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fhir::Resource;

/// `Task.status`. The referral knows ten of these, a patient's Task seven; see [`crate::referral::state`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Being prepared; nobody was told.
    Draft,
    /// Sent; the owner has not answered.
    Requested,
    /// Has reached the owner. Not in the referral's value set, yet the reference servers write it.
    Received,
    /// The owner will do it.
    Accepted,
    /// The owner will not do it.
    Rejected,
    /// To be done; acceptance was never a question (a patient's Task).
    Ready,
    /// Called off.
    Cancelled,
    /// Being done.
    InProgress,
    /// Begun or accepted, and waiting.
    OnHold,
    /// Tried, without success.
    Failed,
    /// Done.
    Completed,
    /// Should never have been.
    EnteredInError,
}

impl Status {
    /// All of R4's, in the order of its value set.
    pub const ALL: [Status; 12] = [
        Status::Draft,
        Status::Requested,
        Status::Received,
        Status::Accepted,
        Status::Rejected,
        Status::Ready,
        Status::Cancelled,
        Status::InProgress,
        Status::OnHold,
        Status::Failed,
        Status::Completed,
        Status::EnteredInError,
    ];

    /// Reads a code; `None` when R4 has no such status.
    pub fn parse(code: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.code() == code)
    }

    /// The status of a Task; `None` when it is absent or no code of R4 (the validator's business).
    pub fn of(task: &Resource) -> Option<Status> {
        task.text("status").and_then(Status::parse)
    }

    /// The code FHIR uses.
    pub fn code(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Requested => "requested",
            Status::Received => "received",
            Status::Accepted => "accepted",
            Status::Rejected => "rejected",
            Status::Ready => "ready",
            Status::Cancelled => "cancelled",
            Status::InProgress => "in-progress",
            Status::OnHold => "on-hold",
            Status::Failed => "failed",
            Status::Completed => "completed",
            Status::EnteredInError => "entered-in-error",
        }
    }

    /// Whether nothing more is to come, except that it was entered in error.
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Status::Rejected
                | Status::Cancelled
                | Status::Failed
                | Status::Completed
                | Status::EnteredInError
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Whether somebody still has to do something about a Task. One whose status cannot be read is open: nobody said that
/// it ended.
pub fn is_open(task: &Resource) -> bool {
    Status::of(task).is_none_or(|status| !status.is_terminal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.code()), Some(status));
        }
        for unknown in ["", "Requested", "done", "in_progress"] {
            assert_eq!(Status::parse(unknown), None, "{unknown}");
        }
    }
}
