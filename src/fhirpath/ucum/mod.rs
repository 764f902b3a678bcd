//! Units of measure (UCUM, case-sensitive codes): what a unit expression means and how to get from one to another.

mod atoms;
mod ratio;

use std::collections::BTreeMap;

use self::atoms::{Atom, Value};
use self::ratio::Ratio;
use super::decimal::Decimal;

/// Longest unit expression looked at, in bytes.
const MAX_LENGTH: usize = 256;

/// How deeply parentheses may nest.
const MAX_DEPTH: u8 = 16;

/// What a unit expression means: a multiple of a product of base units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    factor: Ratio,
    /// Exponent of each base unit (index in the table of atoms); never zero.
    dimensions: BTreeMap<u16, i32>,
    scale: Scale,
}

/// Where the zero of a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Proportional,
    Celsius,
    Fahrenheit,
}

impl Unit {
    /// Reads a unit expression such as `mg/dL`, `10*3/uL` or `{score}`. `None` when UCUM has no such unit.
    pub fn parse(text: &str) -> Option<Unit> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return None;
        }
        let mut reader = Reader { rest: text, depth: 0, strangers: None };
        let unit = reader.term()?;
        reader.rest.is_empty().then_some(unit)
    }

    /// Whether a text is a unit expression. `None` when it has the form of one, but names units not known here.
    pub fn is_unit(text: &str) -> Option<bool> {
        // Spaces may stand in annotations only; the grammar sees to that.
        if text.is_empty() || text.len() > MAX_LENGTH || !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Some(false);
        }
        let mut reader = Reader { rest: text, depth: 0, strangers: Some(0) };
        match reader.term() {
            Some(_) if reader.rest.is_empty() && reader.strangers == Some(0) => Some(true),
            Some(_) if reader.rest.is_empty() => None,
            _ => Some(false),
        }
    }

    fn number(factor: Ratio) -> Unit {
        Unit { factor, dimensions: BTreeMap::new(), scale: Scale::Proportional }
    }

    fn of(atom: &'static Atom, index: u16) -> Option<Unit> {
        match atom.value {
            Value::Base => Some(Unit {
                factor: Ratio::ONE,
                dimensions: BTreeMap::from([(index, 1)]),
                scale: Scale::Proportional,
            }),
            Value::Of(number, unit) => {
                let number = Unit::number(Ratio::from(Decimal::parse(number)?));
                number.times(&Unit::parse(unit)?, 1)
            }
            Value::Celsius => Some(Unit { scale: Scale::Celsius, ..Unit::parse("K")? }),
            Value::Fahrenheit => Some(Unit { scale: Scale::Fahrenheit, ..Unit::parse("K")? }),
        }
    }

    /// The product with another unit raised to a power. A unit whose zero is elsewhere has no products.
    fn times(mut self, other: &Unit, exponent: i32) -> Option<Unit> {
        if other.scale != Scale::Proportional {
            let is_one = self == Unit::number(Ratio::ONE);
            return (is_one && exponent == 1).then(|| other.clone());
        }
        if self.scale != Scale::Proportional {
            return (*other == Unit::number(Ratio::ONE)).then_some(self);
        }
        self.factor = self.factor.times(other.factor.power(exponent)?)?;
        for (base, power) in &other.dimensions {
            let sum = self.dimensions.entry(*base).or_insert(0);
            *sum = sum.checked_add(power.checked_mul(exponent)?)?;
        }
        self.dimensions.retain(|_, power| *power != 0);
        Some(self)
    }

    /// Whether amounts in the two units can be compared: they measure the same kind of thing.
    pub fn is_comparable(&self, other: &Unit) -> bool {
        self.dimensions == other.dimensions
    }

    /// The amount of `to` that `value` of this unit is. `None` when they are not comparable or the number does not fit.
    pub fn convert(&self, value: Decimal, to: &Unit) -> Option<Decimal> {
        if !self.is_comparable(to) {
            return None;
        }
        if self == to {
            return Some(value);
        }
        if self.scale == Scale::Proportional && to.scale == Scale::Proportional {
            return self.factor.times(to.factor.power(-1)?)?.of(value);
        }
        let kelvin = match self.scale {
            Scale::Proportional => self.factor.of(value)?,
            Scale::Celsius => value.checked_add(decimal("273.15"))?,
            Scale::Fahrenheit => {
                let above = value.checked_add(decimal("459.67"))?;
                above.checked_mul(5.into())?.checked_div(9.into())?
            }
        };
        match to.scale {
            Scale::Proportional => to.factor.power(-1)?.of(kelvin),
            Scale::Celsius => kelvin.checked_sub(decimal("273.15")),
            Scale::Fahrenheit => {
                kelvin.checked_mul(9.into())?.checked_div(5.into())?.checked_sub(decimal("459.67"))
            }
        }
    }
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or(Decimal::ZERO)
}

