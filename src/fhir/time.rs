//! Points and spans of time as FHIR writes them (R4 §2.24.0.1: date, dateTime, instant, time).

use jiff::civil::DateTime;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// A point in time in microseconds since 1970-01-01T00:00:00Z. The gateway's only unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub i64);

impl Instant {
    /// As FHIR writes an `instant`: UTC, six digits of fraction, so that no two versions share one.
    pub fn to_fhir(self) -> String {
        match Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => format!("{timestamp:.6}"),
            Err(_) => String::from("9999-12-31T23:59:59.999999Z"),
        }
    }

    /// As HTTP writes a date (RFC 9110 §5.6.7), whole seconds, rounded down.
    pub fn to_http(self) -> String {
        let seconds = Timestamp::from_second(self.0.div_euclid(1_000_000)).unwrap_or(Timestamp::UNIX_EPOCH);
        seconds.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Reads an HTTP date, or a FHIR instant, which some clients send instead.
    pub fn from_http(text: &str) -> Option<Instant> {
        if let Ok(zoned) = jiff::fmt::rfc2822::parse(text) {
            return Some(Instant(zoned.timestamp().as_microsecond()));
        }
        Period::parse(text).map(|period| period.low)
    }
}

/// Where "now" comes from. Tests move it.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Instant;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Instant {
        Instant(Timestamp::now().as_microsecond())
    }
}

/// A span of time: what a date of limited precision stands for, or a FHIR Period. Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First microsecond.
    pub low: Instant,
    /// Last microsecond.
    pub high: Instant,
}

/// Stands for an open start or end of a Period.
pub const BEGINNING: Instant = Instant(i64::MIN);
/// Stands for an open end of a Period.
pub const END: Instant = Instant(i64::MAX);

impl Period {
    /// Reads a FHIR `date`, `dateTime` or `instant`: `2026`, `2026-11`, `2026-11-22`, with time to minutes, seconds or
    /// any fraction. Without a zone it is taken as UTC. `None` when it is none of these.
    pub fn parse(text: &str) -> Option<Period> {
        let bytes = text.as_bytes();
        let year: i16 = digits(bytes, 0, 4)?;
        let (mut month, mut day) = (1, 1);
        let mut unit = Span::new().years(1);
        let mut at = 4;
        if bytes.get(4) == Some(&b'-') {
            month = digits(bytes, 5, 2)?;
            (unit, at) = (Span::new().months(1), 7);
            if bytes.get(7) == Some(&b'-') {
                day = digits(bytes, 8, 2)?;
                (unit, at) = (Span::new().days(1), 10);
            }
        }
        let date = jiff::civil::Date::new(year, month, day).ok()?;
        if at == bytes.len() {
            return Period::of(date.at(0, 0, 0, 0), 0, unit);
        }
        if at != 10 || bytes[10] != b'T' || bytes.get(13) != Some(&b':') {
            return None;
        }
        let hour: i8 = digits(bytes, 11, 2)?;
        let minute: i8 = digits(bytes, 14, 2)?;
        let (mut second, mut nanos) = (0i8, 0i32);
        (unit, at) = (Span::new().minutes(1), 16);
        if bytes.get(16) == Some(&b':') {
            second = digits(bytes, 17, 2)?;
            (unit, at) = (Span::new().seconds(1), 19);
            if bytes.get(19) == Some(&b'.') {
                let count = bytes[20..].iter().take_while(|b| b.is_ascii_digit()).count();
                if count == 0 {
                    return None;
                }
                for index in 0..9 {
                    let digit = if index < count { i32::from(bytes[20 + index] - b'0') } else { 0 };
                    nanos = nanos * 10 + digit;
                }
                unit = Span::new().microseconds(10i64.pow(6 - count.min(6) as u32));
                at = 20 + count;
            }
        }
        let offset = offset_seconds(&bytes[at..])?;
        // 24:00 is allowed nowhere in R4, a leap second is.
        let second = second.min(59);
        let time = jiff::civil::Time::new(hour, minute, second, nanos).ok()?;
        Period::of(date.to_datetime(time), offset, unit)
    }

    fn of(start: DateTime, offset: i64, unit: Span) -> Option<Period> {
        let micros = |at: DateTime| -> Option<i64> {
            let seconds = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
            Some(seconds.as_microsecond() - offset * 1_000_000)
        };
        let low = micros(start)?;
        // The year 9999 has no end that can be written; its last moment will do.
        let high = start.checked_add(unit).ok().and_then(micros).map_or(i64::MAX, |end| end - 1);
        Some(Period { low: Instant(low), high: Instant(high) })
    }
}

fn digits<T: TryFrom<i32>>(bytes: &[u8], at: usize, count: usize) -> Option<T> {
    let mut number = 0;
    for byte in bytes.get(at..at + count)? {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i32::from(byte - b'0');
    }
    T::try_from(number).ok()
}

fn offset_seconds(zone: &[u8]) -> Option<i64> {
    match zone {
        [] | [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), rest @ ..] if rest.len() == 5 && rest[2] == b':' => {
            let hours: i64 = digits::<i32>(rest, 0, 2)?.into();
            let minutes: i64 = digits::<i32>(rest, 3, 2)?.into();
            let seconds = hours * 3600 + minutes * 60;
            (hours <= 14 && minutes < 60).then_some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        for (text, low, high) in [
            ("2026", "2026-01-01T00:00:00.000000Z", "2026-12-31T23:59:59.999999Z"),
            ("2024-02", "2024-02-01T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z"),
            ("2026-11-22", "2026-11-22T00:00:00.000000Z", "2026-11-22T23:59:59.999999Z"),
            ("2026-11-22T10:15", "2026-11-22T10:15:00.000000Z", "2026-11-22T10:15:59.999999Z"),
            ("2026-11-22T10:15:30Z", "2026-11-22T10:15:30.000000Z", "2026-11-22T10:15:30.999999Z"),
            ("2026-11-22T10:15:30.5-05:00", "2026-11-22T15:15:30.500000Z", "2026-11-22T15:15:30.599999Z"),
            ("2026-11-22T10:15:30.1234+01:00", "2026-11-22T09:15:30.123400Z", "2026-11-22T09:15:30.123499Z"),
            ("2026-11-22T10:15:30.123456789Z", "2026-11-22T10:15:30.123456Z", "2026-11-22T10:15:30.123456Z"),
        ] {
            let period = Period::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (period.low.to_fhir().as_str(), period.high.to_fhir().as_str()),
                (low, high),
                "{text}"
            );
        }
        for bad in [
            "",
            "26",
            "2026-13",
            "2026-02-30",
            "2026-11-22T",
            "2026-11-22T25:00",
            "2026-11-22 10:00",
            "2026-11-22T10:15:30.Z",
            "2026-11-22T10:15:30+5",
            "2026-11-22T10:15:30x",
            "+026",
        ] {
            assert_eq!(Period::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn http_dates() {
        let instant = Instant(1_795_369_620_500_000);
        assert_eq!(instant.to_http(), "Sun, 22 Nov 2026 17:47:00 GMT");
        assert_eq!(Instant::from_http("Sun, 22 Nov 2026 17:47:00 GMT"), Some(Instant(1_795_369_620_000_000)));
        assert_eq!(Instant::from_http("yesterday"), None);
    }
}
