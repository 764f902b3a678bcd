//! Exact decimals as written: `1.50` keeps its two places (FHIRPath §5.5.6 and the FHIR type `decimal`).

use std::cmp::Ordering;
use std::fmt;

/// A decimal number: `mantissa / 10^scale`. `scale` is the number of places as written, which `precision()`, the
/// boundaries and `~` look at; `=` does not.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

/// Most places a decimal may have. With more digits than fit, operations answer `None`, as FHIRPath asks for overflow.
pub const MAX_SCALE: u8 = 31;

/// Places kept of a quotient that does not end.
const QUOTIENT_SCALE: u8 = 24;

fn power_of_ten(exponent: u8) -> Option<i128> {
    10i128.checked_pow(exponent.into())
}

impl Decimal {
    /// Zero, without places.
    pub const ZERO: Decimal = Decimal { mantissa: 0, scale: 0 };
    /// One, without places.
    pub const ONE: Decimal = Decimal { mantissa: 1, scale: 0 };

    /// `mantissa / 10^scale`; `None` beyond `MAX_SCALE`.
    pub fn new(mantissa: i128, scale: u8) -> Option<Decimal> {
        (scale <= MAX_SCALE).then_some(Decimal { mantissa, scale })
    }

    /// Reads `-12.50` and, as JSON writes numbers, `1.5e-3`. `None` when it is no number or has too many digits.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match digits.as_bytes() {
            [b'-', ..] => (true, &digits[1..]),
            [b'+', ..] => (false, &digits[1..]),
            _ => (false, digits),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let fraction_places = if digits.contains('.') { fraction.len() } else { 0 };
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let mut mantissa: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes().take(fraction_places)) {
            mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
        }
        if negative {
            mantissa = -mantissa;
        }
        let scale = i32::try_from(fraction_places).ok()?.checked_sub(exponent)?;
        if scale < 0 {
            let factor = power_of_ten(u8::try_from(scale.checked_neg()?).ok()?)?;
            return Decimal::new(mantissa.checked_mul(factor)?, 0);
        }
        Decimal::new(mantissa, u8::try_from(scale).ok()?)
    }

    /// The closest decimal to a float, as the float would be printed. `None` for infinities and NaN.
    pub fn from_f64(value: f64) -> Option<Decimal> {
        if !value.is_finite() {
            return None;
        }
        // Fifteen significant digits are sure; the rest is noise of the conversion.
        Decimal::parse(&format!("{value:.14e}")).map(Decimal::normalized)
    }

    /// The closest float.
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Number of places as written.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The digits without the point.
    pub fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// Whether it is zero, with any number of places.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// The same number without trailing zeros after the point.
    #[must_use]
    pub fn normalized(mut self) -> Decimal {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }

    /// The same number with exactly that many places; `None` when places would be lost or it does not fit.
    pub fn with_scale(self, scale: u8) -> Option<Decimal> {
        let factor = power_of_ten(scale.checked_sub(self.scale)?)?;
        Decimal::new(self.mantissa.checked_mul(factor)?, scale)
    }

    /// Rounded half away from zero to that many places; unchanged when it has no more.
    #[must_use]
    pub fn round(self, scale: u8) -> Decimal {
        self.dropped(
            scale,
            |quotient, rest, half| if rest.abs() >= half { quotient + rest.signum() } else { quotient },
        )
    }

    /// Cut off after that many places; unchanged when it has no more.
    #[must_use]
    pub fn truncate(self, scale: u8) -> Decimal {
        self.dropped(scale, |quotient, _, _| quotient)
    }

    /// The greatest whole number not above it.
    #[must_use]
    pub fn floor(self) -> Decimal {
        self.dropped(0, |quotient, rest, _| if rest < 0 { quotient - 1 } else { quotient })
    }

    /// The least whole number not below it.
    #[must_use]
    pub fn ceiling(self) -> Decimal {
        self.dropped(0, |quotient, rest, _| if rest > 0 { quotient + 1 } else { quotient })
    }

    fn dropped(self, scale: u8, decide: impl Fn(i128, i128, i128) -> i128) -> Decimal {
        match self.scale.checked_sub(scale).filter(|drop| *drop > 0).and_then(power_of_ten) {
            Some(unit) => {
                let mantissa = decide(self.mantissa / unit, self.mantissa % unit, unit / 2);
                Decimal { mantissa, scale }
            }
            None => self,
        }
    }

    /// The number as an integer, when it has no fraction and fits.
    pub fn to_integer(self) -> Option<i64> {
        let whole = self.normalized();
        (whole.scale == 0).then(|| i64::try_from(whole.mantissa).ok()).flatten()
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(self) -> Decimal {
        Decimal { mantissa: self.mantissa.saturating_abs(), ..self }
    }

    /// Sum; `None` when it does not fit.
    pub fn checked_add(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        let (a, b) = (self.with_scale(scale)?, other.with_scale(scale)?);
        Decimal::new(a.mantissa.checked_add(b.mantissa)?, scale)
    }

    /// Difference; `None` when it does not fit.
    pub fn checked_sub(self, other: Decimal) -> Option<Decimal> {
        self.checked_add(Decimal { mantissa: other.mantissa.checked_neg()?, ..other })
    }

    /// Product; `None` when it does not fit. Places beyond `MAX_SCALE` are rounded off.
    pub fn checked_mul(self, other: Decimal) -> Option<Decimal> {
        let product = |a: Decimal, b: Decimal| {
            let mantissa = a.mantissa.checked_mul(b.mantissa)?;
            Some(Decimal { mantissa, scale: a.scale + b.scale }.round(MAX_SCALE))
        };
        product(self, other).or_else(|| product(self.normalized(), other.normalized()))
    }

    /// Quotient without trailing zeros; `None` for a zero divisor or when it does not fit.
    pub fn checked_div(self, other: Decimal) -> Option<Decimal> {
        let (a, b) = (self.normalized(), other.normalized());
        if b.mantissa == 0 {
            return None;
        }
        // As many places as fit: numerator × 10^shift / denominator has `a.scale + shift - b.scale` of them.
        let most = QUOTIENT_SCALE + b.scale;
        for shift in (0..=most.saturating_sub(a.scale)).rev() {
            let Some(numerator) = power_of_ten(shift).and_then(|factor| a.mantissa.checked_mul(factor))
            else {
                continue;
            };
            let (quotient, rest) = (numerator.checked_div(b.mantissa)?, numerator.checked_rem(b.mantissa)?);
            let half = b.mantissa.unsigned_abs().div_ceil(2);
            let sign = numerator.signum() * b.mantissa.signum();
            let rounded = if rest.unsigned_abs() >= half { quotient + sign } else { quotient };
            return match (a.scale + shift).checked_sub(b.scale) {
                Some(scale) => Some(Decimal { mantissa: rounded, scale }.round(MAX_SCALE).normalized()),
                None => continue,
            };
        }
        None
    }

    /// Quotient cut off to a whole number (`div`); `None` for a zero divisor or when it does not fit.
    pub fn whole_div(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        let (a, b) = (self.with_scale(scale)?, other.with_scale(scale)?);
        Decimal::new(a.mantissa.checked_div(b.mantissa)?, 0)
    }

    /// What [`Decimal::whole_div`] leaves (`mod`).
    pub fn checked_rem(self, other: Decimal) -> Option<Decimal> {
        let scale = self.scale.max(other.scale);
        let (a, b) = (self.with_scale(scale)?, other.with_scale(scale)?);
        Decimal::new(a.mantissa.checked_rem(b.mantissa)?, scale)
    }

    /// Raised to a whole power, exactly; `None` when it does not fit.
    pub fn checked_pow(self, exponent: u32) -> Option<Decimal> {
        let (mut result, mut base, mut rest) = (Decimal::ONE, self, exponent);
        // Squaring, so that a huge exponent ends soon.
        loop {
            if rest & 1 == 1 {
                result = result.exact_mul(base)?;
            }
            rest >>= 1;
            if rest == 0 {
                return Some(result);
            }
            base = base.exact_mul(base)?;
        }
    }

    fn exact_mul(self, other: Decimal) -> Option<Decimal> {
        Decimal::new(self.mantissa.checked_mul(other.mantissa)?, self.scale.checked_add(other.scale)?)
    }

    /// Equal after rounding both to the places of the less precise one (FHIRPath §6.1.2, `~`).
    pub fn is_equivalent(self, other: Decimal) -> bool {
        let scale = self.normalized().scale.min(other.normalized().scale);
        self.round(scale) == other.round(scale)
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal { mantissa: value.into(), scale: 0 }
    }
}

