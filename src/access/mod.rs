//! Ring 3: who is calling, and what a caller may see and do.
//!
//! * A client acts for an Organization, in each space for another one perhaps ([`Client`]).
//! * It sees what belongs to nobody in particular ([`shared`]), what its Organization has created, the Tasks that its
//!   Organization takes part in ([`reach::parties`]), and what those reach ([`reach::reach`]): a requester for good, an
//!   owner until some time after the Task's end, a pool until somebody else takes the Task.
//! * A reference gives nothing that its author could not see: see [`reach`].
//! * It changes what its Organization has created, and of the Tasks it takes part in what the referral's rules let it.
//! * What it cannot see is not there: not for reads, searches, counts, conditions and references, nor for errors.

mod client;
mod principal;
pub mod reach;
mod registration;
mod scope;
pub mod shared;
mod viewer;

pub use client::{Client, Coverage};
pub use principal::Principal;
pub use registration::{Registration, RegistrationError};
pub use scope::{ADMINISTRATOR, Permit, Right, Rights, ScopeError, Scopes};
pub use viewer::{Party, Viewer};
