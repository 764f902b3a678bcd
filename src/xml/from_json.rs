//! JSON to XML.

use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::error::{XmlError, printable};
use super::namespaces::FHIR;
use super::narrative;
use super::primitive::JsonKind;
use super::writer::{Layout, Writer};
use crate::definitions::{TypeGraph, TypeId, TypeKind};

type Result<T> = std::result::Result<T, XmlError>;

/// The document that a resource is.
pub(super) fn document(types: &TypeGraph, value: &Value, layout: Layout) -> Result<String> {
    let mut writing = Writing { types, writer: Writer::new(layout), fields: Vec::new(), left_out: None };
    writing.resource(value, Some(FHIR), 0)?;
    Ok(writing.writer.finish())
}

/// The document with what XML cannot say left out, and how much that is.
pub(super) fn what_can_be(types: &TypeGraph, value: &Value, layout: Layout) -> Result<(String, usize)> {
    let mut writing = Writing { types, writer: Writer::new(layout), fields: Vec::new(), left_out: Some(0) };
    writing.resource(value, Some(FHIR), 0)?;
    Ok((writing.writer.finish(), writing.left_out.unwrap_or_default()))
}

struct Writing<'g, 'v> {
    types: &'g TypeGraph,
    writer: Writer,
    /// The properties of the objects that are being written, each object's behind those of the object around it.
    fields: Vec<Field<'v>>,
    /// How many properties and items are left out, where that is allowed.
    left_out: Option<usize>,
}

/// A property of an object, with what stands beside it under `_name`.
#[derive(Debug, Clone, Copy)]
struct Field<'v> {
    /// Its place in the definition of its owner.
    order: usize,
    name: &'v str,
    of_type: TypeId,
    value: Option<&'v Value>,
    shadow: Option<&'v Value>,
}

fn flaw<T>(message: &str) -> Result<T> {
    Err(XmlError::in_value(message))
}

impl<'g, 'v> Writing<'g, 'v> {
    /// `depth` is how many objects and lists are around it, here as everywhere.
    fn resource(&mut self, value: &'v Value, namespace: Option<&str>, depth: usize) -> Result<()> {
        let Value::Object(map) = value else { return flaw("a resource is an object in JSON") };
        let Some(Value::String(name)) = map.get("resourceType") else {
            return flaw("a resource has a resourceType");
        };
        let Some(of_type) = self.types.resource(name) else {
            return flaw("its resourceType is not one of FHIR R4");
        };
        let attribute = namespace.map(|uri| ("xmlns", uri));
        // Inside a resource the path already says where it is.
        match namespace {
            None => self.element(name, of_type, Some(map), attribute, depth),
            Some(_) => self
                .element(name, of_type, Some(map), attribute, depth)
                .map_err(|error| error.under(format_args!("{name}"))),
        }
    }

    /// An element with the properties of `map`, and one attribute more.
    fn element(
        &mut self,
        name: &str,
        of_type: TypeId,
        map: Option<&'v Map<String, Value>>,
        attribute: Option<(&str, &str)>,
        depth: usize,
    ) -> Result<()> {
        if depth >= MAX_DEPTH {
            return flaw(&format!("nested more than {MAX_DEPTH} levels deep"));
        }
        let types = self.types;
        let owner = &types[of_type];
        self.writer.begin(name);
        let from = self.fields.len();
        if let Some(map) = map {
            self.gather(of_type, map)?;
        }
        let is_attribute =
            |field: &Field<'v>| owner.properties.get(field.order).is_some_and(|p| p.is_attribute);
        let mut children = 0;
        for index in from..self.fields.len() {
            let field = self.fields[index];
            if is_attribute(&field) {
                self.or_leave_out(|writing| writing.attribute(&field))
                    .map_err(|error| error.under(format_args!("{}", field.name)))?;
            } else {
                children += 1;
            }
        }
        if let Some((name, value)) = attribute {
            self.writer.attribute(name, value)?;
        }
        if children == 0 {
            self.writer.end_empty();
        } else {
            self.writer.open();
            for index in from..self.fields.len() {
                let field = self.fields[index];
                if !is_attribute(&field) {
                    let is_list = owner.properties.get(field.order).is_some_and(|property| property.is_list);
                    self.or_leave_out(|writing| writing.field(&field, is_list, depth + 1))?;
                }
            }
            self.writer.close(name);
        }
        self.fields.truncate(from);
        Ok(())
    }

