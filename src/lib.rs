//! sdoh-gateway
pub mod definitions;
pub mod fhir;
pub mod referral;
pub mod terminology;
