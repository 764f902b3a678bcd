//! Well-formed XML 1.0 with namespaces, one event after the other; all borrowed from the text.
//!
//! What FHIR forbids is not read: document types, and with them entities. What is left needs no expansion, so memory and
//! time grow with the text only.

mod tag;
#[cfg(test)]
mod tests;

use super::characters::{are_blank, first_forbidden, is_blank, name_length};
use super::error::{XmlError, printable};
use super::namespaces::{Namespaces, XHTML};
use super::references::{self, BadReference, Names};

/// What a text consists of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event<'t> {
    /// `<name …>`, or the first half of `<name …/>`.
    Start(Start<'t>),
    /// `</name>` as it is written; `None` as the second half of `<name …/>`.
    End(Option<&'t str>),
    /// Text as it is written, references and all.
    Text(&'t str),
    /// What is inside `<![CDATA[` and `]]>`.
    CharacterData(&'t str),
    /// A comment as it is written.
    Comment(&'t str),
    /// A processing instruction.
    Instruction,
}

/// The start of an element. Its attributes are [`Reader::attributes`], until the next event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start<'t> {
    /// What stands before the colon of the name, if anything.
    pub prefix: &'t str,
    /// The name without prefix.
    pub name: &'t str,
    /// The whole tag as it is written.
    pub raw: &'t str,
    /// The byte at which it begins.
    pub at: usize,
    /// How many namespace declarations hold outside it.
    pub outer: usize,
}

impl<'t> Start<'t> {
    /// The name as it is written, prefix included.
    pub fn qualified_name(&self) -> &'t str {
        self.split().0
    }

    /// What the tag has after the name, as it is written.
    pub fn after_name(&self) -> &'t str {
        self.split().1
    }

    fn split(&self) -> (&'t str, &'t str) {
        let colon = usize::from(!self.prefix.is_empty());
        let inside = self.raw.strip_prefix('<').unwrap_or_default();
        inside.split_at_checked(self.prefix.len() + colon + self.name.len()).unwrap_or_default()
    }
}

/// An attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'t> {
    /// What stands before the colon of the name, if anything.
    pub prefix: &'t str,
    /// The name without prefix.
    pub name: &'t str,
    /// The value as it is written, without its quotes.
    pub raw: &'t str,
    /// The byte at which it begins.
    pub at: usize,
}

impl Attribute<'_> {
    /// Whether it is `xmlns` or `xmlns:…`.
    pub fn is_declaration(&self) -> bool {
        self.prefix == "xmlns" || (self.prefix.is_empty() && self.name == "xmlns")
    }
}

/// A text, and how far it is read.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    text: &'t str,
    rest: &'t str,
    open: Vec<&'t str>,
    namespaces: Namespaces<'t>,
    attributes: Vec<Attribute<'t>>,
    /// Whether the last event was the first half of `<name …/>`.
    is_half: bool,
    names: Names,
}

type Result<T> = std::result::Result<T, XmlError>;

impl<'t> Reader<'t> {
    /// A whole document.
    pub fn document(text: &'t str) -> Result<Reader<'t>> {
        let mut reader = Reader::new(text, Names::Xml)?;
        reader.skip("\u{feff}");
        reader.xml_declaration()?;
        Ok(reader)
    }

    /// One element of XHTML, which need not say that it is, and which may use the names HTML has for characters.
    pub fn xhtml(text: &'t str) -> Result<Reader<'t>> {
        let mut reader = Reader::new(text, Names::Html)?;
        let declared = reader.namespaces.declare("", XHTML.into(), 0);
        declared.map_err(|message| reader.error(0, message))?;
        Ok(reader)
    }

    fn new(text: &'t str, names: Names) -> Result<Reader<'t>> {
        let reader = Reader {
            text,
            rest: text,
            open: Vec::new(),
            namespaces: Namespaces::default(),
            attributes: Vec::new(),
            is_half: false,
            names,
        };
        match first_forbidden(text) {
            Some(at) => Err(reader.error(at, "a character that XML does not allow")),
            None => Ok(reader),
        }
    }

    /// An error at a byte of the text.
    pub fn error(&self, at: usize, message: impl Into<String>) -> XmlError {
        XmlError::in_text(self.text, at, message)
    }

    /// The error that a bad reference is, in a stretch of the text that begins at a byte.
    pub fn bad_reference(&self, from: usize, bad: BadReference) -> XmlError {
        self.error(from + bad.at, bad.message)
    }

    /// The byte that is read next.
    pub fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// The attributes of the element that has just started.
    pub fn attributes(&self) -> &[Attribute<'t>] {
        &self.attributes
    }

    /// The namespaces that are declared where the reader is.
    pub fn namespaces(&self) -> &Namespaces<'t> {
        &self.namespaces
    }

    /// The outermost element.
    pub fn root(&mut self) -> Result<Start<'t>> {
        loop {
            match self.next()? {
                Event::Start(start) => return Ok(start),
                Event::Text(text) if are_blank(text) => {}
                Event::Comment(_) | Event::Instruction => {}
                Event::Text(text) | Event::CharacterData(text) => {
                    return Err(self.error(self.at() - text.len(), "text before the first element"));
                }
                Event::End(_) => return Err(self.error(self.at(), "an end without a start")),
            }
        }
    }

    /// The next element within the one that is open; `None` at that one's end. Comments are passed over; text is an
    /// error.
    pub fn child(&mut self) -> Result<Option<Start<'t>>> {
        loop {
            match self.next()? {
                Event::Start(start) => return Ok(Some(start)),
                Event::End(_) => return Ok(None),
                Event::Text(text) if are_blank(text) => {}
                Event::Comment(_) | Event::Instruction => {}
                Event::Text(text) | Event::CharacterData(text) => {
                    let blanks = text.bytes().take_while(|byte| is_blank(*byte)).count();
                    let parent = self.open.last().copied().unwrap_or_default();
                    let message =
                        format!("<{}> must not hold text: values are in attributes", printable(parent));
                    return Err(self.error(self.at() - text.len() + blanks, message));
                }
            }
        }
    }

