//! From a StructureDefinition to a tree of rules.
//!
//! A rule is kept only where the definition asks for more than the type it is about: that type's own rules are walked
//! beside it anyway. Elements of slices are passed over for now.

use serde_json::Value;

use super::rule::{BindingRule, Child, Compiled, Node, Rule};
use crate::definitions::structure::{BindingStrength, ElementDefinition, StructureDefinition};
use crate::definitions::{Definitions, Type, TypeId};
use crate::terminology::Terminology;

/// Why a definition cannot be used. A fault of the definition, never of a resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// It is about a type that is not known.
    #[error("it is about a type that is not known")]
    UnknownType,
    /// An element is not one of its type.
    #[error("its element '{0}' is none that its type has")]
    UnknownElement(String),
    /// A cardinality is no number.
    #[error("its element '{0}' has a cardinality that is no number")]
    Cardinality(String),
}

/// Compiles a profile.
pub(super) fn profile(
    structure: &StructureDefinition,
    definitions: &Definitions,
    terminology: &Terminology,
) -> Result<Compiled, CompileError> {
    let of_type = definitions.types().find(&structure.type_name).ok_or(CompileError::UnknownType)?;
    let compiling = Compiling { structure, definitions, terminology };
    Ok(Compiled { canonical: structure.canonical(), of_type, root: compiling.node(0, of_type)? })
}

/// Compiles a type: what it asks of its properties, but not of their properties, which are for their types to say.
pub(super) fn of_type(
    of_type: TypeId,
    definitions: &Definitions,
    terminology: &Terminology,
) -> Result<Compiled, CompileError> {
    let path = definitions.types()[of_type].name.as_str();
    let name = path.split('.').next().unwrap_or_default();
    let structure = definitions.type_definition(name).ok_or(CompileError::UnknownType)?;
    let index = structure.elements.iter().position(|element| element.path == path);
    let compiling = Compiling { structure, definitions, terminology };
    let root = compiling.node(index.ok_or(CompileError::UnknownType)?, of_type)?;
    Ok(Compiled { canonical: structure.canonical(), of_type, root })
}

struct Compiling<'c> {
    structure: &'c StructureDefinition,
    definitions: &'c Definitions,
    terminology: &'c Terminology,
}

