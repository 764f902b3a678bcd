//! Exact factors between units.

use crate::fhirpath::decimal::Decimal;

/// A positive number: `numerator / denominator × 10^ten`, in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
    ten: i32,
}

impl Ratio {
    /// One.
    pub const ONE: Ratio = Ratio { numerator: 1, denominator: 1, ten: 0 };

    fn new(numerator: i128, denominator: i128, ten: i32) -> Ratio {
        let mut ratio = Ratio { numerator, denominator, ten };
        if numerator == 0 {
            return Ratio { numerator: 0, denominator: 1, ten: 0 };
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        ratio.numerator /= divisor;
        ratio.denominator /= divisor;
        while ratio.numerator % 10 == 0 {
            ratio.numerator /= 10;
            ratio.ten += 1;
        }
        while ratio.denominator % 10 == 0 {
            ratio.denominator /= 10;
            ratio.ten -= 1;
        }
        ratio
    }

    /// `base^exponent`; `None` when it does not fit.
    pub fn power_of(base: i128, exponent: i32) -> Option<Ratio> {
        Ratio::new(base, 1, 0).power(exponent)
    }

    /// Product; `None` when it does not fit.
    pub fn times(self, other: Ratio) -> Option<Ratio> {
        // Across first, so that the products stay small.
        let a = Ratio::new(self.numerator, other.denominator, 0);
        let b = Ratio::new(other.numerator, self.denominator, 0);
        let ten = [self.ten, other.ten, a.ten].into_iter().try_fold(b.ten, i32::checked_add)?;
        Some(Ratio::new(
            a.numerator.checked_mul(b.numerator)?,
            a.denominator.checked_mul(b.denominator)?,
            ten,
        ))
    }

    /// Raised to a power, perhaps negative; `None` when it does not fit.
    pub fn power(self, exponent: i32) -> Option<Ratio> {
        if exponent < 0 && self.numerator == 0 {
            return None;
        }
        let count = exponent.unsigned_abs();
        let (numerator, denominator) =
            (self.numerator.checked_pow(count)?, self.denominator.checked_pow(count)?);
        let ten = self.ten.checked_mul(exponent)?;
        Some(match exponent {
            0.. => Ratio::new(numerator, denominator, ten),
            _ => Ratio::new(denominator, numerator, ten),
        })
    }

    /// That much of a value; `None` when it does not fit.
    pub fn of(self, value: Decimal) -> Option<Decimal> {
        let ten = Decimal::from(10).checked_pow(self.ten.unsigned_abs())?;
        let numerator = Decimal::new(self.numerator, 0)?;
        let denominator = Decimal::new(self.denominator, 0)?;
        let product = value.checked_mul(numerator)?;
        let product = if self.ten >= 0 { product.checked_mul(ten)? } else { product };
        let divisor = if self.ten >= 0 { denominator } else { denominator.checked_mul(ten)? };
        if divisor == Decimal::ONE { Some(product) } else { product.checked_div(divisor) }
    }
}

impl From<Decimal> for Ratio {
    fn from(value: Decimal) -> Ratio {
        Ratio::new(value.mantissa(), 1, -i32::from(value.scale()))
    }
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}
