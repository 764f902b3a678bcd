//! XML Patch (RFC 5261): the operations `add`, `replace` and `remove` on a resource as XML.
//!
//! The resource is written as XML without white space between elements, changed, and read again. What RFC 5261 has
//! and FHIR has no use for is refused: processing instructions, `id()`. The white space that `ws` speaks of is removed
//! where there is any.

mod find;
mod selector;
#[cfg(test)]
mod tests;

use self::find::{Target, find};
use self::selector::{Scope, Selector, attribute_name};
use super::{MAX_OPERATIONS, PatchError};
use crate::xml::tree::{Document, Element, MAX_OPEN, Name, Node};

/// How many nodes the selectors of a patch may look at.
const MAX_WORK: usize = 20_000_000;

/// The operations of an XML Patch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct XmlPatch(Vec<Operation>);

#[derive(Debug, Clone, PartialEq)]
struct Operation {
    selector: Selector,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Add(Place, Vec<Node>),
    AddAttribute(Name, String),
    AddDeclaration(String, String),
    Replace(Vec<Node>),
    Remove { before: bool, after: bool },
}

/// Where nodes are added: `pos` (RFC 5261 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    First,
    Last,
    Before,
    After,
}

impl XmlPatch {
    /// Reads a patch document; its outermost element may have any name.
    pub fn parse(text: &[u8]) -> Result<XmlPatch, PatchError> {
        let text = std::str::from_utf8(text).map_err(|_| PatchError::malformed("not XML in UTF-8"))?;
        let document =
            Document::parse(text).map_err(|error| PatchError::malformed(format!("not XML: {error}")))?;
        let mut scope = Scope::default();
        scope.declare(&document.root().declarations);
        let mut operations = Vec::new();
        for child in &document.root().children {
            let index = operations.len();
            let element = match child {
                Node::Element(element) => element,
                Node::Text(text) if !is_blank(text) => {
                    return Err(PatchError::malformed("text between the operations"));
                }
                Node::Text(_) | Node::Comment(_) => continue,
            };
            if index >= MAX_OPERATIONS {
                return Err(PatchError::too_costly(format!("more than {MAX_OPERATIONS} operations")));
            }
            let mut scope = scope.clone();
            scope.declare(&element.declarations);
            let place = |error: PatchError| PatchError {
                message: format!("operation[{index}]: {}", error.message),
                ..error
            };
            operations.push(operation(element, &scope).map_err(place)?);
        }
        if operations.is_empty() {
            return Err(PatchError::malformed(
                "an XML Patch has at least one of the elements add, replace and remove",
            ));
        }
        Ok(XmlPatch(operations))
    }

    /// The document as the operations, one after the other, leave it.
    pub fn apply(&self, text: &str) -> Result<String, PatchError> {
        let mut document = Document::parse(text).map_err(|error| {
            PatchError::not_applicable(format!("there is nothing to be patched: {error}"))
        })?;
        let mut work = MAX_WORK;
        for (index, operation) in self.0.iter().enumerate() {
            let done = operation.apply(&mut document, &mut work);
            done.map_err(|error| error.in_operation(index, operation.what.name()))?;
        }
        Ok(document.to_text())
    }
}

fn operation(element: &Element, scope: &Scope) -> Result<Operation, PatchError> {
    let attribute = |wanted: &str| {
        let is_wanted = |name: &Name| name.local == wanted && name.namespace.is_empty();
        element.attributes.iter().find(|(name, _)| is_wanted(name)).map(|(_, value)| value.as_str())
    };
    let selector = attribute("sel").ok_or_else(|| PatchError::malformed("the attribute 'sel' is needed"))?;
    let selector = Selector::parse(selector, scope)?;
    let nodes = || {
        let detached = |node: &Node| match node {
            Node::Element(element) => Node::Element(element.detached(scope.default_namespace())),
            other => other.clone(),
        };
        element.children.iter().map(detached).collect::<Vec<_>>()
    };
    let what = match element.name.local.as_str() {
        "add" => match attribute("type") {
            None => {
                let place = match attribute("pos") {
                    None => Place::Last,
                    Some("prepend") => Place::First,
                    Some("before") => Place::Before,
                    Some("after") => Place::After,
                    Some(_) => {
                        return Err(PatchError::malformed("'pos' is one of prepend, before and after"));
                    }
                };
                What::Add(place, nodes())
            }
            Some(name) => added_name(name, element.text(), scope)?,
        },
        "replace" => What::Replace(nodes()),
        "remove" => {
            let (before, after) = match attribute("ws") {
                None => (false, false),
                Some("before") => (true, false),
                Some("after") => (false, true),
                Some("both") => (true, true),
                Some(_) => return Err(PatchError::malformed("'ws' is one of before, after and both")),
            };
            What::Remove { before, after }
        }
        _ => return Err(PatchError::malformed("an operation is one of add, replace and remove")),
    };
    Ok(Operation { selector, what })
}

