//! Steps from an element to its properties (FHIRPath §3, R4 §2.9.1.1–3).

use serde_json::{Map, Value};

use super::{Evaluator, Flow, Sink};
use crate::definitions::types::{Property, TypeId, TypeKind};
use crate::fhirpath::environment::Dialect;
use crate::fhirpath::expression::Name;
use crate::fhirpath::json;
use crate::fhirpath::node::{Element, Node, System};

impl<'a> Evaluator<'_, 'a> {
    /// A name at the start of a path: the focus itself if it is of that type (`Patient.name`), else a property.
    pub(super) fn start(&self, node: &Node<'a>, name: &'a Name, out: Sink<'_, 'a>) -> Flow {
        if !name.is_capitalised() {
            return self.property(node, name, out);
        }
        match node {
            Node::Element(element) if element.is_a(self.environment.types, &name.plain) => out(node.clone()),
            // Types have no properties with a capital.
            Node::Element(Element { type_id: Some(_), .. }) => Ok(()),
            _ => self.property(node, name, out),
        }
    }

    /// The values of a property.
    pub(super) fn property(&self, node: &Node<'a>, name: &'a Name, out: Sink<'_, 'a>) -> Flow {
        match node {
            Node::Element(element) => self.element_property(element, name, out),
            Node::System(System::Quantity(quantity)) => match name.plain.as_ref() {
                "value" => out(quantity.value.into()),
                "unit" => out(Node::System(System::string(quantity.unit.code().to_owned()))),
                _ => Ok(()),
            },
            Node::System(_) => Ok(()),
            Node::Type(info) => {
                let text = match (name.plain.as_ref(), info.base) {
                    ("namespace", _) => info.namespace.to_owned(),
                    ("name", _) => info.name.to_owned(),
                    ("baseType", Some((namespace, name))) => format!("{namespace}.{name}"),
                    _ => return Ok(()),
                };
                out(Node::System(System::string(text)))
            }
        }
    }

    /// The object that holds an element's properties: of a primitive, that beside it.
    pub(super) fn object(&self, element: &Element<'a>) -> Option<&'a Map<String, Value>> {
        match element.value {
            Some(Value::Object(map)) => Some(map),
            _ => element.extra.and_then(Value::as_object),
        }
    }

    pub(super) fn is_primitive(&self, node: &Node<'a>) -> bool {
        let kind = |id| self.environment.types[id].kind == TypeKind::Primitive;
        node.element().and_then(|element| element.type_id).is_some_and(kind)
    }

    fn element_property(&self, element: &Element<'a>, name: &'a Name, out: Sink<'_, 'a>) -> Flow {
        let Some(object) = self.object(element) else { return Ok(()) };
        let types = self.environment.types;
        let Some(type_id) = element.type_id else {
            let values =
                Values { value: json::get(object, &name.plain), extra: None, type_id: None, property: None };
            return self.flow(element, values, out);
        };
        let plain = name.plain.as_ref();
        match name.of(&types[type_id]) {
            Some(property) if property.is_choice => self.choice(element, object, type_id, property, out),
            Some(property) => {
                let of = property.types.first().map(|(_, id)| *id);
                let is_primitive = of.is_some_and(|id| types[id].kind == TypeKind::Primitive);
                let values = Values {
                    value: json::get(object, plain),
                    extra: if is_primitive { json::get(object, &name.underscored) } else { None },
                    type_id: of,
                    property: Some(property),
                };
                self.flow(element, values, out)
            }
            None if self.environment.dialect == Dialect::Published => {
                let Some((property, of)) = types[type_id].json_property(plain) else { return Ok(()) };
                let values = Values {
                    value: json::get(object, plain),
                    extra: json::get(object, &name.underscored),
                    type_id: Some(of),
                    property: Some(property),
                };
                self.flow(element, values, out)
            }
            None => Ok(()),
        }
    }

    /// The values of `value[x]`, under whichever JSON name they are.
    fn choice(
        &self,
        element: &Element<'a>,
        object: &'a Map<String, Value>,
        owner: TypeId,
        property: &'a Property,
        out: Sink<'_, 'a>,
    ) -> Flow {
        for (key, value) in object {
            let (json_name, is_extra) = match key.strip_prefix('_') {
                Some(name) => (name, true),
                None => (key.as_str(), false),
            };
            if !json_name.starts_with(&property.name) {
                continue;
            }
            let Some((found, of)) = self.environment.types[owner].json_property(json_name) else { continue };
            if !std::ptr::eq(found, property) {
                continue;
            }
            let values = match (is_extra, object.contains_key(json_name)) {
                // It comes, or came, with the value.
                (true, true) => continue,
                (true, false) => {
                    Values { value: None, extra: Some(value), type_id: Some(of), property: Some(property) }
                }
                (false, _) => {
                    let is_primitive = self.environment.types[of].kind == TypeKind::Primitive;
                    let extra = if is_primitive { object.get(&format!("_{json_name}")) } else { None };
                    Values { value: Some(value), extra, type_id: Some(of), property: Some(property) }
                }
            };
            self.flow(element, values, out)?;
        }
        Ok(())
    }

    /// Lets the values of one JSON property flow, each with its id and extensions.
    fn flow(&self, owner: &Element<'a>, values: Values<'a>, out: Sink<'_, 'a>) -> Flow {
        match (values.value, values.extra) {
            (None, None) => Ok(()),
            (Some(Value::Array(items)), extras) => {
                let extras = extras.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                for index in 0..items.len().max(extras.len()) {
                    let (value, extra) = (items.get(index), extras.get(index));
                    self.item_of(owner, Values { value, extra, ..values }, out)?;
                }
                Ok(())
            }
            (None, Some(Value::Array(extras))) => extras
                .iter()
                .try_for_each(|extra| self.item_of(owner, Values { extra: Some(extra), ..values }, out)),
            _ => self.item_of(owner, values, out),
        }
    }

    fn item_of(&self, owner: &Element<'a>, values: Values<'a>, out: Sink<'_, 'a>) -> Flow {
        let given = |value: Option<&'a Value>| value.filter(|value| !value.is_null());
        let (value, extra) = (given(values.value), given(values.extra));
        if value.is_none() && extra.is_none() {
            return Ok(());
        }
        self.spend(1)?;
        let types = self.environment.types;
        let is_resource = values.type_id.is_none_or(|id| types[id].kind == TypeKind::Resource);
        let (mut type_id, mut container) = (values.type_id, owner.container);
        if is_resource
            && let Some(name) = value.and_then(|value| value.get("resourceType")).and_then(Value::as_str)
        {
            type_id = types.find(name);
            // A contained resource shares the container's; one in a Bundle or in Parameters is its own.
            if values.property.is_none_or(|property| property.name != "contained") {
                container = value;
            }
        }
        out(Node::Element(Element { value, extra, type_id, property: values.property, container }))
    }

    /// All child elements, in the order of the JSON.
    pub(super) fn children(&self, node: &Node<'a>, out: Sink<'_, 'a>) -> Flow {
        let Node::Element(element) = node else { return Ok(()) };
        let Some(object) = self.object(element) else { return Ok(()) };
        let types = self.environment.types;
        for (key, value) in object {
            let (name, is_extra) = match key.strip_prefix('_') {
                Some(name) => (name, true),
                None => (key.as_str(), false),
            };
            if name == "resourceType" || (is_extra && object.contains_key(name)) {
                continue;
            }
            let known = element.type_id.and_then(|id| types[id].json_property(name));
            if element.type_id.is_some() && known.is_none() {
                continue;
            }
            let (property, type_id) = known.unzip();
            let is_primitive = type_id.is_some_and(|id| types[id].kind == TypeKind::Primitive);
            let (value, extra) = match is_extra {
                true => (None, Some(value)),
                false if is_primitive => (Some(value), object.get(&format!("_{name}"))),
                false => (Some(value), None),
            };
            self.flow(element, Values { value, extra, type_id, property }, out)?;
        }
        Ok(())
    }

    /// All child elements and theirs, each before its own.
    pub(super) fn descendants(&self, node: &Node<'a>, out: Sink<'_, 'a>) -> Flow {
        self.nested(|| {
            self.children(node, &mut |child| {
                out(child.clone())?;
                self.descendants(&child, out)
            })
        })
    }
}

/// What one JSON property holds.
#[derive(Clone, Copy)]
struct Values<'a> {
    value: Option<&'a Value>,
    extra: Option<&'a Value>,
    type_id: Option<TypeId>,
    property: Option<&'a Property>,
}
