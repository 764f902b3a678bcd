//! Conversions between types (FHIRPath §5.5).

use std::borrow::Cow;

use super::{Evaluator, Flow, Scope, Sink};
use crate::fhirpath::decimal::Decimal;
use crate::fhirpath::expression::Call;
use crate::fhirpath::function::Function;
use crate::fhirpath::node::System;
use crate::fhirpath::quantity::{Quantity, Unit};
use crate::fhirpath::temporal::{Calendar, Date, DateTime, Time};

impl<'a> Evaluator<'_, 'a> {
    /// `toX()` and `convertsToX()`.
    pub(super) fn conversion(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        use Function::*;
        let Some(node) = self.single(&call.on, scope, call.function.name())? else { return Ok(()) };
        let value = node.system(self.environment.types);
        let unit = match call.arguments.first() {
            Some(unit) => self.text(unit, scope, call.function.name())?,
            None => None,
        };
        let (convert, is_question): (fn(System<'a>) -> Option<System<'a>>, bool) = match call.function {
            ToBoolean => (to_boolean, false),
            ConvertsToBoolean => (to_boolean, true),
            ToInteger => (to_integer, false),
            ConvertsToInteger => (to_integer, true),
            ToDecimal => (to_decimal, false),
            ConvertsToDecimal => (to_decimal, true),
            ToDate => (to_date, false),
            ConvertsToDate => (to_date, true),
            ToDateTime => (to_date_time, false),
            ConvertsToDateTime => (to_date_time, true),
            ToTime => (to_time, false),
            ConvertsToTime => (to_time, true),
            ToQuantity => (to_quantity, false),
            ConvertsToQuantity => (to_quantity, true),
            ToString => (to_string, false),
            _ => (to_string, true),
        };
        let mut converted = value.and_then(convert);
        if let (Some(System::Quantity(quantity)), Some(unit)) = (&converted, unit) {
            converted = in_unit(quantity, unit);
        }
        match (converted, is_question) {
            (converted, true) => out(converted.is_some().into()),
            (Some(value), false) => out(value.into_node()),
            (None, false) => Ok(()),
        }
    }
}

impl<'a> System<'a> {
    fn into_node(self) -> super::Node<'a> {
        super::Node::System(self)
    }
}

fn to_boolean(value: System<'_>) -> Option<System<'_>> {
    let answer = match value {
        System::Boolean(value) => value,
        System::Integer(1) => true,
        System::Integer(0) => false,
        System::Decimal(value) if value == Decimal::ONE => true,
        System::Decimal(value) if value.is_zero() => false,
        System::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" | "1.0" => true,
            "false" | "f" | "no" | "n" | "0" | "0.0" => false,
            _ => return None,
        },
        _ => return None,
    };
    Some(System::Boolean(answer))
}

fn to_integer(value: System<'_>) -> Option<System<'_>> {
    match value {
        System::Integer(value) => Some(value),
        System::Boolean(value) => Some(value.into()),
        System::String(text) => text.parse().ok(),
        _ => None,
    }
    .map(System::Integer)
}

fn to_decimal(value: System<'_>) -> Option<System<'_>> {
    match value {
        System::Integer(value) => Some(value.into()),
        System::Decimal(value) => Some(value),
        System::Boolean(value) => Decimal::new(if value { 10 } else { 0 }, 1),
        System::String(text) if !text.contains(['e', 'E']) => Decimal::parse(&text),
        _ => None,
    }
    .map(System::Decimal)
}

fn to_date(value: System<'_>) -> Option<System<'_>> {
    match value {
        System::Date(date) => Some(date),
        System::DateTime(moment) => Some(moment.date()),
        System::String(text) => DateTime::parse(&text).map(DateTime::date),
        _ => None,
    }
    .map(System::Date)
}

fn to_date_time(value: System<'_>) -> Option<System<'_>> {
    match value {
        System::Date(date) => Some(Date::into(date)),
        System::DateTime(moment) => Some(moment),
        System::String(text) => DateTime::parse(&text),
        _ => None,
    }
    .map(System::DateTime)
}

fn to_time(value: System<'_>) -> Option<System<'_>> {
    match value {
        System::Time(time) => Some(time),
        System::String(text) => Time::parse(&text),
        _ => None,
    }
    .map(System::Time)
}

fn to_quantity(value: System<'_>) -> Option<System<'_>> {
    match value {
        System::Quantity(quantity) => return Some(System::Quantity(quantity)),
        System::Integer(value) => Some(Quantity::number(value.into())),
        System::Decimal(value) => Some(Quantity::number(value)),
        System::Boolean(value) => Decimal::new(if value { 10 } else { 0 }, 1).map(Quantity::number),
        System::String(text) => Quantity::parse(&text),
        _ => None,
    }
    .map(|quantity| System::Quantity(Box::new(quantity)))
}

fn to_string(value: System<'_>) -> Option<System<'_>> {
    Some(System::String(value.into_text()))
}

/// `toQuantity(unit)`.
fn in_unit<'a>(quantity: &Quantity<'a>, unit: Cow<'a, str>) -> Option<System<'a>> {
    let unit = Calendar::parse(&unit).map_or(Unit::Ucum(unit), Unit::Calendar);
    let value = quantity.converted(&unit)?;
    Some(System::Quantity(Box::new(Quantity { value, unit })))
}
