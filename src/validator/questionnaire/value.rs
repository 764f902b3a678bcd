//! Values of answers: which property holds one, and how two compare.

use std::cmp::Ordering;

use serde_json::Value;

use super::text;
use crate::fhir::time::Period;
use crate::fhirpath::{Decimal, Quantity, Unit};

/// The property of an answer, option or condition that holds the value: its JSON name and the value.
pub(super) fn named<'v>(holder: &'v Value, stem: &str) -> Option<(&'v str, &'v Value)> {
    let own = holder.as_object()?.iter().find(|(name, _)| {
        name.strip_prefix(stem).is_some_and(|kind| kind.starts_with(|c: char| c.is_ascii_uppercase()))
    });
    own.map(|(name, value)| (name.as_str(), value))
}

/// Whether two values are the same answer: codes by system and code, everything else in full.
pub(super) fn is_same(answer: &Value, wanted: &Value) -> bool {
    if let (Some(own), Some(code)) = (text(answer, "code"), text(wanted, "code"))
        && answer.get("value").is_none()
    {
        return own == code && text(answer, "system") == text(wanted, "system");
    }
    match (text(answer, "reference"), text(wanted, "reference")) {
        (Some(own), Some(other)) => own == other,
        _ if answer.is_string() => answer == wanted,
        _ => compare(answer, wanted) == Some(Ordering::Equal) || answer == wanted,
    }
}

/// How two values of the same kind compare; a date without day counts as its first day. `None` when they do not.
pub(super) fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            Some(Decimal::parse(one.as_str())?.cmp(&Decimal::parse(other.as_str())?))
        }
        (Value::String(one), Value::String(other)) => {
            let start = |text: &str| Period::parse(text).map(|period| period.low);
            let moments = start(one).zip(start(other));
            Some(moments.map_or_else(|| one.cmp(other), |(one, other)| one.cmp(&other)))
        }
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        (Value::Object(_), Value::Object(_)) => quantity(one)?.compare(&quantity(other)?),
        _ => None,
    }
}

/// A Quantity with a unit that can be reckoned with.
fn quantity(value: &Value) -> Option<Quantity<'_>> {
    let number = value.get("value")?.as_number()?;
    let unit = match text(value, "code") {
        Some(code) if text(value, "system") == Some("http://unitsofmeasure.org") => Unit::Ucum(code.into()),
        Some(_) => return None,
        None if text(value, "unit").is_none() => Unit::ONE,
        None => return None,
    };
    Some(Quantity { value: Decimal::parse(number.as_str())?, unit })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn compares() {
        let kg = |value: f64| json!({"value": value, "system": "http://unitsofmeasure.org", "code": "kg"});
        for (one, other, expected) in [
            (json!(2), json!(10), Some(Ordering::Less)),
            (json!(1.0), json!(1), Some(Ordering::Equal)),
            (json!("2020"), json!("2020"), Some(Ordering::Equal)),
            (json!("2022-06-30"), json!("2022-06"), Some(Ordering::Greater)),
            (json!("2026-01-01T01:00:00+01:00"), json!("2026-01-01T00:00:00Z"), Some(Ordering::Equal)),
            (json!("09:00:00"), json!("10:00:00"), Some(Ordering::Less)),
            (
                kg(2.0),
                json!({"value": 2000, "system": "http://unitsofmeasure.org", "code": "g"}),
                Some(Ordering::Equal),
            ),
            (kg(2.0), json!({"value": 2, "system": "http://unitsofmeasure.org", "code": "m"}), None),
            (json!({"value": 2, "unit": "Kg"}), json!({"value": 2, "unit": "Kg"}), None),
            (json!(2), json!("2"), None),
        ] {
            assert_eq!(compare(&one, &other), expected, "{one} {other}");
        }
    }

    #[test]
    fn same_answers() {
        for (one, other, expected) in [
            (json!({"system": "s", "code": "a", "display": "A"}), json!({"system": "s", "code": "a"}), true),
            (json!({"system": "s", "code": "a"}), json!({"code": "a"}), false),
            (json!("a"), json!("a"), true),
            (json!(1.0), json!(1), true),
            (json!({"reference": "Patient/1"}), json!({"reference": "Patient/1", "display": "x"}), true),
            (json!(true), json!(false), false),
        ] {
            assert_eq!(is_same(&one, &other), expected, "{one} {other}");
        }
    }
}
