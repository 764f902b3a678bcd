//! `*`, `/`, `div`, `mod`, `+`, `-`, `&` (FHIRPath §6.6). What does not fit, and division by zero, gives nothing.

use super::{Evaluator, Flow, Scope, Sink};
use crate::fhirpath::decimal::Decimal;
use crate::fhirpath::environment::EvaluationError;
use crate::fhirpath::expression::{Expr, Operator};
use crate::fhirpath::node::{Node, System};
use crate::fhirpath::quantity::{Quantity, Unit};
use crate::fhirpath::temporal::Calendar;

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn arithmetic(
        &self,
        operator: Operator,
        (left, right): &'a (Expr, Expr),
        scope: Scope<'_, 'a>,
        out: Sink<'_, 'a>,
    ) -> Flow {
        let symbol = operator.symbol();
        let left = self.value(left, scope, symbol)?;
        if left.is_none() && operator != Operator::Concatenate {
            return Ok(());
        }
        let right = self.value(right, scope, symbol)?;
        let (left, right) = match (left, right) {
            // `&` takes nothing for an empty text.
            (left, right) if operator == Operator::Concatenate => {
                let empty = || System::string("");
                (left.unwrap_or_else(empty), right.unwrap_or_else(empty))
            }
            (Some(left), Some(right)) => (left, right),
            _ => return Ok(()),
        };
        let found = (left.type_name(), right.type_name());
        let result = match (operator, left, right) {
            (Operator::Plus | Operator::Concatenate, System::String(a), System::String(b)) => {
                self.afford(a.len() + b.len())?;
                Some(Some(System::string(a.into_owned() + &b)))
            }
            (Operator::Concatenate, ..) => None,
            (operator, left, right) => calculate(operator, left, right),
        };
        match result {
            Some(Some(value)) => out(Node::System(value)),
            Some(None) => Ok(()),
            None => {
                let found = format!("{} and {}", found.0, found.1);
                Err(EvaluationError::WrongType { operation: symbol, found }.into())
            }
        }
    }
}

/// `None` when the operator does not take such values, `Some(None)` when there is no result.
fn calculate<'a>(operator: Operator, left: System<'a>, right: System<'a>) -> Option<Option<System<'a>>> {
    use System::{Date, DateTime, Decimal as Dec, Integer, Quantity as Qty, Time};
    Some(match (left, right) {
        (Integer(a), Integer(b)) => match operator {
            Operator::Plus => a.checked_add(b).map(Integer),
            Operator::Minus => a.checked_sub(b).map(Integer),
            Operator::Multiply => a.checked_mul(b).map(Integer),
            Operator::Div => a.checked_div(b).map(Integer),
            Operator::Mod => a.checked_rem(b).map(Integer),
            _ => decimals(operator, a.into(), b.into()),
        },
        (Integer(a), Dec(b)) => decimals(operator, a.into(), b),
        (Dec(a), Integer(b)) => decimals(operator, a, b.into()),
        (Dec(a), Dec(b)) => decimals(operator, a, b),
        (Qty(a), Qty(b)) => quantities(operator, &a, &b)?,
        (Qty(a), Integer(b)) => quantities(operator, &a, &Quantity::number(b.into()))?,
        (Qty(a), Dec(b)) => quantities(operator, &a, &Quantity::number(b))?,
        (Integer(a), Qty(b)) => quantities(operator, &Quantity::number(a.into()), &b)?,
        (Dec(a), Qty(b)) => quantities(operator, &Quantity::number(a), &b)?,
        (Date(date), Qty(span)) => {
            let (amount, unit) = duration(operator, &span)?;
            date.plus(amount, unit).map(Date)
        }
        (DateTime(moment), Qty(span)) => {
            let (amount, unit) = duration(operator, &span)?;
            moment.plus(amount, unit).map(DateTime)
        }
        (Time(time), Qty(span)) => {
            let (amount, unit) = duration(operator, &span)?;
            time.plus(amount, unit).map(Time)
        }
        _ => return None,
    })
}

fn decimals<'a>(operator: Operator, a: Decimal, b: Decimal) -> Option<System<'a>> {
    match operator {
        Operator::Plus => a.checked_add(b),
        Operator::Minus => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide => a.checked_div(b),
        Operator::Div => return a.whole_div(b)?.to_integer().map(System::Integer),
        _ => a.checked_rem(b),
    }
    .map(System::Decimal)
}

fn quantities<'a>(operator: Operator, a: &Quantity<'a>, b: &Quantity<'a>) -> Option<Option<System<'a>>> {
    let result = match operator {
        Operator::Plus => a.checked_add(b),
        Operator::Minus => a.checked_add(&Quantity { value: -b.value, unit: b.unit.clone() }),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide => a.checked_div(b),
        _ => return None,
    };
    Some(result.map(|quantity| System::Quantity(Box::new(quantity))))
}

/// What may be added to a date: an amount of a unit of time.
fn duration(operator: Operator, span: &Quantity<'_>) -> Option<(Decimal, Calendar)> {
    let amount = match operator {
        Operator::Plus => span.value,
        Operator::Minus => -span.value,
        _ => return None,
    };
    // The official suite cuts off fractions of UCUM's seconds; those of the calendar's count.
    let is_ucum = matches!(span.unit, Unit::Ucum(_));
    Some((if is_ucum { amount.truncate(0) } else { amount }, span.unit.calendar()?))
}
