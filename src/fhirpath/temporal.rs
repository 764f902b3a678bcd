//! Dates and times of limited precision (FHIRPath §5.5, §6.2, §6.6.3, §6.6.4).

use std::cmp::Ordering;
use std::fmt;

use jiff::Span;
use jiff::civil;

use super::decimal::Decimal;
use crate::fhir::time::Instant;

/// A date: year, perhaps month, perhaps day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    year: i16,
    /// 0 when not given.
    month: u8,
    /// 0 when not given.
    day: u8,
}

/// A time of day: hour, perhaps minute, perhaps second, perhaps a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    hour: u8,
    minute: Option<u8>,
    second: Option<u8>,
    nanosecond: u32,
    /// Digits of the fraction as written; 0 when there is none.
    fraction_digits: u8,
}

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

    fn milliseconds(self) -> i64 {
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

/// The text of a number's digits at the front, and what follows them.
fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let head = text.get(..count)?;
    head.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    Some((head.parse().ok()?, text.get(count..)?))
}

impl Date {
    /// Reads `2026`, `2026-11` or `2026-11-22`.
    pub fn parse(text: &str) -> Option<Date> {
        let (date, rest) = Date::parse_front(text)?;
        rest.is_empty().then_some(date)
    }

    pub(super) fn parse_front(text: &str) -> Option<(Date, &str)> {
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

    fn from_civil(date: civil::Date) -> Date {
        // jiff's months and days are 1 to 31.
        Date { year: date.year(), month: date.month().unsigned_abs(), day: date.day().unsigned_abs() }
    }

    /// The first day it stands for.
    fn first(self) -> Option<civil::Date> {
        civil::Date::new(self.year, self.month.max(1) as i8, self.day.max(1) as i8).ok()
    }

    /// The same with missing parts made the first.
    fn filled_low(self) -> Date {
        Date { month: self.month.max(1), day: self.day.max(1), ..self }
    }

    /// The same with missing parts made the last.
    fn filled_high(self) -> Date {
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
    fn cut(self, precision: u8) -> Option<Date> {
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

    fn compare(self, other: Date) -> Partial {
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
    fn whole_units(self, amount: Decimal, unit: Calendar) -> Option<(i64, Calendar)> {
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

/// Cuts an amount to a whole number, in units that are no finer than `finest`.
fn whole_units(amount: Decimal, unit: Calendar, finest: Calendar) -> Option<(i64, Calendar)> {
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

fn span(amount: i64, unit: Calendar) -> Option<Span> {
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

impl Time {
    /// Reads `10`, `10:30`, `10:30:15` or `10:30:15.250`.
    pub fn parse(text: &str) -> Option<Time> {
        let (time, rest) = Time::parse_front(text)?;
        rest.is_empty().then_some(time)
    }

    pub(super) fn parse_front(text: &str) -> Option<(Time, &str)> {
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

    fn unit(self) -> Calendar {
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
    fn comparable_parts(self) -> [Option<i64>; 3] {
        let second = self.second.map(|second| i64::from(second) * 1_000_000_000 + i64::from(self.nanosecond));
        [Some(i64::from(self.hour)), self.minute.map(i64::from), second]
    }

    /// The order of two times; `None` when the less precise one leaves it open.
    pub fn compare(self, other: Time) -> Option<Ordering> {
        compare_parts(self.comparable_parts(), other.comparable_parts())
    }

    /// What equal times have in common.
    pub(super) fn hash_key(self) -> impl std::hash::Hash {
        self.comparable_parts()
    }

    fn civil(self) -> Option<civil::Time> {
        let (hour, minute, second, nanosecond) = self.parts();
        civil::Time::new(hour as i8, minute as i8, second.min(59) as i8, nanosecond as i32).ok()
    }

    /// The parts of a civil time, with the precision of this one; a fraction when the unit added calls for it.
    fn like(self, time: civil::Time) -> Time {
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

    fn cut(self, precision: u8) -> Option<Time> {
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
fn time_span(amount: Decimal, unit: Calendar, finest: Calendar) -> Option<Span> {
    if unit == Calendar::Second && finest <= Calendar::Second {
        let nanoseconds = amount.checked_mul(Decimal::from(1_000_000_000))?.truncate(0).to_integer()?;
        return Span::new().try_nanoseconds(nanoseconds).ok();
    }
    // A millisecond may be added to whole seconds, and shows.
    let finest = if finest == Calendar::Second { Calendar::Millisecond } else { finest };
    let (amount, unit) = whole_units(amount, unit, finest)?;
    span(amount, unit)
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
    pub(super) fn parse_front(text: &str) -> Option<(DateTime, &str)> {
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
    pub(super) fn hash_key(self) -> impl std::hash::Hash {
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

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        for part in [self.month, self.day].into_iter().take_while(|part| *part != 0) {
            write!(f, "-{part:02}")?;
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