impl std::ops::Neg for Decimal {
    type Output = Decimal;

    fn neg(self) -> Decimal {
        Decimal { mantissa: self.mantissa.saturating_neg(), ..self }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        if self.scale == other.scale {
            return self.mantissa.cmp(&other.mantissa);
        }
        // Whole parts first: the fractions then fit whatever the scales (MAX_SCALE digits are below i128's 38).
        let parts = |d: &Decimal| {
            let unit = power_of_ten(d.scale).unwrap_or(1);
            let rest = (d.mantissa % unit) * power_of_ten(MAX_SCALE - d.scale).unwrap_or(1);
            (d.mantissa / unit, rest)
        };
        parts(self).cmp(&parts(other))
    }
}

impl std::hash::Hash for Decimal {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Decimal { mantissa, scale } = self.normalized();
        (mantissa, scale).hash(state);
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let places = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.mantissa.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn reads_and_writes() {
        for (text, written) in [
            ("1.50", "1.50"),
            ("-0.05", "-0.05"),
            ("0", "0"),
            ("1e+3", "1000"),
            ("1.5E-3", "0.0015"),
            ("1.25e1", "12.5"),
            ("007.0", "7.0"),
        ] {
            assert_eq!(decimal(text).to_string(), written);
        }
        for bad in ["", ".", "1.", ".5", "1e", "1e99", "--1", "1,0", "1e-99", "é", &"9".repeat(60)] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn calculates() {
        let check = |result: Option<Decimal>, expected: &str| {
            assert_eq!(result.map_or_else(|| "none".to_owned(), |d| d.to_string()), expected);
        };
        check(decimal("1.8").checked_sub(decimal("1.2")), "0.6");
        check(decimal("1.2").checked_mul(decimal("1.8")), "2.16");
        check(decimal("1").checked_div(decimal("3")), "0.333333333333333333333333");
        check(decimal("-1").checked_div(decimal("0.003")), "-333.333333333333333333333333");
        check(decimal("4.0").checked_div(decimal("2.0")), "2");
        check(decimal("1").checked_div(Decimal::ZERO), "none");
        check(decimal("2.2").whole_div(decimal("1.8")), "1");
        check(decimal("2.2").checked_rem(decimal("1.8")), "0.4");
        check(decimal("2.5").checked_pow(2), "6.25");
        check(decimal("10").checked_pow(1000), "none");
        check(Some(decimal("-2.1").floor()), "-3");
        check(Some(decimal("-1.1").ceiling()), "-1");
        check(Some(decimal("3.14159").round(3)), "3.142");
        check(Some(decimal("-2.5").round(0)), "-3");
        check(Decimal::from_f64(0.1 + 0.2), "0.3");
        check(Decimal::from_f64(f64::NAN), "none");
    }

    #[test]
    fn compares() {
        assert_eq!(decimal("1.10"), decimal("1.1"));
        assert!(decimal("-1.5") < decimal("-1.49"));
        assert!(
            decimal("170141183460469231731687303715884105727") > decimal("0.0000000000000000000000000000001")
        );
        assert!(decimal("0.666666").is_equivalent(decimal("0.67")));
        assert!(!decimal("1.2").is_equivalent(decimal("1.1")));
    }
}