/// A reader of unit expressions (UCUM §2.1, the grammar).
struct Reader<'t> {
    rest: &'t str,
    depth: u8,
    /// When only the form counts: how many units were met that are not known, or that do not go together.
    strangers: Option<u32>,
}

impl<'t> Reader<'t> {
    /// Components joined by `.` and `/`, perhaps with a leading `/`.
    fn term(&mut self) -> Option<Unit> {
        let mut unit = Unit::number(Ratio::ONE);
        let mut exponent = if self.skip('/') { -1 } else { 1 };
        loop {
            let factor = self.component()?;
            unit = unit.times(&factor, exponent).or_else(|| self.stranger())?;
            exponent = match () {
                () if self.skip('.') => 1,
                () if self.skip('/') => -1,
                () => return Some(unit),
            };
        }
    }

    fn component(&mut self) -> Option<Unit> {
        if self.skip('(') {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return None;
            }
            let unit = self.term()?;
            self.depth -= 1;
            if !self.skip(')') {
                return None;
            }
            if self.rest.starts_with('{') {
                self.annotation()?;
            }
            return Some(unit);
        }
        if self.rest.starts_with('{') {
            self.annotation()?;
            return Some(Unit::number(Ratio::ONE));
        }
        let unit = self.simple()?;
        if self.rest.starts_with('{') {
            self.annotation()?;
        }
        Some(unit)
    }

    /// A number, or a symbol with perhaps an exponent.
    fn simple(&mut self) -> Option<Unit> {
        let digits = self.take(|c| c.is_ascii_digit());
        if !digits.is_empty() {
            if digits == "10" && (self.skip('*') || self.skip('^')) {
                return Unit::number(Ratio::from(Decimal::from(10))).raised(self.exponent()?);
            }
            return Some(Unit::number(Ratio::from(Decimal::from(
                digits.parse::<i64>().ok().filter(|n| *n > 0)?,
            ))));
        }
        let symbol = self.symbol()?;
        let exponent = self.exponent()?;
        let has_form = |b: u8| b.is_ascii_alphanumeric() || b"[]_'*^%\"".contains(&b) || symbol.contains('[');
        let known = atoms::find(symbol).and_then(|(prefix, atom, index)| {
            let unit = Unit::of(atom, index)?;
            match prefix {
                None => unit.raised(exponent),
                Some(power) => {
                    Unit::number(Ratio::power_of(power.0, power.1)?).times(&unit, 1)?.raised(exponent)
                }
            }
        });
        match known {
            None if symbol.bytes().all(has_form) => self.stranger(),
            known => known,
        }
    }

    /// What stands for a unit that is not known, where only the form counts.
    fn stranger(&mut self) -> Option<Unit> {
        self.strangers.as_mut().map(|count| {
            *count += 1;
            Unit::number(Ratio::ONE)
        })
    }

    /// Letters and the like, up to an exponent or the end of the component; what is in brackets belongs together.
    fn symbol(&mut self) -> Option<&'t str> {
        let mut in_brackets = false;
        let end = self.rest.find(|c: char| {
            match c {
                '[' => in_brackets = true,
                ']' => in_brackets = false,
                _ => {
                    return !in_brackets
                        && (matches!(c, '.' | '/' | '(' | ')' | '{' | '}' | '+' | '-')
                            || c.is_ascii_digit());
                }
            }
            false
        });
        let (symbol, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        (!symbol.is_empty()).then_some(symbol)
    }

    /// `2`, `-1`, or nothing, which is 1.
    fn exponent(&mut self) -> Option<i32> {
        let sign = match () {
            () if self.skip('-') => -1,
            () if self.skip('+') => 1,
            () if self.rest.starts_with(|c: char| c.is_ascii_digit()) => 1,
            () => return Some(1),
        };
        let digits = self.take(|c| c.is_ascii_digit());
        // Beyond this no unit fits a number anyway.
        digits.parse::<i32>().ok().filter(|power| *power <= 38).map(|power| sign * power)
    }

    fn annotation(&mut self) -> Option<()> {
        let (inside, rest) = self.rest.strip_prefix('{')?.split_once('}')?;
        self.rest = rest;
        let is_part = |c: char| c != '{' && (c.is_ascii_graphic() || c == ' ' && self.strangers.is_some());
        inside.chars().all(is_part).then_some(())
    }

    fn skip(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take(&mut self, keep: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !keep(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

impl Unit {
    fn raised(self, exponent: i32) -> Option<Unit> {
        if exponent == 1 { Some(self) } else { Unit::number(Ratio::ONE).times(&self, exponent) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_atom_means_something() {
        for atom in atoms::ATOMS {
            assert!(Unit::parse(atom.code).is_some(), "{}", atom.code);
        }
    }

    #[test]
    fn converts() {
        for (value, from, to, expected) in [
            ("4.0", "g", "mg", "4000"),
            ("1", "[in_i]", "cm", "2.54"),
            ("1", "wk", "h", "168"),
            ("185", "[lb_av]", "kg", "83.91458845"),
            ("60", "/min", "/s", "1"),
            ("7", "10*3/uL", "10*9/L", "7"),
            ("5", "mg/dL", "g/L", "0.05"),
            ("120", "mm[Hg]", "Pa", "15998.64"),
            ("37", "Cel", "[degF]", "98.6"),
            ("98.6", "[degF]", "K", "310.15"),
            ("1", "kat", "mol/s", "1"),
            ("3", "m.(s/g)", "m.s.g-1", "3"),
            ("1", "{score}", "1", "1"),
            ("50", "%", "1", "0.5"),
            ("1", "kcal", "J", "4184"),
            ("1", "m", "s", "none"),
            ("1", "[iU]", "[IU]", "1"),
            ("1", "[iU]/L", "m[IU]/mL", "1"),
            ("1", "KiBy", "By", "1024"),
        ] {
            let (from, to) = (Unit::parse(from), Unit::parse(to));
            let got = from.zip(to).and_then(|(from, to)| from.convert(decimal(value), &to));
            let got = got.map_or("none".to_owned(), |d| d.normalized().to_string());
            assert_eq!(got, expected, "{value}");
        }
    }

    #[test]
    fn tells_units_from_others() {
        for (text, expected) in [
            ("mg", Some(true)),
            ("mm[Hg]", Some(true)),
            ("kg/m2", Some(true)),
            ("{score}", Some(true)),
            ("/min", Some(true)),
            ("10*3/uL", Some(true)),
            ("mL/min/{1.73_m2}", Some(true)),
            ("m.s-2", Some(true)),
            ("1", Some(true)),
            ("%", Some(true)),
            ("(8.h)", Some(true)),
            ("mg{dose}", Some(true)),
            ("mg{per dose}", Some(true)),
            ("[foo_bar]", None),
            ("minutes", None),
            ("", Some(false)),
            ("mg/", Some(false)),
            ("beats per minute", Some(false)),
            ("(mg", Some(false)),
            ("{a", Some(false)),
            ("µg", Some(false)),
            ("mg//dL", Some(false)),
        ] {
            assert_eq!(Unit::is_unit(text), expected, "{text}");
        }
        assert_eq!(Unit::is_unit(&"(".repeat(200)), Some(false));
    }

    #[test]
    fn refuses() {
        for bad in [
            "", "[s]", "µg/dL", "kk", "mg//dL", "m(", "()", "{", "m{a{b}", "k[in_i]", "10*x", "m..s", "0",
            "m 2",
        ] {
            assert_eq!(Unit::parse(bad), None, "{bad}");
        }
        assert_eq!(Unit::parse(&"(".repeat(200)), None);
    }
}
