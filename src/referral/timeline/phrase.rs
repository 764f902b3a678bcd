//! A stretch of time as people say it.

use std::fmt;

use super::Span;

const UNITS: [(&str, u64); 4] = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];

impl fmt::Display for Span {
    /// The largest unit that fits and the one below it: `2 days 3 hours`, `1 minute`, `less than a second`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds();
        let Some(largest) = UNITS.iter().position(|(_, size)| seconds >= *size) else {
            return f.write_str("less than a second");
        };
        let mut rest = seconds;
        for (place, (name, size)) in UNITS.iter().skip(largest).take(2).enumerate() {
            let count = rest / size;
            rest %= size;
            if count > 0 {
                let space = if place == 0 { "" } else { " " };
                let plural = if count == 1 { "" } else { "s" };
                write!(f, "{space}{count} {name}{plural}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::time::Instant;

    #[test]
    fn phrases() {
        for (seconds, expected) in [
            (0, "less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (61, "1 minute 1 second"),
            (3_600, "1 hour"),
            (3_659, "1 hour"),
            (7_500, "2 hours 5 minutes"),
            (86_399, "23 hours 59 minutes"),
            (86_400, "1 day"),
            (183_600, "2 days 3 hours"),
            (36_720_000, "425 days"),
        ] {
            assert_eq!(Span(seconds * 1_000_000).to_string(), expected);
        }
    }

    #[test]
    fn never_negative() {
        for (from, to, expected) in [(5, 7, 2), (7, 5, 0), (i64::MIN, i64::MAX, i64::MAX as u64)] {
            assert_eq!(Span::between(Instant(from), Instant(to)), Span(expected));
        }
    }
}
