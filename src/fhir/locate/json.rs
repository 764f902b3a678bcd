//! Elements in JSON.

use std::ops::Range;

use super::wanted::{ElementId, Wanted};

/// Finds elements in a JSON text that has been parsed before; in one that has not, some.
pub(super) fn find(text: &[u8], wanted: &mut Wanted) {
    let mut scanner = Scanner { text, at: 0, wanted };
    scanner.space();
    let root = scanner.wanted.root();
    if scanner.peek().is_some() {
        scanner.wanted.found(root, scanner.at);
        scanner.value(root);
    }
}

/// Reads JSON without keeping it.
struct Scanner<'t, 'w> {
    text: &'t [u8],
    at: usize,
    wanted: &'w mut Wanted,
}

impl Scanner<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Reads a value; goes into it no deeper than what is looked for. `None` at the end of the text.
    fn value(&mut self, id: ElementId) -> Option<()> {
        match self.peek()? {
            b'{' if !self.wanted.is_end(id) => self.object(id),
            b'[' if !self.wanted.is_end(id) => self.array(id),
            _ => self.skip(),
        }
    }

    fn object(&mut self, id: ElementId) -> Option<()> {
        self.at += 1;
        loop {
            self.space();
            let start = self.at;
            if self.peek()? == b'}' {
                break;
            }
            let name = self.string()?;
            self.space();
            // The colon.
            self.at += 1;
            self.space();
            let name = std::str::from_utf8(self.text.get(name)?).unwrap_or_default();
            // What stands beside a primitive value belongs to it.
            let plain = name.strip_prefix('_').unwrap_or(name);
            match self.wanted.property(id, plain) {
                Some(property) => {
                    self.wanted.found(property, start);
                    self.value(property)?;
                }
                None => self.skip()?,
            }
            if !self.goes_on()? {
                break;
            }
        }
        self.at += 1;
        Some(())
    }

    fn array(&mut self, id: ElementId) -> Option<()> {
        self.at += 1;
        for index in 0.. {
            self.space();
            if self.peek()? == b']' {
                break;
            }
            match self.wanted.item(id, index) {
                Some(item) => {
                    self.wanted.found(item, self.at);
                    self.value(item)?;
                }
                None => self.skip()?,
            }
            if !self.goes_on()? {
                break;
            }
        }
        self.at += 1;
        Some(())
    }

    /// Whether a comma follows, which is passed.
    fn goes_on(&mut self) -> Option<bool> {
        self.space();
        let is_comma = self.peek()? == b',';
        self.at += usize::from(is_comma);
        Some(is_comma)
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
