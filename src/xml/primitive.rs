//! Primitive values: what JSON tells apart as strings, numbers and booleans, XML has as text (R4 §2.6.2.2).

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::characters::is_blank;

/// What a primitive type is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonKind {
    /// A string.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// The narrative, whose string is XML.
    Xhtml,
}

impl JsonKind {
    /// What the primitive type of that name is.
    pub fn of(type_name: &str) -> JsonKind {
        match type_name {
            "boolean" => JsonKind::Boolean,
            "decimal" | "integer" | "positiveInt" | "unsignedInt" => JsonKind::Number,
            "xhtml" => JsonKind::Xhtml,
            _ => JsonKind::Text,
        }
    }

    /// The JSON value of an XML attribute.
    pub fn read(self, text: Cow<'_, str>) -> Result<Value, &'static str> {
        // Schema types other than strings may have white space around them.
        let trimmed = text.trim_matches(|c: char| u8::try_from(c).is_ok_and(is_blank));
        match self {
            JsonKind::Text | JsonKind::Xhtml => Ok(Value::String(text.into_owned())),
            JsonKind::Boolean => match trimmed {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err("is neither 'true' nor 'false'"),
            },
            JsonKind::Number => trimmed.parse::<Number>().map(Value::Number).map_err(|_| "is not a number"),
        }
    }

    /// The text of a JSON value in XML.
    pub fn write(self, value: &Value) -> Result<&str, &'static str> {
        match (self, value) {
            (JsonKind::Text | JsonKind::Xhtml, Value::String(text)) => Ok(text),
            (JsonKind::Boolean, Value::Bool(true)) => Ok("true"),
            (JsonKind::Boolean, Value::Bool(false)) => Ok("false"),
            (JsonKind::Number, Value::Number(number)) => Ok(number.as_str()),
            (JsonKind::Text | JsonKind::Xhtml, _) => Err("must be a string in JSON"),
            (JsonKind::Boolean, _) => Err("must be true or false in JSON"),
            (JsonKind::Number, _) => Err("must be a number in JSON"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for text in
            ["0", "1.00", "-0.10", "-0", "1e+3", "1E-7", "12345678901234567890.1234567890", "1e-999999"]
        {
            let value = JsonKind::Number.read(text.into()).unwrap();
            assert_eq!(JsonKind::Number.write(&value), Ok(text.replace('E', "e").as_str()));
            assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        }
        for (text, expected) in [(" 7\n", "7"), ("1e3", "1e+3"), ("1E3", "1e+3")] {
            let value = JsonKind::Number.read(text.into()).unwrap();
            assert_eq!(JsonKind::Number.write(&value), Ok(expected));
        }
        for text in
            ["", " ", "+1", "01", ".5", "1.", "1 2", "1,5", "NaN", "INF", "0x1", "true", "\"1\"", "1e", "--1"]
        {
            assert_eq!(JsonKind::Number.read(text.into()), Err("is not a number"), "{text}");
        }
    }

    #[test]
    fn booleans() {
        for (text, expected) in [
            ("true", Ok(Value::Bool(true))),
            (" false ", Ok(Value::Bool(false))),
            ("1", Err("is neither 'true' nor 'false'")),
            ("True", Err("is neither 'true' nor 'false'")),
        ] {
            assert_eq!(JsonKind::Boolean.read(text.into()), expected);
        }
        assert_eq!(JsonKind::Boolean.write(&Value::from("true")), Err("must be true or false in JSON"));
        assert_eq!(JsonKind::Number.write(&Value::from("1")), Err("must be a number in JSON"));
        assert_eq!(JsonKind::Text.write(&Value::from(1)), Err("must be a string in JSON"));
    }
}
