//! Time as tests have it.

use std::sync::atomic::{AtomicI64, Ordering};

use sdoh_gateway::fhir::time::{Clock, Instant, Period};

/// A clock that stands still until it is moved.
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Stands at a moment that FHIR would write so.
    pub fn at(moment: &str) -> TestClock {
        TestClock(AtomicI64::new(Period::parse(moment).unwrap().low.0))
    }

    /// Moves it.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
}
