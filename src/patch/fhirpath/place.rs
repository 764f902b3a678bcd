//! Where in a resource's JSON an element is: FHIRPath answers with borrowed elements, a patch has to change them.

use serde_json::{Map, Value};

/// A step from a JSON value into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Property(String),
    Item(usize),
}

/// Where an element is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The object that holds it.
    pub owner: Vec<Step>,
    /// Under which name; without the `_` that stands before what a primitive has besides its value.
    pub name: String,
    /// Which item, where it is in a list.
    pub index: Option<usize>,
}

impl Place {
    /// Finds a value, the very one, in the value it was borrowed from; `None` where it is not in there or is all of it.
    pub fn of(target: &Value, within: &Value) -> Option<Place> {
        let mut path = Vec::new();
        if !find(target, within, &mut path) {
            return None;
        }
        let index = match path.last()? {
            Step::Item(index) => Some(*index),
            Step::Property(_) => None,
        };
        if index.is_some() {
            path.pop();
        }
        match path.pop()? {
            Step::Property(name) => {
                let name = name.strip_prefix('_').map_or(name.clone(), str::to_owned);
                Some(Place { owner: path, name, index })
            }
            Step::Item(_) => None,
        }
    }

    /// The object that holds the element.
    pub fn owner_mut<'v>(&self, resource: &'v mut Value) -> Option<&'v mut Map<String, Value>> {
        step_into(resource, &self.owner)?.as_object_mut()
    }
}

fn find(target: &Value, within: &Value, path: &mut Vec<Step>) -> bool {
    if std::ptr::eq(target, within) {
        return true;
    }
    match within {
        Value::Object(map) => map.iter().any(|(name, inner)| {
            // Most of a resource is leaves, which need no step to be seen to be others.
            let is_leaf = !matches!(inner, Value::Object(_) | Value::Array(_));
            if is_leaf && !std::ptr::eq(target, inner) {
                return false;
            }
            path.push(Step::Property(name.clone()));
            find(target, inner, path) || path.pop().is_none()
        }),
        Value::Array(items) => items.iter().enumerate().any(|(index, inner)| {
            path.push(Step::Item(index));
            find(target, inner, path) || path.pop().is_none()
        }),
        _ => false,
    }
}

/// What these steps lead to.
pub(super) fn step_into<'v>(value: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Property(name) => value.get_mut(name),
        Step::Item(index) => value.get_mut(index),
    })
}
