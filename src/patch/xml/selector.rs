//! The selectors of XML Patch (RFC 5261 §4.1): the part of XPath that names one node.
//!
//! ```text
//! /f:Patient/f:name[2]/f:family/@value
//! f:Patient/f:identifier[f:system/@value='urn:x'][1]
//! f:Patient/f:text/h:div/h:p/text()[1]
//! ```

use crate::patch::PatchError;
use crate::patch::error::printable;

/// FHIR's namespace.
pub(super) const FHIR: &str = "http://hl7.org/fhir";
const XHTML: &str = "http://www.w3.org/1999/xhtml";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// How to get from the document to a node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selector {
    /// From the outermost element inwards; at least one.
    pub steps: Vec<Step>,
    /// What of the last step's nodes is meant; the nodes themselves where it is `None`.
    pub of: Option<Of>,
}

/// What an element has besides what is in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Of {
    /// An attribute.
    Attribute(Test),
    /// The declaration of a prefix.
    Declaration(String),
}

/// One step inwards.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub test: NodeTest,
    pub conditions: Vec<Condition>,
}

/// Which children a step takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NodeTest {
    Element(Test),
    Text,
    Comment,
}

/// Which names are taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Any,
    Name { namespace: String, local: String },
}

/// What a step asks of what it takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// `[2]`, from 1.
    Position(usize),
    /// `[a/@b='c']`; without a value, that there is such a thing.
    Has { steps: Vec<Step>, attribute: Option<Test>, value: Option<String> },
}

/// The namespaces that a selector's prefixes stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope(Vec<(String, String)>);

impl Scope {
    /// Adds declarations, which go before those there are.
    pub fn declare(&mut self, declarations: &[(String, String)]) {
        self.0.extend_from_slice(declarations);
    }

    /// The namespace of names without prefix: the default of the patch (RFC 5261 §4.2.2). Where that has none it is
    /// FHIR's, for a resource has no names without namespace.
    pub fn default_namespace(&self) -> &str {
        self.declared("").filter(|uri| !uri.is_empty()).unwrap_or(FHIR)
    }

    fn declared(&self, prefix: &str) -> Option<&str> {
        self.0.iter().rfind(|(known, _)| known == prefix).map(|(_, uri)| uri.as_str())
    }

    /// The namespace of a prefix. Those that FHIR's own documents use need no declaration.
    pub fn namespace(&self, prefix: &str) -> Option<&str> {
        self.declared(prefix).or(match prefix {
            "f" | "fhir" => Some(FHIR),
            "h" | "xhtml" => Some(XHTML),
            "xml" => Some(XML),
            _ => None,
        })
    }
}

impl Selector {
    /// Reads a selector.
    pub fn parse(text: &str, scope: &Scope) -> Result<Selector, PatchError> {
        let mut reading = Reading { text, rest: text.trim(), scope };
        reading.skip("/");
        let mut selector = Selector { steps: Vec::new(), of: None };
        loop {
            if reading.skip("@") {
                selector.of = Some(Of::Attribute(reading.name_test(true)?));
            } else if reading.skip("namespace::") {
                selector.of = Some(Of::Declaration(reading.name()?));
            } else {
                selector.steps.push(reading.step()?);
            }
            if reading.rest.is_empty() {
                break;
            }
            if selector.of.is_some() || !reading.skip("/") {
                return Err(reading.error("what follows is no step"));
            }
        }
        if selector.steps.is_empty() {
            return Err(reading.error("it begins with the outermost element: /f:Patient"));
        }
        Ok(selector)
    }
}

/// The name of an attribute as `type="@name"` has it.
pub(super) fn attribute_name(text: &str, scope: &Scope) -> Result<(String, String, String), PatchError> {
    let mut reading = Reading { text, rest: text, scope };
    let name = reading.name()?;
    let (prefix, local) = match reading.skip(":") {
        true => (name, reading.name()?),
        false => (String::new(), name),
    };
    if !reading.rest.is_empty() {
        return Err(reading.error("not the name of an attribute"));
    }
    let namespace = reading.namespace(&prefix, true)?;
    Ok((namespace, prefix, local))
}

