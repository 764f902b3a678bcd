//! Units of time, and how to add them.

use jiff::Span;

use crate::fhirpath::decimal::Decimal;

/// The calendar's units of time (FHIRPath §5.5.9, "time-valued quantities").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Calendar {
    /// 1/1000 second.
    Millisecond,
    /// Second.
    Second,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// A month of the calendar; 30 days where none is at hand.
    Month,
    /// A year of the calendar; 365 days where none is at hand.
    Year,
}

impl Calendar {
    /// Reads `day` or `days`.
    pub fn parse(word: &str) -> Option<Calendar> {
        Some(match word.strip_suffix('s').unwrap_or(word) {
            "year" => Calendar::Year,
            "month" => Calendar::Month,
            "week" => Calendar::Week,
            "day" => Calendar::Day,
            "hour" => Calendar::Hour,
            "minute" => Calendar::Minute,
            "second" => Calendar::Second,
            "millisecond" => Calendar::Millisecond,
            _ => return None,
        })
    }

    /// The word, in the singular.
    pub fn word(self) -> &'static str {
        match self {
            Calendar::Year => "year",
            Calendar::Month => "month",
            Calendar::Week => "week",
            Calendar::Day => "day",
            Calendar::Hour => "hour",
            Calendar::Minute => "minute",
            Calendar::Second => "second",
            Calendar::Millisecond => "millisecond",
        }
    }

    /// The UCUM unit that lasts as long, roughly so for month and year.
    pub fn ucum(self) -> &'static str {
        match self {
            Calendar::Year => "a",
            Calendar::Month => "mo",
            Calendar::Week => "wk",
            Calendar::Day => "d",
            Calendar::Hour => "h",
            Calendar::Minute => "min",
            Calendar::Second => "s",
            Calendar::Millisecond => "ms",
        }
    }

    /// Whether every one of these lasts equally long.
    pub fn is_definite(self) -> bool {
        self < Calendar::Month
    }

    pub(super) fn milliseconds(self) -> i64 {
        match self {
            Calendar::Millisecond => 1,
            Calendar::Second => 1000,
            Calendar::Minute => 60_000,
            Calendar::Hour => 3_600_000,
            Calendar::Day => 86_400_000,
            Calendar::Week => 7 * 86_400_000,
            Calendar::Month => 30 * 86_400_000,
            Calendar::Year => 365 * 86_400_000,
        }
    }
}

/// Cuts an amount to a whole number, in units that are no finer than `finest`.
pub(super) fn whole_units(amount: Decimal, unit: Calendar, finest: Calendar) -> Option<(i64, Calendar)> {
    let whole = |amount: Decimal| amount.truncate(0).to_integer();
    if unit >= finest || (unit == Calendar::Week && finest == Calendar::Day) {
        return Some((whole(amount)?, unit));
    }
    // 12 months are a year; otherwise the roundabout lengths of month and year count.
    if (unit, finest) == (Calendar::Month, Calendar::Year) {
        return Some((whole(amount)?.checked_div(12)?, finest));
    }
    let amount = whole(amount)?.checked_mul(unit.milliseconds())?;
    Some((amount.checked_div(finest.milliseconds())?, finest))
}

pub(super) fn span(amount: i64, unit: Calendar) -> Option<Span> {
    let span = Span::new();
    match unit {
        Calendar::Year => span.try_years(amount),
        Calendar::Month => span.try_months(amount),
        Calendar::Week => span.try_weeks(amount),
        Calendar::Day => span.try_days(amount),
        Calendar::Hour => span.try_hours(amount),
        Calendar::Minute => span.try_minutes(amount),
        Calendar::Second => span.try_seconds(amount),
        Calendar::Millisecond => span.try_milliseconds(amount),
    }
    .ok()
}
