//! The FHIR types as a graph: which properties a type has, under which JSON names, of which types.
//!
//! Built from the definitions of types (not profiles). FHIRPath walks it, search indexing and validation read it.

use std::collections::HashMap;

use super::structure::{Binding, ElementDefinition, Kind, StructureDefinition};

/// A type in the graph: a named FHIR type, or the anonymous type of a backbone element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(u32);

impl TypeId {
    /// Its place among all types, from 0; for tables with a row for each.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What sort of type it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    /// A JSON string, number or boolean, with `_name` beside it for id and extensions.
    Primitive,
    /// A JSON object.
    Complex,
    /// The anonymous type of an element with children of its own, named by its path: `Patient.contact`.
    Backbone,
    /// A JSON object with `resourceType`.
    Resource,
}

/// A FHIR type.
#[derive(Debug)]
pub struct Type {
    /// `Patient`, `HumanName`, `code`, or the path of a backbone element.
    pub name: String,
    /// What sort.
    pub kind: TypeKind,
    /// Whether it has no instances of its own.
    pub is_abstract: bool,
    /// The type it specialises; `BackboneElement` or `Element` for a backbone.
    pub base: Option<TypeId>,
    /// The properties in the order FHIR gives them, inherited ones included.
    pub properties: Vec<Property>,
    by_json_name: HashMap<Box<str>, (u32, TypeId)>,
    by_name: HashMap<Box<str>, u32>,
}

impl Type {
    /// The property that JSON calls `name` (`valueQuantity`; for `_birthDate` ask for `birthDate`), and the type the
    /// name implies.
    pub fn json_property(&self, name: &str) -> Option<(&Property, TypeId)> {
        let (index, type_id) = self.json_property_index(name)?;
        Some((&self.properties[index], type_id))
    }

    /// Like [`Type::json_property`], with the property's place in `properties`.
    pub fn json_property_index(&self, name: &str) -> Option<(usize, TypeId)> {
        let (index, type_id) = *self.by_json_name.get(name)?;
        Some((index as usize, type_id))
    }

    /// The place in `properties` of the property that FHIRPath calls `name`.
    pub fn property_index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).map(|index| *index as usize)
    }

    /// The property that FHIRPath calls `name`: `value` for `value[x]`.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.by_name.get(name).map(|index| &self.properties[*index as usize])
    }
}

/// A property of a type.
#[derive(Debug)]
pub struct Property {
    /// Name without `[x]`.
    pub name: String,
    /// Path in the definition of its type: `Observation.value[x]`.
    pub path: String,
    /// Whether the JSON name carries the type: `value[x]`.
    pub is_choice: bool,
    /// Whether JSON has an array.
    pub is_list: bool,
    /// Least number.
    pub min: u32,
    /// Part of a summary.
    pub is_summary: bool,
    /// Changes the meaning of the whole.
    pub is_modifier: bool,
    /// An attribute in XML: the id of an element, the url of an extension.
    pub is_attribute: bool,
    /// JSON name and type of each allowed type; one entry unless it is a choice.
    pub types: Vec<(String, TypeId)>,
    /// The value set its codes come from.
    pub binding: Option<Binding>,
}

/// All types of one FHIR version.
#[derive(Debug, Default)]
pub struct TypeGraph {
    types: Vec<Type>,
    by_name: HashMap<String, TypeId>,
    resources: Vec<TypeId>,
}

