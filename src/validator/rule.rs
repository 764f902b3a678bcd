//! A StructureDefinition compiled: a tree of rules, one node an element, to walk beside a resource.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::definitions::TypeId;
use crate::terminology::CodeSet;

/// What one definition asks for.
#[derive(Debug)]
pub struct Compiled {
    /// `url|version`.
    pub canonical: String,
    /// The type it defines or constrains.
    pub of_type: TypeId,
    /// What it asks of the properties of that type.
    pub root: Node,
}

/// What is asked of one element.
#[derive(Debug, Default)]
pub struct Node {
    /// What is asked of the element itself.
    pub rules: Vec<Rule>,
    /// What is asked of its properties; those of which nothing is asked are left out.
    pub children: Vec<Child>,
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
    /// What is asked of each value.
    pub node: Node,
}

/// Something asked of a value.
#[derive(Debug)]
pub enum Rule {
    /// It is of one of these types.
    Types(Vec<(String, TypeId)>),
    /// Its code is in a value set.
    Binding(BindingRule),
    /// It is exactly this.
    Fixed(Value),
    /// It has all of this.
    Pattern(Value),
    /// It is text of no more than so many characters.
    MaxLength(u32),
}

/// A required binding.
#[derive(Debug)]
pub struct BindingRule {
    /// Canonical of the value set.
    pub value_set: String,
    /// The value set, where it is at hand.
    pub codes: Option<Arc<CodeSet>>,
}

impl Node {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.children.is_empty()
    }

    /// What is asked of a property.
    pub(super) fn child(&self, property: usize) -> Option<&Child> {
        self.children.iter().find(|child| child.property == property)
    }

    fn outline(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        for child in &self.children {
            write!(f, "{:indent$}{}", "", child.name, indent = depth * 2)?;
            match (child.min, child.max) {
                (0, None) => {}
                (min, None) => write!(f, " {min}..")?,
                (min, Some(max)) => write!(f, " {min}..{max}")?,
            }
            for rule in &child.node.rules {
                write!(f, " {rule}")?;
            }
            writeln!(f)?;
            child.node.outline(f, depth + 1)?;
        }
        Ok(())
    }
}

impl fmt::Display for Compiled {
    /// An outline, for people and for tests.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.canonical)?;
        for rule in &self.root.rules {
            write!(f, " {rule}")?;
        }
        writeln!(f)?;
        self.root.outline(f, 1)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Types(types) => {
                let names: Vec<&str> = types.iter().map(|(name, _)| name.as_str()).collect();
                write!(f, "types({})", names.join(" | "))
            }
            Rule::Binding(binding) => {
                let known = if binding.codes.is_some() { "" } else { " (not at hand)" };
                write!(f, "codes({}{known})", binding.value_set)
            }
            Rule::Fixed(value) => write!(f, "fixed({value})"),
            Rule::Pattern(value) => write!(f, "pattern({value})"),
            Rule::MaxLength(length) => write!(f, "length(..{length})"),
        }
    }
}
