//! An XML text as a tree that can be changed, for XML Patch (RFC 5261). What is not changed is written as it was read.
//!
//! The same is refused as everywhere in [`super`], but for elements FHIR does not know. Processing instructions are
//! dropped.

use std::ops::Range;

use super::error::XmlError;
use super::reader::{Event, Reader, Start};
use super::references::{attribute_value, text_value};

/// How many elements may be open at once: what a resource of the greatest depth needs, and its narrative.
pub const MAX_OPEN: usize = 512;

/// One XML document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    text: String,
    root: Element,
}

/// Something that stands between the tags of an element.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text, references resolved. Never two side by side.
    Text(String),
    /// What is inside `<!--` and `-->`.
    Comment(String),
}

/// An element.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Its name.
    pub name: Name,
    /// Its attributes, declarations of namespaces not among them.
    pub attributes: Vec<(Name, String)>,
    /// Prefix and namespace of each declaration on it; the default namespace has an empty prefix.
    pub declarations: Vec<(String, String)>,
    /// What is in it.
    pub children: Vec<Node>,
    /// Where in the document's text it is written, as long as it is unchanged.
    source: Option<Range<usize>>,
}

/// A name, with the namespace it belongs to; `prefix` is how it is written, and means nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name {
    /// Its namespace; empty where it has none.
    pub namespace: String,
    /// The name without prefix.
    pub local: String,
    /// The prefix; empty where there is none.
    pub prefix: String,
}

impl Document {
    /// Reads a text. Errors name line and column.
    pub fn parse(text: &str) -> Result<Document, XmlError> {
        let mut reader = Reader::document(text)?;
        let start = reader.root()?;
        let mut open = vec![(element(&reader, &start)?, start.at)];
        let root = loop {
            let at = reader.at();
            match reader.next()? {
                Event::Start(start) => {
                    let inner = element(&reader, &start)?;
                    open.push((inner, start.at));
                }
                Event::End(_) => {
                    let Some((mut done, from)) = open.pop() else {
                        return Err(reader.error(at, "an end without a start"));
                    };
                    done.source = Some(from..reader.at());
                    match open.last_mut() {
                        Some((parent, _)) => parent.children.push(Node::Element(done)),
                        None => break done,
                    }
                }
                Event::Text(raw) => {
                    let text = text_value(raw).map_err(|bad| reader.bad_reference(at, bad))?;
                    push_text(&mut open, &text);
                }
                Event::CharacterData(text) => push_text(&mut open, text),
                Event::Comment(raw) => {
                    let inside = raw.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
                    let comment = Node::Comment(inside.unwrap_or_default().to_owned());
                    if let Some((parent, _)) = open.last_mut() {
                        parent.children.push(comment);
                    }
                }
                Event::Instruction => {}
            }
        };
        reader.finish()?;
        Ok(Document { text: text.to_owned(), root })
    }

    /// A document of one element.
    pub fn of(root: Element) -> Document {
        Document { text: String::new(), root }
    }

    /// The outermost element.
    pub fn root(&self) -> &Element {
        &self.root
    }

    /// The element that these places among the children lead to, to be changed; `None` where there is none.
    pub fn element_mut(&mut self, path: &[usize]) -> Option<&mut Element> {
        let mut element = &mut self.root;
        element.source = None;
        for index in path {
            let Some(Node::Element(inner)) = element.children.get_mut(*index) else { return None };
            inner.source = None;
            element = inner;
        }
        Some(element)
    }

    /// The document as text.
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        self.root.write(&self.text, &mut out);
        out
    }
}

fn push_text(open: &mut [(Element, usize)], text: &str) {
    let Some((parent, _)) = open.last_mut() else { return };
    match parent.children.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ => parent.children.push(Node::Text(text.to_owned())),
    }
}

fn element(reader: &Reader<'_>, start: &Start<'_>) -> Result<Element, XmlError> {
    let name = |prefix: &str, local: &str, has_default: bool| {
        let namespace = match has_default || !prefix.is_empty() {
            true => reader.namespaces().find(prefix).unwrap_or_default().to_owned(),
            false => String::new(),
        };
        Name { namespace, local: local.to_owned(), prefix: prefix.to_owned() }
    };
    let mut element = Element::new(name(start.prefix, start.name, true));
    for attribute in reader.attributes() {
        let value = attribute_value(attribute.raw).map_err(|bad| reader.error(attribute.at, bad.message))?;
        if attribute.is_declaration() {
            let prefix = if attribute.prefix.is_empty() { "" } else { attribute.name };
            element.declarations.push((prefix.to_owned(), value.into_owned()));
        } else {
            element.attributes.push((name(attribute.prefix, attribute.name, false), value.into_owned()));
        }
    }
    Ok(element)
}

impl Element {
    /// An element with nothing in it.
    fn new(name: Name) -> Element {
        Element { name, attributes: Vec::new(), declarations: Vec::new(), children: Vec::new(), source: None }
    }

