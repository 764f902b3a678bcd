//! The form definitions have in `profiles/`: JSON whose first line says what it is about, and where every element,
//! concept or rule has a line to itself.
//!
//! Elements of a structure are written as what they change of what they inherit; see `element_change`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::structure::{Derivation, ElementDefinition, StructureDefinition};
use super::{SearchParameter, element_change, inheritance};

/// Properties whose items get a line each.
const LISTS: [&str; 10] = [
    "elements",
    "concept",
    "include",
    "exclude",
    "expansion",
    "parameters",
    "rest",
    "resource",
    "group",
    "element",
];

/// What sort of definitions a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub(super) enum Sort {
    StructureDefinition,
    /// Several in one file.
    SearchParameter,
    ValueSet,
    CodeSystem,
    ConceptMap,
    CapabilityStatement,
    CompartmentDefinition,
}

/// What the first line of a file tells.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header {
    pub(super) resource_type: Sort,
    #[serde(default)]
    pub(super) url: String,
    #[serde(default)]
    pub(super) version: String,
    /// The type a structure is about.
    #[serde(default, rename = "type")]
    pub(super) type_name: Option<String>,
    #[serde(default)]
    pub(super) derivation: Option<Derivation>,
}

/// Reads the first line alone.
pub(super) fn header(text: &str) -> Result<Header, serde_json::Error> {
    let line = text.lines().next().unwrap_or_default();
    match line.strip_suffix(',') {
        // The lists begin on the next line: what is before them is an object that lacks its end.
        Some(open) => serde_json::from_str(&format!("{open}}}")),
        None => serde_json::from_str(line),
    }
}

/// The text of a structure. `find` finds the definitions of types.
pub(super) fn write_structure<'d>(
    structure: &'d StructureDefinition,
    find: &dyn Fn(&str) -> Option<&'d StructureDefinition>,
) -> String {
    let elements = structure.elements.iter().enumerate().map(|(index, element)| {
        let before = structure.elements.get(..index).unwrap_or_default();
        element_change::write(element, inheritance::inherited(&element.path, structure, before, find))
    });
    let elements = elements.collect();
    write("StructureDefinition", structure, Some(("elements", elements)))
}

/// Reads what [`write_structure`] wrote.
pub(super) fn read_structure<'d>(
    text: &str,
    find: &dyn Fn(&str) -> Option<&'d StructureDefinition>,
) -> Result<StructureDefinition, serde_json::Error> {
    #[derive(Deserialize)]
    struct Elements<'t> {
        #[serde(borrow)]
        elements: Vec<&'t RawValue>,
    }
    let mut structure: StructureDefinition = serde_json::from_str(text)?;
    let lines: Elements<'_> = serde_json::from_str(text)?;
    let mut elements: Vec<ElementDefinition> = Vec::with_capacity(lines.elements.len());
    for line in lines.elements {
        let element = element_change::read(line.get(), |id| {
            inheritance::inherited(&super::structure::path_of(id), &structure, &elements, find)
        })?;
        elements.push(element);
    }
    structure.elements = elements;
    Ok(structure)
}

/// The text of a group of search parameters.
pub(super) fn write_search_parameters(parameters: &[&SearchParameter]) -> String {
    let parameters = parameters.iter().filter_map(|parameter| serde_json::to_value(parameter).ok()).collect();
    write("SearchParameter", Map::new(), Some(("parameters", parameters)))
}

/// Reads what [`write_search_parameters`] wrote.
pub(super) fn read_search_parameters(text: &str) -> Result<Vec<SearchParameter>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Group {
        parameters: Vec<SearchParameter>,
    }
    serde_json::from_str(text).map(|group: Group| group.parameters)
}

/// The text of any other definition.
pub(super) fn write(resource_type: &str, definition: impl Serialize, list: Option<(&str, Value)>) -> String {
    let mut object = Map::new();
    object.insert("resourceType".to_owned(), Value::String(resource_type.to_owned()));
    if let Ok(Value::Object(map)) = serde_json::to_value(definition) {
        object.extend(map);
    }
    if let Some((name, items)) = list {
        object.insert(name.to_owned(), items);
    }
    let mut text = String::new();
    lay_out(&Value::Object(object), &mut text);
    text.push('\n');
    text
}

/// Writes a value on one line, except that lists follow on lines of their own.
fn lay_out(value: &Value, text: &mut String) {
    let Value::Object(map) = value else {
        text.push_str(&value.to_string());
        return;
    };
    let is_list = |name: &str, value: &Value| {
        LISTS.contains(&name) && value.as_array().is_some_and(|items| !items.is_empty())
    };
    let inline: Map<String, Value> = map
        .iter()
        .filter(|(name, value)| !is_list(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let is_empty = inline.is_empty();
    text.push_str(&Value::Object(inline).to_string());
    text.pop();
    let lists = map.iter().filter(|(name, value)| is_list(name, value));
    for (index, (name, value)) in lists.enumerate() {
        if index > 0 || !is_empty {
            text.push_str(",\n");
        }
        text.push_str(&format!("\"{name}\":["));
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            lay_out(item, text);
        }
        text.push_str("\n]");
    }
    text.push('}');
}
