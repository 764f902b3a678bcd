//! The paths discriminators have: FHIRPath restricted to steps that need no evaluator (R4 §5.1.0.15).

use std::fmt;

use serde_json::{Map, Value};

use super::around::Around;
use crate::definitions::{TypeGraph, TypeId};
use crate::fhirpath::{Link, Resolution};

/// Where to look, from an element.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Path(pub(super) Vec<Step>);

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// A property, a choice by its name without type.
    Property(Box<str>),
    /// The extensions of that URL.
    Extension(Box<str>),
    /// The resource that is referred to.
    Resolve,
    /// Only values of that type.
    OfType(Box<str>),
}

impl Path {
    /// Reads a path; `None` when it has something discriminators may not have.
    pub(super) fn parse(text: &str) -> Option<Path> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            // A URL may have dots, in quotes.
            let end = match rest.find(['.', '(']) {
                Some(at) if rest.as_bytes().get(at) == Some(&b'(') => rest.find(')').map(|end| end + 1)?,
                Some(at) => at,
                None => rest.len(),
            };
            let (step, after) = rest.split_at(end);
            rest = after.strip_prefix('.').unwrap_or(after);
            match step.split_once('(') {
                None if step == "$this" => {}
                None => steps.push(Step::Property(step.trim_end_matches("[x]").into())),
                Some(("resolve", ")")) => steps.push(Step::Resolve),
                Some((name, argument)) => {
                    let argument = argument.strip_suffix(')')?.trim().trim_matches(['\'', '"']);
                    steps.push(match name {
                        "extension" => Step::Extension(argument.into()),
                        "ofType" => Step::OfType(argument.into()),
                        _ => return None,
                    });
                }
            }
        }
        Some(Path(steps))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("$this");
        }
        for (index, step) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            match step {
                Step::Property(name) => f.write_str(name)?,
                Step::Extension(url) => {
                    write!(f, "extension('{}')", url.rsplit('/').next().unwrap_or_default())?
                }
                Step::Resolve => f.write_str("resolve()")?,
                Step::OfType(name) => write!(f, "ofType({name})")?,
            }
        }
        Ok(())
    }
}

/// Something a path leads to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    /// Its JSON; `None` for a resource of which only the type is known.
    pub(super) value: Option<&'a Value>,
    /// Its type, where known.
    pub(super) type_id: Option<TypeId>,
    /// The resource `#id` is resolved in.
    pub(super) container: &'a Value,
}

/// Follows steps and shows each item they lead to until `show` says stop (`false`). Returns whether something could not
/// be resolved on the way.
pub(super) fn follow<'a>(
    steps: &[Step],
    item: Item<'a>,
    around: &Around<'a>,
    show: &mut dyn FnMut(Item<'a>) -> bool,
) -> bool {
    let mut walk = Following {
        around,
        types: around.validator.definitions.types(),
        show,
        is_unsure: false,
        is_over: false,
    };
    walk.steps(steps, item);
    walk.is_unsure
}

struct Following<'f, 'a> {
    around: &'f Around<'a>,
    types: &'f TypeGraph,
    show: &'f mut dyn FnMut(Item<'a>) -> bool,
    is_unsure: bool,
    is_over: bool,
}

impl<'a> Following<'_, 'a> {
    fn steps(&mut self, steps: &[Step], item: Item<'a>) {
        if self.is_over {
            return;
        }
        let Some((step, rest)) = steps.split_first() else {
            self.is_over = !(self.show)(item);
            return;
        };
        match step {
            Step::Property(name) => self.property(name, rest, item),
            Step::Extension(url) => {
                let extensions =
                    item.value.and_then(|value| value.get("extension")).and_then(Value::as_array);
                for extension in extensions.into_iter().flatten() {
                    if extension.get("url").and_then(Value::as_str) == Some(url) {
                        let type_id = self.types.find("Extension");
                        self.steps(rest, Item { value: Some(extension), type_id, ..item });
                    }
                }
            }
            Step::Resolve => self.resolve(rest, item),
            Step::OfType(name) => {
                let wanted = self.types.find(name);
                if item.type_id.zip(wanted).is_some_and(|(own, wanted)| self.types.is_a(own, wanted)) {
                    self.steps(rest, item);
                }
            }
        }
    }

    fn property(&mut self, name: &str, rest: &[Step], item: Item<'a>) {
        let Some(object) = item.value.and_then(Value::as_object) else { return };
        let of_type = item.type_id.map(|id| &self.types[id]);
        if let Some(value) = get(object, name) {
            let type_id = of_type.and_then(|of_type| of_type.json_property_index(name)).map(|(_, id)| id);
            return self.values(value, type_id, rest, item);
        }
        let Some(of_type) = of_type else { return };
        if !of_type.property(name).is_some_and(|property| property.is_choice) {
            return;
        }
        for (json_name, value) in object {
            if let Some((property, type_id)) =
                of_type.json_property(json_name).filter(|(p, _)| p.name == name)
            {
                debug_assert!(property.is_choice);
                self.values(value, Some(type_id), rest, item);
            }
        }
    }

    fn values(&mut self, value: &'a Value, type_id: Option<TypeId>, rest: &[Step], item: Item<'a>) {
        let items = match value {
            Value::Array(items) => items.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in items {
            let named = || self.types.find(value.get("resourceType")?.as_str()?);
            self.steps(rest, Item { value: Some(value), type_id: named().or(type_id), ..item });
        }
    }

    fn resolve(&mut self, rest: &[Step], item: Item<'a>) {
        let Some(value) = item.value else { return };
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let literal = value.as_str().or_else(|| text("reference"));
        let Some(literal) = literal else {
            self.is_unsure = true;
            return;
        };
        let found = match literal.strip_prefix('#') {
            Some(id) => {
                self.around.contained(item.container, id).map_or(Resolution::Unknown, Resolution::Resource)
            }
            None => self.around.find(Link {
                literal: Some(literal),
                type_name: text("type"),
                container: Some(item.container),
            }),
        };
        match found {
            Resolution::Resource(target) => {
                let type_id =
                    target.get("resourceType").and_then(Value::as_str).and_then(|name| self.types.find(name));
                let container = if literal.starts_with('#') { item.container } else { target };
                self.steps(rest, Item { value: Some(target), type_id, container });
            }
            Resolution::Type(type_id) => {
                self.steps(rest, Item { value: None, type_id: Some(type_id), ..item })
            }
            Resolution::Unknown => self.is_unsure = true,
        }
    }
}

/// The contained resource of that id; the container itself for the empty id.
pub(super) fn contained<'a>(container: &'a Value, id: &str) -> Option<&'a Value> {
    if id.is_empty() {
        return Some(container);
    }
    let contained = container.get("contained").and_then(Value::as_array)?;
    contained.iter().find(|resource| resource.get("id").and_then(Value::as_str) == Some(id))
}

/// A property of an object; most objects are so small that looking is quicker than hashing.
pub(super) fn get<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    if object.len() <= 8 {
        return object.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value);
    }
    object.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        for (text, expected) in [
            ("$this", "$this"),
            ("", "$this"),
            ("coding.code", "coding.code"),
            ("$this.resolve()", "resolve()"),
            ("resolve().code", "resolve().code"),
            ("value.ofType(Coding)", "value.ofType(Coding)"),
            ("value[x]", "value"),
            ("extension('http://a.b/c').value", "extension('c').value"),
        ] {
            assert_eq!(Path::parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["where(a)", "a.first()", "extension('x'"] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
    }
}
