//! The worker that empties the outbox.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::fhir::time::Instant;
use crate::gateway::{Gateway, OutboxTurn, Refused};
use crate::store::Leased;

use super::{Message, Subscriber};

/// How long a message is kept from other workers, in microseconds: as long as what a dead one held stays untold.
const LEASE: i64 = 10_000_000;
/// Messages taken at once.
const AT_ONCE: usize = 256;
/// How long to wait when nobody rings: for messages that are due again, and for those of other nodes.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest time between two tries, in microseconds.
const LONGEST_WAIT: i64 = 300_000_000;

/// Empties the outbox until told to stop: whenever a commit rings, and every second.
pub async fn run(gateway: Gateway, subscribers: Vec<Arc<dyn Subscriber>>, stop: CancellationToken) {
    let committed = gateway.committed();
    while !stop.is_cancelled() {
        if let Err(error) = drain(&gateway, &subscribers).await {
            error!(%error, "the outbox cannot be read");
        }
        if let Err(error) = gateway.settle().await {
            error!(%error, "what may be disclosed cannot be found out");
        }
        tokio::select! {
            () = committed.notified() => {}
            () = tokio::time::sleep(PATIENCE) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Delivers all that is due. Gives how many messages were taken by all subscribers.
pub async fn drain(gateway: &Gateway, subscribers: &[Arc<dyn Subscriber>]) -> Result<usize, Refused> {
    let mut delivered = 0;
    if !gateway.store().has_due(gateway.clock().now()).await? {
        return Ok(delivered);
    }
    let mut turn = OutboxTurn::default();
    loop {
        let until = Instant(gateway.clock().now().0 + LEASE);
        let leased = gateway.outbox_turn(OutboxTurn { lease: Some((AT_ONCE, until)), ..turn }).await?;
        if leased.is_empty() {
            return Ok(delivered);
        }
        turn = OutboxTurn::default();
        for message in leased {
            let (id, attempts) = (message.id, message.attempts);
            if tell(subscribers, message).await {
                turn.done.push(id);
            } else {
                let wait = (1_000_000_i64 << attempts.min(20)).min(LONGEST_WAIT);
                turn.again.push((id, Instant(gateway.clock().now().0 + wait)));
            }
        }
        delivered += turn.done.len();
    }
}

/// Tells all subscribers; false when one of them has to be told again.
async fn tell(subscribers: &[Arc<dyn Subscriber>], leased: Leased) -> bool {
    let Leased { id, key, seq, event, .. } = leased;
    let event = match serde_json::from_str(&event) {
        Ok(event) => event,
        Err(error) => {
            // Written by a newer version of the gateway: that one may know what to do.
            warn!(message = id, %error, "a message is not understood");
            return false;
        }
    };
    let message = Message { id, key, seq, event };
    let mut all = true;
    for subscriber in subscribers {
        if let Err(error) = subscriber.take(&message).await {
            warn!(message = id, subscriber = subscriber.name(), %error, "a message was not taken");
            all = false;
        }
    }
    all
}
