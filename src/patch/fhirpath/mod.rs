//! FHIRPath Patch (R4 §3.1.0.6.1): operations in a Parameters resource; places are FHIRPath expressions.
//!
//! A path names one element, for `insert` and `move` all items of one list. What a property repeats is told by the
//! definitions, so lists begin with the first `add` and end with the last `delete`; what a patch leaves empty is removed.

mod content;
mod item;
mod place;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use self::content::{Content, Part, has, parts, property};
use self::place::{Place, Step, step_into};
use super::{MAX_OPERATIONS, PatchError};
use crate::definitions::{TypeGraph, TypeId, TypeKind};
use crate::fhir::time::Instant;
use crate::fhirpath::{DEFAULT_BUDGET, Element, Environment, Expression, Node};

/// How many steps the paths of a patch may take together.
const MAX_STEPS: u64 = 40_000_000;

/// The operations of a FHIRPath Patch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FhirPathPatch(Vec<Operation>);

#[derive(Debug, Clone, PartialEq)]
struct Operation {
    path: Expression,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Add {
        name: String,
        content: Content,
    },
    /// With the path cut before its last name, for a list that is not there yet.
    Insert {
        index: usize,
        content: Content,
        list: Option<(Expression, String)>,
    },
    Delete,
    Replace(Content),
    Move {
        source: usize,
        destination: usize,
    },
}

impl FhirPathPatch {
    /// Reads a Parameters resource.
    pub fn of(types: &TypeGraph, parameters: &Value) -> Result<FhirPathPatch, PatchError> {
        if parameters.get("resourceType").and_then(Value::as_str) != Some("Parameters") {
            return Err(PatchError::malformed("a FHIRPath Patch is a Parameters resource"));
        }
        let list = match parameters.get("parameter") {
            None => &[][..],
            Some(Value::Array(list)) => list,
            Some(_) => return Err(PatchError::malformed("'parameter' is a list")),
        };
        if list.len() > MAX_OPERATIONS {
            return Err(PatchError::too_costly(format!("more than {MAX_OPERATIONS} operations")));
        }
        let read = |(index, parameter)| {
            operation(types, parameter).map_err(|error| PatchError {
                message: format!("Parameters.parameter[{index}]: {}", error.message),
                ..error
            })
        };
        list.iter().enumerate().map(read).collect::<Result<_, _>>().map(FhirPathPatch)
    }

    /// The resource as the operations, one after the other, leave it. `now` is what `now()` says in a path.
    pub fn apply(&self, types: &TypeGraph, now: Instant, mut resource: Value) -> Result<Value, PatchError> {
        let shares = u64::try_from(self.0.len()).unwrap_or(u64::MAX).max(1);
        let budget = DEFAULT_BUDGET.min(MAX_STEPS / shares);
        for (index, operation) in self.0.iter().enumerate() {
            let patching = Patching { types, now, budget };
            let done = patching.apply(operation, &mut resource);
            done.map_err(|error| error.in_operation(index, operation.what.name()))?;
        }
        item::drop_empty(&mut resource);
        Ok(resource)
    }
}

