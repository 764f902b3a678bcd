//! # sdoh-gateway
//!
//! The gateway through which clinics, state HIEs, community platforms and community-based organisations (CBOs) exchange
//! social-care referrals. A referral is a FHIR `ServiceRequest`; its life is the `Task`; the loop is closed when whoever
//! referred can see what came of it.
//!
//! ```text
//!   EHR ──FHIR──┐
//!   HIE ──FHIR──┤  receive → validate → plan → commit → deliver        ┌── CBO, by FHIR
//!   platform ───┘       (consent: what is pulled; translation and other formats to come)
//! ```
//!
//! # The map: rings
//!
//! Each ring uses only itself and those before it; `tests/architecture.rs` proves it.
//!
//! 1. [`fhir`]: what FHIR is on the wire. A [`fhir::Resource`] is ordered JSON, kept as it came; references, instants,
//!    outcomes, Bundles as text.
//! 2. [`definitions`]: FHIR packages without prose, embedded from `profiles/`, and the graph of types.
//!    [`fhirpath`]: expressions over borrowed JSON. [`terminology`]: which codes are in which value sets, what they are
//!    called and correspond to; what cannot be told is said to be unknown, and why. [`xml`]: FHIR's XML to JSON and back.
//! 3. The domain, synchronous and without I/O; the time is passed in. [`validator`]: definitions as trees of rules.
//!    [`search`]: what a resource is found by, and what a search asks. [`referral`]: states, who may change what, what
//!    follows from a change, the timeline. [`patch`]: what a patch makes of a resource. [`access`]: who is calling,
//!    and what a referral shows to whom. [`consent`]: what patients allow to be disclosed, to whom and for what, and why.
//!    [`audit`]: what the record of all that is done says, and how it is chained.
//! 4. `partner`: formats other than FHIR. Not built yet.
//! 5. [`store`]: SQLite or PostgreSQL, one SQL for both. [`fetch`]: the one way out, guarded.
//! 6. [`config`]. [`gateway`]: the write path and how a search is answered.
//! 7. [`auth`]: logins (SMART Backend Services). [`telemetry`]: logs and metrics.
//! 8. [`api`]: HTTP. [`delivery`]: the worker that empties the outbox.
//! 9. [`mod@serve`], [`demo`], [`cli`]: the process.
//!
//! # A referral, step by step
//!
//! A clinic posts a Task. [`api`] turns the HTTP request into an [`api::Interaction`] with a [`access::Principal`], and the
//! body into a [`fhir::Resource`]: what is no JSON, or no resource, ends here with a 400 that names the place.
//! [`gateway::Gateway::submit`] then, still in the request's own task, lets the [`validator`] judge it against its type
//! and every profile it claims, and the [`search::Extractor`] find what it will be found by. Where a terminology server is
//! configured, codes that nobody here knows are put to it first, within a time limit.
//!
//! The transaction joins those that wait for the committer. It takes them as a group: one database transaction, one fetch
//! of all that is current, and for each of them, against the store and what the group has written before it: `If-Match`,
//! then [`referral::plan::plan`], a pure function that judges the change (a terminal state is not left, only an owner's
//! elements are an owner's to change) and adds what follows from it (an order is completed with its last Task). Versions,
//! search entries, audit and outbox rows of the whole group are written in a few statements and committed with one sync of
//! the disk. Only then does each request get its answer, made of the committed version.
//!
//! In the same transaction it is found out what may now be disclosed of the Tasks that the group has touched: to whom they
//! and what they reach may be shown by what patients consent to. Where the owner of a Task may not see it, whoever refers
//! is told with the write, or, where consent was withdrawn later, by a mark on the Task.
//!
//! The commit rings for the [`delivery`] worker. It takes outbox rows on a lease, tells the subscribers, and removes what
//! they took; what they did not take comes again. The pantry polls (`Task?owner=…&_sort=-_lastUpdated`), reads the order,
//! and puts the Task back as accepted, in-progress, completed, each by the same way. The clinic asks
//! `Task/{id}/$timeline`, and knows.
//!
//! # Invariants
//!
//! * **One write path.** Only [`gateway`] commits.
//! * **Nothing announced that is not committed, nothing committed that is not announced.** Outbox rows are written in the
//!   transaction of the resource they speak of. Delivery is at least once; a message keeps its number.
//! * **What a caller cannot see is not there**: not for reads, searches, counts, pages, conditions, references and errors.
//!   Whoever reads the [`store`] passes an [`access::Viewer`], and the condition is part of the statement.
//! * **Others' data is seen by a Disclosure only**, which [`consent`] alone can make; it is kept up to date by the commits
//!   that change anything about it, never by a reader.
//! * **A reference gives nothing that its author could not see.**
//! * **Nothing is done that is not recorded**: [`audit`] pages are written with what they tell of, reads within 100 ms.
//! * **An answer means it is on disk.** SQLite runs with `synchronous = FULL`; PostgreSQL without `fsync` is refused.
//!   `durability = "process-crash"` relaxes that knowingly.
//! * **Writers stand in one line**, in SQLite by its nature, in PostgreSQL by an advisory lock. So `meta.lastUpdated` is
//!   unique in the store and grows in the order of commit, and a client that polls for what changed after the
//!   `meta.lastUpdated` of its last Bundle misses nothing. It is also the key of the version ([`store::Version::seq`]).
//! * **Stored as received.** What a sender wrote is never rewritten, but for `id`, `meta.versionId` and
//!   `meta.lastUpdated`, which are the server's.
//! * **Report by default, enforce by policy.** What is malformed is refused always; what breaks a profile or a rule of the
//!   referral is told, kept with the version (`$issues`), and refused where the configuration says so.
//! * **Unknown is not wrong.** A code in a value set that cannot be expanded is an informational issue at most.
//! * **Who is shut out is shut out at once**, on every node: [`auth`] asks the database before each request, one question
//!   for all that come at the same time.
//! * **One way out.** Where somebody else names an address, [`fetch`] connects to what is public or allowed only.
//! * **Identity is (space, type, id).** Every table and every search has the space in its key.
//! * **Time is passed in**; tests move the [`fhir::time::Clock`].
//! * **No personal data in logs, metrics or error texts.** Ids, types, paths and codes of rules only; resources debug as
//!   `Type/id`.
//!
//! # Decisions worth knowing
//!
//! * Version numbers in the database are microseconds, made unique: one number serves as key, as order of commit, as
//!   `lastUpdated` and as cursor of a page.
//! * A search reads the entries of one condition in order and checks the others by `seq`; which one leads is found by
//!   counting a few ([`store`]). Without `_sort`, the oldest version comes first: what changes while a client reads page
//!   after page then comes later, not never.
//! * Resources are kept as JSON. XML becomes that at the door and is made of it on the way out; what its sender wrote
//!   beyond FHIR, and XML cannot say, is left out there, and a `Warning` says so.
//! * The search of a conditional interaction is made before the write and once more by the committer; where it finds
//!   something else by then, all is made anew. So of two conditional creates at once one creates.
//! * A patch is applied in its request's own task, where it holds up nobody, and committed on the condition that the
//!   version it was applied to is current still; else it is applied anew. Patches of one resource wait for each other.
//! * The record of who did what is kept in pages, one a commit, and not as resources: a read costs a line of text, some
//!   hundred reads share a row, a hash and a signature, and what the AuditEvents look like can be bettered later. Pages are
//!   found by the seconds in which a Patient is spoken of, which where much is done are fewer than the pages.
//! * An export ([`gateway::Export`]) is a request and a moment. Versions stay, so what was current then is read from them
//!   while a file is fetched, in pages, with nothing written beforehand and no transaction held open; only the list of files
//!   is made beside the requests. Search entries are of current versions: where one has been replaced since, its own
//!   references tell whose compartment it was in.
//! * A search of the system is a union of searches, one for each type: each has its own parameters, and so its own best
//!   way. A Patient's record is one too, a search for each parameter that puts a type into the compartment.
//! * Within the second of a write `Last-Modified` tells the second before: HTTP knows whole seconds only, and a second
//!   write within it must not be answered 304.
//! * Only changes have consequences for a referral's other resources; what is created in whatever state is taken as it is,
//!   for it may be history being loaded.
//!
#![doc = include_str!("threats.md")]
#![forbid(unsafe_code)]
#![warn(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::todo,
    clippy::unimplemented
)]

pub mod access;
pub mod api;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod config;
pub mod consent;
pub mod definitions;
pub mod delivery;
pub mod demo;
pub mod fetch;
pub mod fhir;
pub mod fhirpath;
pub mod gateway;
pub mod patch;
pub mod referral;
pub mod search;
pub mod serve;
pub mod store;
pub mod telemetry;
pub mod terminology;
pub mod validator;
pub mod xml;
