//! Elements in JSON: a value, and what a primitive has beside it under `_name`; alone or in lists (R4 §2.6.2.3).

use serde_json::{Map, Value};

/// An element.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Item {
    /// Its value.
    pub value: Option<Value>,
    /// Of a primitive: the object with its id and extensions.
    pub extra: Option<Value>,
}

/// Puts an element where none is.
pub(super) fn set(map: &mut Map<String, Value>, name: &str, item: Item) {
    let extra_name = format!("_{name}");
    for (name, value) in [(name, item.value), (extra_name.as_str(), item.extra)] {
        match value {
            Some(value) => drop(map.insert(name.to_owned(), value)),
            None => drop(map.shift_remove(name)),
        }
    }
}

/// How many items a list has.
pub(super) fn count(map: &Map<String, Value>, name: &str) -> usize {
    let length = |name: &str| map.get(name).and_then(Value::as_array).map_or(0, Vec::len);
    length(name).max(length(&format!("_{name}")))
}

/// Puts an item into a list before the one that is at `at`, or at its end.
pub(super) fn insert(map: &mut Map<String, Value>, name: &str, at: usize, item: Item) {
    let mut items = take(map, name);
    items.insert(at.min(items.len()), item);
    put(map, name, items);
}

/// Puts an item in the place of another.
pub(super) fn replace(map: &mut Map<String, Value>, name: &str, at: usize, item: Item) {
    let mut items = take(map, name);
    if let Some(there) = items.get_mut(at) {
        *there = item;
    }
    put(map, name, items);
}

/// Takes an item away.
pub(super) fn remove(map: &mut Map<String, Value>, name: &str, at: usize) {
    let mut items = take(map, name);
    if at < items.len() {
        items.remove(at);
    }
    put(map, name, items);
}

/// Moves an item to where it is to be at.
pub(super) fn shift(map: &mut Map<String, Value>, name: &str, from: usize, to: usize) {
    let mut items = take(map, name);
    if from < items.len() && to < items.len() {
        let item = items.remove(from);
        items.insert(to, item);
    }
    put(map, name, items);
}

/// Makes sure that a primitive has an object beside it, in which its id and extensions are.
pub(super) fn make_beside(map: &mut Map<String, Value>, name: &str, at: Option<usize>) {
    let make = |value: &mut Value| {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
    };
    match at {
        None => make(map.entry(format!("_{name}")).or_insert(Value::Null)),
        Some(at) => {
            let length = count(map, name);
            let beside = map.entry(format!("_{name}")).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(items) = beside {
                items.resize(length.max(items.len()), Value::Null);
                items.get_mut(at).into_iter().for_each(make);
            }
        }
    }
}

fn take(map: &mut Map<String, Value>, name: &str) -> Vec<Item> {
    let length = count(map, name);
    let mut list = |name: &str| {
        let items = match map.get_mut(name).map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        items.into_iter().map(|item| Some(item).filter(|item| !item.is_null())).chain(std::iter::repeat(None))
    };
    let (values, extras) = (list(name), list(&format!("_{name}")));
    values.zip(extras).take(length).map(|(value, extra)| Item { value, extra }).collect()
}

fn put(map: &mut Map<String, Value>, name: &str, items: Vec<Item>) {
    let (values, extras): (Vec<_>, Vec<_>) = items.into_iter().map(|item| (item.value, item.extra)).unzip();
    let list = |items: Vec<Option<Value>>| {
        let has_any = items.iter().any(Option::is_some);
        has_any.then(|| items.into_iter().map(Option::unwrap_or_default).collect())
    };
    set(map, name, Item { value: list(values), extra: list(extras) });
}

/// Removes what has become empty, for nothing is ever empty in FHIR's JSON (R4 §2.6.2.1). Whether all of it has.
pub(super) fn drop_empty(value: &mut Value) -> bool {
    match value {
        Value::Object(map) => {
            let mut emptied = Vec::new();
            for (name, inner) in map.iter_mut() {
                let is_empty = match inner {
                    Value::Array(items) if name.starts_with('_') => drop_empty_beside(items),
                    inner => drop_empty(inner),
                };
                if is_empty {
                    emptied.push(name.clone());
                }
            }
            for name in emptied {
                map.shift_remove(&name);
            }
            map.is_empty()
        }
        Value::Array(items) => {
            items.retain_mut(|item| !drop_empty(item));
            items.is_empty()
        }
        _ => false,
    }
}

/// The same of a list beside a list of values: its items keep their places.
fn drop_empty_beside(items: &mut [Value]) -> bool {
    for item in items.iter_mut() {
        if drop_empty(item) {
            *item = Value::Null;
        }
    }
    items.iter().all(Value::is_null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("no object") };
        map
    }

    #[test]
    fn values_and_what_is_beside_them_stay_together() {
        let before = || map(json!({"given": ["a", null, "c"], "_given": [null, {"id": "b"}, null], "x": 1}));
        type Change = fn(&mut Map<String, Value>);
        let changes: [(Change, Value); 5] = [
            (|map| remove(map, "given", 1), json!({"given": ["a", "c"], "x": 1})),
            (
                |map| shift(map, "given", 1, 0),
                json!({"given": [null, "a", "c"], "_given": [{"id": "b"}, null, null], "x": 1}),
            ),
            (
                |map| insert(map, "given", 3, Item { value: Some("d".into()), extra: None }),
                json!({"given": ["a", null, "c", "d"], "_given": [null, {"id": "b"}, null, null], "x": 1}),
            ),
            (
                |map| replace(map, "given", 1, Item { value: Some("b".into()), extra: None }),
                json!({"given": ["a", "b", "c"], "x": 1}),
            ),
            (
                |map| {
                    remove(map, "given", 0);
                    remove(map, "given", 0);
                    remove(map, "given", 0);
                },
                json!({"x": 1}),
            ),
        ];
        for (change, expected) in changes {
            let mut changed = before();
            change(&mut changed);
            assert_eq!(Value::Object(changed), expected);
        }
    }

    #[test]
    fn nothing_is_left_empty() {
        let mut value = json!({"a": {"b": {}}, "c": [{}, {"d": 1}], "e": [], "f": ["g", "h"], "_f": [{"extension": []}, null], "i": null});
        assert!(!drop_empty(&mut value));
        assert_eq!(value, json!({"c": [{"d": 1}], "f": ["g", "h"], "i": null}));
        assert!(drop_empty(&mut json!({"a": [{}]})));
    }
}
