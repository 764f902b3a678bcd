//! Dates and times of limited precision (FHIRPath §5.5, §6.2, §6.6.3, §6.6.4).

mod calendar;
mod date;
mod date_time;
mod time;

use std::cmp::Ordering;

pub use calendar::Calendar;
pub use date::Date;
pub use date_time::DateTime;
pub use time::Time;

/// The text of a number's digits at the front, and what follows them.
fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let head = text.get(..count)?;
    head.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    Some((head.parse().ok()?, text.get(count..)?))
}

/// The order of two values, where it is known: `None` when they agree as far as the less precise one goes.
type Partial = Option<Ordering>;

fn compare_parts<const N: usize>(a: [Option<i64>; N], b: [Option<i64>; N]) -> Partial {
    for (a, b) in a.into_iter().zip(b) {
        match (a, b) {
            (Some(a), Some(b)) if a != b => return Some(a.cmp(&b)),
            (Some(_), Some(_)) => {}
            (None, None) => break,
            _ => return None,
        }
    }
    Some(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::time::Instant;
    use crate::fhirpath::decimal::Decimal;

    fn moment(text: &str) -> DateTime {
        DateTime::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn reads_and_writes() {
        for text in [
            "2026",
            "2026-11",
            "2026-11-22",
            "2026-11-22T10",
            "2026-11-22T10:15",
            "2026-11-22T10:15:30",
            "2026-11-22T10:15:30.5",
            "2026-11-22T10:15:30.123456789Z",
            "2026-11-22T10:15:30-05:30",
        ] {
            assert_eq!(moment(text).to_string(), text);
        }
        for bad in
            ["", "26", "2026-13", "2026-02-30", "2026-00", "2026-11-22T25", "2026-11T10", "2026-11-22T10:15x"]
        {
            assert_eq!(DateTime::parse(bad), None, "{bad}");
        }
        let now = DateTime::at(Instant(1_795_369_620_500_999)).unwrap();
        assert_eq!(now.to_string(), "2026-11-22T17:47:00.500Z");
    }

    #[test]
    fn compares() {
        use Ordering::*;
        for (a, b, expected) in [
            ("2012-04-15", "2012-04-15", Some(Equal)),
            ("2012-04-15", "2012-04-15T10:00:00Z", None),
            ("2012-04-15", "2012-04-16T01:00:00Z", Some(Less)),
            ("2012", "2013-01", Some(Less)),
            ("2012-04-15T15:00:00Z", "2012-04-15T10:00:00", None),
            ("2012-04-15T15:00:00Z", "2012-04-17T10:00:00", Some(Less)),
            ("2012-04-17T10:00:00", "2012-04-15T15:00:00Z", Some(Greater)),
            ("2012-04-15T15:00:00+02:00", "2012-04-15T16:00:00+03:00", Some(Equal)),
            ("2012-04-15T15:30:31", "2012-04-15T15:30:31.0", Some(Equal)),
            ("2012-04-15T15:30", "2012-04-15T15:30:31", None),
        ] {
            assert_eq!(moment(a).compare(moment(b)), expected, "{a} {b}");
        }
    }

    #[test]
    fn adds() {
        for (start, amount, unit, expected) in [
            ("1973-12-25", "7.7", Calendar::Day, "1974-01-01"),
            ("2024-01-31", "1", Calendar::Month, "2024-02-29"),
            ("2014", "24", Calendar::Month, "2016"),
            ("2014", "-730", Calendar::Day, "2012"),
            ("2014-01", "61", Calendar::Day, "2014-03"),
            ("2014-01", "1", Calendar::Week, "2014-01"),
            ("1973-12-25T00:00:00.000+10:00", "10", Calendar::Millisecond, "1973-12-25T00:00:00.010+10:00"),
            ("1973-12-25T00:00:00Z", "1.5", Calendar::Second, "1973-12-25T00:00:01.500Z"),
            ("1973-12-25T23:00", "90", Calendar::Minute, "1973-12-26T00:30"),
        ] {
            let sum = moment(start).plus(Decimal::parse(amount).unwrap(), unit);
            assert_eq!(
                sum.map(|sum| sum.to_string()).as_deref(),
                Some(expected),
                "{start} + {amount} {unit:?}"
            );
        }
        assert_eq!(moment("9999-12-31").plus(Decimal::ONE, Calendar::Day), None);
        let time = Time::parse("23:30").unwrap().plus(Decimal::ONE, Calendar::Hour);
        assert_eq!(time.map(|time| time.to_string()).as_deref(), Some("00:30"));
    }

    #[test]
    fn boundaries() {
        for (text, precision, low, high) in [
            ("2014", 6, "2014-01", "2014-12"),
            ("2024-02", 8, "2024-02-01", "2024-02-29"),
            ("2014", 17, "2014-01-01T00:00:00.000+14:00", "2014-12-31T23:59:59.999-12:00"),
            ("2014-01-01T08:05+08:00", 17, "2014-01-01T08:05:00.000+08:00", "2014-01-01T08:05:59.999+08:00"),
        ] {
            assert_eq!(moment(text).low_boundary(precision).unwrap().to_string(), low);
            assert_eq!(moment(text).high_boundary(precision).unwrap().to_string(), high);
        }
        assert_eq!(moment("2014").low_boundary(5), None);
    }
}
