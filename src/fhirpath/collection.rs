//! Collections: what every FHIRPath expression results in (§2.2). Without heap for none or one item.

use super::node::Node;

/// Items in order.
#[derive(Debug, Clone, Default)]
pub enum Collection<'a> {
    /// No item.
    #[default]
    Empty,
    /// One item.
    One(Node<'a>),
    /// Several items, or fewer.
    Many(Vec<Node<'a>>),
}

impl<'a> Collection<'a> {
    /// The items.
    pub fn as_slice(&self) -> &[Node<'a>] {
        match self {
            Collection::Empty => &[],
            Collection::One(node) => std::slice::from_ref(node),
            Collection::Many(nodes) => nodes,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// The items, borrowed.
    pub fn iter(&self) -> std::slice::Iter<'_, Node<'a>> {
        self.as_slice().iter()
    }

    /// Adds an item at the end.
    pub fn push(&mut self, node: Node<'a>) {
        match self {
            Collection::Empty => *self = Collection::One(node),
            Collection::Many(nodes) => nodes.push(node),
            Collection::One(_) => {
                let Collection::One(first) = std::mem::take(self) else { return };
                *self = Collection::Many(vec![first, node]);
            }
        }
    }
}

impl<'a> From<Node<'a>> for Collection<'a> {
    fn from(node: Node<'a>) -> Self {
        Collection::One(node)
    }
}

impl<'a> FromIterator<Node<'a>> for Collection<'a> {
    fn from_iter<I: IntoIterator<Item = Node<'a>>>(nodes: I) -> Self {
        let mut collection = Collection::Empty;
        for node in nodes {
            collection.push(node);
        }
        collection
    }
}

impl<'a> AsRef<[Node<'a>]> for Collection<'a> {
    fn as_ref(&self) -> &[Node<'a>] {
        self.as_slice()
    }
}

impl<'a> IntoIterator for Collection<'a> {
    type Item = Node<'a>;
    type IntoIter = IntoIter<'a>;

    fn into_iter(self) -> IntoIter<'a> {
        match self {
            Collection::Empty => IntoIter::One(None),
            Collection::One(node) => IntoIter::One(Some(node)),
            Collection::Many(nodes) => IntoIter::Many(nodes.into_iter()),
        }
    }
}

impl<'c, 'a> IntoIterator for &'c Collection<'a> {
    type Item = &'c Node<'a>;
    type IntoIter = std::slice::Iter<'c, Node<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The items of a collection, given away.
#[derive(Debug)]
pub enum IntoIter<'a> {
    /// Of none or one.
    One(Option<Node<'a>>),
    /// Of several.
    Many(std::vec::IntoIter<Node<'a>>),
}

impl<'a> Iterator for IntoIter<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        match self {
            IntoIter::One(node) => node.take(),
            IntoIter::Many(nodes) => nodes.next(),
        }
    }
}
