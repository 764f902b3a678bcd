//! Ring 2: what FHIR packages say, without their prose.

pub mod search_parameter;
pub mod structure;
pub mod types;

pub use search_parameter::{SearchKind, SearchParameter};
pub use structure::{ElementDefinition, StructureDefinition};
pub use types::{Property, Type, TypeGraph, TypeId, TypeKind};
