//! Which characters XML 1.0 (fifth edition) allows where.

/// Whether a document may contain it (production 2, `Char`).
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

/// Where the first character is that no document may contain.
pub(super) fn first_forbidden(text: &str) -> Option<usize> {
    let is_control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    // Nearly every text is innocent, and without branches that is seen fastest.
    if text.as_bytes().iter().fold(false, |found, byte| found | is_control(byte) | (*byte == 0xef)) {
        return text.char_indices().find(|(_, c)| !is_allowed(*c)).map(|(at, _)| at);
    }
    None
}

/// White space as XML means it (production 3, `S`).
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a text is white space only.
pub(super) fn are_blank(text: &str) -> bool {
    text.bytes().all(is_blank)
}

/// How many bytes of a text belong to the name it begins with (production 5, `Name`); 0 when it begins with none.
pub(super) fn name_length(text: &str) -> usize {
    let is_ascii = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'.');
    let ascii = text.bytes().position(|byte| !is_ascii(byte)).unwrap_or(text.len());
    let is_in_ascii = text.as_bytes().get(ascii).is_none_or(u8::is_ascii);
    let length = if is_in_ascii { ascii } else { text.find(|c| !is_in_name(c)).unwrap_or(text.len()) };
    if text.starts_with(begins_name) { length } else { 0 }
}

/// Production 4, `NameStartChar`.
fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic()
        || matches!(c,
            ':' | '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
            | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
            | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// Production 4a, `NameChar`.
fn is_in_name(c: char) -> bool {
    begins_name(c)
        || c.is_ascii_digit()
        || matches!(c, '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden() {
        for (text, expected) in [
            ("a\tb\r\n\u{7f}\u{fffd}\u{10ffff}", None),
            ("ab\0", Some(2)),
            ("é\u{b}", Some(2)),
            ("ｆull width \u{fffe}", Some(13)),
            ("\u{ffff}", Some(0)),
        ] {
            assert_eq!(first_forbidden(text), expected, "{text:?}");
        }
    }

    #[test]
    fn names() {
        for (text, expected) in [
            ("status value", 6),
            ("f:status/>", 8),
            ("_a-b.c9=", 7),
            ("naïve>", 6),
            ("a\u{b7}×", 3),
            ("9a", 0),
            ("-a", 0),
            ("×", 0),
            ("", 0),
        ] {
            assert_eq!(name_length(text), expected, "{text}");
        }
    }
}
