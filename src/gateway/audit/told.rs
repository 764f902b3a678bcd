//! What a group of transactions did, in few events.

use crate::access::Principal;
use crate::audit::{Actor, Entity, Event, Kind, Origin};
use crate::fhir::time::Instant;
use crate::store::Key;

use super::super::Space;

/// Events in the making. Writes of one transaction by one party, of one kind, are one event.
#[derive(Default)]
pub(in super::super) struct Told {
    events: Vec<Event>,
    /// Where those of the transaction at hand begin.
    own: usize,
}

impl Told {
    /// From now on it is another transaction.
    pub(in super::super) fn next_transaction(&mut self) {
        self.own = self.events.len();
    }

    /// Tells of a write.
    pub(in super::super) fn add(
        &mut self,
        at: Instant,
        kind: Kind,
        actor: &Actor,
        (origin, space): (&Origin, &str),
        entity: Entity,
    ) {
        let mut own = self.events.iter_mut().skip(self.own);
        match own.find(|event| event.kind == kind && event.actor == *actor) {
            Some(event) => event.entities.push(entity),
            None => self.events.push(Event {
                space: space.to_owned(),
                entities: vec![entity],
                ..Event::new(at, kind, actor.clone(), origin.clone())
            }),
        }
    }

    /// Tells of something that is no write.
    pub(in super::super) fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    pub(in super::super) fn into_events(self) -> Vec<Event> {
        self.events
    }
}

/// The entity of a write: whom the resource concerns, and whom it concerned before.
pub(in super::super) fn written(
    Key { type_name, id, .. }: &Key,
    version: u64,
    (before, after): (Option<&str>, Option<&str>),
    own_base: &str,
) -> Entity {
    let mut entity = Entity::new(type_name, id, version, after.unwrap_or_default(), own_base);
    if let Some(before) = before {
        for patient in Entity::new(type_name, id, version, before, own_base).patients {
            if !entity.patients.contains(&patient) {
                entity.patients.push(patient);
            }
        }
    }
    entity
}

/// Who acts, as the record has it.
pub fn actor_of(principal: &Principal, space: &Space) -> Actor {
    match principal {
        Principal::Open => Actor::Anyone,
        Principal::Client(client) => Actor::Client {
            id: client.id.clone(),
            organization: client.acts_for(&space.name).map(str::to_owned),
        },
    }
}
