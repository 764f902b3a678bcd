//! What is wrong with a transaction, and whether that refuses it.

use crate::fhir::{Issue, IssueCode, OperationOutcome, Severity};

use super::Mode;

/// Something to tell about one of the transaction's changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which change, by its place in the proposal.
    pub change: usize,
    /// What.
    pub issue: Issue,
}

/// How to refuse. The later ones outweigh the earlier when a transaction has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalKind {
    /// 422: what is asked for breaks a rule of the referral.
    Unprocessable,
    /// 409: what is stored does not permit it.
    Conflict,
    /// 403: not for this caller.
    Forbidden,
}

impl RefusalKind {
    /// The HTTP status that says so.
    pub fn status(self) -> u16 {
        match self {
            RefusalKind::Unprocessable => 422,
            RefusalKind::Conflict => 409,
            RefusalKind::Forbidden => 403,
        }
    }
}

/// Why a transaction may not be committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refused with {} for {} findings", kind.status(), findings.len())]
pub struct Refusal {
    /// How to answer.
    pub kind: RefusalKind,
    /// All that was found, errors and what else there is to tell.
    pub findings: Vec<Finding>,
}

impl From<Refusal> for OperationOutcome {
    fn from(refusal: Refusal) -> Self {
        OperationOutcome { issues: refusal.findings.into_iter().map(|finding| finding.issue).collect() }
    }
}

/// Findings as they are collected.
pub(super) struct Findings {
    mode: Mode,
    list: Vec<Finding>,
    refused: Option<RefusalKind>,
}

impl Findings {
    pub(super) fn new(mode: Mode) -> Findings {
        Findings { mode, list: Vec::new(), refused: None }
    }

    /// Something that refuses the transaction in every mode.
    pub(super) fn refuse(&mut self, change: usize, kind: RefusalKind, issue: Issue) {
        self.refused = self.refused.max(Some(kind));
        self.list.push(Finding { change, issue: Issue { severity: Severity::Error, ..issue } });
    }

    /// Something that refuses the transaction under `enforce` and is a warning otherwise.
    pub(super) fn breach(&mut self, change: usize, kind: RefusalKind, issue: Issue) {
        match self.mode {
            Mode::Enforce => self.refuse(change, kind, issue),
            Mode::Report => self.tell(change, Issue { severity: Severity::Warning, ..issue }),
        }
    }

    /// Something that refuses nothing.
    pub(super) fn tell(&mut self, change: usize, issue: Issue) {
        self.list.push(Finding { change, issue });
    }

    /// The findings in the order of the changes, or the refusal they amount to.
    pub(super) fn finish(mut self) -> Result<Vec<Finding>, Refusal> {
        self.list.sort_by_key(|finding| finding.change);
        match self.refused {
            None => Ok(self.list),
            Some(kind) => Err(Refusal { kind, findings: self.list }),
        }
    }
}

/// An issue about a rule of the referral's life; its severity follows from how it is found.
pub(super) fn rule(message: impl Into<String>, place: &str) -> Issue {
    Issue::warning(IssueCode::BusinessRule, message).at(place)
}

/// An issue that only informs.
pub(super) fn remark(message: impl Into<String>, place: &str) -> Issue {
    Issue::new(Severity::Information, IssueCode::BusinessRule, message).at(place)
}
