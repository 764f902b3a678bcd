//! `lowBoundary()`, `highBoundary()`, `precision()`: what a value of limited precision may mean.

use super::functions::argument;
use super::{Evaluator, Flow, Scope, Sink};
use crate::fhirpath::decimal::{Decimal, MAX_SCALE};
use crate::fhirpath::expression::Call;
use crate::fhirpath::function::Function;
use crate::fhirpath::node::{Node, System};
use crate::fhirpath::quantity::Quantity;

/// Places of a decimal's boundary unless asked otherwise.
const DECIMAL_PLACES: u8 = 8;

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn boundary(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let whose = call.function.name();
        let Some(value) = self.value(&call.on, scope, whose)? else { return Ok(()) };
        if call.function == Function::Precision {
            let precision = match value {
                System::Decimal(value) => value.scale(),
                System::Date(date) => date.precision(),
                System::DateTime(moment) => moment.precision(),
                System::Time(time) => time.precision(),
                System::Integer(_) => 0,
                other => return self.wrong_type(whose, &Node::System(other)),
            };
            return out(Node::from(i64::from(precision)));
        }
        let is_low = call.function == Function::LowBoundary;
        let asked = match call.arguments.is_empty() {
            true => None,
            false => match self.integer(argument(call, 0), scope, whose)? {
                // No value has a negative precision, or one that high.
                Some(precision) => match u8::try_from(precision) {
                    Ok(precision) => Some(precision),
                    Err(_) => return Ok(()),
                },
                None => None,
            },
        };
        let of_decimal = |value: Decimal| decimal_boundary(value, asked.unwrap_or(DECIMAL_PLACES), is_low);
        let result = match value {
            System::Integer(value) => of_decimal(value.into()).map(System::Decimal),
            System::Decimal(value) => of_decimal(value).map(System::Decimal),
            System::Quantity(quantity) => of_decimal(quantity.value)
                .map(|value| System::Quantity(Box::new(Quantity { value, unit: quantity.unit }))),
            System::Date(date) => {
                let precision = asked.unwrap_or(8);
                if is_low { date.low_boundary(precision) } else { date.high_boundary(precision) }
                    .map(System::Date)
            }
            System::DateTime(moment) => {
                let precision = asked.unwrap_or(17);
                if is_low { moment.low_boundary(precision) } else { moment.high_boundary(precision) }
                    .map(System::DateTime)
            }
            System::Time(time) => {
                let precision = asked.unwrap_or(9);
                if is_low { time.low_boundary(precision) } else { time.high_boundary(precision) }
                    .map(System::Time)
            }
            other => return self.wrong_type(whose, &Node::System(other)),
        };
        result.map_or(Ok(()), |value| out(Node::System(value)))
    }
}

/// Half a unit of the last place below or above. With fewer places than that asked for, the boundary further from zero
/// is rounded and the nearer one cut off, as the official suite has it.
fn decimal_boundary(value: Decimal, places: u8, is_low: bool) -> Option<Decimal> {
    if places > MAX_SCALE {
        return None;
    }
    let half = Decimal::new(5, value.scale().checked_add(1)?)?;
    let boundary = if is_low { value.checked_sub(half)? } else { value.checked_add(half)? };
    if places >= boundary.scale() {
        return boundary.with_scale(places);
    }
    let is_outer = boundary.is_negative() == is_low;
    Some(if is_outer { boundary.round(places) } else { boundary.truncate(places) })
}
