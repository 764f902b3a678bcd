//! Moments: dates with perhaps a time, and with that perhaps a zone.

use std::cmp::Ordering;
use std::fmt;

use jiff::{Span, civil};

use super::calendar::{Calendar, span, whole_units};
use super::date::Date;
use super::time::{Time, time_span};
use super::{Partial, digits};
use crate::fhir::time::Instant;
use crate::fhirpath::decimal::Decimal;

/// A date with perhaps a time, and with that perhaps a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    date: Date,
    time: Option<Time>,
    zone: Option<Zone>,
}

/// Distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone {
    minutes: i16,
    /// Written `Z`.
    is_zulu: bool,
}

impl Zone {
    /// Universal time.
    pub const UTC: Zone = Zone { minutes: 0, is_zulu: true };

    /// Reads a zone at the front of a text, if there is one; `None` when it is out of range.
    fn parse_front(text: &str) -> Option<(Option<Zone>, &str)> {
        if let Some(rest) = text.strip_prefix('Z') {
            return Some((Some(Zone::UTC), rest));
        }
        let numbers = || {
            let (hours, rest) = digits(text.strip_prefix(['+', '-'])?, 2)?;
            let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
            Some((hours, minutes, rest))
        };
        let Some((hours, minutes, rest)) = numbers() else { return Some((None, text)) };
        if hours > 14 || minutes > 59 {
            return None;
        }
        let sign = if text.starts_with('-') { -1 } else { 1 };
        let minutes = sign * i16::try_from(hours * 60 + minutes).ok()?;
        Some((Some(Zone { minutes, is_zulu: false }), rest))
    }
}

impl From<Date> for DateTime {
    fn from(date: Date) -> DateTime {
        DateTime { date, time: None, zone: None }
    }
}

impl DateTime {
    /// Reads a date, or a date and a time as [`Time::parse`] does, perhaps with `Z` or `+01:00`.
    pub fn parse(text: &str) -> Option<DateTime> {
        let (moment, rest) = DateTime::parse_front(text)?;
        rest.is_empty().then_some(moment)
    }

    /// Reads a moment at the front of a text and gives what follows it.
    pub(in crate::fhirpath) fn parse_front(text: &str) -> Option<(DateTime, &str)> {
        let (date, rest) = Date::parse_front(text)?;
        // A time needs a whole date before it.
        let time = rest.strip_prefix('T').filter(|_| date.precision() == 8).and_then(Time::parse_front);
        let Some((time, rest)) = time else { return Some((date.into(), rest)) };
        let (zone, rest) = Zone::parse_front(rest)?;
        Some((DateTime { date, time: Some(time), zone }, rest))
    }

    /// A moment, in UTC and to the millisecond.
    pub fn at(instant: Instant) -> Option<DateTime> {
        let timestamp =
            jiff::Timestamp::from_microsecond(instant.0.div_euclid(1000).checked_mul(1000)?).ok()?;
        let civil = timestamp.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let like = Time { hour: 0, minute: Some(0), second: Some(0), nanosecond: 0, fraction_digits: 3 };
        Some(DateTime {
            date: Date::from_civil(civil.date()),
            time: Some(like.like(civil.time())),
            zone: Some(Zone::UTC),
        })
    }

    /// The date.
    pub fn date(self) -> Date {
        self.date
    }

    /// The time of day, when given.
    pub fn time(self) -> Option<Time> {
        self.time
    }

    /// Minutes from UTC, when given.
    pub fn offset_minutes(self) -> Option<i16> {
        self.zone.map(|zone| zone.minutes)
    }

    /// Digits given: 4, 6, 8, 10, 12, 14 or 17.
    pub fn precision(self) -> u8 {
        self.date.precision() + self.time.map_or(0, Time::precision)
    }

    fn civil(self) -> Option<civil::DateTime> {
        let time = self.time.map_or(Some(civil::Time::midnight()), Time::civil)?;
        Some(self.date.first()?.to_datetime(time))
    }

    fn with_civil(self, civil: civil::DateTime) -> Option<DateTime> {
        Some(DateTime {
            date: Date::from_civil(civil.date()).cut(self.date.precision())?,
            time: self.time.map(|time| time.like(civil.time())),
            zone: self.zone,
        })
    }

    /// The same moment on the clocks of Greenwich.
    fn in_utc(self) -> DateTime {
        let moved = self.zone.filter(|zone| zone.minutes != 0).and_then(|zone| {
            let back = Span::new().try_minutes(-i64::from(zone.minutes)).ok()?;
            self.with_civil(self.civil()?.checked_add(back).ok()?)
        });
        moved.unwrap_or(self)
    }

