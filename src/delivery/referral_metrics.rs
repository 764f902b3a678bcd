//! Counts what happens to referrals.

use futures_util::future::{BoxFuture, ready};

use crate::referral::{Event, Status};

use super::{Message, NotTaken, Subscriber};

/// Counts the steps of referrals by the status they lead to, for Prometheus.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReferralMetrics;

impl Subscriber for ReferralMetrics {
    fn name(&self) -> &'static str {
        "referral metrics"
    }

    fn take<'m>(&'m self, message: &'m Message) -> BoxFuture<'m, Result<(), NotTaken>> {
        let status = match &message.event {
            Event::TaskCreated { status, .. } | Event::StatusChanged { to: status, .. } => {
                status.map(Status::code)
            }
            _ => None,
        };
        if let Some(status) = status {
            metrics::counter!("sdoh_gateway_task_status_total", "status" => status).increment(1);
        }
        Box::pin(ready(Ok(())))
    }
}
