//! Start tags and what stands in them: attributes and namespaces.

use super::super::characters::name_length;
use super::super::error::{XmlError, printable};
use super::super::references;
use super::super::tree::MAX_OPEN;
use super::{Attribute, Event, Reader, Result, Start};

/// How many attributes an element may have.
const MAX_ATTRIBUTES: usize = 64;

impl<'t> Reader<'t> {
    pub(super) fn start_tag(&mut self, at: usize) -> Result<Event<'t>> {
        let from = self.rest;
        self.skip("<");
        let qualified = self.name()?;
        self.attributes.clear();
        self.is_half = loop {
            let is_apart = self.blanks();
            if self.skip(">") {
                break false;
            }
            if self.skip("/>") {
                break true;
            }
            if !is_apart {
                return Err(self.error(self.at(), "'>' or white space is missing"));
            }
            let attribute = self.attribute()?;
            if self.attributes.len() >= MAX_ATTRIBUTES {
                return Err(self.error(attribute.at, "too many attributes"));
            }
            self.attributes.push(attribute);
        };
        if self.open.len() >= MAX_OPEN {
            return Err(self.error(at, format!("nested more than {MAX_OPEN} levels deep")));
        }
        self.open.push(qualified);
        let outer = self.namespaces.count();
        self.declare()?;
        self.are_unique()?;
        let (prefix, name) = self.split_name(qualified, at)?;
        if prefix == "xmlns" {
            return Err(self.error(at, "the prefix 'xmlns' is for declarations"));
        }
        self.namespace(prefix, at)?;
        let raw = from.get(..from.len() - self.rest.len()).unwrap_or_default();
        Ok(Event::Start(Start { prefix, name, raw, at, outer }))
    }

    fn attribute(&mut self) -> Result<Attribute<'t>> {
        let at = self.at();
        let qualified = self.name()?;
        self.blanks();
        if !self.skip("=") {
            return Err(self.error(self.at(), "'=' is missing"));
        }
        self.blanks();
        let quote = if self.skip("\"") { "\"" } else { "'" };
        if quote == "'" && !self.skip("'") {
            return Err(self.error(self.at(), "the value of an attribute must be quoted"));
        }
        let from = self.at();
        let raw = self.until(quote, at, "this attribute has no end")?;
        if let Some(less) = raw.find('<') {
            return Err(self.error(from + less, "'<' must not stand in an attribute"));
        }
        references::check(raw, self.names).map_err(|bad| self.bad_reference(from, bad))?;
        let (prefix, name) = self.split_name(qualified, at)?;
        Ok(Attribute { prefix, name, raw, at })
    }

    /// Takes note of the namespaces that the element's attributes declare.
    fn declare(&mut self) -> Result<()> {
        let text = self.text;
        for attribute in self.attributes.iter().filter(|attribute| attribute.is_declaration()) {
            let prefix = if attribute.prefix.is_empty() { "" } else { attribute.name };
            let bad = |message| XmlError::in_text(text, attribute.at, message);
            let uri =
                references::attribute_value(attribute.raw).map_err(|reference| bad(reference.message))?;
            self.namespaces.declare(prefix, uri, self.open.len()).map_err(bad)?;
        }
        Ok(())
    }

    /// That no attribute is given twice, be it under two prefixes of one namespace.
    fn are_unique(&self) -> Result<()> {
        for (index, attribute) in self.attributes.iter().enumerate() {
            let namespace = self.attribute_namespace(attribute)?;
            for before in self.attributes.iter().take(index) {
                if before.name == attribute.name && self.attribute_namespace(before)? == namespace {
                    let name = printable(attribute.name);
                    return Err(self.error(attribute.at, format!("attribute '{name}' is given twice")));
                }
            }
        }
        Ok(())
    }

    /// The namespace of an attribute: without a prefix it has none.
    fn attribute_namespace(&self, attribute: &Attribute<'t>) -> Result<Option<&str>> {
        if attribute.prefix.is_empty() { Ok(None) } else { self.namespace(attribute.prefix, attribute.at) }
    }

    fn namespace(&self, prefix: &str, at: usize) -> Result<Option<&str>> {
        let found = self.namespaces.find(prefix);
        if found.is_none() && !prefix.is_empty() {
            return Err(self.error(at, format!("no namespace is declared for '{}:'", printable(prefix))));
        }
        Ok(found)
    }

    fn split_name(&self, qualified: &'t str, at: usize) -> Result<(&'t str, &'t str)> {
        match qualified.split_once(':') {
            None => Ok(("", qualified)),
            Some((prefix, name)) if !prefix.is_empty() && !name.contains(':') && name_length(name) > 0 => {
                Ok((prefix, name))
            }
            Some(_) => Err(self.error(at, "a name has a prefix, one colon and a local name")),
        }
    }

    /// `<?xml version="1.0" encoding="UTF-8"?>`, when it is there (XML 1.0 §2.8).
    pub(super) fn xml_declaration(&mut self) -> Result<()> {
        let at = self.at();
        if !["<?xml ", "<?xml\t", "<?xml\r", "<?xml\n"].iter().any(|start| self.rest.starts_with(start)) {
            return Ok(());
        }
        self.skip("<?xml");
        let mut names = ["version", "encoding", "standalone"].into_iter();
        let mut has_version = false;
        while self.blanks() && !self.rest.starts_with("?>") {
            let attribute = self.attribute()?;
            let is_fine = match attribute.name {
                "version" => attribute.raw == "1.0",
                "encoding" => attribute.raw.eq_ignore_ascii_case("UTF-8"),
                _ => matches!(attribute.raw, "yes" | "no"),
            };
            if !is_fine || !names.any(|name| name == attribute.name) {
                return Err(self.error(attribute.at, "FHIR is XML 1.0 in UTF-8"));
            }
            has_version |= attribute.name == "version";
        }
        if !has_version || !self.skip("?>") {
            return Err(self.error(at, "not an XML declaration"));
        }
        Ok(())
    }
}
