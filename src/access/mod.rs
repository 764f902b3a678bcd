//! Ring 3: who is calling, and what a caller may see and do.

mod client;
mod principal;

pub use client::{Client, Coverage};
pub use principal::Principal;
