//! What a differential says of one element, applied to it.

use super::differential::ElementChange;
use super::error::Fault;
use super::limits;
use super::merge::{Find, Merging};
use super::node::{Node, last};
use super::unfold::{CORE, SYSTEM};
use crate::definitions::strip::comes_with_type;
use crate::definitions::structure::{Binding, ElementDefinition, ElementType};

/// The types whose values can be bound to a value set (R4 §2.28.2).
const BINDABLE: [&str; 11] = [
    "code",
    "string",
    "uri",
    "Coding",
    "CodeableConcept",
    "Quantity",
    "Age",
    "Count",
    "Distance",
    "Duration",
    "MoneyQuantity",
];

/// Applies what is stated; what is not stays as it is.
pub(super) fn apply(node: &mut Node, change: &ElementChange, merging: &Merging<'_, '_>) -> Result<(), Fault> {
    let is_root = !change.path.contains('.');
    let element = &mut node.element;
    if !change.types.is_empty() {
        check_types(&element.types, &change.types, merging.find)?;
        element.types.clone_from(&change.types);
        if let Some(root) = extension(&element.types).and_then(merging.find).and_then(|e| e.elements.first())
        {
            element.is_modifier |= root.is_modifier;
        }
    }
    if let Some(min) = change.min {
        element.min = min;
    }
    if let Some(max) = &change.max {
        if max != "*" && max.parse::<u32>().is_err() {
            return Err(Fault::Max);
        }
        element.max.clone_from(max);
    }
    if change.content_reference.is_some() && element.types.is_empty() {
        element.content_reference.clone_from(&change.content_reference);
    }
    if change.slicing.is_some() {
        element.slicing.clone_from(&change.slicing);
    }
    if let Some(stated) = &change.binding {
        element.binding = Some(bind(element.binding.take(), stated));
    }
    for constraint in &change.constraints {
        let is_new = !element.constraints.iter().any(|known| known.key == constraint.key);
        if is_new && !comes_with_type(constraint, &element.types, merging.structure, is_root) {
            element.constraints.push(constraint.clone());
        }
    }
    element.max_length = change.max_length.or(element.max_length);
    element.must_support = change.must_support.unwrap_or(element.must_support);
    // What an element means is for its type to say; only an extension's own definition can.
    if matches!(last(&change.path), "Extension" | "extension" | "modifierExtension") {
        element.is_modifier = change.is_modifier.unwrap_or(element.is_modifier);
    }
    element.is_summary = change.is_summary.unwrap_or(element.is_summary);
    if !change.representation.is_empty() {
        element.representation.clone_from(&change.representation);
    }
    for (name, value) in &change.values {
        element.values.insert(name.clone(), value.clone());
    }
    Ok(())
}

/// Whether the base allows all the types stated; they take the place of those there were.
fn check_types(before: &[ElementType], stated: &[ElementType], find: Find<'_, '_>) -> Result<(), Fault> {
    for of_type in stated {
        if !before.is_empty() && !before.iter().any(|known| is_a(&of_type.code, &known.code, find)) {
            return Err(Fault::Type(of_type.code.clone()));
        }
    }
    Ok(())
}

/// Whether a type is another or specialises it. Those of FHIRPath stand for the primitives they are the values of.
fn is_a(code: &str, ancestor: &str, find: Find<'_, '_>) -> bool {
    let parent = |code: &String| {
        let definition = find(&format!("{CORE}{code}"))?;
        Some(definition.base_definition.as_deref()?.strip_prefix(CORE)?.to_owned())
    };
    ancestor.starts_with(SYSTEM)
        || std::iter::successors(Some(code.to_owned()), parent)
            .take(limits::DEPTH)
            .any(|code| code == ancestor)
}

/// The canonical of the one extension these types stand for.
pub(super) fn extension(types: &[ElementType]) -> Option<&str> {
    match types {
        [ElementType { code, profile, .. }] if code == "Extension" => match profile.as_slice() {
            [profile] => Some(profile),
            _ => None,
        },
        _ => None,
    }
}

/// Takes the binding from an element whose types are none that can be bound.
pub(super) fn unbind(element: &mut ElementDefinition) {
    let is_bindable = |of_type: &ElementType| BINDABLE.contains(&of_type.code.as_str());
    if !element.types.is_empty() && !element.types.iter().any(is_bindable) {
        element.binding = None;
    }
}

/// A binding that says nothing of the value set is to the one there was; what binds besides it, binds on.
fn bind(before: Option<Binding>, stated: &Binding) -> Binding {
    let mut binding = stated.clone();
    if let Some(before) = before {
        binding.value_set = binding.value_set.or(before.value_set);
        if binding.additional.is_empty() {
            binding.additional = before.additional;
        }
    }
    binding
}
