//! When a Consent, or a rule of it, holds.

use serde_json::Value;

use crate::fhir::time::{BEGINNING, END, Instant, Period};

use super::json::text;
use super::matching::Match;

/// A Period of a Consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    /// None is given.
    Always,
    /// Both ends belong to it.
    Within(Period),
    /// It is there and cannot be read, or ends before it begins.
    Unreadable,
}

impl Validity {
    /// Reads an element of type Period (R4 §2.24.0.9); an end to the day lasts to the end of that day.
    pub(super) fn read(parent: &Value, name: &str) -> Validity {
        let Some(value) = parent.get(name) else { return Validity::Always };
        // A start that is not given as such but by an extension is one that we cannot read.
        if !value.is_object() || value.get("_start").is_some() || value.get("_end").is_some() {
            return Validity::Unreadable;
        }
        let end_of = |name, open: Instant| match value.get(name) {
            None => Some(Period { low: open, high: open }),
            Some(_) => text(value, name).and_then(Period::parse),
        };
        match (end_of("start", BEGINNING), end_of("end", END)) {
            (Some(start), Some(end)) if start.low <= end.high => {
                Validity::Within(Period { low: start.low, high: end.high })
            }
            _ => Validity::Unreadable,
        }
    }

    /// Whether it holds at a moment.
    pub(super) fn at(self, now: Instant) -> Match {
        match self {
            Validity::Always => Match::Yes,
            Validity::Within(period) => Match::of(period.low <= now && now <= period.high),
            Validity::Unreadable => Match::Unknown,
        }
    }

    /// Whether information of a date lies in it; of some of it, nobody can tell.
    pub(super) fn of_data(self, date: Option<Period>) -> Match {
        match (self, date) {
            (Validity::Always, _) => Match::Yes,
            (Validity::Unreadable, _) | (_, None) => Match::Unknown,
            (Validity::Within(period), Some(date)) => {
                if period.low <= date.low && date.high <= period.high {
                    Match::Yes
                } else if date.high < period.low || period.high < date.low {
                    Match::No
                } else {
                    Match::Unknown
                }
            }
        }
    }

    /// The moments at which [`Validity::at`] turns.
    pub(super) fn turns(self) -> impl Iterator<Item = Instant> {
        let period = match self {
            Validity::Within(period) => Some(period),
            _ => None,
        };
        let begin = period.map(|period| period.low).filter(|low| *low != BEGINNING);
        let end = period.map(|period| period.high).filter(|high| *high != END);
        begin.into_iter().chain(end.map(|high| Instant(high.0.saturating_add(1))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Instant {
        Period::parse(text).unwrap().low
    }

    #[test]
    fn holds() {
        for (period, now, expected) in [
            (json!(null), "2026-05-01", Match::Unknown),
            (json!({}), "2026-05-01", Match::Yes),
            (json!({"start": "2026"}), "2026-01-01", Match::Yes),
            (json!({"start": "2026"}), "2025-12-31T23:59:59.999999Z", Match::No),
            (json!({"end": "2026-05-01"}), "2026-05-01T23:59:59Z", Match::Yes),
            (json!({"end": "2026-05-01"}), "2026-05-02", Match::No),
            (json!({"start": "2026-05-01", "end": "2026-05-01"}), "2026-05-01T12:00Z", Match::Yes),
            (json!({"start": "2026-05-02", "end": "2026-05-01"}), "2026-05-01T12:00Z", Match::Unknown),
            (json!({"start": "soon"}), "2026-05-01", Match::Unknown),
            (json!({"end": 2026}), "2026-05-01", Match::Unknown),
            (json!({"_end": {"extension": []}}), "2026-05-01", Match::Unknown),
            (json!([]), "2026-05-01", Match::Unknown),
        ] {
            let parent = json!({"period": period});
            assert_eq!(Validity::read(&parent, "period").at(at(now)), expected, "{period} {now}");
        }
        assert_eq!(Validity::read(&json!({}), "period"), Validity::Always);
    }

    #[test]
    fn data() {
        let year = Validity::read(&json!({"p": {"start": "2026", "end": "2026"}}), "p");
        for (date, expected) in [
            (Some("2026-03-02"), Match::Yes),
            (Some("2025"), Match::No),
            (Some("2027-01-01"), Match::No),
            (None, Match::Unknown),
        ] {
            assert_eq!(year.of_data(date.and_then(Period::parse)), expected, "{date:?}");
        }
        let across = Period { low: at("2025-12-01"), high: at("2026-02-01") };
        assert_eq!(year.of_data(Some(across)), Match::Unknown);
        assert_eq!(Validity::Always.of_data(None), Match::Yes);
    }

    #[test]
    fn turns() {
        let parent = json!({"p": {"start": "2026-01-01", "end": "2026-12-31"}, "q": {"end": "2026"}});
        let turns = |name| Validity::read(&parent, name).turns().collect::<Vec<_>>();
        assert_eq!(turns("p"), [at("2026-01-01"), at("2027-01-01")]);
        assert_eq!(turns("q"), [at("2027-01-01")]);
        assert_eq!(turns("r"), []);
    }
}
