//! What FHIRPath expressions are about: elements of resources, and values of FHIRPath's own.

use std::borrow::Cow;

use serde_json::Value;

use super::decimal::Decimal;
use super::quantity::{Quantity, Unit};
use super::temporal::{Calendar, Date, DateTime, Time};
use crate::definitions::types::{Property, TypeGraph, TypeId, TypeKind};

/// One item of a collection.
#[derive(Debug, Clone)]
pub enum Node<'a> {
    /// An element of a resource, or the resource.
    Element(Element<'a>),
    /// A value of FHIRPath's own.
    System(System<'a>),
    /// What `type()` answers.
    Type(TypeInfo<'a>),
}

/// An element of a resource, borrowed from its JSON.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// Its JSON; `None` for a primitive that has only an id or extensions, and for a resource of which only the type is
    /// known (see [`super::Resolution::Type`]).
    pub value: Option<&'a Value>,
    /// Of a primitive: the object with its id and extensions (`_birthDate`).
    pub extra: Option<&'a Value>,
    /// Its FHIR type, where known.
    pub type_id: Option<TypeId>,
    /// The property it is a value of; `None` for a resource that was handed in or resolved.
    pub property: Option<&'a Property>,
    /// The resource it belongs to, within which `#id` is resolved; a contained resource belongs to its container.
    pub container: Option<&'a Value>,
}

/// A value of FHIRPath's own (namespace `System`).
#[derive(Debug, Clone, PartialEq)]
pub enum System<'a> {
    /// `true`, `false`.
    Boolean(bool),
    /// Text.
    String(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// A decimal as written.
    Decimal(Decimal),
    /// A date of any precision.
    Date(Date),
    /// A date with a time of any precision.
    DateTime(DateTime),
    /// A time of day of any precision.
    Time(Time),
    /// A number with a unit.
    Quantity(Box<Quantity<'a>>),
}

/// A type as FHIRPath tells of it (§10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeInfo<'a> {
    /// `System` or `FHIR`.
    pub namespace: &'static str,
    /// `Patient`, `string`, `Integer`.
    pub name: &'a str,
    /// The type it specialises, with its namespace.
    pub base: Option<(&'static str, &'a str)>,
}

impl<'a> System<'a> {
    /// Text, borrowed or owned.
    pub fn string(text: impl Into<Cow<'a, str>>) -> System<'a> {
        System::String(text.into())
    }

    /// The name of its type in the namespace `System`.
    pub fn type_name(&self) -> &'static str {
        match self {
            System::Boolean(_) => "Boolean",
            System::String(_) => "String",
            System::Integer(_) => "Integer",
            System::Decimal(_) => "Decimal",
            System::Date(_) => "Date",
            System::DateTime(_) => "DateTime",
            System::Time(_) => "Time",
            System::Quantity(_) => "Quantity",
        }
    }

    /// The same value, borrowed.
    pub fn borrowed(&self) -> System<'_> {
        match self {
            System::String(text) => System::String(Cow::Borrowed(text)),
            System::Boolean(value) => System::Boolean(*value),
            System::Integer(value) => System::Integer(*value),
            System::Decimal(value) => System::Decimal(*value),
            System::Date(value) => System::Date(*value),
            System::DateTime(value) => System::DateTime(*value),
            System::Time(value) => System::Time(*value),
            System::Quantity(quantity) => {
                System::Quantity(Box::new(Quantity { value: quantity.value, unit: quantity.unit.borrowed() }))
            }
        }
    }

    /// As `toString()` writes it.
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            System::String(text) => text,
            System::Boolean(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            System::Integer(value) => value.to_string().into(),
            System::Decimal(value) => value.to_string().into(),
            System::Date(value) => value.to_string().into(),
            System::DateTime(value) => value.to_string().into(),
            System::Time(value) => value.to_string().into(),
            System::Quantity(value) => value.to_string().into(),
        }
    }
}

impl From<bool> for System<'_> {
    fn from(value: bool) -> Self {
        System::Boolean(value)
    }
}

impl From<i64> for System<'_> {
    fn from(value: i64) -> Self {
        System::Integer(value)
    }
}

impl From<Decimal> for System<'_> {
    fn from(value: Decimal) -> Self {
        System::Decimal(value)
    }
}

impl<'a, T: Into<System<'a>>> From<T> for Node<'a> {
    fn from(value: T) -> Self {
        Node::System(value.into())
    }
}

impl<'a> From<Element<'a>> for Node<'a> {
    fn from(element: Element<'a>) -> Self {
        Node::Element(element)
    }
}

impl<'a> Element<'a> {
    /// A resource; its type is what its `resourceType` says, unknown if the graph does not have that.
    pub fn resource(types: &TypeGraph, value: &'a Value) -> Element<'a> {
        let type_id = value.get("resourceType").and_then(Value::as_str).and_then(|name| types.find(name));
        Element { value: Some(value), extra: None, type_id, property: None, container: Some(value) }
    }

    /// An element of a known type that stands by itself.
    pub fn of_type(type_id: TypeId, value: &'a Value) -> Element<'a> {
        Element { value: Some(value), extra: None, type_id: Some(type_id), property: None, container: None }
    }

    /// The text of a primitive as JSON has it: of a string without quotes, of numbers and booleans as written.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self.value? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Value::Number(number) => Some(Cow::Borrowed(number.as_str())),
            _ => None,
        }
    }