impl Compiling<'_> {
    /// The node of the element at `index`, whose content is of type `of_type`, without rules of its own.
    fn node(&self, index: usize, of_type: TypeId) -> Result<Node, CompileError> {
        let Some(path) = self.structure.elements.get(index).map(|element| element.path.as_str()) else {
            return Ok(Node::default());
        };
        let elements = self.structure.elements.get(index + 1..).unwrap_or_default().iter().enumerate();
        let below = elements.take_while(|(_, element)| name_below(&element.path, path).is_some());
        let mut children = Vec::new();
        for (offset, element) in below {
            let Some(name) = name_below(&element.path, path) else { break };
            // The `value` of a primitive is the JSON value itself.
            let is_value = name == "value" && self.is_primitive(of_type);
            if name.contains('.') || element.is_in_slice() || is_value {
                continue;
            }
            let child = self.child(element, index + 1 + offset, name, of_type)?;
            if child.min > 0 || child.max.is_some() || !child.node.is_empty() {
                children.push(child);
            }
        }
        Ok(Node { rules: Vec::new(), children })
    }

    fn child(
        &self,
        element: &ElementDefinition,
        index: usize,
        name: &str,
        of_type: TypeId,
    ) -> Result<Child, CompileError> {
        let owner = &self.definitions.types()[of_type];
        let unknown = || CompileError::UnknownElement(element.id.clone());
        let stem = name.strip_suffix("[x]").unwrap_or(name);
        // Some older profiles call `value[x]` `valueQuantity` when that is the type.
        let property = owner.property_index(stem).or_else(|| Some(owner.json_property_index(name)?.0));
        let property = property.ok_or_else(unknown)?;
        let inherited =
            if self.structure.is_type() { None } else { self.definitions.inherited(self.structure, index) };
        let types = types_of(element, owner, property, name);
        let (min, max) = self.cardinality(element, inherited, owner, property)?;
        // Children of a choice of several types are told apart by slices.
        let mut node = match types.as_slice() {
            [(_, content)] if !self.structure.is_type() => self.node(index, *content)?,
            _ => Node::default(),
        };
        node.rules = self.rules(element, inherited, &types, owner, property);
        Ok(Child { property, name: name.to_owned(), min, max, node })
    }

    /// Least and greatest number, 0 and `None` where the type already sees to it.
    fn cardinality(
        &self,
        element: &ElementDefinition,
        inherited: Option<&ElementDefinition>,
        owner: &Type,
        property: usize,
    ) -> Result<(u32, Option<u32>), CompileError> {
        let max = match element.max.as_str() {
            "*" => None,
            number => Some(number.parse().map_err(|_| CompileError::Cardinality(element.id.clone()))?),
        };
        Ok(match inherited {
            Some(inherited) => (
                if element.min > inherited.min { element.min } else { 0 },
                max.filter(|_| element.max != inherited.max),
            ),
            None => {
                // JSON has no array for a property of at most one; but a choice may come under several names.
                let property = owner.properties.get(property);
                let is_single = property.is_some_and(|property| !property.is_list && !property.is_choice);
                (element.min, max.filter(|max| !(is_single && *max == 1)))
            }
        })
    }

    fn rules(
        &self,
        element: &ElementDefinition,
        inherited: Option<&ElementDefinition>,
        types: &[(String, TypeId)],
        owner: &Type,
        property: usize,
    ) -> Vec<Rule> {
        let mut rules = Vec::new();
        let allowed = owner.properties.get(property).map_or(0, |property| property.types.len());
        if !self.structure.is_type() && types.len() < allowed && !types.is_empty() {
            rules.push(Rule::Types(types.to_vec()));
        }
        let own = |binding: &&crate::definitions::structure::Binding| {
            inherited.and_then(|inherited| inherited.binding.as_ref()) != Some(*binding)
        };
        if let Some(binding) = element.binding.as_ref().filter(own) {
            let required =
                binding.value_set.as_ref().filter(|_| binding.strength == BindingStrength::Required);
            for value_set in required.into_iter().chain(&binding.max_value_set) {
                let codes = self.terminology.set(value_set).cloned();
                rules.push(Rule::Binding(BindingRule { value_set: value_set.clone(), codes }));
            }
        }
        for (name, value) in &element.values {
            if inherited.is_some_and(|inherited| inherited.values.get(name) == Some(value)) {
                continue;
            }
            if name.starts_with("fixed") {
                rules.push(Rule::Fixed(Value::clone(value)));
            } else if name.starts_with("pattern") {
                rules.push(Rule::Pattern(Value::clone(value)));
            }
        }
        let inherited_length = inherited.and_then(|inherited| inherited.max_length);
        rules.extend(element.max_length.filter(|own| inherited_length != Some(*own)).map(Rule::MaxLength));
        rules
    }

    fn is_primitive(&self, of_type: TypeId) -> bool {
        self.definitions.types()[of_type].kind == crate::definitions::TypeKind::Primitive
    }
}

/// The types an element may have, among those its property has: the names JSON gives them, and their ids.
fn types_of(element: &ElementDefinition, owner: &Type, property: usize, name: &str) -> Vec<(String, TypeId)> {
    let Some(property) = owner.properties.get(property) else { return Vec::new() };
    if !property.is_choice {
        return property.types.clone();
    }
    let is_allowed = |json_name: &str| {
        json_name == name
            || element.types.iter().any(|of_type| {
                let suffix = json_name.get(property.name.len()..).unwrap_or_default();
                suffix == crate::definitions::types::capitalised(&of_type.code)
            })
    };
    let by_name = |(json_name, _): &&(String, TypeId)| match name.ends_with("[x]") {
        true => is_allowed(json_name),
        false => json_name == name,
    };
    property.types.iter().filter(by_name).cloned().collect()
}

/// What is left of a path below another.
fn name_below<'p>(path: &'p str, above: &str) -> Option<&'p str> {
    path.strip_prefix(above)?.strip_prefix('.')
}
