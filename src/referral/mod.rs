//! Ring 3: the life of a referral. Its order is the `ServiceRequest`, its life is the `Task` (SDOHCC 3.0.0).
//!
//! Everything here is a pure function: resources, facts fetched beforehand and `now` go in; a verdict, the gateway's
//! own writes and what to announce come out. [`plan::plan`] is the one entrance of the write path.
//!
//! Architecture invariants:
//! - Stored as received: planning never changes what a client sent; it only adds writes of the gateway's own.
//! - `Task.businessStatus` is the partner's; nothing here writes it.
//! - A resource that is created is taken as it is, whatever its status: it may be history being loaded (the IG's own
//!   examples are a completed Task beside an active order). Only changes have consequences.
//! - No text made for an issue holds a value of a resource; statuses are named only by their codes of the diagram.

pub mod author;
pub mod event;
pub mod order;
pub mod plan;
pub mod state;
pub mod status;
pub mod target;
pub mod timeline;

pub use event::Event;
pub use plan::{
    Change, ChangeKind, Facts, FactsNeeded, Finding, Mode, Plan, Policy, Proposal, Refusal, RefusalKind, Why,
    Write, facts_needed, plan,
};
pub use state::Machine;
pub use status::Status;
pub use target::Target;
pub use timeline::{Timeline, Version};
