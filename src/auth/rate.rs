//! How often somebody may come: so many times a second in the long run, and so many at once after a while of quiet.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::fhir::time::Instant;

/// How many are kept in mind; when there are more, those who could come at once anyway are forgotten.
const MOST: usize = 20_000;

/// Rates by whoever comes.
pub struct Rates<K> {
    /// Microseconds until one more may come.
    interval: i64,
    /// Microseconds that somebody may be ahead of that.
    ahead: i64,
    /// When each would be due, had it kept the interval (GCRA: ITU-T I.371).
    due: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq> Rates<K> {
    /// `rate` times in `microseconds`, `burst` at once; both at least 1.
    pub fn new(rate: u32, microseconds: i64, burst: u32) -> Rates<K> {
        let interval = (microseconds / i64::from(rate.max(1))).max(1);
        let ahead = interval.saturating_mul(i64::from(burst.max(1)) - 1);
        Rates { interval, ahead, due: Mutex::default() }
    }

    /// Lets somebody come, or says after how many seconds to try again.
    pub fn take<Q>(&self, who: &Q, now: Instant) -> Result<(), u64>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let mut dues = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let due = dues.get(who).copied().unwrap_or(now.0).max(now.0);
        let early = due - now.0 - self.ahead;
        if early > 0 {
            return Err(early.unsigned_abs().div_ceil(1_000_000));
        }
        let next = due.saturating_add(self.interval);
        match dues.get_mut(who) {
            Some(known) => *known = next,
            None => {
                if dues.len() >= MOST {
                    dues.retain(|_, due| *due > now.0);
                }
                if dues.len() >= MOST {
                    dues.clear();
                }
                dues.insert(who.to_owned(), next);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        let rates: Rates<String> = Rates::new(2, 1_000_000, 3);
        let take = |who: &str, milliseconds: i64| rates.take(who, Instant(milliseconds * 1000));
        for (who, at, expected) in [
            ("a", 0, Ok(())),
            ("a", 0, Ok(())),
            ("a", 0, Ok(())),
            ("a", 0, Err(1)),
            ("b", 0, Ok(())),
            ("a", 400, Err(1)),
            ("a", 500, Ok(())),
            ("a", 500, Err(1)),
            ("a", 10_000, Ok(())),
            ("a", 10_000, Ok(())),
            ("a", 10_000, Ok(())),
            ("a", 10_000, Err(1)),
            // A clock that goes back.
            ("a", 0, Err(11)),
        ] {
            assert_eq!(take(who, at), expected, "{who} at {at}");
        }
    }

    #[test]
    fn many_are_forgotten() {
        let rates: Rates<u64> = Rates::new(1, 1_000_000, 1);
        for who in 0..3 * MOST as u64 {
            assert_eq!(rates.take(&who, Instant(who as i64)), Ok(()));
        }
        assert!(rates.due.lock().unwrap().len() <= MOST);
    }
}
