//! Where in a JSON text an element stands: for people who look at what they sent.

use std::ops::Range;

use super::Issue;

/// Gives issues their places in the JSON text they are about.
pub fn place_issues(text: &[u8], issues: &mut [Issue]) {
    for issue in issues {
        if let (None, Some(expression)) = (issue.position, &issue.expression) {
            issue.position = locate(text, expression);
        }
    }
}

/// Line and column, from 1, of the element that a simple FHIRPath names (`Task.input[0].value.ofType(Quantity).code`), or of
/// the nearest element around it that is there. The text must be JSON that has been parsed before; `None` when it is not.
pub fn locate(text: &[u8], expression: &str) -> Option<(usize, usize)> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    let mut found = scanner.at;
    for step in steps(expression) {
        let Some(at) = scanner.enter(&step) else { break };
        found = at;
    }
    let before = text.get(..found)?;
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    Some((line, String::from_utf8_lossy(&before[start..]).chars().count() + 1))
}

/// A step down.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// To the property of one of these names: a choice is named with its type.
    Property(String),
    /// To an item.
    Item(usize),
}

/// The steps of an expression, without the type it begins with.
fn steps(expression: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for part in expression.split('.').skip(1) {
        let (name, index) = match part.split_once('[') {
            Some((name, rest)) => (name, rest.trim_end_matches(']').parse().ok()),
            None => (part, None),
        };
        match name.strip_prefix("ofType(").and_then(|rest| rest.strip_suffix(')')) {
            // A choice: its property is called by both.
            Some(type_name) => {
                if let Some(Step::Property(stem)) = steps.last_mut() {
                    let mut chars = type_name.chars();
                    stem.extend(chars.next().map(|first| first.to_ascii_uppercase()));
                    stem.push_str(chars.as_str());
                }
            }
            None => steps.push(Step::Property(name.to_owned())),
        }
        steps.extend(index.map(Step::Item));
    }
    steps
}

/// Reads JSON without keeping it.
struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Goes to a property's or item's value; gives where the property's name or the item begins.
    fn enter(&mut self, step: &Step) -> Option<usize> {
        let open = self.peek()?;
        self.at += 1;
        for index in 0.. {
            self.space();
            let start = self.at;
            match (step, open) {
                (Step::Property(wanted), b'{') => {
                    let name = self.string()?;
                    self.space();
                    // The colon.
                    self.at += 1;
                    self.space();
                    if self.text.get(name)? == wanted.as_bytes() {
                        return Some(start);
                    }
                }
                (Step::Item(wanted), b'[') if index == *wanted => {
                    return self.peek().filter(|b| *b != b']').map(|_| start);
                }
                (Step::Item(_), b'[') => {}
                _ => return None,
            }
            self.skip()?;
            self.space();
            if self.peek()? != b',' {
                return None;
            }
            self.at += 1;
        }
        None
    }

    /// Passes over a string; gives where what is between its quotes stands.
    fn string(&mut self) -> Option<Range<usize>> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at + 1;
        self.at = start;
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(start..self.at - 1)
    }

    /// Passes over a value.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' if depth == 0 => return Some(()),
                _ => self.at += 1,
            }
            if depth == 0 && matches!(self.peek(), None | Some(b',' | b'}' | b']')) {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "resourceType": "Observation",
  "code": {"text": "a \"}]\" b"},
  "component": [
    {"valueQuantity": {"value": 1.0}},
    {
      "valueString": "é", "note": [[], {}]
    }
  ], "status" : "final"
}"#;

    #[test]
    fn places() {
        for (expression, place) in [
            ("Observation", (1, 1)),
            ("Observation.code.text", (3, 12)),
            ("Observation.component", (4, 3)),
            ("Observation.component[0]", (5, 5)),
            ("Observation.component[0].value.ofType(Quantity).value", (5, 24)),
            ("Observation.component[1].value.ofType(string)", (7, 7)),
            ("Observation.component[1].note", (7, 27)),
            ("Observation.status", (9, 6)),
            // What is missing is missing from what is there.
            ("Observation.component[1].code", (6, 5)),
            ("Observation.component[7].code", (4, 3)),
            ("Observation.subject.reference", (1, 1)),
        ] {
            assert_eq!(locate(TEXT.as_bytes(), expression), Some(place), "{expression}");
        }
    }

    #[test]
    fn never_panics() {
        for end in 0..TEXT.len() {
            locate(&TEXT.as_bytes()[..end], "Observation.component[1].note[0].x");
        }
        for text in ["", "]", "[", "{\"", "{\"a\\", "nonsense", "{\"a\":"] {
            locate(text.as_bytes(), "A.a.b[3]");
        }
    }
}
