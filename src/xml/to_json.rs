//! XML to JSON.

use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::error::{XmlError, printable};
use super::namespaces::{FHIR, SCHEMA_INSTANCE};
use super::narrative;
use super::primitive::JsonKind;
use super::reader::{Attribute, Reader, Start};
use super::references::attribute_value;
use crate::definitions::{Property, TypeGraph, TypeId, TypeKind};

type Result<T> = std::result::Result<T, XmlError>;

/// The resource that a document is.
pub(super) fn document(types: &TypeGraph, text: &str) -> Result<Value> {
    let mut reader = Reader::document(text)?;
    let root = reader.root()?;
    let mut reading = Reading { types, reader };
    let value = reading.resource(&root, 0)?;
    reading.reader.finish()?;
    Ok(value)
}

struct Reading<'g, 't> {
    types: &'g TypeGraph,
    reader: Reader<'t>,
}

/// A primitive element: its value, and what else is in it.
struct Primitive {
    value: Option<Value>,
    /// `id` and `extension`. Where there is no value it is there, if empty, so that something is.
    shadow: Option<Map<String, Value>>,
}

impl<'g, 't> Reading<'g, 't> {
    /// `depth` is how many objects and lists are around it, here as everywhere.
    fn resource(&mut self, start: &Start<'t>, depth: usize) -> Result<Value> {
        self.is_fhir(start)?;
        self.may_nest(start, depth)?;
        let of_type = self.types.resource(start.name);
        let of_type = of_type.ok_or_else(|| {
            self.reader.error(start.at, format!("<{}> is not a resource of FHIR R4", printable(start.name)))
        })?;
        let mut map = Map::new();
        map.insert("resourceType".to_owned(), Value::String(start.name.to_owned()));
        if let Some(value) = self.attributes(of_type, &mut map)? {
            return Err(self.unknown_attribute(of_type, &value));
        }
        self.children(of_type, &mut map, depth)?;
        Ok(Value::Object(map))
    }

    /// The one resource inside an element.
    fn inner_resource(&mut self, around: &Start<'t>, depth: usize) -> Result<Value> {
        if let Some(attribute) = self.reader.attributes().iter().find(|a| self.is_meant(a)) {
            let message =
                format!("<{}> has no attribute '{}'", printable(around.name), printable(attribute.name));
            return Err(self.reader.error(attribute.at, message));
        }
        let one = |reading: &Self, at| {
            reading.reader.error(at, format!("<{}> holds one resource", printable(around.name)))
        };
        let inner = self.reader.child()?.ok_or_else(|| one(self, around.at))?;
        let value = self.resource(&inner, depth)?;
        match self.reader.child()? {
            None => Ok(value),
            Some(second) => Err(one(self, second.at)),
        }
    }

    fn object(&mut self, of_type: TypeId, start: &Start<'t>, depth: usize) -> Result<Value> {
        self.may_nest(start, depth)?;
        let mut map = Map::new();
        if let Some(value) = self.attributes(of_type, &mut map)? {
            return Err(self.unknown_attribute(of_type, &value));
        }
        self.children(of_type, &mut map, depth)?;
        Ok(Value::Object(map))
    }

    fn primitive(&mut self, of_type: TypeId, start: &Start<'t>, depth: usize) -> Result<Primitive> {
        let mut map = Map::new();
        let value = match self.attributes(of_type, &mut map)? {
            None => None,
            Some(attribute) => Some(self.value(of_type, &attribute)?),
        };
        self.children(of_type, &mut map, depth)?;
        let has_shadow = !map.is_empty() || value.is_none();
        if has_shadow {
            self.may_nest(start, depth)?;
        }
        Ok(Primitive { value, shadow: has_shadow.then_some(map) })
    }

    fn value(&self, of_type: TypeId, attribute: &Attribute<'t>) -> Result<Value> {
        let text = attribute_value(attribute.raw);
        let text = text.map_err(|bad| self.reader.error(attribute.at, bad.message))?;
        let value = JsonKind::of(&self.types[of_type].name).read(text);
        value.map_err(|flaw| {
            self.reader.error(attribute.at, format!("'{}' {flaw}", printable(attribute.name)))
        })
    }