    /// What equal moments have in common.
    pub(in crate::fhirpath) fn hash_key(self) -> impl std::hash::Hash {
        let utc = self.in_utc();
        (utc.date, utc.time.map(Time::comparable_parts))
    }

    /// The order of two moments; `None` when precision, or a zone that is missing on one side only, leaves it open.
    pub fn compare(self, other: DateTime) -> Option<Ordering> {
        match (self.time, other.time, self.zone, other.zone) {
            (Some(_), Some(_), Some(a), Some(b)) if a.minutes != b.minutes => {
                self.in_utc().compare_parts(other.in_utc())
            }
            (Some(_), Some(_), Some(_), None) => Some(other.compare_to_zoned(self)?.reverse()),
            (Some(_), Some(_), None, Some(_)) => self.compare_to_zoned(other),
            _ => self.compare_parts(other),
        }
    }

    fn compare_parts(self, other: DateTime) -> Partial {
        match self.date.compare(other.date)? {
            Ordering::Equal => match (self.time, other.time) {
                (None, None) => Some(Ordering::Equal),
                (Some(a), Some(b)) => a.compare(b),
                _ => None,
            },
            different => Some(different),
        }
    }

    /// A local time could be that of any zone from UTC+14 to UTC-12; it comes before or after another moment only if
    /// it does in all of them.
    fn compare_to_zoned(self, zoned: DateTime) -> Partial {
        let zoned = zoned.in_utc();
        let shifted = |hours| {
            let moved = self.civil()?.checked_add(Span::new().try_hours(hours).ok()?).ok()?;
            self.with_civil(moved)?.compare_parts(zoned)
        };
        let (earliest, latest) = (shifted(-14)?, shifted(12)?);
        (earliest == latest && earliest != Ordering::Equal).then_some(earliest)
    }

    /// The moment so many units later (§6.6.3), zone and precision kept. `None` out of range.
    pub fn plus(self, amount: Decimal, unit: Calendar) -> Option<DateTime> {
        let Some(time) = self.time else { return Some(self.date.plus(amount, unit)?.into()) };
        let span = if unit <= Calendar::Second {
            time_span(amount, unit, time.unit())?
        } else {
            let (amount, unit) = whole_units(amount, unit, time.unit())?;
            span(amount, unit)?
        };
        self.with_civil(self.civil()?.checked_add(span).ok()?)
    }

    /// The first moment it may mean, with 4 to 17 digits. Without a zone, that of the earliest (UTC+14).
    pub fn low_boundary(self, precision: u8) -> Option<DateTime> {
        let date = self.date.filled_low();
        let time = self.time.unwrap_or(Time {
            hour: 0,
            minute: None,
            second: None,
            nanosecond: 0,
            fraction_digits: 0,
        });
        let zone = Zone { minutes: 14 * 60, is_zulu: false };
        self.boundary(date, zone, precision, |precision| time.low_boundary(precision))
    }

    /// The last moment it may mean, with 4 to 17 digits. Without a zone, that of the latest (UTC-12).
    pub fn high_boundary(self, precision: u8) -> Option<DateTime> {
        let date = self.date.filled_high();
        let mut time = self.time.unwrap_or(Time {
            hour: 23,
            minute: Some(59),
            second: None,
            nanosecond: 0,
            fraction_digits: 0,
        });
        // A FHIR dateTime has no hours without minutes; the official suite reads such a literal as the full hour.
        time.minute = time.minute.or(Some(0));
        let zone = Zone { minutes: -12 * 60, is_zulu: false };
        self.boundary(date, zone, precision, |precision| time.high_boundary(precision))
    }

    fn boundary(
        self,
        date: Date,
        zone: Zone,
        precision: u8,
        time: impl Fn(u8) -> Option<Time>,
    ) -> Option<DateTime> {
        if precision <= 8 {
            return Some(date.cut(precision)?.into());
        }
        let time = Some(time(precision - 8)?);
        Some(DateTime { date, time, zone: Some(self.zone.unwrap_or(zone)) })
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date)?;
        if let Some(time) = self.time {
            write!(f, "T{time}")?;
        }
        match self.zone {
            Some(Zone { is_zulu: true, .. }) => f.write_str("Z"),
            Some(Zone { minutes, .. }) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
            None => Ok(()),
        }
    }
}
