//! Primitive types: their JSON kinds and what their values must be like (R4 §2.24.0.1).

use serde_json::Value;

use super::format::{date, is_base64, is_code, is_date_time, is_oid, is_uuid, time};
use crate::fhir::Id;

/// A primitive type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Primitive {
    Base64Binary,
    Boolean,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Oid,
    PositiveInt,
    /// `string` and `markdown`.
    Text,
    Time,
    UnsignedInt,
    /// `uri`, `url` and `canonical`.
    Uri,
    Uuid,
    Xhtml,
}

/// The longest text, in bytes: R4 says 1 MB.
const MAX_TEXT: usize = 1 << 20;

impl Primitive {
    /// The primitive of that name; those unknown here are taken as text.
    pub(super) fn named(name: &str) -> Primitive {
        match name {
            "base64Binary" => Primitive::Base64Binary,
            "boolean" => Primitive::Boolean,
            "code" => Primitive::Code,
            "date" => Primitive::Date,
            "dateTime" => Primitive::DateTime,
            "decimal" => Primitive::Decimal,
            "id" => Primitive::Id,
            "instant" => Primitive::Instant,
            "integer" => Primitive::Integer,
            "oid" => Primitive::Oid,
            "positiveInt" => Primitive::PositiveInt,
            "time" => Primitive::Time,
            "unsignedInt" => Primitive::UnsignedInt,
            "uri" | "url" | "canonical" => Primitive::Uri,
            "uuid" => Primitive::Uuid,
            "xhtml" => Primitive::Xhtml,
            _ => Primitive::Text,
        }
    }

