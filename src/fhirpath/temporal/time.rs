//! Times of day.

use std::cmp::Ordering;
use std::fmt;

use jiff::{Span, civil};

use super::calendar::{Calendar, span, whole_units};
use super::{compare_parts, digits};
use crate::fhirpath::decimal::Decimal;

/// A time of day: hour, perhaps minute, perhaps second, perhaps a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    pub(super) hour: u8,
    pub(super) minute: Option<u8>,
    pub(super) second: Option<u8>,
    pub(super) nanosecond: u32,
    /// Digits of the fraction as written; 0 when there is none.
    pub(super) fraction_digits: u8,
}

impl Time {
    /// Reads `10`, `10:30`, `10:30:15` or `10:30:15.250`.
    pub fn parse(text: &str) -> Option<Time> {
        let (time, rest) = Time::parse_front(text)?;
        rest.is_empty().then_some(time)
    }

    pub(in crate::fhirpath) fn parse_front(text: &str) -> Option<(Time, &str)> {
        let part = |text, limit| {
            let (number, rest) = digits(text, 2)?;
            let number = u8::try_from(number).ok()?;
            (number < limit).then_some((number, rest))
        };
        let (hour, mut rest) = part(text, 24)?;
        let mut time = Time { hour, minute: None, second: None, nanosecond: 0, fraction_digits: 0 };
        if let Some(after) = rest.strip_prefix(':') {
            let (minute, after) = part(after, 60)?;
            (time.minute, rest) = (Some(minute), after);
            if let Some(after) = rest.strip_prefix(':') {
                // A leap second is allowed, and taken as the one before it when it comes to adding.
                let (second, after) = part(after, 61)?;
                (time.second, rest) = (Some(second), after);
                if let Some(after) = rest.strip_prefix('.') {
                    let count = after.bytes().take_while(u8::is_ascii_digit).count();
                    // `10:30:15.toString()`: the point belongs to what follows.
                    if count > 0 {
                        let kept = &after[..count.min(9)];
                        time.nanosecond = kept.parse::<u32>().ok()? * 10u32.pow(9 - kept.len() as u32);
                        time.fraction_digits = kept.len() as u8;
                        rest = &after[count..];
                    }
                }
            }
        }
        Some((time, rest))
    }

    /// Digits given: 2, 4, 6 or 9.
    pub fn precision(self) -> u8 {
        match (self.minute, self.second, self.fraction_digits) {
            (None, ..) => 2,
            (_, None, _) => 4,
            (_, _, 0) => 6,
            _ => 9,
        }
    }

    pub(super) fn unit(self) -> Calendar {
        match self.precision() {
            2 => Calendar::Hour,
            4 => Calendar::Minute,
            6 => Calendar::Second,
            _ => Calendar::Millisecond,
        }
    }

    /// Hour, minute, second and nanosecond; 0 for what is not given.
    pub fn parts(self) -> (u8, u8, u8, u32) {
        (self.hour, self.minute.unwrap_or(0), self.second.unwrap_or(0), self.nanosecond)
    }

    /// Seconds and their fraction are one precision (§6.2).
    pub(super) fn comparable_parts(self) -> [Option<i64>; 3] {
        let second = self.second.map(|second| i64::from(second) * 1_000_000_000 + i64::from(self.nanosecond));
        [Some(i64::from(self.hour)), self.minute.map(i64::from), second]
    }

    /// The order of two times; `None` when the less precise one leaves it open.
    pub fn compare(self, other: Time) -> Option<Ordering> {
        compare_parts(self.comparable_parts(), other.comparable_parts())
    }

    /// What equal times have in common.
    pub(in crate::fhirpath) fn hash_key(self) -> impl std::hash::Hash {
        self.comparable_parts()
    }

    pub(super) fn civil(self) -> Option<civil::Time> {
        let (hour, minute, second, nanosecond) = self.parts();
        civil::Time::new(hour as i8, minute as i8, second.min(59) as i8, nanosecond as i32).ok()
    }

    /// The parts of a civil time, with the precision of this one; a fraction when the unit added calls for it.
    pub(super) fn like(self, time: civil::Time) -> Time {
        let nanosecond = time.subsec_nanosecond().unsigned_abs();
        let needs_fraction = nanosecond != 0 && self.second.is_some();
        Time {
            hour: time.hour().unsigned_abs(),
            minute: self.minute.map(|_| time.minute().unsigned_abs()),
            second: self.second.map(|_| time.second().unsigned_abs()),
            nanosecond,
            fraction_digits: if needs_fraction { self.fraction_digits.max(3) } else { self.fraction_digits },
        }
    }

    /// The time so many units later, round the clock; `None` for units above hours or out of range.
    pub fn plus(self, amount: Decimal, unit: Calendar) -> Option<Time> {
        let moved = self.civil()?.wrapping_add(time_span(amount, unit, self.unit())?);
        (unit <= Calendar::Hour).then(|| self.like(moved))
    }

    pub(super) fn cut(self, precision: u8) -> Option<Time> {
        Some(match precision {
            2 => Time { minute: None, second: None, nanosecond: 0, fraction_digits: 0, ..self },
            4 => Time { second: None, nanosecond: 0, fraction_digits: 0, ..self },
            6 => Time { nanosecond: 0, fraction_digits: 0, ..self },
            9 => Time { fraction_digits: self.fraction_digits.max(3), ..self },
            _ => return None,
        })
    }

    /// The first time it may mean, with 2, 4, 6 or 9 digits.
    pub fn low_boundary(self, precision: u8) -> Option<Time> {
        Time { minute: self.minute.or(Some(0)), second: self.second.or(Some(0)), ..self }.cut(precision)
    }

    /// The last time it may mean, with 2, 4, 6 or 9 digits.
    pub fn high_boundary(self, precision: u8) -> Option<Time> {
        let nanosecond = if self.fraction_digits == 0 { 999_000_000 } else { self.nanosecond };
        Time { minute: self.minute.or(Some(59)), second: self.second.or(Some(59)), nanosecond, ..self }
            .cut(precision)
    }
}

/// Seconds keep their fraction, coarser units are cut to whole ones (§6.6.3).
pub(super) fn time_span(amount: Decimal, unit: Calendar, finest: Calendar) -> Option<Span> {
    if unit == Calendar::Second && finest <= Calendar::Second {
        let nanoseconds = amount.checked_mul(Decimal::from(1_000_000_000))?.truncate(0).to_integer()?;
        return Span::new().try_nanoseconds(nanoseconds).ok();
    }
    // A millisecond may be added to whole seconds, and shows.
    let finest = if finest == Calendar::Second { Calendar::Millisecond } else { finest };
    let (amount, unit) = whole_units(amount, unit, finest)?;
    span(amount, unit)
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.hour)?;
        for part in [self.minute, self.second].into_iter().map_while(|part| part) {
            write!(f, ":{part:02}")?;
        }
        if self.fraction_digits > 0 {
            let all = format!("{:09}", self.nanosecond);
            write!(f, ".{}", all.get(..usize::from(self.fraction_digits)).unwrap_or(&all))?;
        }
        Ok(())
    }
}
