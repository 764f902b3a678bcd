//! Why a text is not FHIR in XML, or a value cannot be written as it.

use std::fmt;

/// What stands in the way, and where. Holds names of elements and types, no values of the resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} {place}")]
pub struct XmlError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
}

/// Where an [`XmlError`] is: an XML text has lines, a JSON value has elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A place in the XML that was read.
    Text {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// The path of an element of the JSON value that was to be written: `Task.input[2].valueString`.
    Element(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Text { line, column } => write!(f, "at line {line}, column {column}"),
            Place::Element(path) if path.is_empty() => f.write_str("at the resource itself"),
            Place::Element(path) => write!(f, "at {path}"),
        }
    }
}

impl XmlError {
    /// An error at a byte of a text.
    pub(super) fn in_text(text: &str, at: usize, message: impl Into<String>) -> XmlError {
        let before = text.get(..at).unwrap_or(text);
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        let place = Place::Text {
            line: 1 + before.bytes().filter(|b| *b == b'\n').count(),
            column: 1 + last_line.chars().count(),
        };
        XmlError { message: message.into(), place }
    }

    /// An error in a JSON value; those who called for it say where, by [`XmlError::under`].
    pub(super) fn in_value(message: impl Into<String>) -> XmlError {
        XmlError { message: message.into(), place: Place::Element(String::new()) }
    }

    /// The same error, seen from one level further out.
    pub(super) fn under(mut self, segment: fmt::Arguments<'_>) -> XmlError {
        if let Place::Element(path) = &mut self.place {
            let joint = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            *path = format!("{segment}{joint}{path}");
        }
        self
    }
}

/// A name fit for an error text: short, and no control characters.
pub(super) fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}