fn operation(types: &TypeGraph, parameter: &Value) -> Result<Operation, PatchError> {
    let Value::Object(map) = parameter else { return Err(PatchError::malformed("a parameter is an object")) };
    if map.get("name").and_then(Value::as_str) != Some("operation") {
        return Err(PatchError::malformed("each parameter is called 'operation'"));
    }
    let parts = parts(types, map)?;
    let mut names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(PatchError::malformed("a part of an operation is given twice"));
    }
    let part = |name: &str| {
        let found = parts.iter().find(|part| part.name == name);
        found.ok_or_else(|| PatchError::malformed(format!("the part '{name}' is needed")))
    };
    let text = |name: &str| {
        let is_text = |part: &Part| part.text().map(str::to_owned);
        part(name).and_then(|part| {
            is_text(part)
                .ok_or_else(|| PatchError::malformed(format!("the part '{name}' has a text as its value")))
        })
    };
    let number = |name: &str| {
        part(name).and_then(|part| {
            let text = format!("the part '{name}' has a number as its value, 0 or more");
            part.number().ok_or_else(|| PatchError::malformed(text))
        })
    };
    let content = || part("value").map(|part| part.content.clone());
    let kind = text("type")?;
    let path = text("path")?;
    let expression = |text: &str| {
        // What the parser says may repeat values of the path.
        Expression::parse(text)
            .map_err(|_| PatchError::malformed("the part 'path' is not a FHIRPath expression"))
    };
    let what = match kind.as_str() {
        "add" => What::Add { name: text("name")?, content: content()? },
        "insert" => {
            let list = path.rsplit_once('.').and_then(|(owner, name)| {
                let is_name = name.chars().all(|c| c.is_ascii_alphanumeric());
                Some((Expression::parse(owner).ok().filter(|_| is_name)?, name.to_owned()))
            });
            What::Insert { index: number("index")?, content: content()?, list }
        }
        "delete" => What::Delete,
        "replace" => What::Replace(content()?),
        "move" => What::Move { source: number("source")?, destination: number("destination")? },
        _ => return Err(PatchError::malformed("'type' is one of add, insert, delete, replace and move")),
    };
    Ok(Operation { path: expression(&path)?, what })
}

impl What {
    fn name(&self) -> &'static str {
        match self {
            What::Add { .. } => "add",
            What::Insert { .. } => "insert",
            What::Delete => "delete",
            What::Replace(_) => "replace",
            What::Move { .. } => "move",
        }
    }
}

struct Patching<'g> {
    types: &'g TypeGraph,
    now: Instant,
    budget: u64,
}

/// What a path led to.
struct Found<'g> {
    /// `None` for the resource itself.
    place: Option<Place>,
    type_id: Option<TypeId>,
    property: Option<&'g crate::definitions::Property>,
}

/// The object of an element, and its type.
struct Owner {
    steps: Vec<Step>,
    /// Of a primitive: the name under which its object is to be made, where it has none.
    beside: Option<Place>,
    type_id: TypeId,
}

fn not_applicable<T>(message: &str) -> Result<T, PatchError> {
    Err(PatchError::not_applicable(message))
}

impl<'g> Patching<'g> {
    fn apply(&self, operation: &Operation, resource: &mut Value) -> Result<(), PatchError> {
        match &operation.what {
            What::Add { name, content } => self.add(&operation.path, name, content, resource),
            What::Insert { index, content, list } => {
                self.insert(&operation.path, *index, content, list.as_ref(), resource)
            }
            What::Delete => self.delete(&operation.path, resource),
            What::Replace(content) => self.replace(&operation.path, content, resource),
            What::Move { source, destination } => {
                self.shift(&operation.path, *source, *destination, resource)
            }
        }
    }

