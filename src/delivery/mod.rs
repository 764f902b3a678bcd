//! Ring 8: telling what has happened. A worker takes messages from the outbox and gives them to subscribers; a message
//! goes away when all of them have it, and is tried again when one does not take it.
//!
//! Subscribers live in this process for now; partners and FHIR Subscriptions come later and through the same outbox.

mod referral_metrics;
mod worker;

pub use referral_metrics::ReferralMetrics;
pub use worker::{drain, run};

use futures_util::future::BoxFuture;

use crate::fhir::time::Instant;
use crate::referral::Event;
use crate::store::Key;

/// What is told to a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Number, never given twice. A message that comes again has the same one.
    pub id: i64,
    /// The resource it speaks of.
    pub key: Key,
    /// The version it speaks of.
    pub seq: Instant,
    /// What happened.
    pub event: Event,
}

/// Why a message was not taken; it will come again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotTaken(pub String);

/// Somebody who is told.
pub trait Subscriber: Send + Sync {
    /// A short name, for logs.
    fn name(&self) -> &'static str;

    /// Takes one message. Messages come in the order of their commits, unless one has to come again.
    fn take<'m>(&'m self, message: &'m Message) -> BoxFuture<'m, Result<(), NotTaken>>;
}
