//! Dates.

use std::fmt;

use jiff::civil;

use super::calendar::{Calendar, span, whole_units};
use super::{Partial, compare_parts, digits};
use crate::fhirpath::decimal::Decimal;

/// A date: year, perhaps month, perhaps day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    year: i16,
    /// 0 when not given.
    month: u8,
    /// 0 when not given.
    day: u8,
}

impl Date {
    /// Reads `2026`, `2026-11` or `2026-11-22`.
    pub fn parse(text: &str) -> Option<Date> {
        let (date, rest) = Date::parse_front(text)?;
        rest.is_empty().then_some(date)
    }

    pub(in crate::fhirpath) fn parse_front(text: &str) -> Option<(Date, &str)> {
        let (year, mut rest) = digits(text, 4)?;
        let (mut month, mut day) = (0, 0);
        if let Some((found, after)) = rest.strip_prefix('-').and_then(|rest| digits(rest, 2)) {
            (month, rest) = (u8::try_from(found).ok()?, after);
            if let Some((found, after)) = rest.strip_prefix('-').and_then(|rest| digits(rest, 2)) {
                (day, rest) = (u8::try_from(found).ok()?, after);
                (day > 0).then_some(())?;
            }
            (month > 0).then_some(())?;
        }
        let date = Date { year: i16::try_from(year).ok()?, month, day };
        date.first()?;
        Some((date, rest))
    }

    pub(super) fn from_civil(date: civil::Date) -> Date {
        // jiff's months and days are 1 to 31.
        Date { year: date.year(), month: date.month().unsigned_abs(), day: date.day().unsigned_abs() }
    }

    /// The first day it stands for.
    pub(super) fn first(self) -> Option<civil::Date> {
        civil::Date::new(self.year, self.month.max(1) as i8, self.day.max(1) as i8).ok()
    }

    /// The same with missing parts made the first.
    pub(super) fn filled_low(self) -> Date {
        Date { month: self.month.max(1), day: self.day.max(1), ..self }
    }

    /// The same with missing parts made the last.
    pub(super) fn filled_high(self) -> Date {
        let month = if self.month == 0 { 12 } else { self.month };
        let last = civil::Date::new(self.year, month as i8, 1).map_or(31, |first| first.days_in_month());
        Date { month, day: if self.day == 0 { last.unsigned_abs() } else { self.day }, ..self }
    }

    /// Digits given: 4, 6 or 8.
    pub fn precision(self) -> u8 {
        match (self.month, self.day) {
            (0, _) => 4,
            (_, 0) => 6,
            _ => 8,
        }
    }

    /// Cut to 4, 6 or 8 digits; `None` for any other number.
    pub(super) fn cut(self, precision: u8) -> Option<Date> {
        Some(match precision {
            4 => Date { month: 0, day: 0, ..self },
            6 => Date { day: 0, ..self },
            8 => self,
            _ => return None,
        })
    }

    /// The finest unit given.
    fn unit(self) -> Calendar {
        match self.precision() {
            4 => Calendar::Year,
            6 => Calendar::Month,
            _ => Calendar::Day,
        }
    }

    /// Year, month, day; 0 for what is not given.
    pub fn parts(self) -> (i16, u8, u8) {
        (self.year, self.month, self.day)
    }

    pub(super) fn compare(self, other: Date) -> Partial {
        let parts = |d: Date| [Some(i64::from(d.year)), some(d.month), some(d.day)];
        compare_parts(parts(self), parts(other))
    }

    /// The date so many units later (§6.6.3): cut to whole units, the precision kept. `None` out of range.
    pub fn plus(self, amount: Decimal, unit: Calendar) -> Option<Date> {
        let whole = self.whole_units(amount, unit)?;
        let moved = self.first()?.checked_add(span(whole.0, whole.1)?).ok()?;
        Date::from_civil(moved).cut(self.precision())
    }

    /// The amount as a whole number of units no finer than the date's own.
    pub(super) fn whole_units(self, amount: Decimal, unit: Calendar) -> Option<(i64, Calendar)> {
        whole_units(amount, unit, self.unit())
    }

    /// The first (§ lowBoundary) date it may mean, with that many digits.
    pub fn low_boundary(self, precision: u8) -> Option<Date> {
        self.filled_low().cut(precision)
    }

    /// The last date it may mean, with that many digits.
    pub fn high_boundary(self, precision: u8) -> Option<Date> {
        self.filled_high().cut(precision)
    }
}

fn some(part: u8) -> Option<i64> {
    (part != 0).then_some(i64::from(part))
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        for part in [self.month, self.day].into_iter().take_while(|part| *part != 0) {
            write!(f, "-{part:02}")?;
        }
        Ok(())
    }
}
