//! Integration tests: one binary, a module for each part.

mod definitions;
mod fhirpath;
mod validator;