    /// A copy that can stand in any document: it declares its namespaces itself. What is in no namespace comes to be in
    /// `fallback`.
    pub fn detached(&self, fallback: &str) -> Element {
        self.detached_within(None, fallback)
    }

    fn detached_within(&self, parent: Option<&str>, fallback: &str) -> Element {
        let namespace = if self.name.namespace.is_empty() { fallback } else { &self.name.namespace };
        let local = self.name.local.clone();
        let mut copy = Element::new(Name { namespace: namespace.to_owned(), local, prefix: String::new() });
        if parent != Some(namespace) {
            copy.declarations.push((String::new(), namespace.to_owned()));
        }
        for (name, value) in &self.attributes {
            let is_declared = copy.declarations.iter().any(|(prefix, _)| *prefix == name.prefix);
            if !matches!(name.prefix.as_str(), "" | "xml") && !is_declared {
                copy.declarations.push((name.prefix.clone(), name.namespace.clone()));
            }
            copy.attributes.push((name.clone(), value.clone()));
        }
        let children = self.children.iter().map(|child| match child {
            Node::Element(inner) => Node::Element(inner.detached_within(Some(namespace), fallback)),
            other => other.clone(),
        });
        copy.children = children.collect();
        copy
    }

    /// The text directly in it.
    pub fn text(&self) -> String {
        let texts = self.children.iter().map(|child| if let Node::Text(text) = child { text } else { "" });
        texts.collect()
    }

    /// How many elements are open at its innermost place, itself included.
    pub fn depth(&self) -> usize {
        let inner =
            self.children.iter().map(|child| if let Node::Element(e) = child { e.depth() } else { 0 });
        1 + inner.max().unwrap_or_default()
    }

    /// Joins texts that have come to stand side by side.
    pub fn join_texts(&mut self) {
        self.children.dedup_by(|after, before| match (before, after) {
            (Node::Text(before), Node::Text(after)) => {
                before.push_str(after);
                true
            }
            _ => false,
        });
        self.children.retain(|child| !matches!(child, Node::Text(text) if text.is_empty()));
    }

    fn write(&self, document: &str, out: &mut String) {
        if let Some(source) = self.source.clone().and_then(|range| document.get(range)) {
            out.push_str(source);
            return;
        }
        out.push('<');
        self.name.write(out);
        for (prefix, uri) in &self.declarations {
            out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            out.push_str(prefix);
            write_value(uri, out);
        }
        for (name, value) in &self.attributes {
            out.push(' ');
            name.write(out);
            write_value(value, out);
        }
        if self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for child in &self.children {
            match child {
                Node::Element(inner) => inner.write(document, out),
                Node::Text(text) => escape(text, false, out),
                Node::Comment(text) => {
                    out.push_str("<!--");
                    out.push_str(text);
                    out.push_str("-->");
                }
            }
        }
        out.push_str("</");
        self.name.write(out);
        out.push('>');
    }
}

impl Name {
    fn write(&self, out: &mut String) {
        if !self.prefix.is_empty() {
            out.push_str(&self.prefix);
            out.push(':');
        }
        out.push_str(&self.local);
    }
}

fn write_value(value: &str, out: &mut String) {
    out.push_str("=\"");
    escape(value, true, out);
    out.push('"');
}

fn escape(text: &str, in_attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            '"' if in_attribute => out.push_str("&quot;"),
            '\t' if in_attribute => out.push_str("&#x9;"),
            '\n' if in_attribute => out.push_str("&#xA;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_text_stays_as_it_was_written() {
        let text = "<a xmlns='urn:a'  b = 'x&#65;' ><c>1 &lt; 2</c><![CDATA[<]]><!-- d --><e/></a>";
        let mut document = Document::parse(text).unwrap();
        assert_eq!(document.to_text(), text);
        document.element_mut(&[]).unwrap().children.pop();
        assert_eq!(document.to_text(), "<a xmlns=\"urn:a\" b=\"xA\"><c>1 &lt; 2</c>&lt;<!-- d --></a>");
        document.element_mut(&[0]).unwrap();
        assert!(document.to_text().contains("<c>1 &lt; 2</c>"));
        assert!(document.element_mut(&[1]).is_none());
    }

    #[test]
    fn a_detached_element_says_its_namespaces() {
        let text = "<p:a xmlns:p='urn:p' xmlns:q='urn:q'><p:b q:x='1' xml:lang='de'><c/></p:b></p:a>";
        let document = Document::parse(text).unwrap();
        let Some(Node::Element(inner)) = document.root().children.first() else { panic!("no element") };
        let mut out = String::new();
        inner.detached("urn:f").write("", &mut out);
        assert_eq!(
            out,
            "<b xmlns=\"urn:p\" xmlns:q=\"urn:q\" q:x=\"1\" xml:lang=\"de\"><c xmlns=\"urn:f\"/></b>"
        );
    }
}
