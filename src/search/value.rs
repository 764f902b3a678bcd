//! Values in a search URL (R4 §3.1.1.5).

use crate::fhir::time::Period;
use crate::fhir::{Id, Reference};

use super::condition::{NumberTest, Prefix, ReferenceTest, TextTest, TokenTest};
use super::fold;

/// Splits at a separator that is not escaped with a backslash.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == separator {
            parts.push(&text[start..at]);
            start = at + separator.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Takes the backslashes off `\,`, `\|`, `\$` and `\\`.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(next @ (',' | '|' | '$' | '\\'))) => {
                plain.push(*next);
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}

/// `code`, `system|code`, `|code` or `system|`.
pub(super) fn token(text: &str) -> TokenTest {
    match *split(text, '|').as_slice() {
        [system, ""] => TokenTest::System(unescape(system)),
        [system, code] => TokenTest::Coding { system: unescape(system), code: unescape(code).to_lowercase() },
        _ => TokenTest::Code(unescape(text).to_lowercase()),
    }
}

/// An id, `Type/id`, a URL, each perhaps with a version. `type_name` comes from a modifier such as `:Patient`. `None` when
/// the value can be no reference. An absolute URL of another server may be meant as a reference or a canonical: then
/// there are two tests.
pub(super) fn reference(text: &str, type_name: Option<&str>, own_base: &str) -> Vec<ReferenceTest> {
    let text = unescape(text);
    let test = |id: &str, type_name: Option<&str>, base: &str, version: Option<&str>| ReferenceTest {
        id: id.to_owned(),
        type_name: type_name.map(str::to_owned),
        base: base.to_owned(),
        version: version.map(str::to_owned),
    };
    let url = |text: &str| match text.split_once('|') {
        Some((url, version)) => test(url, None, "", Some(version)),
        None => test(text, None, "", None),
    };
    match Reference::parse(&text) {
        Reference::Relative { type_name: named, id, version } => {
            let agrees = type_name.is_none_or(|wanted| wanted == named);
            if agrees { vec![test(id, Some(named), "", version)] } else { Vec::new() }
        }
        reference @ Reference::Absolute { base, type_name: named, id, version } => {
            let base = if reference.local(own_base).is_some() { "" } else { base };
            let mut tests = vec![test(id, Some(named), base, version)];
            if !base.is_empty() {
                tests.push(url(&text));
            }
            tests
        }
        Reference::Other(id) if Id::is_valid(id) => vec![test(id, type_name, "", None)],
        Reference::Urn(text) | Reference::Other(text) if text.contains(':') => vec![url(text)],
        _ => Vec::new(),
    }
}

/// A date with its prefix.
pub(super) fn date(text: &str) -> Option<(Prefix, Period)> {
    let (prefix, date) = Prefix::split(text);
    // A plus sign that was not percent-encoded arrives as a space.
    Some((prefix, Period::parse(&date.replace(' ', "+"))?))
}

/// A text, with the modifier that says how to compare.
pub(super) fn string(text: &str, modifier: Option<&str>) -> TextTest {
    let text = unescape(text);
    match modifier {
        Some("exact") => TextTest::Exact(text),
        Some("contains") => TextTest::Contains(fold(&text)),
        _ => TextTest::Starts(fold(&text)),
    }
}

/// A number with its prefix.
pub(super) fn number(text: &str) -> Option<NumberTest> {
    let (prefix, digits) = Prefix::split(text);
    let (value, margin) = decimal(digits)?;
    Some(NumberTest { prefix, value, margin, system: None, unit: None })
}

/// `number`, `number|system|code` or `number||code`, with a prefix.
pub(super) fn quantity(text: &str) -> Option<NumberTest> {
    match *split(text, '|').as_slice() {
        [digits] => number(digits),
        [digits, system, unit] => {
            let some = |text: &str| (!text.is_empty()).then(|| unescape(text));
            Some(NumberTest { system: some(system), unit: some(unit), ..number(digits)? })
        }
        _ => None,
    }
}

/// A decimal and half of its last digit.
fn decimal(text: &str) -> Option<(f64, f64)> {
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+' || c == '.') {
        return None;
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let exponent: i32 = exponent.parse().ok()?;
    let margin = 0.5 * 10f64.powi(exponent - i32::try_from(decimals).ok()?);
    // No finer than the numbers it is compared with.
    Some((value, margin.max(value.abs() * f64::EPSILON)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting() {
        for (text, expected) in [
            ("a,b", vec!["a", "b"]),
            (r"a\,b,c", vec!["a,b", "c"]),
            (r"a\\,c", vec![r"a\", "c"]),
            ("", vec![""]),
            (",", vec!["", ""]),
        ] {
            let parts: Vec<String> = split(text, ',').into_iter().map(unescape).collect();
            assert_eq!(parts, expected, "{text}");
        }
    }

    #[test]
    fn tokens() {
        let coding =
            |system: &str, code: &str| TokenTest::Coding { system: system.into(), code: code.into() };
        for (text, expected) in [
            ("Requested", TokenTest::Code("requested".into())),
            ("http://a|B", coding("http://a", "b")),
            ("|b", coding("", "b")),
            ("http://a|", TokenTest::System("http://a".into())),
            (r"a\|b", TokenTest::Code("a|b".into())),
        ] {
            assert_eq!(token(text), expected, "{text}");
        }
    }

    #[test]
    fn references() {
        let own = "http://gw.example/fhir";
        let show = |text: &str, modifier: Option<&str>| {
            let tests = reference(text, modifier, own).into_iter();
            let show = |t: ReferenceTest| {
                format!(
                    "{}|{}|{}|{}",
                    t.base,
                    t.type_name.unwrap_or_default(),
                    t.id,
                    t.version.unwrap_or_default()
                )
            };
            tests.map(show).collect::<Vec<_>>().join(" ")
        };
        for (text, modifier, expected) in [
            ("1", None, "||1|"),
            ("1", Some("Patient"), "|Patient|1|"),
            ("Patient/1", Some("Patient"), "|Patient|1|"),
            ("Group/1", Some("Patient"), ""),
            ("Patient/1/_history/2", None, "|Patient|1|2"),
            ("http://gw.example/fhir/Patient/1", None, "|Patient|1|"),
            ("http://b.example/Patient/1", None, "http://b.example|Patient|1| ||http://b.example/Patient/1|"),
            ("http://b.example/q|1.0", None, "||http://b.example/q|1.0"),
            ("urn:oid:1.2", None, "||urn:oid:1.2|"),
            ("ServiceRequest/", None, ""),
            ("", None, ""),
        ] {
            assert_eq!(show(text, modifier), expected, "{text}");
        }
    }

    #[test]
    fn numbers() {
        for (text, value, margin) in
            [("100", 100.0, 0.5), ("100.00", 100.0, 0.005), ("1e2", 100.0, 50.0), ("-0.5", -0.5, 0.05)]
        {
            let test = number(text).unwrap();
            assert_eq!((test.value, test.margin), (value, margin), "{text}");
        }
        for bad in ["", "x", "1x", "inf", "NaN", "1e999", "gt"] {
            assert_eq!(number(bad), None, "{bad}");
        }
        let test = quantity("gt5.4|http://unitsofmeasure.org|mg").unwrap();
        assert_eq!((test.prefix, test.unit.as_deref()), (Prefix::Gt, Some("mg")));
    }
}
