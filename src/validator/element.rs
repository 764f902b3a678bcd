//! The properties of an object and their values: JSON shape, format, and the rules for single values.

use serde_json::Value;

use super::binding::{self, Verdict};
use super::compare;
use super::place::Place;
use super::primitive::Primitive;
use super::rule::Rule;
use super::walk::{Active, Standing, Walk};
use crate::definitions::{Property, TypeId, TypeKind};
use crate::fhir::{Issue, IssueCode, Severity};

/// Where FHIR's own types are defined.
const TYPES: &str = "http://hl7.org/fhir/StructureDefinition/";

/// What a property of the object at hand is.
pub(super) struct Element<'w, 'v> {
    pub(super) property: &'v Property,
    /// The type of its values; for a choice the one its name tells.
    pub(super) value_type: TypeId,
    /// What definitions ask of its values.
    pub(super) nodes: &'w [Active<'v>],
    /// Whether it is the id by which others know the resource.
    pub(super) is_logical_id: bool,
}

impl<'v> Walk<'v> {
    /// All values of a property; how many there are.
    pub(super) fn property(
        &mut self,
        element: &Element<'_, 'v>,
        value: Option<&Value>,
        shadow: Option<&Value>,
        place: Place<'_>,
    ) -> u32 {
        if !element.property.is_list {
            match (value, shadow) {
                (Some(Value::Array(_)), _) | (_, Some(Value::Array(_))) => {
                    self.malformed(&place, "must not be an array: FHIR allows only one value here");
                }
                _ => self.value(element, value, shadow, &place),
            }
            return 1;
        }
        let (Some(values), Some(shadows)) = (self.items(value, &place), self.items(shadow, &place)) else {
            return 1;
        };
        let count = values.len().max(shadows.len());
        for index in 0..count {
            let present = |items: &'_ [Value]| items.get(index).filter(|item| !item.is_null()).is_some();
            let place = place.at(index);
            let (own, beside) = (values.get(index), shadows.get(index));
            match (present(values), present(shadows)) {
                (true, true) => self.value(element, own, beside, &place),
                (true, false) => self.value(element, own, None, &place),
                (false, true) => self.value(element, None, beside, &place),
                (false, false) if self.primitive(element.value_type).is_some() => {
                    let text = "null stands for a value that has an extension beside it; here is none";
                    self.add(Issue::error(IssueCode::Value, text).at(place.to_string()));
                }
                (false, false) => self.malformed(&place, "must not be null"),
            }
        }
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The items of a list; `None` when it is none.
    fn items<'j>(&mut self, value: Option<&'j Value>, place: &Place<'_>) -> Option<&'j [Value]> {
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
        element: &Element<'_, 'v>,
        value: Option<&Value>,
        shadow: Option<&Value>,
        place: &Place<'_>,
    ) {
        if let Some(primitive) = self.primitive(element.value_type) {
            match (shadow, self.validator.element) {
                (None, _) | (_, None) => {}
                (Some(Value::Object(shadow)), Some(of_type)) => {
                    self.object(of_type, shadow, &[], place, Standing::Contained);
                }
                (Some(_), _) => self.malformed(place, "what stands beside a value under '_' is an object"),
            }
            let Some(value) = value else { return };
            if !primitive.has_kind(value) {
                return self.malformed(place, format!("must be {} in JSON", primitive.json_kind()));
            }
            match primitive.flaw(value) {
                Some(flaw) if element.is_logical_id => self.malformed(place, flaw),
                Some(flaw) => {
                    let of_type = &self.validator.definitions.types()[element.value_type].name;
                    let issue = Issue::error(IssueCode::Value, flaw).at(place.to_string());
                    self.add(issue.by("format", format!("{TYPES}{of_type}")));
                }
                None => {}
            }
            return self.rules(element, value, place);
        }
        let Some(Value::Object(object)) = value else {
            return self.malformed(place, "must be an object in JSON");
        };
        if self.validator.definitions.types()[element.value_type].kind == TypeKind::Resource {
            let is_contained = element.property.name == "contained";
            let standing = if is_contained { Standing::Contained } else { Standing::Own };
            self.resource(object, place, standing);
        } else {
            self.object(element.value_type, object, element.nodes, place, Standing::Contained);
        }
        if let Some(value) = value {
            self.rules(element, value, place);
        }
    }

    fn primitive(&self, type_id: TypeId) -> Option<Primitive> {
        self.validator.primitives.get(type_id.index()).copied().flatten()
    }

    /// The rules that a value itself must meet.
    fn rules(&mut self, element: &Element<'_, 'v>, value: &Value, place: &Place<'_>) {
        for active in element.nodes {
            for rule in &active.node.rules {
                if let Some((name, issue)) = self.broken(rule, element.value_type, value) {
                    self.add(issue.at(place.to_string()).by(name, &active.of.canonical));
                }
            }
        }
    }

    /// The issue with a value that does not meet a rule, and what the rule is called.
    fn broken(&self, rule: &Rule, value_type: TypeId, value: &Value) -> Option<(&'static str, Issue)> {
        let types = self.validator.definitions.types();
        let type_name = types[value_type].name.as_str();
        Some(match rule {
            Rule::Types(allowed) => {
                if allowed.iter().any(|(_, id)| *id == value_type) {
                    return None;
                }
                let names: Vec<&str> = allowed.iter().map(|(_, id)| types[*id].name.as_str()).collect();
                let text = format!("is of type {type_name}; allowed here: {}", names.join(", "));
                ("type", Issue::error(IssueCode::Structure, text))
            }
            Rule::Binding(rule) => match binding::check(rule, type_name, value) {
                Verdict::Fine => return None,
                Verdict::Wrong(text) => ("binding", Issue::error(IssueCode::CodeInvalid, text)),
                Verdict::Unknown => {
                    let text = format!("not checked: the codes of {} are not all at hand", rule.value_set);
                    ("binding", Issue::new(Severity::Information, IssueCode::Informational, text))
                }
            },
            Rule::Fixed(fixed) => {
                if compare::is_fixed(value, fixed) {
                    return None;
                }
                ("fixed", Issue::error(IssueCode::Value, format!("must be exactly {fixed}")))
            }
            Rule::Pattern(pattern) => {
                if compare::fits(value, pattern) {
                    return None;
                }
                ("pattern", Issue::error(IssueCode::Value, format!("must have {pattern}")))
            }
            Rule::MaxLength(most) => {
                if value.as_str().is_none_or(|text| text.chars().count() <= *most as usize) {
                    return None;
                }
                let text = format!("must not be longer than {most} characters");
                ("length", Issue::error(IssueCode::TooLong, text))
            }
        })
    }
}
