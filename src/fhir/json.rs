//! Reading JSON as FHIR means it: order and decimals kept, property names used once, depth limited.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deeply a resource may nest. Questionnaires in use stay below 30.
pub const MAX_DEPTH: usize = 96;

/// Why a text is not JSON that FHIR accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line}, column {column}")]
pub struct SyntaxError {
    /// What is wrong; holds no values of the resource.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// Parses one JSON document.
///
/// Errors name line and column: malformed JSON, nesting beyond [`MAX_DEPTH`], a property given twice
/// (R4 §2.6.2: names are unique), or text after the end.
pub fn parse(text: &[u8]) -> Result<Value, SyntaxError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Seed { depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|e| describe(&e))?;
    Ok(value)
}

fn describe(error: &serde_json::Error) -> SyntaxError {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or("malformed JSON").to_owned();
    SyntaxError { message, line: error.line().max(1), column: error.column().max(1) }
}

#[derive(Clone, Copy)]
struct Seed {
    depth: usize,
}

impl Seed {
    fn deeper<E: serde::de::Error>(self) -> Result<Seed, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested more than {MAX_DEPTH} levels deep")));
        }
        Ok(Seed { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<std::borrow::Cow<'de, str>>()? {
            // With `arbitrary_precision`, serde_json shows a number as a map with this one private key.
            if key == "$serde_json::private::Number" {
                let text: String = access.next_value()?;
                let number: Number = text.parse().map_err(A::Error::custom)?;
                return Ok(Value::Number(number));
            }
            if map.contains_key(key.as_ref()) {
                return Err(A::Error::custom(format_args!(
                    "property \"{}\" is given twice",
                    printable(&key)
                )));
            }
            map.insert(key.into_owned(), access.next_value_seed(inner)?);
        }
        Ok(Value::Object(map))
    }
}

/// A property name fit for an error text: short, and no control characters.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_decimals_and_order() {
        let text = r#"{"z":1.00,"a":[-0.10,1e3,12345678901234567890.123456789],"m":null,"é":true}"#;
        let value = parse(text.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), text.replace("1e3", "1e+3"));
    }

    #[test]
    fn refuses() {
        let deep = "[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1);
        for (text, expected) in [
            ("{\n  \"a\": 1,\n  \"a\": 2\n}", "property \"a\" is given twice at line 3, column 5"),
            ("{", "EOF while parsing an object at line 1, column 1"),
            ("{} x", "trailing characters at line 1, column 4"),
            ("", "EOF while parsing a value at line 1, column 1"),
            (&deep, "nested more than 96 levels deep at line 1, column 98"),
            ("{\"a\":01}", "invalid number at line 1, column 7"),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().to_string(), expected);
        }
    }
}
