//! Ring 3: the record of who did what (IHE ATNA; R4 §6.4). Pure: what an event says, how a chain of pages holds it so that
//! no change goes unseen, and how it looks as an AuditEvent.
//!
//! # What is kept
//!
//! An [`Event`] is what one request did in one way: read these, created those. The events that one commit writes make a
//! [`Page`]: lines of compact JSON. AuditEvents, one for each resource and patient as the IHE Basic Audit Log Patterns want
//! them, are made of it when somebody asks ([`balp`]).
//!
//! Whom a resource concerns is told by itself: a Patient, and whatever refers to one, is about that Patient. An event is
//! found by its Patients, and by its resources where it has none ([`subjects_of`]).
//!
//! # Why nothing can be changed quietly
//!
//! Every process writes a chain of its own. A page has the SHA-256 of the page before, of its place and of its events, and
//! the process's signature (Ed25519) over that. So a changed byte, a page left out or put elsewhere breaks the chain, and
//! one who computes all hashes anew cannot sign them. A chain's first page names the last page of every chain that nobody
//! has named yet: what is missing at the end of a chain, or a whole chain, is missed by the next start. Until then, and at
//! the very end, only a [`Checkpoint`] kept elsewhere can tell: a line with the last page's place, hash and signature.
//!
//! What this does not stop: one who has the signing key and the database can write another past, and only checkpoints kept
//! out of their reach contradict it. One who stops the process stops the record, which the gap shows.

pub mod balp;
mod chain;
mod checkpoint;
mod entity;
mod event;
mod key;
mod page;
mod patients;
mod subject;
mod verify;

pub use chain::{End, NO_PAGE, hash_of};
pub use checkpoint::Checkpoint;
pub use entity::Entity;
pub use event::{Actor, Event, Kind, Origin, Outcome, Start};
pub use key::{KeyError, PublicKey, SigningKey};
pub use page::{EventId, Page, events_of, lines_of};
pub use patients::patients_of;
pub use subject::{Subject, subject_of, subjects_of};
pub use verify::{Break, Verdict, Verifier};
