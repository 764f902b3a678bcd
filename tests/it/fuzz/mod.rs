//! Whatever comes in: no panic, no stack overflow, no unbounded time or memory. The properties are those the fuzz targets
//! check (`fuzz/`); here with inputs of proptest's, and with the largest and deepest that can be made by hand.
//! `PROPTEST_CASES=100000 cargo test --release --test it fuzz::random` tries longer.

#[path = "../../../fuzz/checks.rs"]
mod checks;
mod large;
mod random;