    /// The JSON kind its values have.
    pub(super) fn json_kind(self) -> &'static str {
        match self {
            Primitive::Boolean => "true or false",
            Primitive::Decimal | Primitive::Integer | Primitive::PositiveInt | Primitive::UnsignedInt => {
                "a number"
            }
            _ => "a string",
        }
    }

    /// Whether a value is of that JSON kind.
    pub(super) fn has_kind(self, value: &Value) -> bool {
        match value {
            Value::Bool(_) => self == Primitive::Boolean,
            Value::Number(_) => self.json_kind() == "a number",
            Value::String(_) => self.json_kind() == "a string",
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        }
    }

    /// What is wrong with a value of the right kind: what it should be.
    pub(super) fn flaw(self, value: &Value) -> Option<&'static str> {
        match value {
            Value::Number(number) => self.number_flaw(number.as_str()),
            Value::String(text) => self.text_flaw(text),
            _ => None,
        }
    }

    fn number_flaw(self, text: &str) -> Option<&'static str> {
        let integer = || text.parse::<i32>().ok().filter(|_| !text.contains('+'));
        let (is_good, flaw) = match self {
            Primitive::Integer => (integer().is_some(), "must be a whole number of 32 bits"),
            Primitive::PositiveInt => {
                (integer().is_some_and(|n| n > 0), "must be a whole number from 1 to 2,147,483,647")
            }
            Primitive::UnsignedInt => {
                (integer().is_some_and(|n| n >= 0), "must be a whole number from 0 to 2,147,483,647")
            }
            _ => return None,
        };
        (!is_good).then_some(flaw)
    }

    fn text_flaw(self, text: &str) -> Option<&'static str> {
        if text.is_empty() {
            return Some("must not be empty");
        }
        let bytes = text.as_bytes();
        let (is_good, flaw) = match self {
            Primitive::Text => {
                if text.len() > MAX_TEXT {
                    return Some("must not be longer than 1 MB");
                }
                let is_control = |b: &u8| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r');
                (!bytes.iter().any(is_control), "must not have control characters")
            }
            Primitive::Code => {
                (is_code(text), "must be a code: no spaces around it, no more than one between words")
            }
            Primitive::Uri => {
                let is_urn =
                    |prefix: &str, has_form: fn(&str) -> bool| !text.starts_with(prefix) || has_form(text);
                if !is_urn("urn:uuid:", |text| is_uuid(&text.to_ascii_lowercase())) {
                    return Some("must have a UUID after 'urn:uuid:'");
                }
                (!text.contains(char::is_whitespace), "must be a URI: no spaces")
            }
            Primitive::Id => (Id::is_valid(text), "must be an id: 1 to 64 of A-Z, a-z, 0-9, '-', '.'"),
            Primitive::Oid => (is_oid(text), "must be an OID: 'urn:oid:' and numbers joined by dots"),
            Primitive::Uuid => (is_uuid(text), "must be a UUID in lower case after 'urn:uuid:'"),
            Primitive::Base64Binary => (is_base64(bytes), "must be base64"),
            Primitive::Date => {
                (date(bytes) == Some(bytes.len()), "must be a date: YYYY, YYYY-MM or YYYY-MM-DD")
            }
            Primitive::DateTime => (
                is_date_time(bytes, false),
                "must be a date (YYYY, YYYY-MM or YYYY-MM-DD), or a date with time to seconds and time zone",
            ),
            Primitive::Instant => (
                is_date_time(bytes, true),
                "must be an instant: a full date with time to seconds and time zone",
            ),
            Primitive::Time => (time(bytes) == Some(bytes.len()), "must be a time: hh:mm:ss"),
            Primitive::Xhtml => (text.trim_start().starts_with('<'), "must be XHTML in a <div>"),
            Primitive::Boolean
            | Primitive::Decimal
            | Primitive::Integer
            | Primitive::PositiveInt
            | Primitive::UnsignedInt => return None,
        };
        (!is_good).then_some(flaw)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn formats() {
        for (name, good, bad) in [
            ("integer", json!([0, -5, 2147483647]), json!([1.5, 2147483648u32, 1e3])),
            ("positiveInt", json!([1]), json!([0, -1, 1.0])),
            ("unsignedInt", json!([0, 7]), json!([-1])),
            ("decimal", json!([0, 1.00, -1e-5]), json!([])),
            ("string", json!(["a", " a ", "ä\n\t"]), json!(["", "a\u{0}", "\u{1b}"])),
            ("code", json!(["a", "a b", "ü"]), json!(["", " a", "a ", "a  b", "a\n\nb", " "])),
            ("id", json!(["a-1.B"]), json!(["a_b", "", "ä"])),
            (
                "uri",
                json!(["http://a/b", "urn:x", "#1", "urn:uuid:C757873d-ec9a-4326-a141-556f43239520"]),
                json!(["", "a b", "a\n", "urn:uuid:1"]),
            ),
            (
                "oid",
                json!(["urn:oid:2.16.840.1"]),
                json!(["2.16", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.02", "urn:oid:1."]),
            ),
            (
                "uuid",
                json!(["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"]),
                json!([
                    "c757873d-ec9a-4326-a141-556f43239520",
                    "urn:uuid:C757873d-ec9a-4326-a141-556f43239520",
                    "urn:uuid:1"
                ]),
            ),
            (
                "base64Binary",
                json!(["QUI=", "QUJD", "QU JD\nQUJD", "QQ=="]),
                json!(["", "QUI", "QU=D", "Q===", "ÄÄÄÄ"]),
            ),
            (
                "date",
                json!(["2026", "2026-02", "2024-02-29"]),
                json!([
                    "26",
                    "2026-13",
                    "2026-02-29",
                    "2026-2",
                    "0000",
                    "2026-11-22T00:00:00Z",
                    "2026-00",
                    "2026-01-00"
                ]),
            ),
            (
                "dateTime",
                json!([
                    "2026",
                    "2026-11-22T10:00:00Z",
                    "2026-11-22T10:00:00.123-05:00",
                    "2016-12-31T23:59:60Z",
                    "2026-11-22T10:00:00+14:00"
                ]),
                json!([
                    "2026-11-22T10:00Z",
                    "2026-11-22T10:00:00",
                    "2026-11-22T24:00:00Z",
                    "2026-11T10:00:00Z",
                    "2026-11-22T10:00:00.Z",
                    "2026-11-22T10:00:00+14:30",
                    "2026-11-22 10:00:00Z",
                    "2026-11-22T"
                ]),
            ),
            ("instant", json!(["2026-11-22T10:00:00Z"]), json!(["2026", "2026-11-22"])),
            (
                "time",
                json!(["10:00:00", "10:00:00.5"]),
                json!(["10:00", "24:00:00", "10:00:00Z", "10-00-00"]),
            ),
            ("xhtml", json!(["<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"]), json!(["x"])),
        ] {
            let primitive = Primitive::named(name);
            for value in good.as_array().unwrap() {
                assert!(primitive.has_kind(value), "{name} {value}");
                assert_eq!(primitive.flaw(value), None, "{name} {value}");
            }
            for value in bad.as_array().unwrap() {
                assert!(primitive.has_kind(value) && primitive.flaw(value).is_some(), "{name} {value}");
            }
        }
        assert!(!Primitive::Boolean.has_kind(&json!("true")));
        assert!(!Primitive::Decimal.has_kind(&json!("1.0")));
        assert!(!Primitive::Text.has_kind(&json!(1)));
    }
}
