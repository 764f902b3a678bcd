//! sdoh-gateway
pub mod access;
pub mod api;
pub mod cli;
pub mod config;
pub mod definitions;
pub mod delivery;
pub mod demo;
pub mod fhir;
pub mod fhirpath;
pub mod gateway;
pub mod referral;
pub mod search;
pub mod serve;
pub mod store;
pub mod telemetry;
pub mod terminology;
pub mod validator;
