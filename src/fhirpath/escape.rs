//! `encode`, `decode`, `escape`, `unescape` (FHIRPath §5.6, "additional string functions").

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// `encode(format)`; `None` for an unknown format.
pub fn encode(text: &str, format: &str) -> Option<String> {
    match format {
        "hex" => Some(text.bytes().map(|byte| format!("{byte:02x}")).collect()),
        "base64" => Some(to_base64(text.as_bytes(), STANDARD)),
        "urlbase64" => Some(to_base64(text.as_bytes(), URL_SAFE)),
        _ => None,
    }
}

/// `decode(format)`; `None` for an unknown format, or what is not in it.
pub fn decode(text: &str, format: &str) -> Option<String> {
    let bytes = match format {
        "hex" if text.len().is_multiple_of(2) => {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            text.as_bytes()
                .chunks(2)
                .map(|pair| u8::try_from(digit(pair.first()?)? * 16 + digit(pair.get(1)?)?).ok())
                .collect::<Option<Vec<u8>>>()?
        }
        "base64" => from_base64(text, STANDARD)?,
        "urlbase64" => from_base64(text, URL_SAFE)?,
        _ => return None,
    };
    String::from_utf8(bytes).ok()
}

fn to_base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, index| word << 8 | u32::from(*chunk.get(index).unwrap_or(&0)));
        for index in 0..4 {
            let letter = alphabet[(word >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

fn from_base64(text: &str, alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    let letters = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(letters.len() * 3 / 4);
    for chunk in letters.as_bytes().chunks(4) {
        if chunk.len() == 1 {
            return None;
        }
        let mut word = 0u32;
        for letter in chunk {
            let value = alphabet.iter().position(|known| known == letter)?;
            word = word << 6 | u32::try_from(value).ok()?;
        }
        word <<= 6 * (4 - chunk.len());
        bytes.extend(word.to_be_bytes().iter().skip(1).take(chunk.len() - 1));
    }
    Some(bytes)
}

/// `escape(target)`; `None` for an unknown target.
pub fn escape(text: &str, target: &str) -> Option<String> {
    match target {
        "html" => Some(
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#39;"),
        ),
        "json" => {
            let quoted = serde_json::to_string(text).ok()?;
            quoted.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
        }
        _ => None,
    }
}

/// `unescape(target)`; `None` for an unknown target, or what is not in its form.
pub fn unescape(text: &str, target: &str) -> Option<String> {
    match target {
        "html" => Some(
            text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&"),
        ),
        "json" => serde_json::from_str(&format!("\"{}\"", escape_bare_quotes(text))).ok(),
        _ => None,
    }
}

/// A quote that was not escaped stands for itself.
fn escape_bare_quotes(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut after_backslash = false;
    for c in text.chars() {
        if c == '"' && !after_backslash {
            escaped.push('\\');
        }
        after_backslash = c == '\\' && !after_backslash;
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for (text, format, coded) in [
            ("", "base64", ""),
            ("a", "base64", "YQ=="),
            ("ab", "base64", "YWI="),
            ("abc", "base64", "YWJj"),
            ("subjects?_d", "base64", "c3ViamVjdHM/X2Q="),
            ("subjects?_d", "urlbase64", "c3ViamVjdHM_X2Q="),
            ("test", "hex", "74657374"),
        ] {
            assert_eq!(encode(text, format).as_deref(), Some(coded));
            assert_eq!(decode(coded, format).as_deref(), Some(text));
        }
        for (bad, format) in
            [("a", "base64"), ("a?==", "base64"), ("0g", "hex"), ("0", "hex"), ("ff", "hex"), ("", "x")]
        {
            assert_eq!(decode(bad, format), None, "{bad}");
        }
    }

    #[test]
    fn escapes() {
        for (text, target, escaped) in [
            ("\"1<2\" & 'x'", "html", "&quot;1&lt;2&quot; &amp; &#39;x&#39;"),
            ("\"1<2\"\n", "json", "\\\"1<2\\\"\\n"),
        ] {
            assert_eq!(escape(text, target).as_deref(), Some(escaped));
            assert_eq!(unescape(escaped, target).as_deref(), Some(text));
        }
        assert_eq!(unescape("\"1<2\"", "json").as_deref(), Some("\"1<2\""));
    }
}
