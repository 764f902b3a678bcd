//! Whether two items are equal, equivalent, or which comes first (FHIRPath §6.1, §6.2).

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{Evaluator, Flow};
use crate::fhirpath::decimal::Decimal;
use crate::fhirpath::node::{Element, Node, System};
use crate::fhirpath::quantity::Quantity;
use crate::fhirpath::temporal::DateTime;

impl<'a> Evaluator<'_, 'a> {
    /// Whether two items are equal; `None` where that is not certain.
    pub(super) fn equal(&self, a: &Node<'a>, b: &Node<'a>) -> Flow<Option<bool>> {
        self.spend(1)?;
        let types = self.environment.types;
        match (a.system(types), b.system(types)) {
            (Some(x), Some(y)) => match (equal(&x, &y), a, b) {
                // Quantities that cannot be compared may still be one and the same.
                (None, Node::Element(a), Node::Element(b)) if matches!(x, System::Quantity(_)) => {
                    Ok(self.same(a, b, false)?.then_some(true))
                }
                (answer, ..) => Ok(answer),
            },
            (None, None) => match (a, b) {
                (Node::Element(a), Node::Element(b)) => Ok(Some(self.same(a, b, false)?)),
                (Node::Type(a), Node::Type(b)) => Ok(Some(a == b)),
                _ => Ok(Some(false)),
            },
            _ => Ok(Some(false)),
        }
    }

    /// Whether two items mean the same.
    pub(super) fn equivalent(&self, a: &Node<'a>, b: &Node<'a>) -> Flow<bool> {
        self.spend(1)?;
        let types = self.environment.types;
        match (a.system(types), b.system(types)) {
            (Some(a), Some(b)) => Ok(equivalent(&a, &b)),
            (None, None) => match (a, b) {
                (Node::Element(a), Node::Element(b)) => self.same(a, b, true),
                (Node::Type(a), Node::Type(b)) => Ok(a == b),
                _ => Ok(false),
            },
            _ => Ok(false),
        }
    }

    /// Whether two elements have the same content.
    fn same(&self, a: &Element<'a>, b: &Element<'a>, loosely: bool) -> Flow<bool> {
        let part = |a: Option<&Value>, b: Option<&Value>| match (a, b) {
            (Some(a), Some(b)) => self.same_json(a, b, loosely),
            (a, b) => Ok(a.is_none() && b.is_none()),
        };
        Ok(part(a.value, b.value)? && part(a.extra, b.extra)?)
    }

    fn same_json(&self, a: &Value, b: &Value, loosely: bool) -> Flow<bool> {
        if std::ptr::eq(a, b) {
            return Ok(true);
        }
        self.spend(1)?;
        match (a, b) {
            (Value::String(a), Value::String(b)) if loosely => Ok(folded(a).eq(folded(b))),
            (Value::Number(a), Value::Number(b)) => {
                Ok(match (Decimal::parse(a.as_str()), Decimal::parse(b.as_str())) {
                    (Some(a), Some(b)) if loosely => a.is_equivalent(b),
                    (Some(a), Some(b)) => a == b,
                    _ => a == b,
                })
            }
            (Value::Array(a), Value::Array(b)) if a.len() != b.len() => Ok(false),
            (Value::Array(a), Value::Array(b)) if loosely => {
                let mut open: Vec<&Value> = b.iter().collect();
                for item in a {
                    let mut found = None;
                    for (index, other) in open.iter().enumerate() {
                        if self.same_json(item, other, true)? {
                            found = Some(index);
                            break;
                        }
                    }
                    match found {
                        Some(index) => drop(open.swap_remove(index)),
                        None => return Ok(false),
                    }
                }
                Ok(true)
            }
            (Value::Array(a), Value::Array(b)) => {
                for (a, b) in a.iter().zip(b) {
                    if !self.same_json(a, b, false)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Object(a), Value::Object(b)) => self.same_object(a, b, loosely),
            _ => Ok(a == b),
        }
    }

    fn same_object(&self, a: &Map<String, Value>, b: &Map<String, Value>, loosely: bool) -> Flow<bool> {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (key, value) in a {
            match b.get(key) {
                Some(other) if self.same_json(value, other, loosely)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// A value as a number, when it is one.
fn number(value: &System<'_>) -> Option<Decimal> {
    match value {
        System::Integer(value) => Some((*value).into()),
        System::Decimal(value) => Some(*value),
        _ => None,
    }
}

/// A value as a moment, when it is a date or a moment.
fn moment(value: &System<'_>) -> Option<DateTime> {
    match value {
        System::Date(date) => Some((*date).into()),
        System::DateTime(moment) => Some(*moment),
        _ => None,
    }
}

/// The order of two values: `None` when their types have none in common, `Some(None)` when it is not certain.
pub(super) fn order(a: &System<'_>, b: &System<'_>) -> Option<Option<Ordering>> {
    match (a, b) {
        (System::String(a), System::String(b)) => Some(Some(a.cmp(b))),
        (System::Integer(a), System::Integer(b)) => Some(Some(a.cmp(b))),
        (System::Time(a), System::Time(b)) => Some(a.compare(*b)),
        (System::Quantity(a), System::Quantity(b)) => Some(a.compare(b)),
        (System::Quantity(a), b) => Some(a.compare(&Quantity::number(number(b)?))),
        (a, System::Quantity(b)) => Some(Quantity::number(number(a)?).compare(b)),
        _ => {
            if let Some((a, b)) = number(a).zip(number(b)) {
                return Some(Some(a.cmp(&b)));
            }
            let (a, b) = moment(a).zip(moment(b))?;
            Some(a.compare(b))
        }
    }
}

/// Whether two values are equal; `None` where that is not certain. Values of different types are not.
pub(super) fn equal(a: &System<'_>, b: &System<'_>) -> Option<bool> {
    match (a, b) {
        (System::String(a), System::String(b)) => Some(a == b),
        (System::Boolean(a), System::Boolean(b)) => Some(a == b),
        _ => match order(a, b) {
            Some(order) => order.map(Ordering::is_eq),
            None => Some(false),
        },
    }
}

fn equivalent(a: &System<'_>, b: &System<'_>) -> bool {
    match (a, b) {
        (System::String(a), System::String(b)) => folded(a).eq(folded(b)),
        (System::Quantity(a), System::Quantity(b)) => a.is_equivalent(b),
        (System::Quantity(a), b) => number(b).is_some_and(|b| a.is_equivalent(&Quantity::number(b))),
        (a, System::Quantity(b)) => number(a).is_some_and(|a| Quantity::number(a).is_equivalent(b)),
        _ => match number(a).zip(number(b)) {
            Some((a, b)) => a.is_equivalent(b),
            None => equal(a, b) == Some(true),
        },
    }
}

/// A text in small letters, with any run of blanks as one (§6.1.2).
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut after_blank = false;
    text.trim().chars().flat_map(char::to_lowercase).filter_map(move |c| {
        let is_blank = c.is_whitespace();
        let repeated = is_blank && after_blank;
        after_blank = is_blank;
        (!repeated).then_some(if is_blank { ' ' } else { c })
    })
}
