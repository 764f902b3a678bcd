//! Ring 5: the one way out by HTTP.
//!
//! Addresses that clients or partners name (where their keys are, where to tell them something) must not lead into the
//! network the gateway stands in. So a name is resolved here, and connections are made to those of its addresses that may
//! be connected to, and to no others: what a name resolves to the next time does not matter. Redirects are not followed,
//! and no proxy is used.

mod address;
mod client;

pub use address::{Addresses, BadAddress};
pub use client::{FetchError, Outbound, read, trusting};
