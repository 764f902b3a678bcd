//! Which namespace a prefix stands for (Namespaces in XML 1.0).

use std::borrow::Cow;

/// FHIR's own.
pub(super) const FHIR: &str = "http://hl7.org/fhir";
/// The narrative's.
pub(super) const XHTML: &str = "http://www.w3.org/1999/xhtml";
/// `xsi:schemaLocation` and the like.
pub(super) const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The most declarations that may hold at one place, for each name is sought among them.
const MAX_DECLARATIONS: usize = 64;

#[derive(Debug)]
struct Declaration<'t> {
    prefix: &'t str,
    uri: Cow<'t, str>,
    /// How many elements are open where it holds.
    depth: usize,
}

/// The declarations that hold at a place, outermost first.
#[derive(Debug, Default)]
pub(super) struct Namespaces<'t>(Vec<Declaration<'t>>);

impl<'t> Namespaces<'t> {
    /// Adds `xmlns:prefix="uri"`, or `xmlns="uri"` where the prefix is empty, for all that is inside `depth` elements.
    pub fn declare(&mut self, prefix: &'t str, uri: Cow<'t, str>, depth: usize) -> Result<(), &'static str> {
        if prefix == "xml" && uri == XML {
            return Ok(());
        }
        if prefix == "xml" || prefix == "xmlns" || uri == XML || uri == XMLNS {
            return Err("this namespace is reserved");
        }
        if uri.is_empty() && !prefix.is_empty() {
            return Err("a prefix must stand for a namespace");
        }
        if self.0.len() >= MAX_DECLARATIONS {
            return Err("too many namespaces are declared");
        }
        self.0.push(Declaration { prefix, uri, depth });
        Ok(())
    }

    /// Forgets what was declared deeper than `depth`.
    pub fn leave(&mut self, depth: usize) {
        while self.0.last().is_some_and(|declaration| declaration.depth > depth) {
            self.0.pop();
        }
    }

    /// How many declarations hold.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The namespace of a prefix; of names without one, where it is empty. `None` where it has none.
    pub fn find(&self, prefix: &str) -> Option<&str> {
        match prefix {
            "xml" => Some(XML),
            "xmlns" => Some(XMLNS),
            _ => self.find_after(0, prefix),
        }
    }

    /// Like [`Namespaces::find`], passing over the first `outer` declarations.
    pub fn find_after(&self, outer: usize, prefix: &str) -> Option<&str> {
        let inner = self.0.get(outer..).unwrap_or_default();
        inner.iter().rfind(|declaration| declaration.prefix == prefix).map(|declaration| &*declaration.uri)
    }
}