    /// A property's JSON by its JSON name, when the element is an object.
    pub fn get(&self, json_name: &str) -> Option<&'a Value> {
        super::json::get(self.value?.as_object()?, json_name)
    }

    /// The name of its FHIR type.
    pub fn type_name<'t>(&self, types: &'t TypeGraph) -> Option<&'t str> {
        self.type_id.map(|id| types[id].name.as_str())
    }

    /// Whether its type is the one of that name or specialises it.
    pub fn is_a(&self, types: &TypeGraph, name: &str) -> bool {
        std::iter::successors(self.type_id, |id| types[*id].base).any(|id| types[id].name == name)
    }

    /// The value as one of FHIRPath's own (R4 §2.9.1.1 "Type conversions"): of primitives, and of Quantities. `None`
    /// for other types, and for values that are not in the form their type asks for.
    pub fn system(&self, types: &TypeGraph) -> Option<System<'a>> {
        let value = self.value?;
        let kind = self.type_id.map(|id| (types[id].kind, types[id].name.as_str()));
        match (value, kind) {
            (Value::String(text), None) => Some(System::string(text.as_str())),
            (Value::String(text), Some((TypeKind::Primitive, name))) => match name {
                "date" => Date::parse(text).map(System::Date),
                "dateTime" | "instant" => DateTime::parse(text).map(System::DateTime),
                "time" => Time::parse(text).map(System::Time),
                _ => Some(System::string(text.as_str())),
            },
            (Value::Bool(value), None | Some((TypeKind::Primitive, _))) => Some(System::Boolean(*value)),
            (Value::Number(number), None | Some((TypeKind::Primitive, _))) => {
                let text = number.as_str();
                match kind {
                    Some((_, "decimal")) => None,
                    _ => text.parse().ok().map(System::Integer),
                }
                .or_else(|| Decimal::parse(text).map(System::Decimal))
            }
            (Value::Object(_), Some((TypeKind::Complex, _))) if self.is_a(types, "Quantity") => {
                self.quantity()
            }
            _ => None,
        }
    }

    /// A FHIR Quantity as one of FHIRPath's (R4 §2.9.1.1): UCUM's units of time become those of the calendar.
    fn quantity(&self) -> Option<System<'a>> {
        const UCUM: &str = "http://unitsofmeasure.org";
        if self.get("comparator").is_some() {
            return None;
        }
        let Value::Number(number) = self.get("value")? else { return None };
        let value = Decimal::parse(number.as_str())?;
        let text = |name| self.get(name).and_then(Value::as_str);
        let unit = match (text("system"), text("code"), text("unit")) {
            (Some(UCUM), Some(code), _) => match code {
                "a" => Unit::Calendar(Calendar::Year),
                "mo" => Unit::Calendar(Calendar::Month),
                "d" => Unit::Calendar(Calendar::Day),
                "h" => Unit::Calendar(Calendar::Hour),
                "min" => Unit::Calendar(Calendar::Minute),
                "s" => Unit::Calendar(Calendar::Second),
                code => Unit::Ucum(Cow::Borrowed(code)),
            },
            (None, None, Some(unit)) | (None, Some(unit), _) => Unit::Ucum(Cow::Borrowed(unit)),
            (None, None, None) => Unit::ONE,
            // A unit of another system can be compared with nothing but itself.
            (Some(system), code, _) => {
                Unit::Ucum(Cow::Owned(format!("{system}|{}", code.unwrap_or_default())))
            }
        };
        Some(System::Quantity(Box::new(Quantity { value, unit })))
    }
}

impl<'a> Node<'a> {
    /// A resource; its type is what its `resourceType` says.
    pub fn resource(types: &TypeGraph, value: &'a Value) -> Node<'a> {
        Node::Element(Element::resource(types, value))
    }

    /// The element, when it is one.
    pub fn element(&self) -> Option<&Element<'a>> {
        match self {
            Node::Element(element) => Some(element),
            _ => None,
        }
    }

    /// The value as one of FHIRPath's own; see [`Element::system`].
    pub fn system(&self, types: &TypeGraph) -> Option<System<'a>> {
        match self {
            Node::Element(element) => element.system(types),
            Node::System(value) => Some(value.clone()),
            Node::Type(_) => None,
        }
    }

    /// The name of its type: a FHIR type, or one of FHIRPath's own; `unknown` where there is no definition.
    pub fn type_name<'t>(&self, types: &'t TypeGraph) -> &'t str {
        match self {
            Node::Element(element) => element.type_name(types).unwrap_or("unknown"),
            Node::System(value) => value.type_name(),
            Node::Type(_) => "TypeInfo",
        }
    }

    /// The text of a primitive or of a value of FHIRPath's own, as `toString()` writes it.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Node::Element(element) => element.text(),
            Node::System(value) => Some(value.clone().into_text()),
            Node::Type(_) => None,
        }
    }
}

impl<'a> AsRef<[Node<'a>]> for Node<'a> {
    fn as_ref(&self) -> &[Node<'a>] {
        std::slice::from_ref(self)
    }
}
