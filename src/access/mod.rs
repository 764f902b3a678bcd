//! Ring 3: who is calling, and what a caller may see and do.

mod client;
mod principal;
mod registration;
mod scope;

pub use client::{Client, Coverage};
pub use principal::Principal;
pub use registration::{Registration, RegistrationError};
pub use scope::{ADMINISTRATOR, Permit, Right, Rights, ScopeError, Scopes};
