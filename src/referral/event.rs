//! What happened in a referral, as told to whoever follows it: the outbox's rows are made from these.

use serde::{Deserialize, Serialize};

use crate::fhir::time::Instant;

use super::Status;
use super::order::OrderStatus;

/// One thing that happened to a Task or its order, true once the transaction that carries it is committed.
///
/// Ids are those of the space the transaction writes to. A status is `None` where the resource has none that R4 knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A Task came into being, in whatever state.
    TaskCreated {
        /// Its id.
        task: String,
        /// Its first status.
        status: Option<Status>,
        /// When.
        at: Instant,
        /// Who did it.
        cause: Cause,
    },
    /// A Task went from one status to another.
    StatusChanged {
        /// The Task's id.
        task: String,
        /// The status it left.
        from: Option<Status>,
        /// The status it has now.
        to: Option<Status>,
        /// When.
        at: Instant,
        /// Who did it.
        cause: Cause,
    },
    /// The outcome of a Task was given, added to, corrected or taken away, its status being the same.
    OutputChanged {
        /// The Task's id.
        task: String,
        /// When.
        at: Instant,
        /// Who did it.
        cause: Cause,
    },
    /// A Task was deleted.
    TaskDeleted {
        /// The Task's id.
        task: String,
        /// Its last status.
        status: Option<Status>,
        /// When.
        at: Instant,
        /// Who did it.
        cause: Cause,
    },
    /// An order went from one status to another.
    OrderStatusChanged {
        /// The ServiceRequest's id.
        order: String,
        /// The status it left.
        from: Option<OrderStatus>,
        /// The status it has now.
        to: Option<OrderStatus>,
        /// When.
        at: Instant,
        /// Who did it.
        cause: Cause,
    },
    /// An order was deleted.
    OrderDeleted {
        /// The ServiceRequest's id.
        order: String,
        /// Its last status.
        status: Option<OrderStatus>,
        /// When.
        at: Instant,
        /// Who did it.
        cause: Cause,
    },
}

impl Event {
    /// Type and id of the resource it happened to.
    pub fn resource(&self) -> (&'static str, &str) {
        match self {
            Event::TaskCreated { task, .. }
            | Event::StatusChanged { task, .. }
            | Event::OutputChanged { task, .. }
            | Event::TaskDeleted { task, .. } => ("Task", task),
            Event::OrderStatusChanged { order, .. } | Event::OrderDeleted { order, .. } => {
                ("ServiceRequest", order)
            }
        }
    }
}

/// Whose write an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The client's.
    Client,
    /// The gateway's own: an order following its Tasks, or Tasks following their order.
    Gateway,
}