    /// The elements of the resource that a path names.
    fn find(&self, path: &Expression, resource: &Value) -> Result<Vec<Found<'g>>, PatchError> {
        let mut environment = Environment::new(self.types, self.now);
        environment.budget = self.budget;
        let found = path
            .evaluate(&Node::resource(self.types, resource), &environment)
            .map_err(|error| PatchError::not_applicable(format!("the path has no result: {error}")))?;
        found
            .iter()
            .map(|node| {
                let within = |element: &Element<'_>| {
                    let is_whole = element.value.is_some_and(|value| std::ptr::eq(value, resource));
                    let place = element.value.or(element.extra).and_then(|value| Place::of(value, resource));
                    (is_whole || place.is_some()).then_some(place)
                };
                let element = node.element().and_then(|element| Some((element, within(element)?)));
                let Some((element, place)) = element else {
                    return not_applicable(
                        "the path names something that is not an element of this resource",
                    );
                };
                Ok(Found { place, type_id: element.type_id, property: self.property_of(element) })
            })
            .collect()
    }

    /// The property that an element is a value of, from the graph itself.
    fn property_of(&self, element: &Element<'_>) -> Option<&'g crate::definitions::Property> {
        let path = element.property?.path.as_str();
        let (owner, _) = path.rsplit_once('.')?;
        let owner = &self.types[self.types.find(owner)?];
        owner.properties.iter().find(|property| property.path == path)
    }

    fn one(&self, path: &Expression, resource: &Value) -> Result<Found<'g>, PatchError> {
        let mut found = self.find(path, resource)?;
        let count = found.len();
        match found.pop() {
            Some(one) if count == 1 => Ok(one),
            None => not_applicable("the path names nothing in this resource"),
            Some(_) => not_applicable(&format!(
                "the path names {count} elements: one is needed, say by an index as in name[0]"
            )),
        }
    }

    /// The list whose items, all of them, a path names.
    fn list(&self, path: &Expression, resource: &mut Value) -> Result<(Found<'g>, Place), PatchError> {
        let found = self.find(path, resource)?;
        let count = found.len();
        let mut lists: Vec<(Found<'g>, Place)> =
            found.into_iter().filter_map(|found| found.place.clone().map(|place| (found, place))).collect();
        let is_one = lists.windows(2).all(|pair| match pair {
            [(_, a), (_, b)] => (&a.owner, &a.name) == (&b.owner, &b.name),
            _ => true,
        });
        let Some((found, place)) = lists.pop() else {
            return not_applicable("the path names nothing in this resource");
        };
        if place.index.is_none() {
            return not_applicable("what the path names does not repeat: it is no list");
        }
        let length = place.owner_mut(resource).map_or(0, |owner| item::count(owner, &place.name));
        if !is_one || length != count {
            return not_applicable("the path has to name a list as a whole, say Patient.name");
        }
        Ok((found, place))
    }

    /// The object in which the properties of an element are.
    fn owner(&self, found: Found<'g>, resource: &Value) -> Result<Owner, PatchError> {
        let type_id = match (found.type_id, resource.get("resourceType").and_then(Value::as_str)) {
            (Some(type_id), _) => type_id,
            (None, _) => return not_applicable("FHIR R4 does not know the type of what the path names"),
        };
        let Some(place) = found.place else {
            return Ok(Owner { steps: Vec::new(), beside: None, type_id });
        };
        let is_primitive = self.types[type_id].kind == TypeKind::Primitive;
        let name = if is_primitive { format!("_{}", place.name) } else { place.name.clone() };
        let mut steps = place.owner.clone();
        steps.push(Step::Property(name));
        steps.extend(place.index.map(Step::Item));
        Ok(Owner { steps, beside: is_primitive.then_some(place), type_id })
    }

    fn add(
        &self,
        path: &Expression,
        name: &str,
        content: &Content,
        resource: &mut Value,
    ) -> Result<(), PatchError> {
        let owner = self.owner(self.one(path, resource)?, resource)?;
        self.add_to(&owner, name, None, content, resource)
    }

    /// Adds an element to a list, or as what is there once.
    fn add_to(
        &self,
        owner: &Owner,
        name: &str,
        index: Option<usize>,
        content: &Content,
        resource: &mut Value,
    ) -> Result<(), PatchError> {
        let owner_type = &self.types[owner.type_id];
        let Some((property, allowed)) = property(owner_type, name) else {
            let text = format!("{} has no '{}'", owner_type.name, super::error::printable(name));
            return not_applicable(&text);
        };
        let (json_name, item) = content.fit(self.types, allowed)?;
        let map = object_mut(owner, resource)?;
        match (property.is_list, index) {
            (true, index) => {
                let count = item::count(map, json_name);
                if index.is_some_and(|index| index > count) {
                    return not_applicable(&format!("the list has {count} items: nothing can be put there"));
                }
                item::insert(map, json_name, index.unwrap_or(count), item);
            }
            (false, Some(_)) => return not_applicable("what the path names does not repeat: it is no list"),
            (false, None) if has(map, property) => {
                let text = format!("{} has '{}' already: replace it", owner_type.name, property.name);
                return not_applicable(&text);
            }
            (false, None) => item::set(map, json_name, item),
        }
        Ok(())
    }

    fn insert(
        &self,
        path: &Expression,
        index: usize,
        content: &Content,
        list: Option<&(Expression, String)>,
        resource: &mut Value,
    ) -> Result<(), PatchError> {
        // A list that is not there yet is known by its owner and its name only.
        if let Some((owner, name)) = list
            && self.find(path, resource)?.is_empty()
        {
            let owner = self.owner(self.one(owner, resource)?, resource)?;
            return self.add_to(&owner, name, Some(index), content, resource);
        }
        let (found, place) = self.list(path, resource)?;
        let (_, item) = content.fit(self.types, found.property.map_or(&[], |property| &property.types))?;
        let Some(map) = place.owner_mut(resource) else {
            return not_applicable("the path names nothing in this resource");
        };
        let count = item::count(map, &place.name);
        if index > count {
            return not_applicable(&format!("the list has {count} items: nothing can be put there"));
        }
        item::insert(map, &place.name, index, item);
        Ok(())
    }

    fn delete(&self, path: &Expression, resource: &mut Value) -> Result<(), PatchError> {
        // Deleting what is not there is no error (R4 §3.1.0.6.1: "if found").
        if self.find(path, resource)?.is_empty() {
            return Ok(());
        }
        let Some(place) = self.one(path, resource)?.place else {
            return not_applicable("the whole resource is not removed by a patch: delete it");
        };
        if let Some(map) = place.owner_mut(resource) {
            match place.index {
                Some(index) => item::remove(map, &place.name, index),
                None => item::set(map, &place.name, item::Item::default()),
            }
        }
        Ok(())
    }

    fn replace(&self, path: &Expression, content: &Content, resource: &mut Value) -> Result<(), PatchError> {
        let found = self.one(path, resource)?;
        let (Some(place), Some(property)) = (found.place, found.property) else {
            return not_applicable("the path has to name an element that FHIR R4 knows");
        };
        let (json_name, item) = content.fit(self.types, &property.types)?;
        let Some(map) = place.owner_mut(resource) else {
            return not_applicable("the path names nothing in this resource");
        };
        match place.index {
            Some(index) => item::replace(map, &place.name, index, item),
            None => {
                if json_name != place.name {
                    item::set(map, &place.name, item::Item::default());
                }
                item::set(map, json_name, item);
            }
        }
        Ok(())
    }

    fn shift(
        &self,
        path: &Expression,
        source: usize,
        destination: usize,
        resource: &mut Value,
    ) -> Result<(), PatchError> {
        let (_, place) = self.list(path, resource)?;
        let Some(map) = place.owner_mut(resource) else {
            return not_applicable("the path names nothing in this resource");
        };
        let count = item::count(map, &place.name);
        if source >= count || destination >= count {
            return not_applicable(&format!("the list has {count} items: nothing can be moved so"));
        }
        item::shift(map, &place.name, source, destination);
        Ok(())
    }
}

/// The object of an owner; one beside a primitive is made where there is none.
fn object_mut<'v>(owner: &Owner, resource: &'v mut Value) -> Result<&'v mut Map<String, Value>, PatchError> {
    if let Some(place) = &owner.beside
        && let Some(map) = place.owner_mut(resource)
    {
        item::make_beside(map, &place.name, place.index);
    }
    let object = step_into(resource, &owner.steps).and_then(Value::as_object_mut);
    object.ok_or_else(|| PatchError::not_applicable("what the path names can hold nothing"))
}
