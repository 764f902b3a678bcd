//! Ring 2: what FHIR packages say, without their prose.
//!
//! [`package`] reads packages, [`strip`] takes from each resource what the gateway needs, [`snapshot`] works out what
//! profiles demand where packages say only what they change, [`mod@compile`] writes all of it as `profiles/`, which
//! `build.rs` puts into the binary. [`Definitions`] finds it all again by canonical URL, together
//! with packages the user adds; [`TypeGraph`] is the types among it, ready to walk.

mod by_canonical;
pub mod canonical;
mod closure;
pub mod code_system;
mod compact;
pub mod compile;
pub mod concept_map;
mod element_change;
mod embedded;
mod error;
mod inheritance;
mod other;
pub mod package;
mod resolve;
pub mod search_parameter;
mod search_parameters;
pub mod snapshot;
pub mod strip;
pub mod structure;
pub mod types;
pub mod value_set;

pub use canonical::PackageId;
pub use code_system::CodeSystem;
pub use concept_map::ConceptMap;
pub use error::DefinitionsError;
pub use other::OtherDefinition;
pub use resolve::Definitions;
pub use search_parameter::{SearchKind, SearchParameter};
pub use structure::{ElementDefinition, StructureDefinition};
pub use types::{Property, Type, TypeGraph, TypeId, TypeKind};
pub use value_set::ValueSet;
