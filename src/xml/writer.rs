//! XML text in the making.

use super::characters::is_allowed;
use super::error::XmlError;

/// Whether white space stands between elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// None.
    Compact,
    /// A line for each element, indented.
    Pretty,
}

/// What is written so far, and how many elements are open.
#[derive(Debug)]
pub(super) struct Writer {
    out: String,
    layout: Layout,
    open: usize,
}

/// A place in what is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    length: usize,
    open: usize,
}

impl Writer {
    /// With `<?xml …?>` written.
    pub fn new(layout: Layout) -> Writer {
        Writer { out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(), layout, open: 0 }
    }

    /// The whole text.
    pub fn finish(mut self) -> String {
        if self.layout == Layout::Pretty {
            self.out.push('\n');
        }
        self.out
    }

    /// `<name`
    pub fn begin(&mut self, name: &str) {
        self.line();
        self.out.push('<');
        self.out.push_str(name);
    }

    /// ` name="value"`, escaped.
    pub fn attribute(&mut self, name: &str, value: &str) -> Result<(), XmlError> {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        self.escaped(value)?;
        self.out.push('"');
        Ok(())
    }

    /// `/>`, for an element that holds none.
    pub fn end_empty(&mut self) {
        self.out.push_str("/>");
    }

    /// `>`, for an element that holds some.
    pub fn open(&mut self) {
        self.out.push('>');
        self.open += 1;
    }

    /// `</name>`
    pub fn close(&mut self, name: &str) {
        self.open -= 1;
        self.line();
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// How far it is.
    pub fn mark(&self) -> Mark {
        Mark { length: self.out.len(), open: self.open }
    }

    /// Takes back what was written since.
    pub fn back_to(&mut self, mark: Mark) {
        self.out.truncate(mark.length);
        self.open = mark.open;
    }

    /// Where an element is to be copied to.
    pub fn copy(&mut self) -> &mut String {
        self.line();
        &mut self.out
    }

    fn line(&mut self) {
        if self.layout == Layout::Pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.open));
        }
    }

    /// Writes a value so that every reader of XML finds the same: what it would take for white space that means nothing
    /// is written by number.
    fn escaped(&mut self, value: &str) -> Result<(), XmlError> {
        let mut rest = value;
        // Beyond 0xee is U+FFFE, which XML does not allow.
        while let Some(length) =
            rest.bytes().position(|b| b < b' ' || matches!(b, b'&' | b'<' | b'>' | b'"' | 0xef))
        {
            let (plain, special) = rest.split_at_checked(length).unwrap_or((rest, ""));
            self.out.push_str(plain);
            let mut chars = special.chars();
            match chars.next().unwrap_or_default() {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\t' => self.out.push_str("&#x9;"),
                '\n' => self.out.push_str("&#xA;"),
                '\r' => self.out.push_str("&#xD;"),
                c if is_allowed(c) => self.out.push(c),
                c => {
                    let message = format!("the character U+{:04X} cannot be written in XML", u32::from(c));
                    return Err(XmlError::in_value(message));
                }
            }
            rest = chars.as_str();
        }
        self.out.push_str(rest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes() {
        let written = |value| {
            let mut writer = Writer { out: String::new(), layout: Layout::Compact, open: 0 };
            writer.attribute("a", value).map(|()| writer.out)
        };
        assert_eq!(written("").unwrap(), r#" a="""#);
        assert_eq!(
            written("<a href=\"x\">'&'</a>").unwrap(),
            r#" a="&lt;a href=&quot;x&quot;&gt;'&amp;'&lt;/a&gt;""#
        );
        assert_eq!(written(" é🍎\t\r\nｆ ").unwrap(), " a=\" é🍎&#x9;&#xD;&#xA;ｆ \"");
        for (value, expected) in [("\0", "U+0000"), ("a\u{b}", "U+000B"), ("\u{fffe}", "U+FFFE")] {
            let message = format!("the character {expected} cannot be written in XML");
            assert_eq!(written(value).unwrap_err().message, message);
        }
    }
}
