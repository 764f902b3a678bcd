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

/// A place where a value is not as a definition has it.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// From the value to there: `system`, or nothing.
    pub(super) path: String,
    /// What would satisfy the definition.
    pub(super) wanted: String,
}

/// Where a value differs from what is fixed (`is_exact`) or asked as a pattern; at least one place, when it does.
pub(super) fn differences(value: &Value, wanted: &Value, is_exact: bool) -> Vec<Difference> {
    let mut found = Vec::new();
    collect(value, wanted, is_exact, String::new(), &mut found);
    found
}

fn collect(value: &Value, wanted: &Value, is_exact: bool, path: String, found: &mut Vec<Difference>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (value, wanted) {
        (Value::Object(own), Value::Object(parts)) => {
            for (name, part) in parts {
                match own.get(name) {
                    Some(own) => collect(own, part, is_exact, below(name), found),
                    None => found.push(Difference {
                        path: path.clone(),
                        wanted: format!("must have '{name}': {part}"),
                    }),
                }
            }
            for name in own.keys().filter(|name| is_exact && !parts.contains_key(name.as_str())) {
                let wanted = "must not be there: the definition fixes all there is".to_owned();
                found.push(Difference { path: below(name), wanted });
            }
        }
        (value, wanted) if is_exact && !is_fixed(value, wanted) => {
            found.push(Difference { path, wanted: format!("must be exactly {wanted}") });
        }
        (value, wanted) if !is_exact && !fits(value, wanted) => {
            // Of a list any item will do, so it is the whole that lacks something.
            let path = if wanted.is_array() {
                path.rsplit_once('.').map_or("", |(above, _)| above).to_owned()
            } else {
                path
            };
            found.push(Difference { path, wanted: format!("must have {wanted}") });
        }
        _ => {}
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

    #[test]
    fn tells_where() {
        let telecom = json!({"system": "phone", "use": "home"});
        let concept = json!({"coding": [{"system": "s", "code": "b"}]});
        for (value, wanted, is_exact, expected) in [
            (&telecom, json!({"use": "home"}), true, vec!["system"]),
            (&telecom, json!({"use": "home"}), false, vec![]),
            (&telecom, json!({"use": "work", "rank": 1}), false, vec!["use", ""]),
            (&concept, json!({"coding": [{"system": "s", "code": "a"}]}), false, vec![""]),
            (&json!("x"), json!("y"), true, vec![""]),
        ] {
            let found = differences(value, &wanted, is_exact);
            let places: Vec<&str> = found.iter().map(|difference| difference.path.as_str()).collect();
            assert_eq!(places, expected, "{value} {wanted}");
        }
    }
}