impl TypeGraph {
    /// Builds the graph from the definitions of types; profiles and logical models among them are passed over.
    pub fn new<'d>(definitions: impl Iterator<Item = &'d StructureDefinition>) -> TypeGraph {
        let definitions: Vec<_> = definitions
            .filter(|d| d.is_type() && d.kind != Kind::Logical && !d.elements.is_empty())
            .collect();
        let mut graph = TypeGraph::default();
        // Names first: a type may use one that is defined after it.
        for definition in &definitions {
            let kind = match definition.kind {
                Kind::PrimitiveType => TypeKind::Primitive,
                Kind::Resource => TypeKind::Resource,
                Kind::ComplexType | Kind::Logical => TypeKind::Complex,
            };
            graph.add(&definition.type_name, kind, definition.is_abstract);
            for (index, element) in definition.elements.iter().enumerate().skip(1) {
                if has_children(&definition.elements, index) {
                    graph.add(&element.path, TypeKind::Backbone, false);
                }
            }
        }
        for definition in &definitions {
            let base =
                definition.base_definition.as_deref().and_then(|url| graph.find(url.rsplit('/').next()?));
            for (index, element) in definition.elements.iter().enumerate() {
                if index == 0 || has_children(&definition.elements, index) {
                    let backbone_base = || graph.find(element.types.first()?.code.as_str());
                    let base = if index == 0 { base } else { backbone_base() };
                    graph.fill(&element.path, base, &definition.elements[index..]);
                }
            }
        }
        let mut resources: Vec<TypeId> = graph
            .ids()
            .filter(|id| graph[*id].kind == TypeKind::Resource && !graph[*id].is_abstract)
            .collect();
        resources.sort_by(|a, b| graph[*a].name.cmp(&graph[*b].name));
        graph.resources = resources;
        graph
    }

    fn add(&mut self, name: &str, kind: TypeKind, is_abstract: bool) {
        if self.by_name.contains_key(name) {
            return;
        }
        let id = TypeId(self.types.len() as u32);
        self.by_name.insert(name.to_owned(), id);
        self.types.push(Type {
            name: name.to_owned(),
            kind,
            is_abstract,
            base: None,
            properties: Vec::new(),
            by_json_name: HashMap::new(),
            by_name: HashMap::new(),
        });
    }

    /// Gives the type at `elements[0]` its base and properties: the elements one level below it.
    fn fill(&mut self, path: &str, base: Option<TypeId>, elements: &[ElementDefinition]) {
        let Some(id) = self.find(path) else { return };
        let kind = self[id].kind;
        let mut properties = Vec::new();
        let (mut by_json_name, mut by_name) = (HashMap::new(), HashMap::new());
        for element in elements[1..].iter().take_while(|e| is_below(&e.path, path)) {
            let name = &element.path[path.len() + 1..];
            // The `value` of a primitive is the JSON value itself.
            if name.contains('.') || (kind == TypeKind::Primitive && name == "value") {
                continue;
            }
            let property = self.property(element, name, kind);
            let index = properties.len() as u32;
            for (json_name, type_id) in &property.types {
                by_json_name.insert(json_name.as_str().into(), (index, *type_id));
            }
            by_name.insert(property.name.as_str().into(), index);
            properties.push(property);
        }
        let filled = &mut self.types[id.0 as usize];
        (filled.base, filled.properties, filled.by_json_name, filled.by_name) =
            (base, properties, by_json_name, by_name);
    }

    fn property(&self, element: &ElementDefinition, name: &str, owner: TypeKind) -> Property {
        let (name, is_choice) = match name.strip_suffix("[x]") {
            Some(stem) => (stem, true),
            None => (name, false),
        };
        let types = if let Some(target) = &element.content_reference {
            let target = target.rsplit('#').next().unwrap_or_default();
            self.find(target).map(|id| (name.to_owned(), id)).into_iter().collect()
        } else if let Some(backbone) = self.find(&element.path) {
            vec![(name.to_owned(), backbone)]
        } else {
            let ids = element.types.iter().filter_map(|t| {
                let code = match t.code.as_str() {
                    // R4 gives ids the type of a FHIRPath string; what they hold is an `id` or a `string`.
                    system if system.contains("fhirpath/System.") => {
                        if owner == TypeKind::Resource && name == "id" { "id" } else { "string" }
                    }
                    code => code,
                };
                let json_name =
                    if is_choice { format!("{name}{}", capitalised(code)) } else { name.to_owned() };
                Some((json_name, self.find(code)?))
            });
            ids.collect()
        };
        let declared_max = element.base.as_ref().map_or(&element.max, |base| &base.max);
        Property {
            name: name.to_owned(),
            path: element.path.clone(),
            is_choice,
            is_list: declared_max != "1" && declared_max != "0",
            min: element.min,
            is_summary: element.is_summary,
            is_modifier: element.is_modifier,
            is_attribute: element.representation.iter().any(|r| r == "xmlAttr"),
            types,
            binding: element.binding.clone(),
        }
    }

    /// The type of that name: `Task`, `code`, or a path such as `Patient.contact`.
    pub fn find(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// The type of that name, when it is a resource type that has instances.
    pub fn resource(&self, name: &str) -> Option<TypeId> {
        self.find(name).filter(|id| self[*id].kind == TypeKind::Resource && !self[*id].is_abstract)
    }

    /// All resource types that have instances, by name.
    pub fn resources(&self) -> impl ExactSizeIterator<Item = TypeId> + '_ {
        self.resources.iter().copied()
    }

    /// All types.
    pub fn ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.types.len() as u32).map(TypeId)
    }

    /// Whether `descendant` is `ancestor` or specialises it, over any number of steps.
    pub fn is_a(&self, descendant: TypeId, ancestor: TypeId) -> bool {
        std::iter::successors(Some(descendant), |id| self[*id].base).any(|id| id == ancestor)
    }
}

impl std::ops::Index<TypeId> for TypeGraph {
    type Output = Type;

    fn index(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }
}

fn is_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.starts_with('.'))
}

fn has_children(elements: &[ElementDefinition], index: usize) -> bool {
    elements.get(index + 1).is_some_and(|next| is_below(&next.path, &elements[index].path))
}

/// `dateTime` → `DateTime`, as JSON names of choices have it.
pub fn capitalised(code: &str) -> String {
    let mut chars = code.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
