//! sdoh-gateway
pub mod definitions;
pub mod fhir;
