//! Ring 1: what FHIR is on the wire. Resources as ordered JSON, references, instants, outcomes.
//!
//! Nothing here knows a resource type by name; what a type may hold is told by [`crate::definitions`].

pub mod bundle;
pub mod id;
pub mod json;
pub mod locate;
pub mod outcome;
pub mod reference;
pub mod resource;
pub mod time;

pub use bundle::BundleType;
pub use id::Id;
pub use outcome::{Issue, IssueCode, OperationOutcome, Severity};
pub use reference::{Reference, is_type_name};
pub use resource::Resource;
