//! One snapshot: the base's, with the differential laid over it.

use super::change::Change;
use super::differential::Differential;
use super::error::{Fault, SnapshotError};
use super::merge::{Find, Merging};
use super::node::Node;
use crate::definitions::StructureDefinition;

/// Generates the snapshot of a profile from its differential and the structure it builds on. `find` finds other types
/// and profiles by canonical. Errors name the structure and the element.
pub(super) fn generate<'s>(
    differential: &Differential,
    base: &'s StructureDefinition,
    find: Find<'_, 's>,
) -> Result<StructureDefinition, SnapshotError> {
    let structure = &differential.structure;
    let fault =
        |element: Option<String>, fault| SnapshotError { structure: structure.canonical(), element, fault };
    if base.type_name != structure.type_name {
        let (of, base) = (structure.type_name.clone(), base.type_name.clone());
        return Err(fault(None, Fault::OtherType { of, base }));
    }
    let change = Change::read(&differential.changes, &structure.type_name)
        .map_err(|error| fault(error.element, error.fault))?;
    let root = Node::read(&base.elements).map_err(|reason| fault(None, reason))?;
    let base = root.ok_or_else(|| fault(None, Fault::BaseWithoutSnapshot(base.canonical())))?;
    let mut root = base.clone();
    let mut merging = Merging { structure, base: &base, find, size: base.size() };
    merging
        .merge(&mut root, &change, &structure.type_name, false)
        .map_err(|(element, reason)| fault(Some(element), reason))?;
    Ok(StructureDefinition { elements: root.elements(&structure.type_name), ..structure.clone() })
}
