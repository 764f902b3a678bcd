//! Integration tests: one binary, a module for each part.

mod definitions;
mod fhirpath;
mod harness;
mod process;
mod rest;
mod validator;