    /// Puts the attributes of the element that has just started into the map, but for `value`, which is given back.
    fn attributes(&mut self, of_type: TypeId, map: &mut Map<String, Value>) -> Result<Option<Attribute<'t>>> {
        let mut value = None;
        for attribute in self.reader.attributes().iter().filter(|attribute| self.is_meant(attribute)) {
            if attribute.prefix.is_empty() && attribute.name == "value" {
                value = Some(*attribute);
                continue;
            }
            let known = self.types[of_type].json_property(attribute.name);
            match known.filter(|(property, _)| property.is_attribute && attribute.prefix.is_empty()) {
                Some((_, value_type)) => {
                    map.insert(attribute.name.to_owned(), self.value(value_type, attribute)?);
                }
                None => return Err(self.unknown_attribute(of_type, attribute)),
            }
        }
        Ok(value)
    }

    /// Whether an attribute says something about the resource, not about the XML.
    fn is_meant(&self, attribute: &Attribute<'t>) -> bool {
        let is_schema = || {
            !attribute.prefix.is_empty()
                && self.reader.namespaces().find(attribute.prefix) == Some(SCHEMA_INSTANCE)
        };
        !attribute.is_declaration() && !is_schema()
    }

    fn unknown_attribute(&self, of_type: TypeId, attribute: &Attribute<'t>) -> XmlError {
        let message =
            format!("{} has no attribute '{}'", self.types[of_type].name, printable(attribute.name));
        self.reader.error(attribute.at, message)
    }

    fn may_nest(&self, start: &Start<'t>, depth: usize) -> Result<()> {
        if depth < MAX_DEPTH {
            return Ok(());
        }
        Err(self.reader.error(start.at, format!("nested more than {MAX_DEPTH} levels deep")))
    }

    fn is_fhir(&self, start: &Start<'t>) -> Result<()> {
        if self.reader.namespaces().find(start.prefix) == Some(FHIR) {
            return Ok(());
        }
        let message = format!("<{}> is not in the namespace {FHIR}", printable(start.name));
        Err(self.reader.error(start.at, message))
    }

    /// Puts the elements inside the one that has just started into the map.
    fn children(&mut self, of_type: TypeId, map: &mut Map<String, Value>, depth: usize) -> Result<()> {
        let types = self.types;
        let mut shadows = Shadows::default();
        while let Some(child) = self.reader.child()? {
            let known = types[of_type].json_property(child.name).filter(|(known, _)| !known.is_attribute);
            let is_narrative = known.is_some_and(|(_, id)| JsonKind::of(&types[id].name) == JsonKind::Xhtml);
            if !is_narrative {
                self.is_fhir(&child)?;
            }
            let Some((property, value_type)) = known else {
                let message = format!("{} has no element <{}>", types[of_type].name, printable(child.name));
                return Err(self.reader.error(child.at, message));
            };
            let inside = depth + 1 + usize::from(property.is_list);
            let value = match types[value_type].kind {
                TypeKind::Primitive if is_narrative => {
                    let mut text = String::new();
                    narrative::copy(&mut self.reader, &child, &mut text)?;
                    Value::String(text)
                }
                TypeKind::Primitive => {
                    let primitive = self.primitive(value_type, &child, inside)?;
                    let is_put = shadows.put(map, property, child.name, primitive);
                    is_put.map_err(|Twice| self.twice(of_type, &child))?;
                    continue;
                }
                TypeKind::Resource => self.inner_resource(&child, inside)?,
                TypeKind::Complex | TypeKind::Backbone => self.object(value_type, &child, inside)?,
            };
            put(map, property, child.name, value).map_err(|Twice| self.twice(of_type, &child))?;
        }
        shadows.align(map);
        Ok(())
    }

    fn twice(&self, of_type: TypeId, child: &Start<'t>) -> XmlError {
        let message = format!("{} may have only one <{}>", self.types[of_type].name, child.name);
        self.reader.error(child.at, message)
    }
}

/// What may not repeat is given twice.
struct Twice;

fn put(
    map: &mut Map<String, Value>,
    property: &Property,
    name: &str,
    value: Value,
) -> std::result::Result<(), Twice> {
    if !property.is_list {
        return map.insert(name.to_owned(), value).map_or(Ok(()), |_| Err(Twice));
    }
    match map.get_mut(name) {
        Some(Value::Array(items)) => items.push(value),
        _ => {
            map.insert(name.to_owned(), Value::Array(vec![value]));
        }
    }
    Ok(())
}

/// The names of an object's properties that have something beside them under `_name`.
#[derive(Default)]
struct Shadows<'t> {
    single: Vec<&'t str>,
    lists: Vec<&'t str>,
}

impl<'t> Shadows<'t> {
    fn put(
        &mut self,
        map: &mut Map<String, Value>,
        property: &Property,
        name: &'t str,
        primitive: Primitive,
    ) -> std::result::Result<(), Twice> {
        if property.is_list {
            return self.push(map, property, name, primitive);
        }
        if self.single.contains(&name) || map.contains_key(name) {
            return Err(Twice);
        }
        if let Some(value) = primitive.value {
            map.insert(name.to_owned(), value);
        }
        if let Some(shadow) = primitive.shadow {
            map.insert(format!("_{name}"), Value::Object(shadow));
            self.single.push(name);
        }
        Ok(())
    }

    fn push(
        &mut self,
        map: &mut Map<String, Value>,
        property: &Property,
        name: &'t str,
        primitive: Primitive,
    ) -> std::result::Result<(), Twice> {
        put(map, property, name, primitive.value.unwrap_or_default())?;
        let Some(shadow) = primitive.shadow else { return Ok(()) };
        let before = map.get(name).and_then(Value::as_array).map_or(0, |items| items.len() - 1);
        let shadows = map.entry(format!("_{name}")).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(shadows) = shadows {
            shadows.resize(before, Value::Null);
            shadows.push(Value::Object(shadow));
        }
        if !self.lists.contains(&name) {
            self.lists.push(name);
        }
        Ok(())
    }

    /// Gives both lists of each name the same length; a list without any value is left out.
    fn align(self, map: &mut Map<String, Value>) {
        for name in self.lists {
            let values = map.get(name).and_then(Value::as_array);
            let (length, is_bare) = values.map_or((0, true), |v| (v.len(), v.iter().all(Value::is_null)));
            if let Some(Value::Array(shadows)) = map.get_mut(&format!("_{name}")) {
                shadows.resize(length, Value::Null);
            }
            if is_bare {
                map.shift_remove(name);
            }
        }
    }
}
