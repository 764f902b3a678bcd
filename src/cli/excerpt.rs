//! The lines of a text, to be shown to whoever sent it.

use std::borrow::Cow;
use std::cell::OnceCell;

/// How many characters of a line are shown.
const WIDTH: usize = 100;
/// How many of them stand before the place in question, where the line is longer.
const BEFORE: usize = 40;

/// A text, cut into lines when the first is asked for.
pub(super) struct Text<'t> {
    text: &'t [u8],
    starts: OnceCell<Vec<usize>>,
}

/// A part of a line, and what is meant in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) line: String,
    /// How many characters stand before what is meant.
    pub(super) indent: usize,
    /// How many characters are meant, one at least.
    pub(super) length: usize,
}

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t [u8]) -> Text<'t> {
        Text { text, starts: OnceCell::new() }
    }

    fn line(&self, number: usize) -> Option<Cow<'t, str>> {
        let starts = self.starts.get_or_init(|| {
            let after =
                self.text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(after).collect()
        });
        let start = *starts.get(number.checked_sub(1)?)?;
        let end = starts.get(number).map_or(self.text.len(), |next| next - 1);
        Some(String::from_utf8_lossy(self.text.get(start..end)?))
    }

    /// What stands around a place, line and column from 1.
    pub(super) fn excerpt(&self, (line, column): (usize, usize)) -> Option<Excerpt> {
        Some(excerpt(&self.line(line)?, column))
    }
}

/// What stands around a column of a line, from 1. Nothing in it can change how a terminal behaves.
pub(super) fn excerpt(line: &str, column: usize) -> Excerpt {
    let at = column.saturating_sub(1);
    let line = line.trim_end_matches('\r');
    let from = match line.char_indices().nth(WIDTH) {
        Some(_) => at.saturating_sub(BEFORE),
        None => 0,
    };
    let mut shown: Vec<char> = line.chars().skip(from).take(WIDTH + 1).map(printable).collect();
    let length = meant(shown.get(at - from..).unwrap_or_default());
    if shown.len() > WIDTH {
        shown.truncate(WIDTH);
        shown.push('…');
    }
    let mut indent = at - from;
    if from > 0 {
        shown.insert(0, '…');
        indent += 1;
    }
    // A place behind the end is where something is missing.
    let indent = indent.min(shown.len());
    let length = length.min(shown.len() - indent).max(1);
    Excerpt { line: shown.into_iter().collect(), indent, length }
}

/// A text that cannot change how a terminal behaves.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(printable).collect()
}

fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        // Marks that turn the direction of writing could make a line read as what it is not.
        c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
        c => c,
    }
}

/// How many characters belong to what begins here: a string with its quotes, the beginning of a tag, a word.
fn meant(text: &[char]) -> usize {
    let end = match text.first() {
        Some('"') => return text.iter().skip(1).position(|c| *c == '"').map_or(text.len(), |at| at + 2),
        Some('<') => text.iter().position(|c| c.is_whitespace() || matches!(c, '>' | '/')),
        Some('{' | '[') | None => return 1,
        Some(_) => {
            text.iter().position(|c| c.is_whitespace() || matches!(c, ',' | '}' | ']' | '=' | '>' | '/'))
        }
    };
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts() {
        let long = format!("{}\"b\": 1{}", "a".repeat(90), "c".repeat(90));
        for (text, place, line, under) in [
            ("{\n  \"a\": 1\r\n}", (2, 3), "  \"a\": 1", "  ^^^"),
            ("<a>\n\t<b value='x'/>", (2, 2), " <b value='x'/>", " ^^"),
            ("{", (1, 2), "{", " ^"),
            ("{", (1, 7), "{", " ^"),
            ("", (1, 1), "", "^"),
            ("\"\u{1b}[2Jé\u{202e}\"", (1, 1), "\"\u{fffd}[2Jé\u{fffd}\"", "^^^^^^^^"),
        ] {
            let Excerpt { line: found, indent, length } = Text::new(text.as_bytes()).excerpt(place).unwrap();
            assert_eq!((found.as_str(), " ".repeat(indent) + &"^".repeat(length)), (line, under.to_owned()));
        }
        let Excerpt { line, indent, length } = excerpt(&long, 91);
        assert_eq!(line.chars().count(), WIDTH + 2);
        assert_eq!(line.chars().skip(indent).take(length).collect::<String>(), "\"b\"");
        assert!(Text::new(b"a").excerpt((2, 1)).is_none());
    }

    #[test]
    fn never_panics() {
        for text in ["", "é", "\"", "<", "\u{1f34e}\n", "a\n\n"] {
            for line in 0..4 {
                for column in [0, 1, 2, 5, 300] {
                    Text::new(text.as_bytes()).excerpt((line, column));
                }
            }
        }
    }
}
