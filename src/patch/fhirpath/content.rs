//! What a FHIRPath Patch puts into a resource, made to fit the property it is for.

use serde_json::{Map, Value};

use super::item::{self, Item};
use crate::definitions::{Property, Type, TypeGraph, TypeId, TypeKind};
use crate::patch::PatchError;
use crate::patch::error::printable;

/// What a parameter or part holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// `value[x]`, with the type its name says.
    Value(TypeId, Item),
    /// A resource.
    Resource(Value),
    /// Named parts: the properties of an element whose type `value[x]` cannot have.
    Parts(Vec<Part>),
}

/// A part, by its name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub name: String,
    pub content: Content,
}

/// The parts of a parameter.
pub(super) fn parts(types: &TypeGraph, parameter: &Map<String, Value>) -> Result<Vec<Part>, PatchError> {
    let list = match parameter.get("part") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(PatchError::malformed("'part' is a list")),
    };
    list.iter().map(|part| Part::of(types, part)).collect()
}

impl Part {
    fn of(types: &TypeGraph, part: &Value) -> Result<Part, PatchError> {
        let Value::Object(part) = part else { return Err(PatchError::malformed("a part is an object")) };
        let name = part.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| PatchError::malformed("a part has a name"))?.to_owned();
        let owner = types.find("Parameters.parameter").map(|id| &types[id]);
        let value = part.keys().find_map(|key| {
            let json_name = key.strip_prefix('_').unwrap_or(key);
            let (property, of_type) = owner?.json_property(json_name)?;
            (property.name == "value").then(|| (json_name.to_owned(), of_type))
        });
        let content = match (value, part.get("resource")) {
            (Some((json_name, of_type)), None) if !part.contains_key("part") => {
                let value = part.get(&json_name).filter(|value| !value.is_null()).cloned();
                Content::Value(of_type, Item { value, extra: part.get(&format!("_{json_name}")).cloned() })
            }
            (None, Some(resource)) if !part.contains_key("part") => Content::Resource(resource.clone()),
            (None, None) => Content::Parts(parts(types, part)?),
            _ => return Err(PatchError::malformed("a part has a value, or a resource, or parts")),
        };
        Ok(Part { name, content })
    }

    /// The text of a value.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Value(_, item) => item.value.as_ref().and_then(Value::as_str),
            _ => None,
        }
    }

    /// The whole number that a value is.
    pub fn number(&self) -> Option<usize> {
        match &self.content {
            Content::Value(_, item) => item.value.as_ref().and_then(Value::as_u64)?.try_into().ok(),
            _ => None,
        }
    }
}

/// The property of a type by its name, in FHIRPath (`value`) or in JSON (`valueString`), and the types it may be of.
pub(super) fn property<'g>(owner: &'g Type, name: &str) -> Option<(&'g Property, &'g [(String, TypeId)])> {
    if let Some(property) = owner.property(name) {
        return Some((property, &property.types));
    }
    let (property, _) = owner.json_property(name)?;
    let chosen = property.types.iter().position(|(json_name, _)| json_name == name)?;
    Some((property, property.types.get(chosen..=chosen)?))
}

impl Content {
    /// The content as one of these types, with the JSON name of the one it is.
    ///
    /// Errors: no type of them fits (R4 §3.1.0.6: "the type of the value must be correct for the place").
    pub fn fit<'g>(
        &self,
        types: &TypeGraph,
        allowed: &'g [(String, TypeId)],
    ) -> Result<(&'g str, Item), PatchError> {
        let wrong = |given: &str| {
            let names: Vec<&str> = allowed.iter().take(8).map(|(_, id)| types[*id].name.as_str()).collect();
            PatchError::not_applicable(format!(
                "the value is {given}; what is needed is {}",
                names.join(" or ")
            ))
        };
        match self {
            Content::Value(given, item) => {
                let exactly = allowed.iter().find(|(_, id)| id == given);
                let mut near = allowed.iter().filter(|(_, id)| is_near(types, *given, *id));
                let only = || near.next().filter(|_| near.next().is_none());
                let (name, _) = exactly.or_else(only).ok_or_else(|| wrong(&types[*given].name))?;
                Ok((name, item.clone()))
            }
            Content::Resource(value) => {
                let is_resource = |id: TypeId| types[id].kind == TypeKind::Resource;
                let found = allowed.iter().find(|(_, id)| is_resource(*id));
                let (name, _) = found.ok_or_else(|| wrong("a resource"))?;
                Ok((name, Item { value: Some(value.clone()), extra: None }))
            }
            Content::Parts(parts) => {
                let is_object = |id: TypeId| matches!(types[id].kind, TypeKind::Complex | TypeKind::Backbone);
                let mut fitting = allowed.iter().filter(|(_, id)| is_object(*id));
                let (Some((name, of_type)), None) = (fitting.next(), fitting.next()) else {
                    return Err(wrong("an element made of parts"));
                };
                Ok((name, Item { value: Some(object(types, *of_type, parts)?), extra: None }))
            }
        }
    }
}

/// The element of a type that parts make.
fn object(types: &TypeGraph, of_type: TypeId, parts: &[Part]) -> Result<Value, PatchError> {
    let owner = &types[of_type];
    let mut map = Map::new();
    for part in parts {
        let (property, allowed) = property(owner, &part.name).ok_or_else(|| {
            PatchError::not_applicable(format!("{} has no '{}'", owner.name, printable(&part.name)))
        })?;
        let (name, item) = part.content.fit(types, allowed)?;
        if property.is_list {
            let end = item::count(&map, name);
            item::insert(&mut map, name, end, item);
        } else if has(&map, property) {
            return Err(PatchError::not_applicable(format!(
                "{} may have only one '{}'",
                owner.name, property.name
            )));
        } else {
            item::set(&mut map, name, item);
        }
    }
    match map.is_empty() {
        true => Err(PatchError::malformed("a value, or parts, are needed")),
        false => Ok(Value::Object(map)),
    }
}

/// Whether an object has a property, under whichever of its names.
pub(super) fn has(map: &Map<String, Value>, property: &Property) -> bool {
    property.types.iter().any(|(name, _)| map.contains_key(name) || map.contains_key(&format!("_{name}")))
}

/// Whether what is given as one type can be meant as another: parameters have no XHTML, and clients say `string` for a
/// code; what is one sort of Quantity may be another.
fn is_near(types: &TypeGraph, given: TypeId, wanted: TypeId) -> bool {
    let [given_type, wanted_type] = [&types[given], &types[wanted]];
    match (given_type.kind, wanted_type.kind) {
        (TypeKind::Primitive, TypeKind::Primitive) => shape(&given_type.name) == shape(&wanted_type.name),
        (TypeKind::Complex, TypeKind::Complex) => types.is_a(given, wanted) || types.is_a(wanted, given),
        _ => false,
    }
}

/// What a primitive type is in JSON.
fn shape(primitive: &str) -> u8 {
    match primitive {
        "boolean" => 0,
        "decimal" | "integer" | "positiveInt" | "unsignedInt" => 1,
        _ => 2,
    }
}
