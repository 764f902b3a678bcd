//! From a StructureDefinition to nodes of rules.
//!
//! A rule is kept only where the definition asks for more than the type it is about: that type's own rules are walked
//! beside it anyway. What is said of a slice is likewise kept only where it goes beyond what is said of all values.

mod rules;
mod slicing;
mod tree;

use std::collections::HashMap;

use self::tree::{Tree, name_of};
use super::rule::{Child, Compiled, Content, Context, Node, NodeId, ProfileRef};
use super::{Validator, errata};
use crate::definitions::structure::{ElementDefinition, ElementType, ExtensionContext, StructureDefinition};
use crate::definitions::types::capitalised;
use crate::definitions::{Type, TypeId, TypeKind};
use crate::fhirpath::Expression;

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
    /// An invariant cannot be read.
    #[error("its invariant '{0}' cannot be read: {1}")]
    Invariant(String, String),
}

/// Compiles a profile.
pub(super) fn profile(
    structure: &StructureDefinition,
    validator: &Validator,
) -> Result<Compiled, CompileError> {
    let of_type =
        validator.definitions.types().find(&structure.type_name).ok_or(CompileError::UnknownType)?;
    Compiling::new(structure, validator).compile(0, of_type)
}

/// Compiles a type: what it asks of its properties, but not of their properties, which are for their types to say.
pub(super) fn of_type(of_type: TypeId, validator: &Validator) -> Result<Compiled, CompileError> {
    let types = validator.definitions.types();
    let path = types[of_type].name.as_str();
    let name = path.split('.').next().unwrap_or_default();
    let structure = validator.definitions.type_definition(name).ok_or(CompileError::UnknownType)?;
    let index = structure.elements.iter().position(|element| element.path == path);
    let mut compiled =
        Compiling::new(structure, validator).compile(index.ok_or(CompileError::UnknownType)?, of_type)?;
    // What the types it builds on ask of the whole; what they ask of their properties, its own definition repeats.
    let mut base = types[of_type].base;
    while let Some(id) = base {
        if let (Some(above), Some(root)) =
            (validator.definitions.type_definition(&types[id].name), compiled.nodes.first_mut())
        {
            root.rules.extend(Compiling::new(above, validator).root_invariants()?);
        }
        base = types[id].base;
    }
    Ok(compiled)
}

struct Compiling<'c> {
    structure: &'c StructureDefinition,
    tree: Tree<'c>,
    validator: &'c Validator,
    nodes: Vec<Node>,
    /// The nodes of elements compiled, or being compiled, for content of a type.
    known: HashMap<(usize, TypeId), NodeId>,
    /// Those being compiled.
    open: Vec<NodeId>,
}