/// What `type` says is added: `@name` or `namespace::prefix`.
fn added_name(name: &str, value: String, scope: &Scope) -> Result<What, PatchError> {
    if let Some(prefix) = name.strip_prefix("namespace::") {
        let (_, _, prefix) = attribute_name(prefix, scope)?;
        return Ok(What::AddDeclaration(prefix, value));
    }
    let name = name.strip_prefix("attribute::").or(name.strip_prefix('@'));
    let name = name.ok_or_else(|| PatchError::malformed("'type' is as @name or namespace::prefix"))?;
    let (namespace, prefix, local) = attribute_name(name, scope)?;
    Ok(What::AddAttribute(Name { namespace, local, prefix }, value))
}

impl What {
    fn name(&self) -> &'static str {
        match self {
            What::Add(..) | What::AddAttribute(..) | What::AddDeclaration(..) => "add",
            What::Replace(_) => "replace",
            What::Remove { .. } => "remove",
        }
    }
}

impl Operation {
    fn apply(&self, document: &mut Document, work: &mut usize) -> Result<(), PatchError> {
        let target = find(document, &self.selector, work)?;
        match &self.what {
            What::Add(place, nodes) => add(document, *place, target, nodes),
            What::AddAttribute(name, value) => {
                let element = element_mut(document, &target)?;
                if element.attributes.iter().any(|(known, _)| is_same(known, name)) {
                    return Err(PatchError::not_applicable(
                        "the element has this attribute already: replace it",
                    ));
                }
                declare(element, name)?;
                element.attributes.push((name.clone(), value.clone()));
                Ok(())
            }
            What::AddDeclaration(prefix, uri) => {
                let element = element_mut(document, &target)?;
                if element.declarations.iter().any(|(known, _)| known == prefix) {
                    return Err(PatchError::not_applicable(
                        "the element declares this prefix already: replace it",
                    ));
                }
                element.declarations.push((prefix.clone(), uri.clone()));
                Ok(())
            }
            What::Replace(nodes) => replace(document, target, nodes),
            What::Remove { before, after } => remove(document, target, *before, *after),
        }
    }
}

fn is_same(a: &Name, b: &Name) -> bool {
    (&a.namespace, &a.local) == (&b.namespace, &b.local)
}

/// Makes sure that the prefix of an attribute stands for its namespace on an element.
fn declare(element: &mut Element, name: &Name) -> Result<(), PatchError> {
    if matches!(name.prefix.as_str(), "" | "xml") {
        return Ok(());
    }
    match element.declarations.iter().find(|(prefix, _)| *prefix == name.prefix) {
        Some((_, uri)) if *uri == name.namespace => Ok(()),
        Some(_) => Err(PatchError::not_applicable("the prefix stands for another namespace there")),
        None => {
            element.declarations.push((name.prefix.clone(), name.namespace.clone()));
            Ok(())
        }
    }
}

fn element_mut<'d>(document: &'d mut Document, target: &Target) -> Result<&'d mut Element, PatchError> {
    let element = match target {
        Target::Element(path) => document.element_mut(path),
        _ => None,
    };
    element.ok_or_else(|| PatchError::not_applicable("the selector has to name an element here"))
}

/// The parent of a node, and the node's place in it.
fn parent_mut<'d>(
    document: &'d mut Document,
    path: &[usize],
) -> Result<(&'d mut Element, usize), PatchError> {
    let outermost = || PatchError::not_applicable("nothing stands beside the outermost element");
    let (at, parent) = path.split_last().ok_or_else(outermost)?;
    document.element_mut(parent).map(|parent| (parent, *at)).ok_or_else(outermost)
}

