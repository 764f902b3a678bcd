//! Snapshots from differentials (R4 §5.1.0.4, §5.3): all elements of a profile, where its author wrote down only what
//! it changes of the one it builds on.
//!
//! The base's snapshot and the differential are made into trees (`node`, `change`), and the one is laid over the
//! other (`merge`): what is stated is applied to the element (`apply`), what lies below is looked up where the base
//! does not go so deep (`unfold`), `valueQuantity` is understood (`choice`), and slices begin as copies of what they
//! are slices of (`slicing`). [`complete()`] does so for all profiles of packages, in the order they build on each
//! other.

mod apply;
mod change;
mod choice;
mod complete;
mod differential;
mod error;
mod generate;
pub mod limits;
mod merge;
mod node;
mod slicing;
#[cfg(test)]
mod tests;
mod unfold;

pub use complete::complete;
pub use differential::{Differential, ElementChange};
pub use error::{Fault, SnapshotError};