impl<'c> Compiling<'c> {
    fn new(structure: &'c StructureDefinition, validator: &'c Validator) -> Compiling<'c> {
        Compiling {
            structure,
            tree: Tree::new(structure),
            validator,
            nodes: Vec::new(),
            known: HashMap::new(),
            open: Vec::new(),
        }
    }

    fn compile(mut self, index: usize, of_type: TypeId) -> Result<Compiled, CompileError> {
        let root = self.content_node(index, of_type, false)?;
        let rules = self.root_rules(index, of_type)?;
        if let Some(node) = self.nodes.get_mut(root.0 as usize) {
            node.rules = rules;
        }
        Ok(Compiled {
            canonical: self.structure.canonical(),
            of_type,
            is_type: self.structure.is_type(),
            context: self.contexts(),
            nodes: self.nodes,
        })
    }

    fn contexts(&self) -> Vec<Context> {
        let more =
            errata::contexts(&self.structure.url).iter().map(|path| Context::Element((*path).to_owned()));
        self.structure.context.iter().filter_map(context).chain(more).collect()
    }

    fn element(&self, index: usize) -> &'c ElementDefinition {
        &self.structure.elements[index]
    }

    fn type_of(&self, id: TypeId) -> &'c Type {
        &self.validator.definitions.types()[id]
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX))
    }

    /// The node of what the element at `index` asks of its content of type `of_type`: the children. With `is_lenient`
    /// those that the type does not have are passed over.
    fn content_node(
        &mut self,
        index: usize,
        of_type: TypeId,
        is_lenient: bool,
    ) -> Result<NodeId, CompileError> {
        if let Some(known) = self.known.get(&(index, of_type)) {
            return Ok(*known);
        }
        let id = self.add(Node::default());
        self.known.insert((index, of_type), id);
        self.open.push(id);
        let mut children: Vec<Child> = Vec::new();
        for child_index in self.tree.children(index).to_vec() {
            let element = self.element(child_index);
            let name = name_of(element);
            let is_primitive = self.type_of(of_type).kind == TypeKind::Primitive;
            // The `value` of a primitive is the JSON value itself.
            if name == "value" && is_primitive {
                continue;
            }
            let child = match self.child(child_index, name, of_type) {
                Err(CompileError::UnknownElement(_)) if is_lenient => continue,
                child => child?,
            };
            match children.iter_mut().find(|known| known.property == child.property) {
                // `valueQuantity` beside `valueString`: slices of one choice.
                Some(known) => merge(known, child),
                None => children.push(child),
            }
        }
        children.retain(|child| self.is_asked(child));
        self.open.pop();
        if let Some(node) = self.nodes.get_mut(id.0 as usize) {
            node.set_children(children);
        }
        Ok(id)
    }

    /// Whether a child asks for anything. Contents that are still being compiled do.
    fn is_asked(&self, child: &Child) -> bool {
        let is_empty = |id: NodeId| self.nodes.get(id.0 as usize).is_some_and(Node::is_empty);
        let is_open = |id: NodeId| self.open.contains(&id);
        child.min > 0
            || child.max.is_some()
            || child.must_support
            || child.slicing.is_some()
            || !is_empty(child.content.node)
            || child.content.of_types.iter().any(|(_, id)| is_open(*id) || !is_empty(*id))
    }

    fn child(&mut self, index: usize, name: &str, of_type: TypeId) -> Result<Child, CompileError> {
        let element = self.element(index);
        let owner = self.type_of(of_type);
        let unknown = || CompileError::UnknownElement(element.id.clone());
        let stem = name.strip_suffix("[x]").unwrap_or(name);
        // Some older profiles call `value[x]` `valueQuantity` when that is the type.
        let json_name = owner.property_index(stem).is_none().then_some(name);
        let property = owner.property_index(stem).or_else(|| Some(owner.json_property_index(name)?.0));
        let property = property.ok_or_else(unknown)?;
        let (min, max) = self.cardinality(index, owner, property)?;
        let types = self.types_of(element, owner, property, json_name);
        let is_choice = owner.properties.get(property).is_some_and(|property| property.is_choice);
        let content = self.content(index, owner, property, &types)?;
        let child = Child {
            property,
            name: name.to_owned(),
            min,
            max,
            must_support: element.must_support && !self.structure.is_type(),
            content,
            slicing: None,
        };
        if is_choice && let Some(json_name) = json_name {
            return self.only_of_type(child, json_name, &types);
        }
        let slicing = self.slicing(index, owner, property)?;
        Ok(Child { slicing, ..child })
    }

    /// What is asked of the values of an element.
    fn content(
        &mut self,
        index: usize,
        owner: &Type,
        property: usize,
        types: &[(String, TypeId)],
    ) -> Result<Content, CompileError> {
        let rules = self.rules(index, types, owner, property)?;
        let node = self.add(Node { rules, ..Node::default() });
        let mut of_types = Vec::new();
        // What is below an element of a type is for that type to say.
        if !self.structure.is_type() {
            // What a content reference leads to is the type's own content, unconstrained.
            if !self.tree.children(index).is_empty() {
                for (_, content) in types {
                    // Not every type of a choice has what is asked of some.
                    of_types.push((*content, self.content_node(index, *content, types.len() > 1)?));
                }
            }
        }
        Ok(Content { node, of_types })
    }

    /// Least and greatest number, 0 and `None` where something else already sees to it.
    fn cardinality(
        &self,
        index: usize,
        owner: &Type,
        property: usize,
    ) -> Result<(u32, Option<u32>), CompileError> {
        let element = self.element(index);
        let max = self.max(element)?;
        let mut known = self.known_elements(index).peekable();
        if known.peek().is_some() {
            let known: Vec<_> = known.collect();
            let min = if known.iter().any(|known| known.min >= element.min) { 0 } else { element.min };
            return Ok((min, max.filter(|_| known.iter().all(|known| known.max != element.max))));
        }
        // JSON has no array for a property of at most one; but a choice may come under several names.
        let property = owner.properties.get(property);
        let is_single = property.is_some_and(|property| !property.is_list && !property.is_choice);
        Ok((element.min, max.filter(|max| !(is_single && *max == 1))))
    }

    fn max(&self, element: &ElementDefinition) -> Result<Option<u32>, CompileError> {
        match element.max.as_str() {
            "*" => Ok(None),
            number => Ok(Some(number.parse().map_err(|_| CompileError::Cardinality(element.id.clone()))?)),
        }
    }

    /// What the type says of the element, and what is said of all values when this one is in a slice.
    fn known_elements(&self, index: usize) -> impl Iterator<Item = &'c ElementDefinition> {
        let of_type = match self.structure.is_type() {
            true => None,
            false => self.validator.definitions.inherited(self.structure, index),
        };
        let id = self.element(index).id.as_str();
        let unsliced = if id.contains(':') { self.tree.unsliced(id) } else { None };
        of_type.into_iter().chain(unsliced.map(|index| self.element(index)))
    }

    /// The types an element may have, among those its property has: the names JSON gives them, and their ids.
    fn types_of(
        &self,
        element: &ElementDefinition,
        owner: &Type,
        property: usize,
        json_name: Option<&str>,
    ) -> Vec<(String, TypeId)> {
        let Some(property) = owner.properties.get(property) else { return Vec::new() };
        let types = self.validator.definitions.types();
        if !property.is_choice {
            let is_resource = property.types.iter().any(|(_, id)| types[*id].kind == TypeKind::Resource);
            if is_resource && !self.structure.is_type() {
                let named = |of_type: &ElementType| Some((property.name.clone(), types.find(&of_type.code)?));
                return element.types.iter().filter_map(named).collect();
            }
            return property.types.clone();
        }
        let is_allowed = |name: &str| match json_name {
            Some(json_name) => name == json_name,
            None => element.types.iter().any(|of_type| {
                let suffix = name.get(property.name.len()..).unwrap_or_default();
                suffix == capitalised(&of_type.code)
            }),
        };
        property.types.iter().filter(|(name, _)| is_allowed(name)).cloned().collect()
    }

    /// A profile as this structure means it: see [`crate::definitions::Definitions`] on versions.
    fn profile_ref(&self, canonical: &str) -> ProfileRef {
        let number = self.validator.definitions.structure_number_for(canonical, self.structure);
        let found = number.and_then(|number| self.validator.definitions.structure_of_number(number));
        let canonical = found.map_or_else(|| canonical.to_owned(), StructureDefinition::canonical);
        ProfileRef { number, canonical }
    }
}

/// Joins two children for one property.
fn merge(known: &mut Child, other: Child) {
    known.must_support |= other.must_support;
    match (&mut known.slicing, other.slicing) {
        (Some(own), Some(other)) => own.append(*other),
        (own @ None, other) => *own = other,
        (Some(_), None) => {}
    }
}

fn context(context: &ExtensionContext) -> Option<Context> {
    Some(match context.kind.as_str() {
        "element" => Context::Element(context.expression.clone()),
        "extension" => Context::Extension(context.expression.clone()),
        "fhirpath" => Context::FhirPath(Expression::parse(&context.expression).ok()),
        _ => return None,
    })
}
