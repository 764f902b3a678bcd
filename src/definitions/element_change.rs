//! An element written as what it changes of another: the element its type, or the type its type builds on, already
//! has. One that changes nothing is just its id.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::structure::{ElementDefinition, ElementType, path_of};

/// What an element starts from before its changes: nothing said, or what it inherits.
fn start(id: &str, inherited: Option<&ElementDefinition>) -> ElementDefinition {
    let Some(inherited) = inherited else { return ElementDefinition::new(id) };
    ElementDefinition {
        base: Some(inherited.base()),
        id: id.to_owned(),
        path: path_of(id).into_owned(),
        ..inherited.clone()
    }
}

/// The element as JSON: its id, and every property in which it differs from `inherited`.
pub(super) fn write(element: &ElementDefinition, inherited: Option<&ElementDefinition>) -> Value {
    let from = to_map(&start(&element.id, inherited));
    let to = match inherited {
        Some(_) => to_map(&ElementDefinition { base: Some(element.base()), ..element.clone() }),
        None => to_map(element),
    };
    let mut change = Map::new();
    change.insert("id".to_owned(), Value::String(element.id.clone()));
    for (name, value) in &to {
        if from.get(name) != Some(value) {
            change.insert(name.clone(), value.clone());
        }
    }
    for name in from.keys().filter(|name| !to.contains_key(*name)) {
        change.insert(name.clone(), Value::Null);
    }
    if change.len() == 1 { Value::String(element.id.clone()) } else { Value::Object(change) }
}

fn to_map(element: &ElementDefinition) -> Map<String, Value> {
    let Ok(Value::Object(mut map)) = serde_json::to_value(element) else { return Map::new() };
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.iter_mut().for_each(shorten);
    }
    map
}

/// A type about which nothing is said but its code is written as that.
fn shorten(of_type: &mut Value) {
    if let Value::Object(map) = of_type
        && map.len() == 1
        && let Some(code) = map.get_mut("code")
    {
        *of_type = code.take();
    }
}

/// Reads what [`write`] wrote.
pub(super) fn read<'i>(
    json: &str,
    inherited: impl FnOnce(&str) -> Option<&'i ElementDefinition>,
) -> Result<ElementDefinition, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let mut element = Change(inherited).deserialize(&mut deserializer)?;
    let own = ElementDefinition { base: None, ..element };
    element = ElementDefinition { base: element.base.filter(|base| *base != own.base()), ..own };
    Ok(element)
}

struct Change<F>(F);

impl<'de, 'i, F: FnOnce(&str) -> Option<&'i ElementDefinition>> DeserializeSeed<'de> for Change<F> {
    type Value = ElementDefinition;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ElementDefinition, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'i, F: FnOnce(&str) -> Option<&'i ElementDefinition>> Visitor<'de> for Change<F> {
    type Value = ElementDefinition;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element's id, or an object that begins with it")
    }

    fn visit_str<E>(self, id: &str) -> Result<ElementDefinition, E> {
        Ok(start(id, (self.0)(id)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ElementDefinition, A::Error> {
        let Some("id") = map.next_key::<&str>()? else { return Err(serde::de::Error::missing_field("id")) };
        let id: String = map.next_value()?;
        let mut element = start(&id, (self.0)(&id));
        while let Some(name) = map.next_key::<&str>()? {
            match name {
                "path" => element.path = map.next_value()?,
                "sliceName" => element.slice_name = map.next_value()?,
                "min" => element.min = map.next_value()?,
                "max" => element.max = map.next_value()?,
                "base" => element.base = map.next_value()?,
                "type" => element.types = all(map.next_value::<Option<Vec<WrittenType>>>()?),
                "contentReference" => element.content_reference = map.next_value()?,
                "slicing" => element.slicing = map.next_value()?,
                "binding" => element.binding = map.next_value()?,
                "constraint" => element.constraints = map.next_value::<Option<_>>()?.unwrap_or_default(),
                "maxLength" => element.max_length = map.next_value()?,
                "mustSupport" => element.must_support = map.next_value::<Option<_>>()?.unwrap_or_default(),
                "isModifier" => element.is_modifier = map.next_value::<Option<_>>()?.unwrap_or_default(),
                "isSummary" => element.is_summary = map.next_value::<Option<_>>()?.unwrap_or_default(),
                "representation" => {
                    element.representation = map.next_value::<Option<_>>()?.unwrap_or_default()
                }
                name if ["fixed", "pattern", "minValue", "maxValue"].iter().any(|p| name.starts_with(p)) => {
                    let name = name.to_owned();
                    match map.next_value()? {
                        Value::Null => drop(element.values.shift_remove(&name)),
                        value => drop(element.values.insert(name, value)),
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(element)
    }
}

fn all(types: Option<Vec<WrittenType>>) -> Vec<ElementType> {
    types.unwrap_or_default().into_iter().map(|written| written.0).collect()
}

/// A type as written: its code, or an object.
struct WrittenType(ElementType);

impl<'de> Deserialize<'de> for WrittenType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WrittenType, D::Error> {
        struct CodeOrObject;
        impl<'de> Visitor<'de> for CodeOrObject {
            type Value = WrittenType;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type's code, or an object")
            }

            fn visit_str<E>(self, code: &str) -> Result<WrittenType, E> {
                Ok(WrittenType(ElementType { code: code.to_owned(), ..ElementType::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenType, A::Error> {
                let of_type = ElementType::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(WrittenType(of_type))
            }
        }
        deserializer.deserialize_any(CodeOrObject)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn element(id: &str, max: &str) -> ElementDefinition {
        let string = ElementType { code: "string".to_owned(), ..ElementType::default() };
        ElementDefinition {
            max: max.to_owned(),
            types: vec![string],
            is_summary: true,
            ..ElementDefinition::new(id)
        }
    }

    #[test]
    fn writes_what_changes() {
        let of_type = element("T.a", "*");
        let pattern = json!({"patternString": "x"}).as_object().cloned().unwrap();
        let same = ElementDefinition { base: Some(of_type.base()), ..element("T.a:s", "*") };
        let same = ElementDefinition { base: None, ..same };
        for (element, inherited, expected) in [
            (of_type.clone(), None, json!({"id": "T.a", "max": "*", "type": ["string"], "isSummary": true})),
            (of_type.clone(), Some(&of_type), json!("T.a")),
            (same, Some(&of_type), json!("T.a:s")),
            (
                ElementDefinition {
                    base: Some(of_type.base()),
                    is_summary: false,
                    values: pattern,
                    slice_name: Some("s".to_owned()),
                    ..element("T.a:s", "1")
                },
                Some(&of_type),
                json!({"id": "T.a:s", "sliceName": "s", "max": "1", "patternString": "x", "isSummary": null}),
            ),
        ] {
            let written = write(&element, inherited);
            assert_eq!(written, expected);
            assert_eq!(read(&written.to_string(), |_| inherited).unwrap(), element);
        }
    }
}
