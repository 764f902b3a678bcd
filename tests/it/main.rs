//! Integration tests: one binary, a module for each part.

mod ask;
mod audit;
mod auth;
mod bulk;
mod clients;
mod definitions;
mod examples;
mod fhirpath;
mod fuzz;
mod harness;
mod isolation;
mod model;
mod patch;
mod process;
mod referral;
mod replay;
mod rest;
mod search;
mod snapshot;
mod store;
mod stories;
mod terminology;
mod validate;
mod validator;
mod xml;
