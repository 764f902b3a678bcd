//! Every element of a resource: where it is, in JSON and as FHIRPath says it, and what the definitions call it.

use sdoh_gateway::definitions::{TypeGraph, TypeId, TypeKind};
use serde_json::Value;

/// One value in a resource.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    /// JSON pointer.
    pub(super) pointer: String,
    /// As issues name it.
    pub(super) expression: String,
    /// As a definition's elements name it: `Task.input.value[x]`.
    pub(super) path: String,
    pub(super) type_id: TypeId,
    /// JSON pointer and expression of the object it is a property of.
    pub(super) owner: (String, String),
    /// Its property in JSON, and its place among several.
    pub(super) name: String,
    pub(super) index: Option<usize>,
}

/// All values below a resource, the resources in it and what is beside primitives left out.
pub(super) fn spots(types: &TypeGraph, resource: &Value) -> Vec<Spot> {
    let name = resource["resourceType"].as_str().unwrap();
    let mut found = Vec::new();
    collect(types, types.resource(name).unwrap(), resource, ("", name, name), &mut found);
    found
}

fn collect(
    types: &TypeGraph,
    of: TypeId,
    value: &Value,
    (pointer, expression, path): (&str, &str, &str),
    found: &mut Vec<Spot>,
) {
    let Some(object) = value.as_object() else { return };
    for (name, value) in object {
        let Some((property, type_id)) = types[of].json_property(name) else { continue };
        if types[type_id].kind == TypeKind::Resource {
            continue;
        }
        let choice = if property.is_choice { "[x]" } else { "" };
        let path = format!("{path}.{}{choice}", property.name);
        let of_type = match property.is_choice {
            true => format!(".ofType({})", types[type_id].name),
            false => String::new(),
        };
        let items: Vec<(Option<usize>, &Value)> = match value {
            Value::Array(items) => {
                items.iter().enumerate().map(|(index, item)| (Some(index), item)).collect()
            }
            item => vec![(None, item)],
        };
        for (index, item) in items {
            let (in_json, in_path) = match index {
                Some(index) => (format!("/{index}"), format!("[{index}]")),
                None => (String::new(), String::new()),
            };
            let spot = Spot {
                pointer: format!("{pointer}/{name}{in_json}"),
                expression: format!("{expression}.{}{in_path}{of_type}", property.name),
                path: path.clone(),
                type_id,
                owner: (pointer.to_owned(), expression.to_owned()),
                name: name.clone(),
                index,
            };
            collect(types, type_id, item, (&spot.pointer, &spot.expression, &spot.path), found);
            found.push(spot);
        }
    }
}
