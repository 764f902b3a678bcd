//! Which children a differential means, when it calls the choice `value[x]` by the name of one of its types.

use super::change::Change;
use super::error::Fault;
use super::merge::At;
use super::node::Node;
use crate::definitions::types::capitalised;

/// Puts each change to the child it is about, given by its place in `children`. `id` is the parent's.
///
/// `valueQuantity` means a slice of `value[x]` for that type; but within a new slice, whose children were copied from
/// what it is a slice of (`is_copied`), it means that the type is that one.
pub(super) fn arrange<'d>(
    children: &[Node],
    changes: &[Change<'d>],
    is_copied: bool,
    id: &str,
) -> Result<Vec<(usize, Change<'d>)>, At> {
    let mut arranged: Vec<(usize, Change<'d>)> = Vec::with_capacity(changes.len());
    for change in changes {
        let (index, change) = match children.iter().position(|child| child.name() == change.name) {
            Some(index) => (index, change.clone()),
            None => renamed(children, change, is_copied)
                .ok_or_else(|| (format!("{id}.{}", change.name), Fault::UnknownElement))?,
        };
        match arranged.iter_mut().find(|(other, _)| *other == index) {
            Some((_, known)) => known.absorb(change),
            None => arranged.push((index, change)),
        }
    }
    Ok(arranged)
}

fn renamed<'d>(children: &[Node], change: &Change<'d>, is_copied: bool) -> Option<(usize, Change<'d>)> {
    let found = children.iter().enumerate().find_map(|(index, child)| {
        let suffix = change.name.strip_prefix(child.choice()?)?;
        let of_type = child.element.types.iter().find(|of_type| capitalised(&of_type.code) == suffix)?;
        Some((index, of_type.code.clone()))
    });
    let (index, code) = found?;
    let mut change = Change { of_type: Some(code), ..change.clone() };
    if is_copied {
        return Some((index, change));
    }
    change.slice_name = Some(change.name);
    let slices = vec![change];
    Some((index, Change { slices, ..Change::default() }))
}
