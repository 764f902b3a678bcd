//! The element that an element of a snapshot starts from: what its type already says about it.

use super::structure::{ElementDefinition, StructureDefinition};

/// Finds the element that the one with `path` starts from.
///
/// `of` is the structure it belongs to, `before` the elements ahead of it, `find` finds the definitions of types.
/// In a profile it is the element with the same path in the type. In a type it is the one in the type it builds on.
/// Failing that, it is the child of the type that the element above it has: `HumanName.family` for
/// `Patient.name.family`, `BackboneElement.extension` for `Patient.contact.extension`.
pub(super) fn inherited<'d>(
    path: &str,
    of: &StructureDefinition,
    before: &[ElementDefinition],
    find: &dyn Fn(&str) -> Option<&'d StructureDefinition>,
) -> Option<&'d ElementDefinition> {
    let own_type = if of.is_type() { None } else { find(&of.type_name) };
    if let Some(found) = own_type.and_then(|definition| at(definition, path)) {
        return Some(found);
    }
    let (above, name) = path.rsplit_once('.')?;
    if of.is_type() && !above.contains('.') {
        let base = find(of.base_definition.as_deref()?.rsplit('/').next()?)?;
        return at(base, &format!("{}.{name}", base.type_name));
    }
    // The elements above stand close ahead.
    let above = before.iter().rev().find(|element| element.path == above)?;
    if let Some(target) = &above.content_reference {
        let target = target.rsplit('#').next()?;
        return at(own_type?, &format!("{target}.{name}"));
    }
    above.types.iter().find_map(|of_type| {
        // Types are loaded in an order that has their bases and these two ahead of them, not more.
        if of.is_type() && !matches!(of_type.code.as_str(), "Element" | "BackboneElement") {
            return None;
        }
        let definition = find(&of_type.code)?;
        at(definition, &format!("{}.{name}", definition.type_name))
    })
}

fn at<'d>(definition: &'d StructureDefinition, path: &str) -> Option<&'d ElementDefinition> {
    definition.elements.iter().find(|element| element.path == path)
}
