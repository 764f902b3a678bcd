//! The properties of an object and their values: JSON shape, format, and what is asked of each.

use std::ops::Range;

use serde_json::{Map, Value};

use super::path::Item;
use super::place::Place;
use super::primitive::Primitive;
use super::rule::{Child, Compiled};
use super::slice::Counting;
use super::walk::{Spot, Standing, Walk};
use crate::definitions::{Property, TypeId, TypeKind};
use crate::fhir::{Issue, IssueCode};

/// Where FHIR's own types are defined.
const TYPES: &str = "http://hl7.org/fhir/StructureDefinition/";

/// What a definition asks of a property.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) child: &'a Child,
    pub(super) of: &'a Compiled,
}

/// What a property of the object at hand is.
pub(super) struct Element<'w, 'a> {
    pub(super) property: &'a Property,
    /// The type of its values; for a choice the one its name tells.
    pub(super) value_type: TypeId,
    /// The object it is a property of.
    pub(super) owner: Spot<'w, 'a>,
    pub(super) object: &'a Map<String, Value>,
    /// Where among all that is asked the part about this property stands.
    pub(super) asked: Range<usize>,
    /// Whether it is the id by which others know the resource.
    pub(super) is_logical_id: bool,
}

impl<'a> Walk<'a> {
    /// All values of a property; how many there are.
    pub(super) fn property(
        &mut self,
        element: &Element<'_, 'a>,
        value: Option<&'a Value>,
        shadow: Option<&'a Value>,
        place: Place<'_>,
    ) -> u32 {
        let mut countings = self.start(element);
        let count = if element.property.is_list {
            self.list(element, value, shadow, &mut countings, place)
        } else {
            match (value, shadow) {
                (Some(Value::Array(_)), _) | (_, Some(Value::Array(_))) => {
                    self.malformed(&place, "must not be an array: FHIR allows only one value here");
                }
                _ => self.value(element, value, shadow, &mut countings, &place),
            }
            1
        };
        for (at, counting) in element.asked.clone().zip(&countings).rev() {
            if let (Some(asked), Some(counting)) = (self.asked.get(at).copied(), counting) {
                self.end_counting(asked.child, counting, asked.of, element.owner.place);
            }
        }
        count
    }

    /// Begins counting slices, for each that asks.
    fn start(&mut self, element: &Element<'_, 'a>) -> Vec<Option<Counting>> {
        let asked = self.asked.get(element.asked.clone()).unwrap_or_default();
        if asked.iter().all(|asked| asked.child.slicing.is_none()) {
            return Vec::new();
        }
        let slicings: Vec<_> = asked.iter().map(|asked| asked.child.slicing.as_deref()).collect();
        slicings.into_iter().map(|slicing| slicing.map(|slicing| self.start_counting(slicing))).collect()
    }

    fn list(
        &mut self,
        element: &Element<'_, 'a>,
        value: Option<&'a Value>,
        shadow: Option<&'a Value>,
        countings: &mut [Option<Counting>],
        place: Place<'_>,
    ) -> u32 {
        let (Some(values), Some(shadows)) = (self.items(value, &place), self.items(shadow, &place)) else {
            return 1;
        };
        let count = values.len().max(shadows.len());
        for index in 0..count {
            let present = |items: &'a [Value]| items.get(index).filter(|item| !item.is_null());
            let place = place.at(index);
            match (present(values), present(shadows)) {
                (None, None) if self.primitive(element.value_type).is_some() => {
                    let text = "null stands for a value that has an extension beside it; here is none";
                    self.add(Issue::error(IssueCode::Value, text).at(place.to_string()));
                }
                (None, None) => self.malformed(&place, "must not be null"),
                (own, beside) => self.value(element, own, beside, countings, &place),
            }
        }
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The items of a list; `None` when it is none.
    fn items(&mut self, value: Option<&'a Value>, place: &Place<'_>) -> Option<&'a [Value]> {
        match value {
            None => Some(&[]),
            Some(Value::Array(items)) if !items.is_empty() => Some(items),
            Some(Value::Array(_)) => {
                self.malformed(place, "an array must not be empty");
                None
            }
            Some(_) => {
                self.malformed(place, "must be an array: FHIR allows several values here");
                None
            }
        }
    }