/// That nodes, put into an element that deep, are not too deep.
fn fits(open: usize, nodes: &[Node]) -> Result<(), PatchError> {
    let depth = |node: &Node| if let Node::Element(element) = node { element.depth() } else { 0 };
    match open + nodes.iter().map(depth).max().unwrap_or_default() <= MAX_OPEN {
        true => Ok(()),
        false => Err(PatchError::not_applicable(format!("nested more than {MAX_OPEN} levels deep"))),
    }
}

fn add(document: &mut Document, place: Place, target: Target, nodes: &[Node]) -> Result<(), PatchError> {
    let (parent, at) = match (place, &target) {
        (Place::First | Place::Last, Target::Element(path)) => {
            fits(path.len() + 1, nodes)?;
            let element = element_mut(document, &target)?;
            let at = if place == Place::First { 0 } else { element.children.len() };
            (element, at)
        }
        (
            Place::Before | Place::After,
            Target::Element(path) | Target::Text(path) | Target::Comment(path),
        ) => {
            fits(path.len(), nodes)?;
            let (parent, at) = parent_mut(document, path)?;
            (parent, if place == Place::Before { at } else { at + 1 })
        }
        _ => return Err(PatchError::not_applicable("nothing can be added to what the selector names")),
    };
    parent.children.splice(at..at, nodes.iter().cloned());
    parent.join_texts();
    Ok(())
}

fn replace(document: &mut Document, target: Target, nodes: &[Node]) -> Result<(), PatchError> {
    let only = |message: &str| PatchError::not_applicable(message.to_owned());
    let text = || match nodes {
        [] => Ok(String::new()),
        [Node::Text(text)] => Ok(text.clone()),
        _ => Err(only("what is named is replaced by text and nothing else")),
    };
    let meant: Vec<&Node> =
        nodes.iter().filter(|node| !matches!(node, Node::Text(text) if is_blank(text))).collect();
    match target {
        Target::Attribute(path, index) => {
            let value = text()?;
            let element = document.element_mut(&path).and_then(|element| element.attributes.get_mut(index));
            element.into_iter().for_each(|(_, old)| old.clone_from(&value));
        }
        Target::Declaration(path, index) => {
            let value = text()?;
            let element = document.element_mut(&path).and_then(|element| element.declarations.get_mut(index));
            element.into_iter().for_each(|(_, old)| old.clone_from(&value));
        }
        Target::Text(path) => {
            let value = text()?;
            let (parent, at) = parent_mut(document, &path)?;
            parent.children.splice(at..=at, [Node::Text(value)]);
            parent.join_texts();
        }
        Target::Comment(path) => {
            let [comment @ Node::Comment(_)] = *meant.as_slice() else {
                return Err(only("a comment is replaced by a comment"));
            };
            let (parent, at) = parent_mut(document, &path)?;
            parent.children.splice(at..=at, [comment.clone()]);
        }
        Target::Element(path) => {
            let [Node::Element(element)] = *meant.as_slice() else {
                return Err(only("an element is replaced by one element"));
            };
            fits(path.len(), nodes)?;
            let there = document.element_mut(&path);
            there.into_iter().for_each(|there| there.clone_from(element));
        }
    }
    Ok(())
}

fn remove(document: &mut Document, target: Target, before: bool, after: bool) -> Result<(), PatchError> {
    match target {
        Target::Attribute(path, index) => {
            let element = document.element_mut(&path);
            element.into_iter().for_each(|element| drop(element.attributes.remove(index)));
        }
        Target::Declaration(path, index) => {
            let element = document.element_mut(&path);
            element.into_iter().for_each(|element| drop(element.declarations.remove(index)));
        }
        Target::Element(path) | Target::Text(path) | Target::Comment(path) => {
            let (parent, at) = parent_mut(document, &path).map_err(|_| {
                PatchError::not_applicable("the whole resource is not removed by a patch: delete it")
            })?;
            parent.children.remove(at);
            let is_blank_at = |parent: &Element, at: usize| matches!(parent.children.get(at), Some(Node::Text(text)) if is_blank(text));
            if after && is_blank_at(parent, at) {
                parent.children.remove(at);
            }
            if let Some(at) = at.checked_sub(1).filter(|at| before && is_blank_at(parent, *at)) {
                parent.children.remove(at);
            }
            parent.join_texts();
        }
    }
    Ok(())
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}