    /// That nothing follows the outermost element.
    pub fn finish(&mut self) -> Result<()> {
        while !self.rest.is_empty() {
            let at = self.at();
            match self.next()? {
                Event::Text(text) if are_blank(text) => {}
                Event::Comment(_) | Event::Instruction => {}
                _ => return Err(self.error(at, "something follows the end of the first element")),
            }
        }
        Ok(())
    }

    /// What comes next.
    pub fn next(&mut self) -> Result<Event<'t>> {
        if self.is_half {
            self.is_half = false;
            self.leave();
            return Ok(Event::End(None));
        }
        let at = self.at();
        match self.rest.find('<') {
            Some(0) => {}
            Some(length) => return self.text(length),
            None if self.open.is_empty() && !self.rest.is_empty() => return self.text(self.rest.len()),
            None => {
                let open = self.open.last().copied().map(printable);
                let message = open.map_or("no element".to_owned(), |name| format!("<{name}> is not closed"));
                return Err(self.error(self.text.len(), message));
            }
        }
        match self.rest.as_bytes().get(1) {
            Some(b'/') => self.end_tag(at),
            Some(b'?') => self.instruction(at),
            Some(b'!') if self.skip("<!--") => self.comment(at),
            Some(b'!') if self.skip("<![CDATA[") => {
                let content = self.until("]]>", at, "this <![CDATA[ has no ]]>")?;
                Ok(Event::CharacterData(content))
            }
            Some(b'!') if self.rest.starts_with("<!DOCTYPE") => {
                Err(self.error(at, "document types (DTDs) and entities are not allowed"))
            }
            _ => self.start_tag(at),
        }
    }

    fn text(&mut self, length: usize) -> Result<Event<'t>> {
        let at = self.at();
        let (text, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        references::check(text, self.names).map_err(|bad| self.bad_reference(at, bad))?;
        if let Some(end) = text.find("]]>") {
            return Err(self.error(at + end, "']]>' must not stand in text"));
        }
        self.rest = rest;
        Ok(Event::Text(text))
    }

    fn end_tag(&mut self, at: usize) -> Result<Event<'t>> {
        let from = self.rest;
        self.skip("</");
        let name = self.name()?;
        self.blanks();
        if !self.skip(">") {
            return Err(self.error(self.at(), "'>' is missing"));
        }
        if self.open.last() != Some(&name) {
            let name = printable(name);
            let message = match self.open.last() {
                Some(open) => format!("</{name}> where <{}> is open", printable(open)),
                None => format!("</{name}> where nothing is open"),
            };
            return Err(self.error(at, message));
        }
        self.leave();
        Ok(Event::End(from.get(..from.len() - self.rest.len())))
    }

    fn leave(&mut self) {
        self.open.pop();
        self.namespaces.leave(self.open.len());
    }

    fn comment(&mut self, at: usize) -> Result<Event<'t>> {
        let inside = self.until("--", at, "this comment has no end")?;
        if !self.skip(">") {
            return Err(self.error(self.at() - 2, "'--' must not stand in a comment"));
        }
        Ok(Event::Comment(self.text.get(at..at + inside.len() + "<!---->".len()).unwrap_or_default()))
    }

    fn instruction(&mut self, at: usize) -> Result<Event<'t>> {
        self.skip("<?");
        let name = self.name()?;
        if name.eq_ignore_ascii_case("xml") {
            return Err(self.error(at, "<?xml …?> must stand at the very start"));
        }
        if name.contains(':') || !(self.blanks() || self.rest.starts_with("?>")) {
            return Err(self.error(at, "not a processing instruction"));
        }
        self.until("?>", at, "this processing instruction has no end")?;
        Ok(Event::Instruction)
    }

    fn name(&mut self) -> Result<&'t str> {
        match self.rest.split_at_checked(name_length(self.rest)) {
            Some((name, rest)) if !name.is_empty() => {
                self.rest = rest;
                Ok(name)
            }
            _ => Err(self.error(self.at(), "a name was expected")),
        }
    }

    fn skip(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Passes white space; whether there was any.
    fn blanks(&mut self) -> bool {
        let rest = self.rest.trim_start_matches(|c: char| u8::try_from(c).is_ok_and(is_blank));
        let is_any = rest.len() < self.rest.len();
        self.rest = rest;
        is_any
    }

    /// What stands before `end`, which is passed.
    fn until(&mut self, end: &str, at: usize, message: &str) -> Result<&'t str> {
        let (before, after) = self.rest.split_once(end).ok_or_else(|| self.error(at, message))?;
        self.rest = after;
        Ok(before)
    }
}