    /// Adds the properties of an object to `fields`, in the order of their definition.
    fn gather(&mut self, of_type: TypeId, map: &'v Map<String, Value>) -> Result<()> {
        let owner = &self.types[of_type];
        let from = self.fields.len();
        for (key, value) in map {
            if key == "resourceType" && owner.kind == TypeKind::Resource {
                continue;
            }
            let (name, value, shadow) = match key.strip_prefix('_') {
                None => (key.as_str(), Some(value), None),
                Some(name) => (name, None, Some(value)),
            };
            let Some((order, of_type)) = owner.json_property_index(name) else {
                if let Some(left_out) = &mut self.left_out {
                    *left_out += 1;
                    continue;
                }
                let message = format!("{} has no property '{}'", owner.name, printable(key));
                return flaw(&message);
            };
            self.fields.push(Field { order, name, of_type, value, shadow });
        }
        let added = self.fields.get_mut(from..).unwrap_or_default();
        added.sort_unstable_by(|a, b| {
            (a.order, a.name, a.value.is_none()).cmp(&(b.order, b.name, b.value.is_none()))
        });
        // A name and its `_name` are neighbours now.
        let mut last = from;
        for index in from + 1..self.fields.len() {
            let field = self.fields[index];
            if self.fields[last].name == field.name {
                self.fields[last].shadow = field.shadow;
            } else {
                last += 1;
                self.fields[last] = field;
            }
        }
        self.fields.truncate((last + 1).min(self.fields.len()));
        Ok(())
    }

    /// Writes something, or nothing of it where it cannot be written and may be left out.
    fn or_leave_out(&mut self, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let (mark, fields) = (self.writer.mark(), self.fields.len());
        match (write(self), &mut self.left_out) {
            (Err(_), Some(left_out)) => {
                *left_out += 1;
                self.writer.back_to(mark);
                self.fields.truncate(fields);
                Ok(())
            }
            (result, _) => result,
        }
    }

    fn attribute(&mut self, field: &Field<'v>) -> Result<()> {
        if field.shadow.is_some() {
            return flaw("is an attribute in XML and has no id or extensions");
        }
        let text = JsonKind::of(&self.types[field.of_type].name).write(field.value.unwrap_or(&Value::Null));
        self.writer.attribute(field.name, text.map_err(XmlError::in_value)?)
    }

    fn field(&mut self, field: &Field<'v>, is_list: bool, depth: usize) -> Result<()> {
        let under = |error: XmlError| error.under(format_args!("{}", field.name));
        if !is_list {
            return self.item(field, field.value, field.shadow, depth).map_err(under);
        }
        let (values, shadows) = (items(field.value).map_err(under)?, items(field.shadow).map_err(under)?);
        if let (Some(values), Some(shadows)) = (values, shadows)
            && values.len() != shadows.len()
        {
            return flaw("its list and that under '_' are not of one length").map_err(under);
        }
        for index in 0..values.or(shadows).map_or(0, <[Value]>::len) {
            let at = |list: Option<&'v [Value]>| list?.get(index).filter(|value| !value.is_null());
            self.or_leave_out(|writing| writing.item(field, at(values), at(shadows), depth + 1))
                .map_err(|error| error.under(format_args!("{}[{index}]", field.name)))?;
        }
        Ok(())
    }

    fn item(
        &mut self,
        field: &Field<'v>,
        value: Option<&'v Value>,
        shadow: Option<&'v Value>,
        depth: usize,
    ) -> Result<()> {
        let of_type = &self.types[field.of_type];
        if of_type.kind != TypeKind::Primitive && shadow.is_some() {
            return flaw("only a primitive has something beside it under '_'");
        }
        match (of_type.kind, value) {
            (TypeKind::Primitive, _) => self.primitive(field, value, shadow, depth),
            (TypeKind::Resource, Some(value)) => {
                self.writer.begin(field.name);
                self.writer.open();
                self.resource(value, None, depth)?;
                self.writer.close(field.name);
                Ok(())
            }
            (_, Some(Value::Object(map))) => self.element(field.name, field.of_type, Some(map), None, depth),
            _ => flaw("must be an object in JSON"),
        }
    }

    fn primitive(
        &mut self,
        field: &Field<'v>,
        value: Option<&'v Value>,
        shadow: Option<&'v Value>,
        depth: usize,
    ) -> Result<()> {
        let kind = JsonKind::of(&self.types[field.of_type].name);
        let text = value.map(|value| kind.write(value)).transpose().map_err(XmlError::in_value)?;
        match (kind, text, shadow) {
            (JsonKind::Xhtml, Some(text), None) => narrative::copy_string(text, self.writer.copy()),
            (JsonKind::Xhtml, ..) => flaw("the narrative is a string and has nothing beside it"),
            (_, None, None) => flaw("must not be null"),
            (_, Some(text), None) => {
                self.writer.begin(field.name);
                self.writer.attribute("value", text)?;
                self.writer.end_empty();
                Ok(())
            }
            (_, _, Some(Value::Object(shadow))) => {
                let attribute = text.map(|text| ("value", text));
                self.element(field.name, field.of_type, Some(shadow), attribute, depth)
            }
            (_, _, Some(_)) => flaw("what stands beside a value under '_' is an object"),
        }
    }
}

/// The items of a list that is there.
fn items(list: Option<&Value>) -> Result<Option<&[Value]>> {
    match list {
        None => Ok(None),
        Some(Value::Array(items)) if !items.is_empty() => Ok(Some(items)),
        Some(Value::Array(_)) => flaw("an array must not be empty"),
        Some(_) => flaw("must be an array: FHIR allows several values here"),
    }
}
