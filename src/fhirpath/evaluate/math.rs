//! Functions on numbers (FHIRPath §5.7).

use super::functions::argument;
use super::{Evaluator, Flow, Scope, Sink};
use crate::fhirpath::decimal::{Decimal, MAX_SCALE};
use crate::fhirpath::expression::Call;
use crate::fhirpath::function::Function;
use crate::fhirpath::node::{Node, System};
use crate::fhirpath::quantity::Quantity;

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn math_function(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let function = call.function;
        let Some(value) = self.value(&call.on, scope, function.name())? else { return Ok(()) };
        let other = match call.arguments.first() {
            Some(argument) => match self.value(argument, scope, function.name())? {
                Some(value) => Some(value),
                None => return Ok(()),
            },
            None => None,
        };
        let result = match value {
            System::Integer(value) => integer(function, value, other.as_ref()),
            System::Decimal(value) => decimal(function, value, other.as_ref()),
            System::Quantity(value) => quantity(function, *value, other.as_ref()),
            other => return self.wrong_type(function.name(), &Node::System(other)),
        };
        result.map_or(Ok(()), |value| out(Node::System(value)))
    }

    /// `comparable(quantity)`.
    pub(super) fn comparable(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let Some(System::Quantity(a)) = self.value(&call.on, scope, "comparable")? else { return Ok(()) };
        match self.value(argument(call, 0), scope, "comparable")? {
            Some(System::Quantity(b)) => out(a.is_comparable(&b).into()),
            _ => Ok(()),
        }
    }
}

fn integer<'a>(function: Function, value: i64, other: Option<&System<'a>>) -> Option<System<'a>> {
    match (function, other) {
        (Function::Abs, _) => value.checked_abs().map(System::Integer),
        (Function::Ceiling | Function::Floor | Function::Truncate, _) => Some(System::Integer(value)),
        (Function::Round, _) => Some(System::Decimal(value.into())),
        (Function::Power, Some(System::Integer(exponent))) if *exponent >= 0 => {
            let exponent = u32::try_from(*exponent).ok()?;
            value.checked_pow(exponent).map(System::Integer)
        }
        _ => decimal(function, value.into(), other),
    }
}

fn decimal<'a>(function: Function, value: Decimal, other: Option<&System<'a>>) -> Option<System<'a>> {
    let real = |value: f64| Decimal::from_f64(value).map(System::Decimal);
    let whole = |value: Decimal| value.to_integer().map(System::Integer);
    let other_number = || match other? {
        System::Integer(value) => Some(Decimal::from(*value)),
        System::Decimal(value) => Some(*value),
        _ => None,
    };
    match function {
        Function::Abs => Some(System::Decimal(value.abs())),
        Function::Ceiling => whole(value.ceiling()),
        Function::Floor => whole(value.floor()),
        Function::Truncate => whole(value.truncate(0)),
        Function::Exp => real(value.to_f64().exp()),
        Function::Ln => real(value.to_f64().ln()),
        Function::Sqrt => real(value.to_f64().sqrt()),
        Function::Log => real(value.to_f64().ln() / other_number()?.to_f64().ln()),
        Function::Round => {
            let places = match other {
                Some(System::Integer(places)) => u8::try_from(*places).ok()?,
                Some(_) => return None,
                None => 0,
            };
            Some(System::Decimal(value.round(places.min(MAX_SCALE))))
        }
        Function::Power => match other? {
            System::Integer(exponent) if *exponent >= 0 => {
                let exact = u32::try_from(*exponent).ok().and_then(|exponent| value.checked_pow(exponent));
                exact.map(System::Decimal).or_else(|| real(value.to_f64().powf(*exponent as f64)))
            }
            _ => real(value.to_f64().powf(other_number()?.to_f64())),
        },
        _ => None,
    }
}

fn quantity<'a>(function: Function, value: Quantity<'a>, other: Option<&System<'a>>) -> Option<System<'a>> {
    let number = match decimal(function, value.value, other)? {
        System::Decimal(number) => number,
        System::Integer(number) => number.into(),
        _ => return None,
    };
    matches!(
        function,
        Function::Abs | Function::Ceiling | Function::Floor | Function::Truncate | Function::Round
    )
    .then(|| System::Quantity(Box::new(Quantity { value: number, unit: value.unit })))
}
