//! Extensions: each against its definition, and whether it may stand where it does (R4 §2.4.1).

use serde_json::{Map, Value};

use super::element::Element;
use super::path::get;
use super::place::Place;
use super::rule::{Compiled, Context};
use super::walk::{Spot, Walk};
use crate::fhir::{Issue, IssueCode, Severity};
use crate::fhirpath::Node;

const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";
const EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/Extension";

impl<'a> Walk<'a> {
    /// Looks up an extension's definition, adds it to the nodes, and checks where it stands.
    pub(super) fn extension(
        &mut self,
        element: &Element<'_, 'a>,
        extension: &'a Map<String, Value>,
        from: usize,
        place: &Place<'_>,
    ) {
        self.either_value_or_extensions(extension, place);
        let is_modifier = element.property.name == "modifierExtension";
        let Some(url) = get(extension, "url").and_then(Value::as_str) else { return };
        if !url.contains(':') {
            return self.part(element, url, place);
        }
        // A profile may ask for a version of the definition other than the newest.
        let active = self.nodes.get(from..).unwrap_or_default().iter().map(|active| active.of);
        let asked = active.into_iter().find(|of| of.canonical.split('|').next() == Some(url));
        match asked.map(Ok).or_else(|| self.around.validator.profile(url)) {
            Some(Ok(compiled)) if self.around.validator.known.extension == Some(compiled.of_type) => {
                self.add_root(compiled, from);
                if !self.may_stand(compiled, element) {
                    let text = format!("this extension may not stand here; it may on {}", wanted(compiled));
                    let issue = Issue::error(IssueCode::Structure, text).at(place.to_string());
                    self.add(issue.by("context", &compiled.canonical));
                }
            }
            _ if is_modifier => {
                let text =
                    "a modifier extension nobody here knows: the element cannot be understood without it";
                let issue = Issue::error(IssueCode::NotSupported, text).at(place.to_string());
                self.add(issue.by("extension", EXTENSION));
            }
            _ => {
                let text = "not checked: the definition of this extension is not at hand";
                // FHIR's own extensions come in a package of their own, of which the binary has only what R4 had.
                let issue = match url.starts_with(CORE) || self.is_trusted(url) {
                    true => Issue::new(Severity::Information, IssueCode::Informational, text),
                    false => self.unknown_definition(text),
                };
                self.add(issue.at(place.to_string()).by("extension", EXTENSION));
            }
        }
    }

    /// Invariant ext-1.
    fn either_value_or_extensions(&mut self, extension: &Map<String, Value>, place: &Place<'_>) {
        let has_value = extension.keys().any(|name| name.trim_start_matches('_').starts_with("value"));
        if has_value == extension.contains_key("extension") {
            let issue = Issue::error(IssueCode::Invariant, "an extension has either a value or extensions");
            self.add(issue.at(place.to_string()).by("ext-1", EXTENSION));
        }
    }

    /// A part of another extension, which must define it.
    fn part(&mut self, element: &Element<'_, 'a>, url: &str, place: &Place<'_>) {
        let whole = get(element.object, "url").and_then(Value::as_str);
        let is_in_extension = self.around.validator.known.extension == Some(element.owner.type_id);
        let known = whole.filter(|_| is_in_extension).and_then(|whole| self.around.validator.profile(whole));
        let issue = match known {
            Some(Ok(compiled)) if !has_part(compiled, url) => {
                let text = "the extension it is in has no part of that name";
                Issue::error(IssueCode::Structure, text).by("extension", &compiled.canonical)
            }
            None if !is_in_extension => Issue::error(IssueCode::Value, "the URL of an extension is absolute")
                .by("extension", EXTENSION),
            _ => return,
        };
        self.add(issue.at(place.to_string()));
    }

    fn is_trusted(&self, url: &str) -> bool {
        self.around.context.trusted_extensions.iter().any(|beginning| url.starts_with(beginning))
    }

    fn may_stand(&self, compiled: &'a Compiled, element: &Element<'_, 'a>) -> bool {
        compiled.context.is_empty()
            || compiled.context.iter().any(|context| match context {
                Context::Element(path) => self.is_at(path, element.owner),
                Context::Extension(url) => {
                    get(element.object, "url").and_then(Value::as_str)
                        == Some(url.split('|').next().unwrap_or(url))
                }
                Context::FhirPath(Some(expression)) => {
                    let Some(resource) = &self.environment.resource else { return true };
                    let focus = expression.evaluate(resource, &self.environment);
                    let is_owner = |node: &Node<'_>| {
                        let value =
                            node.element().and_then(|element| element.value).and_then(Value::as_object);
                        value.is_some_and(|object| std::ptr::eq(object, element.object))
                    };
                    focus.map_or(true, |found| found.iter().any(is_owner))
                }
                Context::FhirPath(None) => true,
            })
    }

    /// Whether an element is one of that path: its type, what that builds on, or its place in the type it is part of.
    fn is_at(&self, path: &str, spot: Spot<'_, 'a>) -> bool {
        let types = self.around.validator.definitions.types();
        // The context `Element` means everything, resources too.
        if path == "Element" {
            return true;
        }
        // `…StructureDefinition/us-core-patient#Patient.name`: the part before `#` only narrows it.
        let path = path.rsplit(['#', '/']).next().unwrap_or(path);
        let path = path.strip_suffix("[x]").unwrap_or(path);
        let is_type =
            std::iter::successors(Some(spot.type_id), |id| types[*id].base).any(|id| types[id].name == path);
        let is_property = spot
            .property
            .is_some_and(|property| property.path == path || property.path.strip_suffix("[x]") == Some(path));
        // An inherited element is told by where it is first.
        is_type || is_property || self.is_inherited_at(path, spot)
    }

    /// `DomainResource.text` for `Patient.text`, `BackboneElement.modifierExtension` and so on.
    fn is_inherited_at(&self, path: &str, spot: Spot<'_, 'a>) -> bool {
        let types = self.around.validator.definitions.types();
        let (Some(property), Some((owner, name))) = (spot.property, path.rsplit_once('.')) else {
            return false;
        };
        let Some((own, own_name)) = property.path.rsplit_once('.') else { return false };
        let bases = std::iter::successors(types.find(own), |id| types[*id].base);
        own_name.trim_end_matches("[x]") == name && bases.into_iter().any(|id| types[id].name == owner)
    }
}

/// Whether a complex extension defines a part; one that defines none is not judged.
fn has_part(compiled: &Compiled, url: &str) -> bool {
    let child = compiled.root().children.iter().find(|child| child.name == "extension");
    let Some(slicing) = child.and_then(|child| child.slicing.as_deref()) else { return true };
    slicing.slices.is_empty() || slicing.slices.iter().any(|slice| slice.is_for_url(url))
}

fn wanted(compiled: &Compiled) -> String {
    let places = compiled.context.iter().map(|context| match context {
        Context::Element(path) | Context::Extension(path) => path.as_str(),
        Context::FhirPath(Some(expression)) => expression.text(),
        Context::FhirPath(None) => "?",
    });
    places.collect::<Vec<_>>().join(", ")
}
