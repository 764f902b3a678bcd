//! A StructureDefinition compiled: nodes of rules to walk beside a resource, one for each element that asks for
//! something.

use std::sync::Arc;

use serde_json::Value;

use super::slice::Slicing;
use crate::definitions::TypeId;
use crate::definitions::structure::BindingStrength;
use crate::fhir::Severity;
use crate::fhirpath::Expression;
use crate::terminology::CodeSet;

/// What one definition asks for.
#[derive(Debug)]
pub struct Compiled {
    /// `url|version`.
    pub canonical: String,
    /// The type it defines or constrains.
    pub of_type: TypeId,
    /// Whether it defines a type rather than constraining one.
    pub is_type: bool,
    /// Where an extension may stand; empty for anything else.
    pub context: Vec<Context>,
    /// The nodes; the first is the root. Elements that have the content of others share their nodes.
    pub(super) nodes: Vec<Node>,
}

/// The place of a node among those of its definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// What is asked of the type itself.
    pub const ROOT: NodeId = NodeId(0);
}

impl Compiled {
    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        static NOTHING: Node = Node { rules: Vec::new(), children: Vec::new(), by_property: Vec::new() };
        self.nodes.get(id.0 as usize).unwrap_or(&NOTHING)
    }

    /// What is asked of the type itself.
    pub fn root(&self) -> &Node {
        self.node(NodeId::ROOT)
    }
}

/// What is asked of one element.
#[derive(Debug, Default)]
pub struct Node {
    /// What is asked of the element itself.
    pub rules: Vec<Rule>,
    /// What is asked of its properties; those of which nothing is asked are left out.
    pub children: Vec<Child>,
    /// For each property of the type, the place in `children` plus one; 0 for none.
    pub(super) by_property: Vec<u16>,
}

impl Node {
    /// Takes the children in, at most one for each property.
    pub(super) fn set_children(&mut self, children: Vec<Child>) {
        let longest = children.iter().map(|child| child.property + 1).max().unwrap_or(0);
        self.by_property = vec![0; longest];
        for (index, child) in children.iter().enumerate() {
            if let Some(place) = self.by_property.get_mut(child.property) {
                *place = u16::try_from(index + 1).unwrap_or(0);
            }
        }
        self.children = children;
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.children.is_empty()
    }

    /// What is asked of a property.
    pub(super) fn child(&self, property: usize) -> Option<&Child> {
        let place = self.by_property.get(property).filter(|place| **place > 0)?;
        self.children.get(usize::from(*place) - 1)
    }
}

/// What is asked of one property of an element.
#[derive(Debug)]
pub struct Child {
    /// Place of the property in its type.
    pub property: usize,
    /// Its name, with `[x]` for a choice.
    pub name: String,
    /// Least number of values.
    pub min: u32,
    /// Greatest number of values, where there is one that JSON's own shape does not see to.
    pub max: Option<u32>,
    /// Whether senders and receivers must be able to use it.
    pub must_support: bool,
    /// What is asked of each value.
    pub content: Content,
    /// What is asked of some of the values.
    pub slicing: Option<Box<Slicing>>,
}

impl Child {
    /// Whether nothing is asked of the values, other than how many there are.
    pub(super) fn is_only_counted(&self, of: &Compiled) -> bool {
        self.slicing.is_none() && self.content.is_empty(of)
    }
}

/// What is asked of a value.
#[derive(Debug)]
pub struct Content {
    /// Of the value itself.
    pub node: NodeId,
    /// Of its properties, when it is of that type.
    pub of_types: Vec<(TypeId, NodeId)>,
}

impl Content {
    fn is_empty(&self, of: &Compiled) -> bool {
        self.of_types.is_empty() && of.node(self.node).is_empty()
    }

    /// The node for values of that type, where there is one.
    pub(super) fn of_type(&self, type_id: TypeId) -> Option<NodeId> {
        self.of_types.iter().find(|(id, _)| *id == type_id).map(|(_, node)| *node)
    }
}

/// Something asked of a value.
#[derive(Debug)]
pub enum Rule {
    /// It is of one of these types.
    Types(Vec<(String, TypeId)>),
    /// When it is of one of these types, it meets one of the profiles.
    Profiles(Vec<(TypeId, Vec<ProfileRef>)>),
    /// What it refers to is one of these.
    Targets(Targets),
    /// Its code is in a value set.
    Binding(Box<BindingRule>),
    /// It is exactly this.
    Fixed(Value),
    /// It has all of this.
    Pattern(Value),
    /// It is not beyond a least or greatest value.
    Bound(Box<Bound>),
    /// It is text of no more than so many characters.
    MaxLength(u32),
    /// An expression holds for it.
    Invariant(Arc<Invariant>),
}

/// A profile another definition names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRef {
    /// As named, with the version found for it.
    pub canonical: String,
    /// Its number in the definitions; `None` when it is not at hand.
    pub(super) number: Option<usize>,
}

/// What a reference may lead to.
#[derive(Debug, Clone, PartialEq)]
pub struct Targets {
    /// A resource of one of these types, that meets the profile where one is named. Empty: anything.
    pub allowed: Vec<(TypeId, Option<ProfileRef>)>,
    /// How it may be referred to: `contained`, `referenced`, `bundled`. Empty: anyhow.
    pub aggregation: Vec<String>,
}

/// A binding.
#[derive(Debug)]
pub struct BindingRule {
    /// Canonical of the value set.
    pub value_set: String,
    /// What is said of a code that is not in it.
    pub severity: Severity,
    /// The name of the strength, or purpose, in messages.
    pub strength: &'static str,
    /// The value set, where it is at hand.
    pub codes: Option<Arc<CodeSet>>,
    /// The binding counts only when this property of the resource has one of these codes.
    pub usage: Vec<Usage>,
}

/// When an additional binding counts (`UsageContext`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// A property of the resource: `category`.
    pub property: String,
    /// System and code it must have.
    pub system: String,
    /// See `system`.
    pub code: String,
}

/// The severity of a code that is not in the value set.
pub(super) fn severity_of(strength: BindingStrength) -> (Severity, &'static str) {
    match strength {
        BindingStrength::Required => (Severity::Error, "required"),
        BindingStrength::Extensible => (Severity::Warning, "extensible"),
        BindingStrength::Preferred | BindingStrength::Example => (Severity::Information, "preferred"),
    }
}

/// A least or greatest value.
#[derive(Debug)]
pub struct Bound {
    /// `minValueQuantity` and the like.
    pub name: String,
    /// The value.
    pub value: Value,
    /// What must not be false.
    pub(super) expression: Expression,
    /// Whether it depends on the present moment.
    pub(super) is_timely: bool,
}

/// An expression that must be true of an element.
#[derive(Debug)]
pub struct Invariant {
    /// Its name, say `SDOH-Con-2`.
    pub key: String,
    /// What is said when it is not.
    pub severity: Severity,
    /// The expression.
    pub expression: Expression,
    /// Whether it depends on the present moment.
    pub(super) is_timely: bool,
    /// What it means, for those the gateway itself states; the publishers' wording is not kept.
    pub meaning: Option<&'static str>,
}

/// Where an extension may stand.
#[derive(Debug, Clone, PartialEq)]
pub enum Context {
    /// An element: `Patient`, `Patient.contact`, `CodeableConcept`, or any of a type.
    Element(String),
    /// Another extension, by URL.
    Extension(String),
    /// What an expression on the resource gives; `None` when it cannot be read.
    FhirPath(Option<Expression>),
}
