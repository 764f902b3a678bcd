//! Reading JSON that may have any shape: what is there in a wrong shape is told from what is not there.

use serde_json::Value;

/// An element that repeats, in a shape that cannot be one.
#[derive(Debug)]
pub(super) struct Malformed;

/// The items of an element that repeats; none when it is absent.
pub(super) fn list<'a>(parent: &'a Value, name: &str) -> Result<&'a [Value], Malformed> {
    match parent.get(name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(Malformed),
    }
}

/// The items of an element that repeats, or the one of an element that does not; none in any other shape.
pub(super) fn items<'a>(parent: &'a Value, name: &str) -> &'a [Value] {
    match parent.get(name) {
        Some(Value::Array(items)) => items,
        Some(item @ Value::Object(_)) => std::slice::from_ref(item),
        _ => &[],
    }
}

/// An element that is a string.
pub(super) fn text<'a>(parent: &'a Value, name: &str) -> Option<&'a str> {
    parent.get(name)?.as_str()
}

/// System and code of a Coding; an absent system is empty.
pub(super) fn coding(value: &Value) -> Option<(&str, &str)> {
    Some((text(value, "system").unwrap_or_default(), text(value, "code")?))
}

/// The codings of a CodeableConcept.
pub(super) fn codings(concept: &Value) -> impl Iterator<Item = (&str, &str)> {
    items(concept, "coding").iter().filter_map(coding)
}

/// Whether an element carries a modifier extension, which may turn its meaning round (R4 §2.4.1): what we do not know
/// we must not pass over, and we know none.
pub(super) fn is_modified(value: &Value) -> bool {
    value.get("modifierExtension").is_some()
}

/// Calls `visit` with each object within a value, itself included, from the top, until one returns true; tells whether
/// one did. Stops at the depth at which no resource is read.
pub(super) fn any_object<'a>(
    value: &'a Value,
    visit: &mut impl FnMut(&'a serde_json::Map<String, Value>) -> bool,
) -> bool {
    fn walk<'a>(
        value: &'a Value,
        depth: usize,
        visit: &mut impl FnMut(&'a serde_json::Map<String, Value>) -> bool,
    ) -> bool {
        if depth > crate::fhir::json::MAX_DEPTH {
            return false;
        }
        match value {
            Value::Array(items) => items.iter().any(|item| walk(item, depth + 1, visit)),
            Value::Object(map) => visit(map) || map.values().any(|item| walk(item, depth + 1, visit)),
            _ => false,
        }
    }
    walk(value, 0, visit)
}