struct Reading<'t, 's> {
    text: &'t str,
    rest: &'t str,
    scope: &'s Scope,
}

impl Reading<'_, '_> {
    /// An error at the place where the reading is. The text itself is not repeated: it may hold values.
    fn error(&self, message: &str) -> PatchError {
        let at = self.text.len() - self.rest.len() + 1;
        PatchError::malformed(format!("the selector is not understood at its character {at}: {message}"))
    }

    fn skip(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn name(&mut self) -> Result<String, PatchError> {
        let is_start = |c: char| c.is_alphabetic() || c == '_';
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        match self.rest.split_at_checked(end) {
            Some((name, rest)) if name.starts_with(is_start) => {
                self.rest = rest;
                Ok(name.to_owned())
            }
            _ => Err(self.error("a name is expected")),
        }
    }

    fn namespace(&self, prefix: &str, is_attribute: bool) -> Result<String, PatchError> {
        match (prefix, is_attribute) {
            ("", true) => Ok(String::new()),
            ("", false) => Ok(self.scope.default_namespace().to_owned()),
            (prefix, _) => self.scope.namespace(prefix).map(str::to_owned).ok_or_else(|| {
                PatchError::malformed(format!(
                    "no namespace is declared for the prefix '{}'",
                    printable(prefix)
                ))
            }),
        }
    }

    fn name_test(&mut self, is_attribute: bool) -> Result<Test, PatchError> {
        if self.skip("*") {
            return Ok(Test::Any);
        }
        let name = self.name()?;
        let (prefix, local) = match self.rest.starts_with("::") {
            true => return Err(self.error("this axis is not known here")),
            false if self.skip(":") => (name, self.name()?),
            false => (String::new(), name),
        };
        Ok(Test::Name { namespace: self.namespace(&prefix, is_attribute)?, local })
    }

    fn node_test(&mut self) -> Result<NodeTest, PatchError> {
        match () {
            () if self.skip("text()") => Ok(NodeTest::Text),
            () if self.skip("comment()") => Ok(NodeTest::Comment),
            () => {
                let test = self.name_test(false)?;
                if self.rest.starts_with('(') {
                    return Err(self.error("of functions text() and comment() are known"));
                }
                Ok(NodeTest::Element(test))
            }
        }
    }

    fn step(&mut self) -> Result<Step, PatchError> {
        let mut step = Step { test: self.node_test()?, conditions: Vec::new() };
        while self.skip("[") {
            step.conditions.push(self.condition()?);
        }
        Ok(step)
    }

    fn condition(&mut self) -> Result<Condition, PatchError> {
        self.blanks();
        let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let condition = match self.rest.split_at_checked(digits).filter(|(digits, _)| !digits.is_empty()) {
            Some((digits, rest)) => {
                let position = digits.parse().map_err(|_| self.error("this number is too large"))?;
                self.rest = rest;
                Condition::Position(position)
            }
            None => self.has()?,
        };
        self.blanks();
        match self.skip("]") {
            true => Ok(condition),
            false => Err(self.error("']' is expected")),
        }
    }

    /// A path from the element at hand, and what is at its end. Conditions within conditions there are none.
    fn has(&mut self) -> Result<Condition, PatchError> {
        let (mut steps, mut attribute) = (Vec::new(), None);
        let mut more = if self.skip("./") { true } else { !self.skip(".") };
        while more {
            if self.skip("@") {
                attribute = Some(self.name_test(true)?);
                break;
            }
            steps.push(Step { test: self.node_test()?, conditions: Vec::new() });
            more = self.skip("/");
        }
        self.blanks();
        let value = if self.skip("=") { Some(self.literal()?) } else { None };
        Ok(Condition::Has { steps, attribute, value })
    }

    fn literal(&mut self) -> Result<String, PatchError> {
        self.blanks();
        let quote = if self.skip("'") { '\'' } else { '"' };
        if quote == '"' && !self.skip("\"") {
            return Err(self.error("a text in quotes is expected"));
        }
        match self.rest.split_once(quote) {
            Some((text, rest)) => {
                self.rest = rest;
                Ok(text.to_owned())
            }
            None => Err(self.error("this text has no end")),
        }
    }
}
