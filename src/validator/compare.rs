//! Comparing values with `fixed[x]` and `pattern[x]` (R4 §5.1.0.12).

use serde_json::Value;

/// Whether a value is exactly the fixed one; the order of properties is of no matter.
pub(super) fn is_fixed(value: &Value, fixed: &Value) -> bool {
    match (value, fixed) {
        (Value::Object(value), Value::Object(fixed)) => {
            value.len() == fixed.len()
                && fixed.iter().all(|(name, part)| value.get(name).is_some_and(|own| is_fixed(own, part)))
        }
        (Value::Array(value), Value::Array(fixed)) => {
            value.len() == fixed.len() && value.iter().zip(fixed).all(|(value, fixed)| is_fixed(value, fixed))
        }
        (value, fixed) => value == fixed,
    }
}

/// Whether a value has everything the pattern has; it may have more.
pub(super) fn fits(value: &Value, pattern: &Value) -> bool {
    match (value, pattern) {
        (Value::Object(value), Value::Object(pattern)) => {
            pattern.iter().all(|(name, part)| value.get(name).is_some_and(|own| fits(own, part)))
        }
        (Value::Array(value), Value::Array(pattern)) => {
            pattern.iter().all(|part| value.iter().any(|own| fits(own, part)))
        }
        (value, pattern) => value == pattern,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn compares() {
        let coding = json!({"coding": [{"system": "s", "code": "a"}]});
        let richer =
            json!({"text": "A", "coding": [{"code": "b"}, {"code": "a", "system": "s", "display": "A"}]});
        for (value, wanted, fixed, pattern) in [
            (&coding, &coding, true, true),
            (&richer, &coding, false, true),
            (&coding, &richer, false, false),
            (&json!("x"), &json!("x"), true, true),
            (&json!("x"), &json!("y"), false, false),
            (&json!({"b": 1, "a": 2}), &json!({"a": 2, "b": 1}), true, true),
        ] {
            assert_eq!((is_fixed(value, wanted), fits(value, wanted)), (fixed, pattern), "{value} {wanted}");
        }
    }
}
