//! The elements of a snapshot as the tree their ids make of them.

use std::collections::HashMap;

use crate::definitions::structure::{ElementDefinition, StructureDefinition};

/// Which elements of a structure are below which, and which are slices of which. Elements are told by their place.
#[derive(Debug, Default)]
pub(super) struct Tree<'d> {
    children: Vec<Vec<usize>>,
    slices: Vec<Vec<usize>>,
    by_id: HashMap<&'d str, usize>,
}

impl<'d> Tree<'d> {
    pub(super) fn new(structure: &'d StructureDefinition) -> Tree<'d> {
        let count = structure.elements.len();
        let mut tree = Tree {
            children: vec![Vec::new(); count],
            slices: vec![Vec::new(); count],
            by_id: HashMap::new(),
        };
        for (index, element) in structure.elements.iter().enumerate() {
            tree.by_id.entry(element.id.as_str()).or_insert(index);
            let (above, last) = element.id.rsplit_once('.').unwrap_or(("", &element.id));
            // A slice stands below the element it is a slice of; `a/b` is a slice of the slice `a`.
            let sliced = last.split_once(':').and_then(|(name, slice)| {
                let sliced = match slice.rsplit_once('/') {
                    Some((outer, _)) => format!("{above}.{name}:{outer}"),
                    None => format!("{above}.{name}"),
                };
                tree.by_id.get(sliced.as_str()).copied()
            });
            if let Some(list) = sliced.and_then(|sliced| tree.slices.get_mut(sliced)) {
                list.push(index);
            } else if let Some(list) = tree.by_id.get(above).and_then(|above| tree.children.get_mut(*above)) {
                list.push(index);
            }
        }
        tree
    }

    /// The elements right below one, slices left out.
    pub(super) fn children(&self, index: usize) -> &[usize] {
        self.children.get(index).map_or(&[], Vec::as_slice)
    }

    /// The slices of an element.
    pub(super) fn slices(&self, index: usize) -> &[usize] {
        self.slices.get(index).map_or(&[], Vec::as_slice)
    }

    /// The element of that id.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The element that says the same of all values that this one says of those in a slice.
    pub(super) fn unsliced(&self, id: &str) -> Option<usize> {
        let mut id = id.to_owned();
        while let Some(start) = id.rfind(':') {
            let end = id.get(start..).and_then(|rest| rest.find('.')).map_or(id.len(), |end| start + end);
            id.replace_range(start..end, "");
            if let Some(found) = self.find(&id) {
                return Some(found);
            }
        }
        None
    }
}

/// The last part of an element's path: `value[x]`.
pub(super) fn name_of(element: &ElementDefinition) -> &str {
    element.path.rsplit('.').next().unwrap_or_default()
}