    /// One value, and what stands beside it when it is a primitive.
    fn value(
        &mut self,
        element: &Element<'_, 'a>,
        value: Option<&'a Value>,
        shadow: Option<&'a Value>,
        countings: &mut [Option<Counting>],
        place: &Place<'_>,
    ) {
        let types = self.around.validator.definitions.types();
        let mut type_id = element.value_type;
        let is_resource = types[type_id].kind == TypeKind::Resource;
        if is_resource && let Some(named) = value.and_then(|value| value.get("resourceType")?.as_str()) {
            type_id = types.find(named).unwrap_or(type_id);
        }
        let from = self.nodes.len();
        let item = Item { value: value.or(shadow), type_id: Some(type_id), container: self.container };
        for (index, at) in element.asked.clone().enumerate() {
            let Some(asked) = self.asked.get(at).copied() else { continue };
            self.ask(&asked.child.content, asked.of, Some(type_id));
            if let (Some(slicing), Some(Some(counting))) = (&asked.child.slicing, countings.get_mut(index)) {
                self.slice(slicing, counting, asked.of, item, place);
            }
        }
        if let Some(primitive) = self.primitive(type_id) {
            self.primitive_value(element, primitive, value, shadow, from, place);
        } else if is_resource {
            self.nested_resource(element, value, from, place);
        } else {
            self.complex_value(element, value, from, place);
        }
        self.nodes.truncate(from);
    }

    fn primitive_value(
        &mut self,
        element: &Element<'_, 'a>,
        primitive: Primitive,
        value: Option<&'a Value>,
        shadow: Option<&'a Value>,
        from: usize,
        place: &Place<'_>,
    ) {
        let type_id = element.value_type;
        if let Some(value) = value
            && !self.only_asked
        {
            if !primitive.has_kind(value) {
                return self.malformed(place, format!("must be {} in JSON", primitive.json_kind()));
            }
            if let Some(flaw) = primitive.flaw(value) {
                if element.is_logical_id {
                    return self.malformed(place, flaw);
                }
                let of_type = &self.around.validator.definitions.types()[type_id].name;
                let issue = Issue::error(IssueCode::Value, flaw).at(place.to_string());
                self.add(issue.by("format", format!("{TYPES}{of_type}")));
            } else if let Value::String(text) = value {
                match primitive {
                    Primitive::Xhtml => self.narrative(text, place),
                    _ => self.demanded(primitive, type_id, text, place),
                }
            }
        }
        let own = self.nodes.len();
        self.profiles(
            type_id,
            Item { value, type_id: Some(type_id), container: self.container },
            from,
            place,
        );
        self.rules(type_id, Some(element.property), value, shadow, from..self.nodes.len(), place);
        self.nodes.truncate(own);
        match shadow {
            Some(Value::Object(beside)) => {
                if value.is_none() && !beside.contains_key("extension") && !self.only_asked {
                    self.no_content(place);
                }
                let spot = Spot { type_id, property: Some(element.property), place, is_logical: false };
                self.object(spot, beside, from);
            }
            Some(_) => self.malformed(place, "what stands beside a value under '_' is an object"),
            None => {
                for index in from..self.nodes.len() {
                    if let Some(active) = self.nodes.get(index).copied() {
                        self.cardinality(active, None, place);
                    }
                }
            }
        }
    }

    fn complex_value(
        &mut self,
        element: &Element<'_, 'a>,
        value: Option<&'a Value>,
        from: usize,
        place: &Place<'_>,
    ) {
        let type_id = element.value_type;
        let Some(Value::Object(object)) = value else {
            return self.malformed(place, "must be an object in JSON");
        };
        let validator = self.around.validator;
        if !self.only_asked {
            self.nodes
                .extend(validator.of_type(type_id).map(|of| super::walk::Active { node: of.root(), of }));
            if !object.is_empty() && object.keys().all(|name| name == "id" || name == "_id") {
                self.no_content(place);
            }
            if validator.known.reference == Some(type_id) {
                self.reference_shape(object, place);
            } else if validator.known.coding == Some(type_id) {
                self.display(object, place);
            } else if validator.known.attachment == Some(type_id) {
                self.attachment(object, place);
            }
        }
        self.profiles(
            type_id,
            Item { value, type_id: Some(type_id), container: self.container },
            from,
            place,
        );
        if validator.known.extension == Some(type_id) && !self.only_asked {
            self.extension(element, object, from, place);
        }
        self.rules(type_id, Some(element.property), value, None, from..self.nodes.len(), place);
        self.object(
            Spot { type_id, property: Some(element.property), place, is_logical: false },
            object,
            from,
        );
    }

    fn nested_resource(
        &mut self,
        element: &Element<'_, 'a>,
        value: Option<&'a Value>,
        from: usize,
        place: &Place<'_>,
    ) {
        let Some(value) = value else { return self.malformed(place, "must be an object in JSON") };
        let is_contained = element.property.name == "contained";
        self.resource(value, place, if is_contained { Standing::Contained } else { Standing::Own }, from);
    }

    /// Invariant ele-1.
    fn no_content(&mut self, place: &Place<'_>) {
        let issue =
            Issue::error(IssueCode::Invariant, "an element has a value, or properties besides its id");
        self.add(issue.at(place.to_string()).by("ele-1", format!("{TYPES}Element")));
    }

    pub(super) fn primitive(&self, type_id: TypeId) -> Option<Primitive> {
        self.around.validator.primitives.get(type_id.index()).copied().flatten()
    }
}
