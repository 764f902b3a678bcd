//! What is below an element that its snapshot does not go into: what its type, its profile or the element it refers to
//! has.

use super::apply::extension;
use super::error::Fault;
use super::merge::{Find, Merging};
use super::node::Node;
use crate::definitions::StructureDefinition;
use crate::definitions::canonical::split;
use crate::definitions::structure::ElementType;

pub(super) const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";
pub(super) const SYSTEM: &str = "http://hl7.org/fhirpath/System.";

/// Gives an element without children those of its type.
pub(super) fn unfold(node: &mut Node, merging: &Merging<'_, '_>) -> Result<(), Fault> {
    if let Some(reference) = node.element.content_reference.take() {
        let path = reference.rsplit('#').next().unwrap_or_default();
        let Some(target) = merging.base.at(path) else { return Err(Fault::ContentReference(reference)) };
        node.element.types = target.element.types.clone();
        node.children = target.children.clone();
        return Ok(());
    }
    let structure = content(&node.element.types, merging.find).ok_or(Fault::NoContent)?;
    node.children = Node::read(&structure.elements)?.ok_or(Fault::NoContent)?.children;
    // Of an extension that is in no package at hand one thing is known all the same: its URL.
    if let Some(profile) = extension(&node.element.types)
        && let Some(url) = node.children.iter_mut().find(|child| child.name() == "url")
        && !url.element.values.contains_key("fixedUri")
    {
        url.element.values.insert("fixedUri".to_owned(), split(profile).0.into());
    }
    Ok(())
}

/// The structure that says what is in an element of these types: the profile when there is just one, otherwise the
/// type; where there are several types, what all of them have.
fn content<'s>(types: &[ElementType], find: Find<'_, 's>) -> Option<&'s StructureDefinition> {
    let (first, more) = types.split_first()?;
    if let ([], [profile]) = (more, first.profile.as_slice())
        && let Some(structure) = find(profile)
    {
        return Some(structure);
    }
    match more.iter().all(|other| other.code == first.code) {
        // The value of a primitive has the FHIRPath type of that name.
        true if first.code.starts_with(SYSTEM) => {
            let name = first.code.get(SYSTEM.len()..)?;
            let mut chars = name.chars();
            let initial = chars.next()?.to_ascii_lowercase();
            find(&format!("{CORE}{initial}{}", chars.as_str()))
        }
        true if first.code.contains(':') => find(&first.code),
        true => find(&format!("{CORE}{}", first.code)),
        false => find(&format!("{CORE}Element")),
    }
}
