//! A differential laid over the snapshot of its base.

use super::change::Change;
use super::differential::ElementChange;
use super::error::Fault;
use super::node::Node;
use super::{apply, choice, limits, slicing, unfold};
use crate::definitions::StructureDefinition;

/// A fault and the id of the element that has it.
pub(super) type At = (String, Fault);

/// Finds types and profiles by canonical.
pub(super) type Find<'m, 's> = &'m dyn Fn(&str) -> Option<&'s StructureDefinition>;

/// What merging looks at besides the two trees.
pub(super) struct Merging<'m, 's> {
    /// The profile, its elements aside.
    pub(super) structure: &'m StructureDefinition,
    /// The base, whole and as it was: what content references point into.
    pub(super) base: &'m Node,
    /// Finds types and profiles by canonical.
    pub(super) find: Find<'m, 's>,
    /// How many elements there are so far.
    pub(super) size: usize,
}

impl Merging<'_, '_> {
    /// Lays a change over an element. `id` is the element's; `is_new_slice` tells whether it has just been copied from
    /// what it is a slice of.
    pub(super) fn merge(
        &mut self,
        node: &mut Node,
        change: &Change<'_>,
        id: &str,
        is_new_slice: bool,
    ) -> Result<(), At> {
        let at = |fault| (id.to_owned(), fault);
        // Slices start from what the base says, not from what this differential says beside them.
        let unsliced = (!change.slices.is_empty()).then(|| node.unsliced());
        if let Some(code) = &change.of_type {
            node.element.types.retain(|of_type| of_type.code == *code);
        }
        for stated in &change.stated {
            apply::apply(node, stated, self).map_err(at)?;
        }
        if change.of_type.is_some() || !change.stated.is_empty() {
            apply::unbind(&mut node.element);
        }
        if !change.children.is_empty() {
            let has_children = !node.children.is_empty();
            if !has_children {
                unfold::unfold(node, self).map_err(at)?;
                self.count(&node.children).map_err(at)?;
            }
            self.children(node, &change.children, id, is_new_slice && has_children)?;
        }
        if let Some(unsliced) = unsliced {
            self.slices(node, &unsliced, &change.slices, id)?;
            slicing::complete(node, &change.slices).map_err(at)?;
        }
        Ok(())
    }

    fn children(
        &mut self,
        node: &mut Node,
        changes: &[Change<'_>],
        id: &str,
        is_copied: bool,
    ) -> Result<(), At> {
        for (index, change) in choice::arrange(&node.children, changes, is_copied, id)? {
            if let Some(child) = node.children.get_mut(index) {
                let id = format!("{id}.{}", child.name());
                self.merge(child, &change, &id, false)?;
            }
        }
        Ok(())
    }

    fn slices(
        &mut self,
        node: &mut Node,
        unsliced: &Node,
        changes: &[Change<'_>],
        id: &str,
    ) -> Result<(), At> {
        for change in changes {
            let name = change.slice_name.unwrap_or_default();
            let id = format!("{id}:{name}");
            let is_constraining = change.stated.iter().find_map(|stated| stated.slice_is_constraining);
            match (node.slice(name), is_constraining) {
                (Some(_), Some(false)) => return Err((id, Fault::SliceExists)),
                (None, Some(true)) => return Err((id, Fault::NoSuchSlice)),
                (Some(index), _) => {
                    if let Some(slice) = node.slices.get_mut(index) {
                        self.merge(slice, change, &id, false)?;
                    }
                }
                (None, _) => {
                    let mut slice = slicing::new_slice(node, unsliced, change);
                    self.count(std::slice::from_ref(&slice)).map_err(|fault| (id.clone(), fault))?;
                    self.merge(&mut slice, change, &id, true)?;
                    slicing::insert(node, name, slice);
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, added: &[Node]) -> Result<(), Fault> {
        self.size += added.iter().map(Node::size).sum::<usize>();
        if self.size > limits::ELEMENTS { Err(Fault::TooManyElements) } else { Ok(()) }
    }
}

/// Whether a change says anything of an element's cardinality.
pub(super) fn min(change: &Change<'_>) -> Option<u32> {
    change.stated.iter().rev().find_map(|stated: &&ElementChange| stated.min)
}
