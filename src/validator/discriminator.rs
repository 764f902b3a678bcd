//! Discriminators of a StructureDefinition's slices: their paths lead somewhere (R4 §5.1.0.15).

use serde_json::{Map, Value};

use super::path::{Path, Step};
use super::place::Place;
use super::walk::Walk;
use crate::definitions::{Type, TypeId};
use crate::fhir::{Issue, IssueCode};

const DEFINITION: &str = "http://hl7.org/fhir/StructureDefinition/ElementDefinition";

impl Walk<'_> {
    /// Looks at every discriminator of a differential and of a snapshot.
    pub(super) fn discriminators(&mut self, structure: &Map<String, Value>, place: &Place<'_>) {
        for view in ["differential", "snapshot"] {
            let Some(elements) = structure.get(view).and_then(|view| view.get("element")?.as_array()) else {
                continue;
            };
            let place = place.below(view, None);
            for (index, element) in elements.iter().enumerate() {
                let told = element.pointer("/slicing/discriminator").and_then(Value::as_array);
                for (number, discriminator) in told.into_iter().flatten().enumerate() {
                    if self.leads_somewhere(element, discriminator) != Some(false) {
                        continue;
                    }
                    let issue = Issue::error(IssueCode::Value, "the path is none the element has");
                    let (element, slicing) = (place.below("element", None).at(index), "slicing");
                    let slicing = element.below(slicing, None);
                    let at = slicing.below("discriminator", None).at(number);
                    self.add(issue.at(at.to_string()).by("discriminator", DEFINITION));
                }
            }
        }
    }

    /// `None` where it cannot be told.
    fn leads_somewhere(&self, element: &Value, discriminator: &Value) -> Option<bool> {
        let Some(path) = Path::parse(discriminator.get("path")?.as_str()?) else { return Some(false) };
        let mut own = self.type_of(element)?;
        let types = self.around.validator.definitions.types();
        for step in &path.0 {
            own = match step {
                Step::Property(name) => match property(&types[own], name) {
                    Some(found) => found?,
                    None => return Some(false),
                },
                Step::OfType(name) => types.find(name)?,
                Step::Extension(_) | Step::Resolve => return None,
            };
        }
        Some(true)
    }

    /// The one type an element has: as it says itself, or as its path tells.
    fn type_of(&self, element: &Value) -> Option<TypeId> {
        let types = self.around.validator.definitions.types();
        let path = element.get("path")?.as_str()?;
        if let Some(backbone) = types.find(path) {
            return Some(backbone);
        }
        if let Some(told) = element.get("type").and_then(Value::as_array) {
            let [only] = told.as_slice() else { return None };
            return types.find(only.get("code")?.as_str()?);
        }
        let mut names = path.split('.');
        let mut own = types.find(names.next()?)?;
        for name in names {
            own = property(&types[own], name.trim_end_matches("[x]"))??;
        }
        Some(own)
    }
}

/// Whether a type has such a property, and the type of that, when it has only one.
fn property(of_type: &Type, name: &str) -> Option<Option<TypeId>> {
    let found = of_type.property(name).or_else(|| Some(of_type.json_property(name)?.0))?;
    Some(match found.types.as_slice() {
        [(_, only)] => Some(*only),
        _ => None,
    })
}
