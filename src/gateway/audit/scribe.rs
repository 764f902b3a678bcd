//! Writes down what was noted, a little later and many events at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tracing::error;

use crate::audit::Event;

use super::super::{Gateway, Inner};

/// How long the first of some events waits for others.
const PATIENCE: Duration = Duration::from_millis(50);
/// Events, and resources they tell of, that are written together; the last event may go beyond.
const MOST: usize = 32_768;
/// How much may wait, counted in events and the resources they tell of.
const ROOM: u32 = 262_144;
/// How long to wait before a database that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a stop waits for what is to be written.
const LONGEST_FLUSH: Duration = Duration::from_secs(30);

/// What waits to be written.
pub(in super::super) struct Notes {
    queue: mpsc::UnboundedSender<Note>,
    /// A place for each event and each resource it tells of.
    room: Semaphore,
}

enum Note {
    /// An event, and how many places it has.
    Event(Box<Event>, u32),
    /// Whoever waits until all before it is written.
    Flush(oneshot::Sender<()>),
}

/// The other end of the notes.
pub(in super::super) struct NoteReceiver(mpsc::UnboundedReceiver<Note>);

impl Notes {
    pub(in super::super) fn new() -> (Notes, NoteReceiver) {
        Notes::with_room(ROOM)
    }

    fn with_room(places: u32) -> (Notes, NoteReceiver) {
        let (queue, receiver) = mpsc::unbounded_channel();
        (Notes { queue, room: Semaphore::new(places as usize) }, NoteReceiver(receiver))
    }

    /// Adds an event, once there is room.
    pub(super) async fn add(&self, event: Event) {
        let places = u32::try_from(1 + event.entities.len()).unwrap_or(ROOM).min(ROOM);
        if let Ok(permit) = self.room.acquire_many(places).await {
            permit.forget();
        }
        if self.queue.send(Note::Event(Box::new(event), places)).is_err() {
            error!("nobody writes the record any more");
        }
    }

    /// Waits until all that was added is written, or there is no hope of it.
    pub(super) async fn flush(&self) {
        let (reply, done) = oneshot::channel();
        if self.queue.send(Note::Flush(reply)).is_ok()
            && tokio::time::timeout(LONGEST_FLUSH, done).await.is_err()
        {
            error!("the record was not written in time");
        }
    }
}

/// Starts to write what is noted, as long as the gateway is there.
pub(in super::super) fn start(gateway: &Gateway, NoteReceiver(mut queue): NoteReceiver) {
    // It must not keep the gateway alive whose end it waits for.
    let inner = Arc::downgrade(&gateway.inner);
    tokio::spawn(async move {
        while let Some(first) = queue.recv().await {
            let mut batch = Batch::default();
            batch.take(first);
            let more = async {
                while !batch.is_full() {
                    let Some(note) = queue.recv().await else { return };
                    batch.take(note);
                }
            };
            let _ = tokio::time::timeout(PATIENCE, more).await;
            let Some(inner) = inner.upgrade() else { return };
            batch.write(&inner).await;
        }
    });
}

#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    places: usize,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Batch {
    fn take(&mut self, note: Note) {
        match note {
            Note::Event(event, places) => {
                self.events.push(*event);
                self.places += places as usize;
            }
            Note::Flush(reply) => self.waiting.push(reply),
        }
    }

    /// Whether there is no point in waiting.
    fn is_full(&self) -> bool {
        self.places >= MOST || !self.waiting.is_empty()
    }

    /// Writes, however often it takes: what was noted is not given up while there is a database.
    async fn write(self, inner: &Inner) {
        let events = Arc::new(self.events);
        while !events.is_empty() {
            match inner.record(Arc::clone(&events)).await {
                Ok(()) => break,
                Err(_) if inner.store.is_closed() => {
                    error!(events = events.len(), "the database was closed before the record was written");
                    break;
                }
                Err(error) => error!(%error, events = events.len(), "the record cannot be written"),
            }
            tokio::time::sleep(AGAIN).await;
        }
        inner.notes.room.add_permits(self.places);
        for reply in self.waiting {
            // Whoever waited may be gone.
            let _ = reply.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::{Actor, Kind, Origin};
    use crate::fhir::time::Instant;

    use super::*;

    /// Where too much waits, whoever comes next waits as well; nothing is thrown away.
    #[tokio::test]
    async fn what_has_no_room_waits() {
        let (notes, NoteReceiver(mut queue)) = Notes::with_room(2);
        let event = |at| Event::new(Instant(at), Kind::Read, Actor::Anyone, Origin::default());
        notes.add(event(1)).await;
        notes.add(event(2)).await;
        let third = notes.add(event(3));
        tokio::pin!(third);
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut third).await.is_err());
        let mut batch = Batch::default();
        batch.take(queue.recv().await.unwrap());
        notes.room.add_permits(batch.places);
        third.await;
        batch.take(queue.recv().await.unwrap());
        batch.take(queue.recv().await.unwrap());
        assert_eq!(batch.events.iter().map(|event| event.at.0).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
