//! Slices: where they start, and how they are told apart where the differential leaves that to be understood.

use super::change::Change;
use super::error::Fault;
use super::merge::min;
use super::node::Node;
use crate::definitions::structure::{Discriminator, Slicing};
use crate::definitions::types::capitalised;

/// A slice that the base does not have, as it is before anything is said of it: a copy of what it is a slice of, and
/// optional. A slice of a slice (`a/b`) is a copy of that slice, everything else of the element `unsliced`.
pub(super) fn new_slice(node: &Node, unsliced: &Node, change: &Change<'_>) -> Node {
    let name = change.slice_name.unwrap_or_default();
    let parent = name.rsplit_once('/').and_then(|(parent, _)| node.slices.get(node.slice(parent)?));
    let mut slice = parent.map_or_else(|| unsliced.clone(), Node::unsliced);
    slice.element.slice_name = Some(name.to_owned());
    slice.element.min = 0;
    // `valueQuantity` is a slice for that type, though its type be left to be understood.
    let of_type = slice.choice().and_then(|stem| {
        let suffix = name.strip_prefix(stem)?;
        slice.element.types.iter().find(|of_type| capitalised(&of_type.code) == suffix).cloned()
    });
    if let Some(of_type) = of_type {
        slice.element.types = vec![of_type];
    }
    slice
}

/// Puts a new slice where it belongs: a slice of a slice behind that and its other slices, everything else at the end.
pub(super) fn insert(node: &mut Node, name: &str, slice: Node) {
    let parent = name.rsplit_once('/').map(|(parent, _)| parent);
    let family = |other: &Node| {
        let other = other.element.slice_name.as_deref().unwrap_or_default();
        parent.is_some_and(|parent| {
            other.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let index = node.slices.iter().rposition(family).map_or(node.slices.len(), |last| last + 1);
    node.slices.insert(index, slice);
}

/// Fills in the slicing of an element that has slices but no word on telling them apart: extensions are told apart by
/// URL, choices by type. Then draws the conclusions for a choice sliced by type.
pub(super) fn complete(node: &mut Node, changes: &[Change<'_>]) -> Result<(), Fault> {
    if node.element.slicing.is_none() {
        let by = |kind: &str, path: &str| Slicing {
            discriminator: vec![Discriminator { kind: kind.to_owned(), path: path.to_owned() }],
            ordered: false,
            rules: "open".to_owned(),
        };
        node.element.slicing = Some(match node.name() {
            "extension" | "modifierExtension" => by("value", "url"),
            _ if node.choice().is_some() => by("type", "$this"),
            _ => return Err(Fault::NoSlicing),
        });
    }
    let slicing = node.element.slicing.as_ref();
    let is_by_type = slicing.is_some_and(|slicing| match slicing.discriminator.as_slice() {
        [by] => by.kind == "type" && by.path == "$this",
        _ => false,
    });
    if node.choice().is_some() && is_by_type {
        by_type(node, changes);
    }
    Ok(())
}

/// A choice is there once: a slice that must be there leaves no room for other types, and slices for all types leave
/// no room for anything else.
fn by_type(node: &mut Node, changes: &[Change<'_>]) {
    let required = changes.iter().filter(|change| min(change).is_some_and(|min| min > 0));
    for change in required {
        let slice = change.slice_name.and_then(|name| node.slices.get(node.slice(name)?));
        let Some(slice) = slice else { continue };
        let codes: Vec<String> = slice.element.types.iter().map(|of_type| of_type.code.clone()).collect();
        node.element.types.retain(|of_type| codes.contains(&of_type.code));
        node.element.min = node.element.min.max(1);
    }
    let mut types = node.element.types.iter();
    let has_slice =
        |code: &str| node.slices.iter().any(|slice| slice.element.types.iter().any(|t| t.code == code));
    if types.all(|of_type| has_slice(&of_type.code))
        && let Some(slicing) = &mut node.element.slicing
    {
        slicing.rules = "closed".to_owned();
    }
}
