//! Quantities: a number with a unit of UCUM or of the calendar (FHIRPath §5.5.8, §5.5.9).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use super::decimal::Decimal;
use super::temporal::Calendar;
use super::ucum;

/// A number with a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity<'a> {
    /// How many.
    pub value: Decimal,
    /// Of what.
    pub unit: Unit<'a>,
}

/// A unit of measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit<'a> {
    /// A UCUM code; `1` for plain numbers.
    Ucum(Cow<'a, str>),
    /// `days` and its like.
    Calendar(Calendar),
}

impl<'a> Unit<'a> {
    /// The unit of plain numbers.
    pub const ONE: Unit<'static> = Unit::Ucum(Cow::Borrowed("1"));

    /// The UCUM code, for calendar units that of what lasts as long.
    pub fn code(&self) -> &str {
        match self {
            Unit::Ucum(code) => code,
            Unit::Calendar(unit) => unit.ucum(),
        }
    }

    /// The unit of time it is for adding to dates: a calendar word, quoted or not, or a UCUM unit that always lasts
    /// equally long. UCUM's month and year are averages and no such units (§6.6.3).
    pub fn calendar(&self) -> Option<Calendar> {
        match self {
            Unit::Calendar(unit) => Some(*unit),
            Unit::Ucum(code) => match code.as_ref() {
                "wk" => Some(Calendar::Week),
                "d" => Some(Calendar::Day),
                "h" => Some(Calendar::Hour),
                "min" => Some(Calendar::Minute),
                "s" => Some(Calendar::Second),
                "ms" => Some(Calendar::Millisecond),
                word => Calendar::parse(word),
            },
        }
    }

    /// The same unit, borrowed.
    pub fn borrowed(&self) -> Unit<'_> {
        match self {
            Unit::Ucum(code) => Unit::Ucum(Cow::Borrowed(code)),
            Unit::Calendar(unit) => Unit::Calendar(*unit),
        }
    }

    /// Whether one is a month or year of the calendar and the other UCUM's average one: these are never equal.
    fn differ_in_kind(&self, other: &Unit<'_>) -> bool {
        let is_indefinite = |unit: &Unit<'_>| matches!(unit, Unit::Calendar(unit) if !unit.is_definite());
        is_indefinite(self) != is_indefinite(other)
    }
}

