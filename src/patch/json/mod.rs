//! JSON Patch (RFC 6902): places are JSON Pointers, and what is meant is the JSON, not the elements.

pub(super) mod pointer;
mod same;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use self::pointer::{Pointer, index};
use super::{MAX_OPERATIONS, PatchError, PatchErrorKind};
use crate::fhir::json::{self, MAX_DEPTH};

/// How much work a patch may be: what is copied, in bytes, and what has to be moved aside.
const MAX_WORK: usize = 64 << 20;

/// The operations of a JSON Patch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JsonPatch(Vec<Operation>);

#[derive(Debug, Clone, PartialEq)]
struct Operation {
    path: Pointer,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Add(Value),
    Remove,
    Replace(Value),
    Move(Pointer),
    Copy(Pointer),
    Test(Value),
}

impl JsonPatch {
    /// Reads a JSON text.
    pub fn parse(text: &[u8]) -> Result<JsonPatch, PatchError> {
        let value = json::parse(text).map_err(|error| PatchError::malformed(format!("not JSON: {error}")))?;
        JsonPatch::of(value)
    }

    /// Reads a list of operations.
    pub fn of(value: Value) -> Result<JsonPatch, PatchError> {
        let Value::Array(items) = value else {
            return Err(PatchError::malformed("a JSON Patch is an array of operations (RFC 6902)"));
        };
        if items.len() > MAX_OPERATIONS {
            return Err(PatchError::too_costly(format!("more than {MAX_OPERATIONS} operations")));
        }
        items
            .into_iter()
            .enumerate()
            .map(|(index, item)| operation(index, item))
            .collect::<Result<_, _>>()
            .map(JsonPatch)
    }

    /// The document as the operations, one after the other, leave it.
    pub fn apply(&self, mut document: Value) -> Result<Value, PatchError> {
        let mut work = MAX_WORK;
        for (index, operation) in self.0.iter().enumerate() {
            let done = operation.apply(&mut document, &mut work);
            done.map_err(|error| error.in_operation(index, operation.what.name()))?;
        }
        Ok(document)
    }
}

fn operation(index: usize, item: Value) -> Result<Operation, PatchError> {
    let malformed = |message: &str| PatchError::malformed(format!("operation[{index}]: {message}"));
    let Value::Object(mut members) = item else { return Err(malformed("an operation is an object")) };
    let pointer = |members: &Map<String, Value>, name: &str| {
        let text = members.get(name).and_then(Value::as_str);
        let text = text.ok_or_else(|| malformed(&format!("'{name}' is needed, a JSON Pointer")))?;
        Pointer::parse(text).map_err(|error| malformed(&format!("'{name}': {}", error.message)))
    };
    let value = |members: &mut Map<String, Value>| {
        members.shift_remove("value").ok_or_else(|| malformed("'value' is needed"))
    };
    let path = pointer(&members, "path")?;
    let op = members.get("op").and_then(Value::as_str).unwrap_or_default().to_owned();
    let what = match op.as_str() {
        "add" => What::Add(value(&mut members)?),
        "remove" => What::Remove,
        "replace" => What::Replace(value(&mut members)?),
        "move" => What::Move(pointer(&members, "from")?),
        "copy" => What::Copy(pointer(&members, "from")?),
        "test" => What::Test(value(&mut members)?),
        _ => return Err(malformed("'op' is one of add, remove, replace, move, copy and test")),
    };
    if let What::Move(from) = &what
        && from.is_above(&path)
    {
        return Err(malformed("nothing can be moved into itself"));
    }
    if matches!(what, What::Remove) && path.len() == 0 {
        return Err(malformed("the whole resource is not removed by a patch: delete it"));
    }
    Ok(Operation { path, what })
}

impl What {
    fn name(&self) -> &'static str {
        match self {
            What::Add(_) => "add",
            What::Remove => "remove",
            What::Replace(_) => "replace",
            What::Move(_) => "move",
            What::Copy(_) => "copy",
            What::Test(_) => "test",
        }
    }
}

impl Operation {
    fn apply(&self, document: &mut Value, work: &mut usize) -> Result<(), PatchError> {
        match &self.what {
            What::Add(value) => add(document, &self.path, value.clone(), work),
            What::Remove => remove(document, &self.path, work).map(drop),
            What::Replace(value) => {
                let there = self.path.get_mut(document)?;
                fits(&self.path, value)?;
                *there = value.clone();
                Ok(())
            }
            What::Move(from) => {
                if from == &self.path {
                    return from.get(document).map(drop);
                }
                let value = remove(document, from, work)?;
                add(document, &self.path, value, work)
            }
            What::Copy(from) => {
                let value = from.get(document)?;
                spend(work, weight(value))?;
                let value = value.clone();
                add(document, &self.path, value, work)
            }
            What::Test(expected) => match same::are_same(self.path.get(document)?, expected) {
                true => Ok(()),
                false => Err(PatchError {
                    kind: PatchErrorKind::TestFailed,
                    operation: None,
                    message: format!("what is at {} is something else", self.path),
                }),
            },
        }
    }
}

fn add(document: &mut Value, path: &Pointer, value: Value, work: &mut usize) -> Result<(), PatchError> {
    fits(path, &value)?;
    let Some((parent, last)) = path.split() else {
        *document = value;
        return Ok(());
    };
    match parent.get_mut(document)? {
        Value::Object(map) => {
            map.insert(last.to_owned(), value);
        }
        Value::Array(items) => {
            let at = if last == "-" { Some(items.len()) } else { index(last) };
            let Some(at) = at.filter(|at| *at <= items.len()) else {
                let text = format!("{path} is no place in a list of {} items", items.len());
                return Err(PatchError::not_applicable(text));
            };
            spend(work, items.len() - at)?;
            items.insert(at, value);
        }
        _ => return Err(PatchError::not_applicable(format!("{parent} is neither an object nor a list"))),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &Pointer, work: &mut usize) -> Result<Value, PatchError> {
    let Some((parent, last)) = path.split() else {
        // Only a move gets here, and it replaces the whole by a part of it: by nothing, were the part the whole.
        return Err(PatchError::not_applicable("the whole cannot be moved"));
    };
    let removed = match parent.get_mut(document)? {
        Value::Object(map) => {
            spend(work, map.len())?;
            map.shift_remove(last)
        }
        Value::Array(items) => match index(last).filter(|at| *at < items.len()) {
            Some(at) => {
                spend(work, items.len() - at)?;
                Some(items.remove(at))
            }
            None => None,
        },
        _ => None,
    };
    removed.ok_or_else(|| PatchError::not_applicable(format!("there is nothing at {path}")))
}

/// That a value, put there, does not nest deeper than what is read here.
fn fits(path: &Pointer, value: &Value) -> Result<(), PatchError> {
    if path.len() + depth(value) <= MAX_DEPTH {
        return Ok(());
    }
    Err(PatchError::not_applicable(format!("nested more than {MAX_DEPTH} levels deep")))
}

fn spend(work: &mut usize, amount: usize) -> Result<(), PatchError> {
    *work = work
        .checked_sub(amount)
        .ok_or_else(|| PatchError::too_costly("more is copied or moved than allowed"))?;
    Ok(())
}

/// How many objects and lists are around each other in a value.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// About how many bytes of memory a value takes.
fn weight(value: &Value) -> usize {
    const EACH: usize = 64;
    EACH + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(map) => map.iter().map(|(name, value)| EACH + name.len() + weight(value)).sum(),
        _ => 0,
    }
}
