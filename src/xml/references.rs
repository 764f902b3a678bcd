//! `&amp;`, `&#160;` and their like: five named characters, and any other by its number (XML 1.0 §4.1, §4.6).

use std::borrow::Cow;

use super::characters::is_allowed;
use super::html_entities;

/// Which names may follow a `&`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// The five of XML.
    Xml,
    /// Those of HTML as well.
    Html,
}

/// A reference that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadReference {
    /// The byte of its `&`.
    pub at: usize,
    /// What is wrong with it.
    pub message: &'static str,
}

/// A stretch of raw text.
enum Piece<'t> {
    /// Between references.
    Text(&'t str),
    /// A reference by number or by a name of XML: as it is written, and its character.
    Reference(&'t str, char),
    /// A reference by a name that only HTML knows.
    Html(char),
}

struct Pieces<'t> {
    raw: &'t str,
    rest: &'t str,
    names: Names,
}

fn pieces(raw: &str, names: Names) -> Pieces<'_> {
    Pieces { raw, rest: raw, names }
}

impl<'t> Iterator for Pieces<'t> {
    type Item = Result<Piece<'t>, BadReference>;

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.rest.find('&').unwrap_or(self.rest.len());
        if let Some((text, rest)) = self.rest.split_at_checked(end).filter(|(text, _)| !text.is_empty()) {
            self.rest = rest;
            return Some(Ok(Piece::Text(text)));
        }
        let at = self.raw.len() - self.rest.len();
        let after = self.rest.strip_prefix('&')?;
        let Some((name, rest)) = after.split_once(';') else {
            return Some(Err(BadReference { at, message: "'&' begins no reference to a character" }));
        };
        let written = self.rest.get(..name.len() + 2).unwrap_or_default();
        self.rest = rest;
        Some(self.reference(written, name).map_err(|message| BadReference { at, message }))
    }
}

impl<'t> Pieces<'t> {
    fn reference(&self, written: &'t str, name: &str) -> Result<Piece<'t>, &'static str> {
        if let Some(number) = name.strip_prefix('#') {
            return numbered(number).map(|c| Piece::Reference(written, c));
        }
        match (predefined(name), self.names) {
            (Some(c), _) => Ok(Piece::Reference(written, c)),
            (None, Names::Html) => html_entities::character(name).map(Piece::Html).ok_or("an unknown entity"),
            (None, Names::Xml) => Err("only the entities &amp; &lt; &gt; &quot; and &apos; are known"),
        }
    }
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

fn numbered(number: &str) -> Result<char, &'static str> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(hexadecimal) => (hexadecimal, 16),
        None => (number, 10),
    };
    let are_digits = digits.bytes().all(|byte| char::from(byte).is_digit(radix));
    let code = if are_digits { u32::from_str_radix(digits, radix).ok() } else { None };
    code.and_then(char::from_u32).filter(|c| is_allowed(*c)).ok_or("this number is no character of XML")
}

/// Whether all references in a raw text are good.
pub(super) fn check(raw: &str, names: Names) -> Result<(), BadReference> {
    pieces(raw, names).try_for_each(|piece| piece.map(|_| ()))
}

/// What an attribute says (XML 1.0 §2.11, §3.3.3): references are their characters; white space that is written as
/// such is a space, an end of line one space.
pub(super) fn attribute_value(raw: &str) -> Result<Cow<'_, str>, BadReference> {
    if !raw.bytes().any(|byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r')) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut value = String::with_capacity(raw.len());
    for piece in pieces(raw, Names::Xml) {
        match piece? {
            Piece::Reference(_, c) | Piece::Html(c) => value.push(c),
            Piece::Text(text) => {
                let mut chars = text.chars().peekable();
                while let Some(c) = chars.next() {
                    let is_half_an_end_of_line = c == '\r' && chars.peek() == Some(&'\n');
                    if !is_half_an_end_of_line {
                        value.push(if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c });
                    }
                }
            }
        }
    }
    Ok(Cow::Owned(value))
}

/// The text between tags that is meant: references resolved, ends of lines as `\n` (XML 1.0 §2.11).
pub(super) fn text_value(raw: &str) -> Result<String, BadReference> {
    let mut value = String::with_capacity(raw.len());
    for piece in pieces(raw, Names::Xml) {
        match piece? {
            Piece::Reference(_, c) | Piece::Html(c) => value.push(c),
            Piece::Text(text) => value.push_str(&text.replace("\r\n", "\n").replace('\r', "\n")),
        }
    }
    Ok(value)
}

/// Copies a raw text, with the characters themselves where it has names that only HTML knows.
pub(super) fn without_html_names(raw: &str, out: &mut String) -> Result<(), BadReference> {
    for piece in pieces(raw, Names::Html) {
        match piece? {
            Piece::Text(text) | Piece::Reference(text, _) => out.push_str(text),
            Piece::Html(c) => out.push(c),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_attributes() {
        const UNKNOWN: &str = "only the entities &amp; &lt; &gt; &quot; and &apos; are known";
        const NO_CHARACTER: &str = "this number is no character of XML";
        const NO_REFERENCE: &str = "'&' begins no reference to a character";
        for (raw, expected) in [
            ("", Ok("")),
            ("plain é", Ok("plain é")),
            ("&lt;&gt;&amp;&quot;&apos;", Ok("<>&\"'")),
            ("&#65;&#x1F34E;&#x0000041;", Ok("A🍎A")),
            ("a\r\nb\nc\rd\te", Ok("a b c d e")),
            ("a&#xA;b&#9;&#13;", Ok("a\nb\t\r")),
            ("&amp;lt;", Ok("&lt;")),
            ("ab&nbsp;", Err((2, UNKNOWN))),
            ("&AMP;", Err((0, UNKNOWN))),
            ("&;", Err((0, UNKNOWN))),
            ("&#0;", Err((0, NO_CHARACTER))),
            ("&#xD800;", Err((0, NO_CHARACTER))),
            ("&#xFFFF;", Err((0, NO_CHARACTER))),
            ("&#99999999999;", Err((0, NO_CHARACTER))),
            ("&#;", Err((0, NO_CHARACTER))),
            ("&#+1;", Err((0, NO_CHARACTER))),
            ("&#X41;", Err((0, NO_CHARACTER))),
            ("a & b", Err((2, NO_REFERENCE))),
        ] {
            let found = attribute_value(raw);
            assert_eq!(
                found.as_deref(),
                expected.map_err(|(at, message)| BadReference { at, message }).as_deref()
            );
        }
    }

    #[test]
    fn names_of_html() {
        let copy = |raw| {
            let mut out = String::new();
            without_html_names(raw, &mut out).map(|()| out)
        };
        assert_eq!(copy("a&nbsp;&lt;&eacute;&#160;&apos;").as_deref(), Ok("a\u{a0}&lt;é&#160;&apos;"));
        assert_eq!(copy("&bogus;").map_err(|bad| bad.message), Err("an unknown entity"));
    }
}
