//! A resource in a text, JSON or XML.

use std::io::Read;

use crate::definitions::TypeGraph;
use crate::fhir::json::{self, SyntaxError};
use crate::fhir::locate::place_issues;
use crate::fhir::{Issue, IssueCode, Resource};
use crate::xml;

/// The most bytes one resource may have.
pub(super) const MAX_BYTES: u64 = 256 << 20;

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Xml,
}

/// Why a text is no resource, and where: line and column from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) message: String,
    pub(super) position: (usize, usize),
}

/// All there is to read, within the limit.
pub(super) fn read(from: impl Read) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    from.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    match text.len() as u64 > MAX_BYTES {
        true => Err(format!("larger than {MAX_BYTES} bytes")),
        false => Ok(text),
    }
}

/// The text without the mark that some programs begin one with.
pub(super) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

impl Syntax {
    /// What begins with `<` is XML.
    pub(super) fn of(text: &[u8]) -> Syntax {
        match text.trim_ascii_start().starts_with(b"<") {
            true => Syntax::Xml,
            false => Syntax::Json,
        }
    }

    /// Reads the resource a text holds.
    pub(super) fn parse(self, types: &TypeGraph, text: &[u8]) -> Result<Resource, Flaw> {
        let value = match self {
            Syntax::Json => json::parse(text).map_err(|SyntaxError { message, line, column }| Flaw {
                message: format!("this is not JSON that FHIR accepts: {message}"),
                position: (line, column),
            })?,
            Syntax::Xml => xml::to_json(types, text).map_err(|error| Flaw {
                message: format!("this is not XML that FHIR accepts: {}", error.message),
                position: match error.place {
                    xml::Place::Text { line, column } => (line, column),
                    xml::Place::Element(_) => (1, 1),
                },
            })?,
        };
        Resource::new(value).map_err(|error| {
            let mut start = [Issue::error(IssueCode::Structure, "").at("Resource")];
            self.place(text, &mut start);
            let [Issue { position, .. }] = start;
            Flaw { message: error.to_string(), position: position.unwrap_or((1, 1)) }
        })
    }

    /// Gives issues their places in the text.
    pub(super) fn place(self, text: &[u8], issues: &mut [Issue]) {
        match self {
            Syntax::Json => place_issues(text, issues),
            Syntax::Xml => xml::place_issues(text, issues),
        }
    }
}
