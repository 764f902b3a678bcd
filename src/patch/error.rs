//! Why a patch does not work.

use std::fmt;

/// Why a patch does not work, and which of its operations is to blame. Holds no values of the resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PatchError {
    /// What sort of failure.
    pub kind: PatchErrorKind,
    /// Which operation, counted from 0, and what it is called; `None` where it is the patch as a whole.
    pub operation: Option<(usize, &'static str)>,
    /// What is wrong, and where.
    pub message: String,
}

/// Whose fault it is that a patch does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchErrorKind {
    /// The patch is none, whatever it were applied to.
    Malformed,
    /// The resource is not such that the patch could be applied.
    NotApplicable,
    /// A `test` of a JSON Patch found something else.
    TestFailed,
    /// More work than allowed.
    TooCostly,
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operation {
            Some((index, name)) => write!(f, "operation[{index}] ({name}): {}", self.message),
            None => write!(f, "the patch: {}", self.message),
        }
    }
}

impl PatchError {
    pub(super) fn malformed(message: impl Into<String>) -> PatchError {
        PatchError { kind: PatchErrorKind::Malformed, operation: None, message: message.into() }
    }

    pub(super) fn not_applicable(message: impl Into<String>) -> PatchError {
        PatchError { kind: PatchErrorKind::NotApplicable, operation: None, message: message.into() }
    }

    pub(super) fn too_costly(message: impl Into<String>) -> PatchError {
        PatchError { kind: PatchErrorKind::TooCostly, operation: None, message: message.into() }
    }

    /// The same, in one of the patch's operations.
    pub(super) fn in_operation(mut self, index: usize, name: &'static str) -> PatchError {
        self.operation.get_or_insert((index, name));
        self
    }
}

/// A piece of the client's own patch fit for an error text: short, and no control characters.
pub(super) fn printable(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}