impl<'a> Quantity<'a> {
    /// A plain number.
    pub fn number(value: Decimal) -> Quantity<'static> {
        Quantity { value, unit: Unit::ONE }
    }

    /// Reads `4 days`, `4.5 'mg'` or `4`, as `toQuantity()` does.
    pub fn parse(text: &str) -> Option<Quantity<'static>> {
        let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let value = Decimal::parse(number)?;
        let trimmed = unit.trim();
        if trimmed.is_empty() {
            return Some(Quantity::number(value));
        }
        let unit = match trimmed.strip_prefix('\'') {
            Some(code) => {
                Unit::Ucum(Cow::Owned(code.strip_suffix('\'').filter(|code| !code.is_empty())?.to_owned()))
            }
            None if unit.starts_with(char::is_whitespace) => Unit::Calendar(Calendar::parse(trimmed)?),
            None => return None,
        };
        Some(Quantity { value, unit })
    }

    /// The amount of `unit` it is; `None` when the two cannot be compared.
    pub fn converted(&self, unit: &Unit<'_>) -> Option<Decimal> {
        if self.unit.code() == unit.code() {
            return Some(self.value);
        }
        let (from, to) = (ucum::Unit::parse(self.unit.code())?, ucum::Unit::parse(unit.code())?);
        from.convert(self.value, &to)
    }

    /// Whether the units measure the same kind of thing (`comparable()`).
    pub fn is_comparable(&self, other: &Quantity<'_>) -> bool {
        let units = ucum::Unit::parse(self.unit.code()).zip(ucum::Unit::parse(other.unit.code()));
        units.is_some_and(|(a, b)| a.is_comparable(&b))
    }

    /// The order of two quantities; `None` when they cannot be compared.
    pub fn compare(&self, other: &Quantity<'_>) -> Option<Ordering> {
        if self.unit.differ_in_kind(&other.unit) {
            return None;
        }
        Some(self.value.cmp(&other.converted(&self.unit)?))
    }

    /// Whether they are equal within the precision of the less precise one (`~`).
    pub fn is_equivalent(&self, other: &Quantity<'_>) -> bool {
        other.converted(&self.unit).is_some_and(|value| self.value.is_equivalent(value))
    }

    /// Sum in this quantity's unit; `None` when they cannot be compared or it does not fit.
    pub fn checked_add(&self, other: &Quantity<'_>) -> Option<Quantity<'a>> {
        if self.unit.differ_in_kind(&other.unit) {
            return None;
        }
        let value = self.value.checked_add(other.converted(&self.unit)?)?;
        Some(Quantity { value, unit: self.unit.clone() })
    }

    /// Product, the units multiplied too.
    pub fn checked_mul(&self, other: &Quantity<'_>) -> Option<Quantity<'static>> {
        let value = self.value.checked_mul(other.value)?;
        let unit = match (self.unit.code(), other.unit.code()) {
            ("1", unit) | (unit, "1") => unit.to_owned(),
            (a, b) => format!("{}.{}", bracketed(a), bracketed(b)),
        };
        Some(Quantity { value, unit: Unit::Ucum(unit.into()) })
    }

    /// Quotient, the units divided too; `None` for a zero divisor.
    pub fn checked_div(&self, other: &Quantity<'_>) -> Option<Quantity<'static>> {
        let value = self.value.checked_div(other.value)?;
        let unit = match (self.unit.code(), other.unit.code()) {
            (a, b) if a == b => "1".to_owned(),
            (a, "1") => a.to_owned(),
            ("1", b) => format!("/{}", bracketed(b)),
            (a, b) => format!("{a}/{}", bracketed(b)),
        };
        Some(Quantity { value, unit: Unit::Ucum(unit.into()) })
    }
}

fn bracketed(unit: &str) -> Cow<'_, str> {
    if unit.contains(['/', '.']) { Cow::Owned(format!("({unit})")) } else { Cow::Borrowed(unit) }
}

impl fmt::Display for Quantity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Unit::Ucum(code) => write!(f, "{} '{code}'", self.value),
            Unit::Calendar(unit) if self.value == Decimal::ONE => write!(f, "{} {}", self.value, unit.word()),
            Unit::Calendar(unit) => write!(f, "{} {}s", self.value, unit.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Quantity<'static> {
        Quantity::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn reads_and_writes() {
        for (text, written) in
            [("1", "1 '1'"), ("1 day", "1 day"), ("2.50 days", "2.50 days"), ("1 'wk'", "1 'wk'")]
        {
            assert_eq!(quantity(text).to_string(), written);
        }
        for bad in ["", "1 wk", "day", "1day", "1 'wk", "1 ''", "1.a"] {
            assert_eq!(Quantity::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn compares() {
        use Ordering::*;
        for (a, b, expected) in [
            ("4.0000 'g'", "4000.0 'mg'", Some(Equal)),
            ("7 days", "1 'wk'", Some(Equal)),
            ("8 days", "1 week", Some(Greater)),
            ("1 month", "1 'mo'", None),
            ("1 'cm'", "1 's'", None),
        ] {
            assert_eq!(quantity(a).compare(&quantity(b)), expected, "{a} {b}");
        }
        assert!(quantity("4 'g'").is_equivalent(&quantity("4040 'mg'")));
        assert!(quantity("1 year").is_equivalent(&quantity("1 'a'")));
    }

    #[test]
    fn calculates() {
        let product = quantity("2.0 'cm'").checked_mul(&quantity("2.0 'm'")).unwrap();
        assert_eq!(product.compare(&quantity("0.040 'm2'")), Some(Ordering::Equal));
        let quotient = quantity("4.0 'g'").checked_div(&quantity("2.0 'm'")).unwrap();
        assert_eq!(quotient.to_string(), "2 'g/m'");
        assert_eq!(quantity("1 'kg'").checked_add(&quantity("500 'g'")).unwrap().to_string(), "1.5 'kg'");
    }
}
