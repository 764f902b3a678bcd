//! Integration tests: one binary, one module a subject.

mod definitions;
mod harness;
mod rest;
