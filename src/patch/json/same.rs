//! When two JSON values are equal (RFC 6902 §4.6).

use serde_json::Value;

/// Whether two values are equal: numbers by their value, objects whatever the order of their members.
pub(super) fn are_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a.as_str() == b.as_str() || number(a.as_str()) == number(b.as_str())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| are_same(a, b)))
        }
        _ => a == b,
    }
}

/// Sign, digits without zeros around them, and the power of ten of the last of them.
fn number(text: &str) -> Option<(bool, String, i64)> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let exponent: i64 = exponent.parse().ok()?;
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    match significant.trim_start_matches('0') {
        "" => Some((false, String::new(), 0)),
        digits => Some((is_negative, digits.to_owned(), exponent)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality() {
        for (a, b, expected) in [
            ("1", "1.0", true),
            ("100", "1e2", true),
            ("0", "-0.00", true),
            ("0.010", "1E-2", true),
            ("-5", "5", false),
            ("1e99999999999999999999", "1e99999999999999999999", true),
            ("10", "\"10\"", false),
            ("null", "false", false),
            (r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"a":1}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false),
            ("[1,2]", "[2,1]", false),
        ] {
            let [a, b] = [a, b].map(|text| serde_json::from_str(text).unwrap());
            assert_eq!(are_same(&a, &b), expected, "{a} {b}");
            assert_eq!(are_same(&b, &a), expected, "{b} {a}");
        }
    }
}
