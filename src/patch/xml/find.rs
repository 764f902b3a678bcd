//! The one node that a selector names.

use super::selector::{Condition, NodeTest, Of, Selector, Step, Test};
use crate::patch::PatchError;
use crate::xml::tree::{Document, Element, Name, Node};

/// A node: places among the children, from the outermost element on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    /// An element; the outermost one where the path is empty.
    Element(Vec<usize>),
    /// A text.
    Text(Vec<usize>),
    /// A comment.
    Comment(Vec<usize>),
    /// Which attribute of the element.
    Attribute(Vec<usize>, usize),
    /// Which declaration of the element.
    Declaration(Vec<usize>, usize),
}

/// Finds the node of a selector. `work` is how many nodes may be looked at.
///
/// Errors: none, or several (RFC 5261 §4.1).
pub(super) fn find(document: &Document, selector: &Selector, work: &mut usize) -> Result<Target, PatchError> {
    let mut search = Search { work };
    let mut steps = selector.steps.iter();
    let Some(first) = steps.next() else { return Err(nothing()) };
    let root = Found { node: Ref::Element(document.root()), path: Vec::new() };
    let mut found = search.filtered(first, vec![root])?;
    for step in steps {
        found = search.children(step, found)?;
    }
    let mut targets = Vec::new();
    for Found { node, path } in found {
        match (&selector.of, node) {
            (None, Ref::Element(_)) => targets.push(Target::Element(path)),
            (None, Ref::Text(_)) => targets.push(Target::Text(path)),
            (None, Ref::Comment) => targets.push(Target::Comment(path)),
            (Some(Of::Attribute(test)), Ref::Element(element)) => {
                let named = element.attributes.iter().enumerate().filter(|(_, (name, _))| test.takes(name));
                targets.extend(named.map(|(index, _)| Target::Attribute(path.clone(), index)));
            }
            (Some(Of::Declaration(prefix)), Ref::Element(element)) => {
                let declared = element.declarations.iter().position(|(known, _)| known == prefix);
                targets.extend(declared.map(|index| Target::Declaration(path, index)));
            }
            (Some(_), _) => {}
        }
    }
    let count = targets.len();
    match targets.pop() {
        Some(target) if count == 1 => Ok(target),
        None => Err(nothing()),
        Some(_) => {
            let text =
                format!("the selector names {count} nodes: one is needed, say by a position as in f:name[1]");
            Err(PatchError::not_applicable(text))
        }
    }
}

fn nothing() -> PatchError {
    PatchError::not_applicable("the selector names nothing in this resource")
}

#[derive(Clone, Copy)]
enum Ref<'d> {
    Element(&'d Element),
    Text(&'d str),
    Comment,
}

struct Found<'d> {
    node: Ref<'d>,
    path: Vec<usize>,
}

impl Test {
    pub(super) fn takes(&self, name: &Name) -> bool {
        match self {
            Test::Any => true,
            Test::Name { namespace, local } => name.namespace == *namespace && name.local == *local,
        }
    }
}

impl NodeTest {
    fn takes(&self, node: Ref<'_>) -> bool {
        match (self, node) {
            (NodeTest::Element(test), Ref::Element(element)) => test.takes(&element.name),
            (NodeTest::Text, Ref::Text(_)) | (NodeTest::Comment, Ref::Comment) => true,
            _ => false,
        }
    }
}

fn node(node: &Node) -> Ref<'_> {
    match node {
        Node::Element(element) => Ref::Element(element),
        Node::Text(text) => Ref::Text(text),
        Node::Comment(_) => Ref::Comment,
    }
}

struct Search<'w> {
    work: &'w mut usize,
}

impl Search<'_> {
    fn spend(&mut self, amount: usize) -> Result<(), PatchError> {
        let left = self.work.checked_sub(amount);
        *self.work =
            left.ok_or_else(|| PatchError::too_costly("the selectors take more steps than allowed"))?;
        Ok(())
    }

    /// What a step takes of the children of each. Positions count among the children of one.
    fn children<'d>(&mut self, step: &Step, parents: Vec<Found<'d>>) -> Result<Vec<Found<'d>>, PatchError> {
        let mut found = Vec::new();
        for parent in parents {
            let Ref::Element(element) = parent.node else { continue };
            self.spend(element.children.len())?;
            let children = element.children.iter().enumerate().map(|(index, child)| (index, node(child)));
            let taken = children.filter(|(_, child)| step.test.takes(*child)).map(|(index, node)| Found {
                node,
                path: parent.path.iter().copied().chain([index]).collect(),
            });
            found.extend(self.filtered(step, taken.collect())?);
        }
        Ok(found)
    }

    fn filtered<'d>(&mut self, step: &Step, mut found: Vec<Found<'d>>) -> Result<Vec<Found<'d>>, PatchError> {
        found.retain(|one| step.test.takes(one.node));
        for condition in &step.conditions {
            self.spend(found.len())?;
            match condition {
                Condition::Position(position) => {
                    let at = position.checked_sub(1).filter(|at| *at < found.len());
                    found = at.map(|at| found.swap_remove(at)).into_iter().collect();
                }
                Condition::Has { steps, attribute, value } => {
                    let mut kept = Vec::with_capacity(found.len());
                    for one in found {
                        if self.has(one.node, steps, attribute.as_ref(), value.as_deref())? {
                            kept.push(one);
                        }
                    }
                    found = kept;
                }
            }
        }
        Ok(found)
    }

    fn has(
        &mut self,
        from: Ref<'_>,
        steps: &[Step],
        attribute: Option<&Test>,
        value: Option<&str>,
    ) -> Result<bool, PatchError> {
        let Some((step, rest)) = steps.split_first() else {
            return self.is_met(from, attribute, value);
        };
        let Ref::Element(element) = from else { return Ok(false) };
        self.spend(element.children.len())?;
        for child in element.children.iter().map(node).filter(|child| step.test.takes(*child)) {
            if self.has(child, rest, attribute, value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_met(
        &mut self,
        node: Ref<'_>,
        attribute: Option<&Test>,
        value: Option<&str>,
    ) -> Result<bool, PatchError> {
        let equals = |text: &str| value.is_none_or(|value| value == text);
        Ok(match (node, attribute) {
            (Ref::Element(element), Some(test)) => {
                element.attributes.iter().any(|(name, value)| test.takes(name) && equals(value))
            }
            (Ref::Element(element), None) if value.is_some() => {
                let mut text = String::new();
                self.string_value(element, &mut text)?;
                equals(&text)
            }
            (Ref::Element(_) | Ref::Comment, None) => value.is_none(),
            (Ref::Text(text), None) => equals(text),
            (_, Some(_)) => false,
        })
    }

    /// All text in an element (XPath 1.0 §5.2).
    fn string_value(&mut self, element: &Element, out: &mut String) -> Result<(), PatchError> {
        self.spend(element.children.len())?;
        for child in &element.children {
            match child {
                Node::Element(inner) => self.string_value(inner, out)?,
                Node::Text(text) => {
                    self.spend(text.len())?;
                    out.push_str(text);
                }
                Node::Comment(_) => {}
            }
        }
        Ok(())
    }
}
