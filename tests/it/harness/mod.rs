//! What the tests stand on: both databases, a gateway that serves on a real socket with a clock the test moves, and a
//! client that speaks HTTP to it.
//!
//! `SDOH_GATEWAY_TEST_REQUIRE_ALL=1` makes every skip a failure; `SDOH_GATEWAY_TEST_SKIPS=FILE` collects the skips, for
//! cargo hides what a passing test prints; `SDOH_GATEWAY_TEST_LONG=1` runs everything on everything.

mod answer;
mod client;
mod clock;
mod database;
mod elsewhere;
mod found;
pub mod login;
mod postgres;
mod server;
mod shared;
mod skip;

pub use answer::{Answer, issues};
pub use client::{Client, Format, entry, transaction};
pub use clock::TestClock;
pub use database::Database;
pub use elsewhere::Elsewhere;
pub use found::Found;
pub use postgres::Postgres;
pub use server::{
    AUDIT_KEY, Server, embedded, local, on_both, on_both_in_both_formats, on_both_with, on_databases,
    on_kinds,
};
pub use shared::{examples, root, seed, shared, spec_rows};
pub use skip::{not_installed, skipped};

/// Whether the long tier runs.
pub fn is_long() -> bool {
    std::env::var_os("SDOH_GATEWAY_TEST_LONG").is_some_and(|value| value == "1")
}
