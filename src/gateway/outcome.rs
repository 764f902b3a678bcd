//! Why a request is not carried out.

use crate::fhir::{Issue, IssueCode, OperationOutcome};
use crate::referral::{Refusal, RefusalKind};
use crate::store::StoreError;

/// A refusal, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The request makes no sense as FHIR.
    #[error("malformed request")]
    Malformed(OperationOutcome),
    /// The resource breaks a rule that is enforced.
    #[error("invalid resource")]
    Invalid(OperationOutcome),
    /// What is stored does not permit it.
    #[error("conflict")]
    Conflict(OperationOutcome),
    /// Not for this caller.
    #[error("forbidden")]
    Forbidden(OperationOutcome),
    /// The version that was to be changed is not the current one.
    #[error("version conflict")]
    VersionConflict(OperationOutcome),
    /// What a conditional interaction depends on has changed meanwhile: it is to be made anew.
    #[error("conditions have changed")]
    Moved,
    /// There is no such resource.
    #[error("not found")]
    NotFound(OperationOutcome),
    /// Too much to do just now.
    #[error("busy")]
    Busy,
    /// The store failed; nothing was written.
    #[error("store: {0}")]
    Store(String),
}

impl Refused {
    /// A malformed request, in one sentence.
    pub fn malformed(code: IssueCode, message: impl Into<String>) -> Refused {
        Refused::Malformed(Issue::error(code, message).into())
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let kind = refusal.kind;
        let outcome = OperationOutcome::from(refusal);
        match kind {
            RefusalKind::Unprocessable => Refused::Invalid(outcome),
            RefusalKind::Conflict => Refused::Conflict(outcome),
            RefusalKind::Forbidden => Refused::Forbidden(outcome),
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooManyValues => Refused::malformed(IssueCode::TooCostly, error.to_string()),
            error => Refused::Store(error.to_string()),
        }
    }
}
