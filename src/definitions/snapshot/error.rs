//! What can be wrong with a differential.

use std::fmt;

use super::limits;

/// Why a snapshot could not be generated: which structure, which of its elements, what is wrong. Always a fault of the
/// definition, or of a package that is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SnapshotError {
    /// `url|version` of the structure.
    pub structure: String,
    /// Id of the element; `None` when it is the structure as a whole.
    pub element: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.element {
            Some(element) => write!(f, "{}: {element}: {}", self.structure, self.fault),
            None => write!(f, "{}: {}", self.structure, self.fault),
        }
    }
}

/// What is wrong with a differential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The definition it builds on is in no package at hand.
    #[error("its base '{0}' is not known: the package that has it is missing")]
    UnknownBase(String),
    /// It has no base.
    #[error("it has no baseDefinition")]
    NoBase,
    /// It builds on itself.
    #[error("it builds on itself")]
    Circular,
    /// The definition it builds on has no snapshot.
    #[error("its base '{0}' has no snapshot")]
    BaseWithoutSnapshot(String),
    /// Its base is about another type.
    #[error("it is about '{of}', its base about '{base}'")]
    OtherType {
        /// The type it says it is about.
        of: String,
        /// The type its base is about.
        base: String,
    },
    /// The base has no such element.
    #[error("the base has no such element")]
    UnknownElement,
    /// Nothing can be below an element: it has no type, or one that is not known.
    #[error("it can have nothing below it: its type is not known")]
    NoContent,
    /// The element of a content reference is not there.
    #[error("its content is that of '{0}', which is not there")]
    ContentReference(String),
    /// A greatest number that is neither a number nor `*`.
    #[error("its max is neither a number nor '*'")]
    Max,
    /// A type that the base does not allow.
    #[error("the base does not allow the type '{0}'")]
    Type(String),
    /// Slices, without a word on how to tell them apart.
    #[error("it has slices, but nothing says how they are told apart")]
    NoSlicing,
    /// `sliceIsConstraining` is true, but the base has no such slice.
    #[error("the base has no such slice, though sliceIsConstraining says it has")]
    NoSuchSlice,
    /// `sliceIsConstraining` is false, but the base has such a slice.
    #[error("the base has such a slice, though sliceIsConstraining says it has not")]
    SliceExists,
    /// More elements than any sane profile has.
    #[error("more than {} elements", limits::ELEMENTS)]
    TooManyElements,
    /// Nested deeper than any sane profile is.
    #[error("more than {} levels", limits::DEPTH)]
    TooDeep,
}
