//! Folding of texts: case and accents do not matter in a string search (R4 §3.1.1.5.8).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text in lower case, without accents, with runs of white space as one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut push = |c: char| match c {
        c if c.is_whitespace() => {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        }
        c => folded.push(c),
    };
    if text.is_ascii() {
        text.chars().map(|c| c.to_ascii_lowercase()).for_each(&mut push);
    } else {
        text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).for_each(&mut push);
    }
    folded.truncate(folded.trim_end().len());
    folded
}

#[cfg(test)]
mod tests {
    #[test]
    fn fold() {
        for (text, expected) in [
            ("Éowyn  O'Brien", "eowyn o'brien"),
            (" MÜLLER ", "muller"),
            ("Straße", "straße"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(super::fold(text), expected);
        }
    }
}
