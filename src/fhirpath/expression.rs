//! The compiled form of an expression.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use regex::Regex;

use super::function::Function;
use super::node::System;
use crate::definitions::types::{Property, Type};

/// One node of the tree an expression is compiled to.
#[derive(Debug)]
pub enum Expr {
    /// `{}`.
    Empty,
    /// A literal, its text read once.
    Literal(System<'static>),
    /// `$this`, and what a path begins at.
    This,
    /// `$index`.
    Index,
    /// `$total`.
    Total,
    /// `%name`.
    Variable(Variable),
    /// A name at the start of a path: the type of the focus, or a property of it.
    Start(Name),
    /// `on.name`.
    Member(Box<Expr>, Name),
    /// `on[index]`.
    Item(Box<Expr>, Box<Expr>),
    /// `on.function(arguments)`.
    Call(Box<Call>),
    /// `on.matches('literal')` and `on.matchesFull('literal')`; `None` when the pattern is none.
    Matches(Box<Expr>, Option<Regex>),
    /// `on.replaceMatches('literal', substitution)`.
    ReplaceMatches(Box<Expr>, Option<Regex>, Box<Expr>),
    /// `on.sort(keys)`.
    Sort(Box<Expr>, Vec<SortKey>),
    /// `on is type`, `on.is(type)`.
    Is(Box<Expr>, TypeName),
    /// `on as type`; published search parameters and invariants use it on collections.
    As(Box<Expr>, TypeName),
    /// `on.as(type)`: one item at most.
    AsFunction(Box<Expr>, TypeName),
    /// `on.ofType(type)`.
    OfType(Box<Expr>, TypeName),
    /// `-on`, `+on`.
    Sign(Box<Expr>, Sign),
    /// `a | b | …`.
    Union(Vec<Expr>),
    /// `a and b and …`.
    And(Vec<Expr>),
    /// `a or b or …`.
    Or(Vec<Expr>),
    /// Any other operator.
    Binary(Operator, Box<(Expr, Expr)>),
    /// An expression within which variables are defined; they are forgotten at its end.
    Scoped(Box<Expr>),
}

/// A call of a function.
#[derive(Debug)]
pub struct Call {
    /// What it is called on; [`Expr::This`] when nothing is before it.
    pub on: Expr,
    /// Which.
    pub function: Function,
    /// As many as the function allows.
    pub arguments: Vec<Expr>,
}

/// The name of a property.
#[derive(Debug)]
pub struct Name {
    /// `birthDate`.
    pub plain: Box<str>,
    /// `_birthDate`, which holds id and extensions of a primitive.
    pub underscored: Box<str>,
    /// Where a type last had it among its properties: a guess worth trying before hashing.
    place: AtomicUsize,
}

impl Name {
    /// The name of a property, as FHIRPath has it.
    pub fn new(name: &str) -> Name {
        Name { plain: name.into(), underscored: format!("_{name}").into(), place: AtomicUsize::new(0) }
    }

    /// The property of that name.
    pub fn of<'t>(&self, owner: &'t Type) -> Option<&'t Property> {
        let guess = owner.properties.get(self.place.load(Relaxed));
        if let Some(property) = guess.filter(|property| *property.name == *self.plain) {
            return Some(property);
        }
        let property = owner.property(&self.plain)?;
        let place = owner.properties.iter().position(|other| std::ptr::eq(other, property))?;
        self.place.store(place, Relaxed);
        Some(property)
    }

    /// Whether it could be that of a type: properties begin with a small letter.
    pub fn is_capitalised(&self) -> bool {
        self.plain.starts_with(|c: char| c.is_ascii_uppercase())
    }
}

/// The name of a type, perhaps with its namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// `FHIR` or `System` when given.
    pub namespace: Option<Box<str>>,
    /// `Patient`, `string`, `Integer`.
    pub name: Box<str>,
}

/// The types of FHIRPath's own.
pub const SYSTEM_TYPES: &[&str] =
    &["Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity", "Any"];

/// What `%name` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// What the expression is evaluated on.
    Context,
    /// The resource that holds it.
    Resource,
    /// The resource that contains that, or that itself.
    RootResource,
    /// A text fixed by the specification: `%sct`, `%loinc`, `%ucum`, `%vs-…`, `%ext-…`.
    Fixed(Box<str>),
    /// One the environment or `defineVariable()` provides.
    Named(Box<str>),
}

/// By what to sort.
#[derive(Debug)]
pub struct SortKey {
    /// Evaluated on each item.
    pub key: Expr,
    /// Greatest first.
    pub descending: bool,
}

/// A sign before an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// A binary operator, `and`, `or` and `|` excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `div`
    Div,
    /// `mod`
    Mod,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `&`
    Concatenate,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `~`
    Equivalent,
    /// `!~`
    NotEquivalent,
    /// `in`
    In,
    /// `contains`
    Contains,
    /// `xor`
    Xor,
    /// `implies`
    Implies,
}

impl Operator {
    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Div => "div",
            Operator::Mod => "mod",
            Operator::Plus => "+",
            Operator::Minus => "-",
            Operator::Concatenate => "&",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Equivalent => "~",
            Operator::NotEquivalent => "!~",
            Operator::In => "in",
            Operator::Contains => "contains",
            Operator::Xor => "xor",
            Operator::Implies => "implies",
        }
    }
}
