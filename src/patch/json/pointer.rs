//! JSON Pointer (RFC 6901).

use std::fmt;

use serde_json::Value;

use crate::patch::PatchError;
use crate::patch::error::printable;

/// A place in a JSON document, as the names and numbers that lead there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::patch) struct Pointer(Vec<String>);

impl Pointer {
    /// Reads `/a/0/b~1c`; the empty text is the whole document.
    pub fn parse(text: &str) -> Result<Pointer, PatchError> {
        if text.is_empty() {
            return Ok(Pointer(Vec::new()));
        }
        let Some(tokens) = text.strip_prefix('/') else {
            let text = "a pointer is empty or begins with '/' (RFC 6901): say '/status'";
            return Err(PatchError::malformed(text));
        };
        tokens.split('/').map(unescaped).collect::<Result<_, _>>().map(Pointer)
    }

    /// How many steps it takes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it leads to something within what `inner` is not yet at: a true ancestor of it.
    pub fn is_above(&self, inner: &Pointer) -> bool {
        self.len() < inner.len() && inner.0.starts_with(&self.0)
    }

    /// What holds the place, and the last step; `None` for the whole document.
    pub fn split(&self) -> Option<(Pointer, &str)> {
        let (last, parent) = self.0.split_last()?;
        Some((Pointer(parent.to_vec()), last))
    }

    /// What is there.
    pub fn get<'v>(&self, document: &'v Value) -> Result<&'v Value, PatchError> {
        let mut value = document;
        for (depth, token) in self.0.iter().enumerate() {
            let inner = match value {
                Value::Object(map) => map.get(token),
                Value::Array(items) => index(token).and_then(|index| items.get(index)),
                _ => None,
            };
            value = inner.ok_or_else(|| self.nothing_at(depth + 1))?;
        }
        Ok(value)
    }

    /// What is there, to be changed.
    pub fn get_mut<'v>(&self, document: &'v mut Value) -> Result<&'v mut Value, PatchError> {
        let mut value = document;
        for (depth, token) in self.0.iter().enumerate() {
            let inner = match value {
                Value::Object(map) => map.get_mut(token),
                Value::Array(items) => index(token).and_then(|index| items.get_mut(index)),
                _ => None,
            };
            value = inner.ok_or_else(|| self.nothing_at(depth + 1))?;
        }
        Ok(value)
    }

    fn nothing_at(&self, depth: usize) -> PatchError {
        let reached = Pointer(self.0.get(..depth).unwrap_or_default().to_vec());
        PatchError::not_applicable(format!("there is nothing at {reached}"))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the root");
        }
        let text: String = self
            .0
            .iter()
            .flat_map(|token| ["/".to_owned(), token.replace('~', "~0").replace('/', "~1")])
            .collect();
        f.write_str(&printable(&text))
    }
}

/// The place in a list that a step names: digits, without leading zeros.
pub(super) fn index(token: &str) -> Option<usize> {
    let is_number = token.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = token == "0" || !token.starts_with('0');
    if is_number && is_plain { token.parse().ok() } else { None }
}

fn unescaped(token: &str) -> Result<String, PatchError> {
    let mut pieces = token.split('~');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (escaped, rest) = match (piece.strip_prefix('0'), piece.strip_prefix('1')) {
            (Some(rest), _) => ('~', rest),
            (_, Some(rest)) => ('/', rest),
            _ => return Err(PatchError::malformed("in a pointer '~' is followed by 0 or 1 (RFC 6901)")),
        };
        text.push(escaped);
        text.push_str(rest);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 6901 §5.
    #[test]
    fn examples_of_the_rfc() {
        let document = json!({
            "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8
        });
        for (text, expected) in [
            ("", document.clone()),
            ("/foo", json!(["bar", "baz"])),
            ("/foo/0", json!("bar")),
            ("/", json!(0)),
            ("/a~1b", json!(1)),
            ("/c%d", json!(2)),
            ("/e^f", json!(3)),
            ("/g|h", json!(4)),
            ("/i\\j", json!(5)),
            ("/k\"l", json!(6)),
            ("/ ", json!(7)),
            ("/m~0n", json!(8)),
        ] {
            assert_eq!(Pointer::parse(text).unwrap().get(&document).unwrap(), &expected, "{text}");
        }
    }

    #[test]
    fn what_leads_nowhere() {
        let document = json!({"foo": ["bar"], "a": {"b": null}});
        for (text, expected) in [
            ("/foo/1", "there is nothing at /foo/1"),
            ("/foo/-", "there is nothing at /foo/-"),
            ("/foo/00", "there is nothing at /foo/00"),
            ("/foo/+0", "there is nothing at /foo/+0"),
            ("/foo/99999999999999999999999", "there is nothing at /foo/99999999999999999999999"),
            ("/a/b/c/d", "there is nothing at /a/b/c"),
            ("/a~1b", "there is nothing at /a~1b"),
        ] {
            assert_eq!(Pointer::parse(text).unwrap().get(&document).unwrap_err().message, expected, "{text}");
        }
        for text in ["foo", "#/foo", "/~", "/~2", "/a~"] {
            assert!(Pointer::parse(text).is_err(), "{text}");
        }
    }
}
