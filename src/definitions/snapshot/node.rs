//! A snapshot as a tree: elements with what is below them and the slices beside them.

use super::error::Fault;
use super::limits;
use crate::definitions::ElementDefinition;

/// An element of a snapshot. Ids and paths inside are those it was read with; only the last part of the path counts,
/// and [`Node::elements`] writes them anew. `base` is always filled in.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) element: ElementDefinition,
    pub(super) children: Vec<Node>,
    /// Slices of the element, those of slices (`a/b`) behind what they are slices of.
    pub(super) slices: Vec<Node>,
}

impl Node {
    /// The tree of a snapshot's elements; `None` when there are none.
    pub(super) fn read(elements: &[ElementDefinition]) -> Result<Option<Node>, Fault> {
        if elements.len() > limits::ELEMENTS {
            return Err(Fault::TooManyElements);
        }
        let mut rest = elements;
        read(&mut rest, 0)
    }

    /// Its name: the last part of its path.
    pub(super) fn name(&self) -> &str {
        last(&self.element.path)
    }

    /// The name without `[x]`, when it has that.
    pub(super) fn choice(&self) -> Option<&str> {
        self.name().strip_suffix("[x]")
    }

    /// Its slice of that name.
    pub(super) fn slice(&self, name: &str) -> Option<usize> {
        self.slices.iter().position(|slice| slice.element.slice_name.as_deref() == Some(name))
    }

    /// How many elements it and all below and beside it are.
    pub(super) fn size(&self) -> usize {
        1 + self.children.iter().chain(&self.slices).map(Node::size).sum::<usize>()
    }

    /// A copy without its slices and their slicing.
    pub(super) fn unsliced(&self) -> Node {
        Node {
            element: ElementDefinition { slicing: None, ..self.element.clone() },
            children: self.children.clone(),
            slices: Vec::new(),
        }
    }

    /// The descendant at a path such as `Questionnaire.item`, this node's own name first; no slices.
    pub(super) fn at(&self, path: &str) -> Option<&Node> {
        let mut names = path.split('.');
        let mut found = (names.next()? == self.name()).then_some(self)?;
        for name in names {
            found = found.children.iter().find(|child| child.name() == name)?;
        }
        Some(found)
    }

    /// The elements in order, with ids and paths below a root called `root`.
    pub(super) fn elements(self, root: &str) -> Vec<ElementDefinition> {
        let mut elements = Vec::with_capacity(self.size());
        self.write(root.to_owned(), root.to_owned(), &mut elements);
        elements
    }

    fn write(self, id: String, path: String, elements: &mut Vec<ElementDefinition>) {
        let Node { element, children, slices } = self;
        let mut written =
            ElementDefinition { id: id.clone(), path: path.clone(), base: None, ..element.clone() };
        written.base = Some(element.base()).filter(|base| *base != written.base());
        elements.push(written);
        for child in children {
            let (id, path) = (format!("{id}.{}", child.name()), format!("{path}.{}", child.name()));
            child.write(id, path, elements);
        }
        for slice in slices {
            let name = slice.element.slice_name.clone().unwrap_or_default();
            slice.write(format!("{id}:{name}"), path.clone(), elements);
        }
    }
}

/// Reads the first element and what belongs to it, and leaves the rest.
fn read(rest: &mut &[ElementDefinition], depth: usize) -> Result<Option<Node>, Fault> {
    if depth > limits::DEPTH {
        return Err(Fault::TooDeep);
    }
    let Some((first, mut after)) = rest.split_first() else { return Ok(None) };
    let element = ElementDefinition { base: Some(first.base()), ..first.clone() };
    let mut node = Node { element, children: Vec::new(), slices: Vec::new() };
    while let Some(next) = after.first() {
        let below = next.path.strip_prefix(&first.path).and_then(|rest| rest.strip_prefix('.'));
        let Some(name) = below else { break };
        // An element whose parent is missing has no place in a tree.
        if name.contains('.') {
            after = after.get(1..).unwrap_or_default();
            continue;
        }
        let is_slice = next.slice_name.is_some();
        let Some(child) = read(&mut after, depth + 1)? else { break };
        match node.children.last_mut() {
            Some(sliced) if is_slice && sliced.name() == child.name() => sliced.slices.push(child),
            _ => node.children.push(child),
        }
    }
    *rest = after;
    Ok(Some(node))
}

/// The last part of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
