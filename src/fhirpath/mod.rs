//! FHIRPath: expressions over FHIR resources (FHIRPath 2.0, with R4's additions in R4 §2.9.1).
//!
//! An [`Expression`] is parsed once and evaluated over borrowed JSON; results point into the resource. What it takes
//! besides the resource (types, time, resolver, terminology, profiles) comes in an [`Environment`].

mod bundled;
mod check;
mod collection;
mod decimal;
mod environment;
mod escape;
mod evaluate;
mod expression;
mod function;
pub mod html;
mod json;
mod lexer;
mod node;
mod parser;
pub mod pattern;
mod quantity;
mod temporal;
#[cfg(test)]
mod tests;
pub mod ucum;

use std::fmt;
use std::sync::Arc;

pub use bundled::Bundled;
pub use check::SemanticError;
pub use collection::Collection;
pub use decimal::Decimal;
pub use environment::{
    Coding, DEFAULT_BUDGET, Dialect, Environment, EvaluationError, Link, Profiles, Resolution, Resolver,
    Terminology, TypeOfReference,
};
pub use lexer::ParseError;
pub use node::{Element, Node, System, TypeInfo};
pub use quantity::{Quantity, Unit};
pub use temporal::{Calendar, Date, DateTime, Time};

use crate::definitions::types::{TypeGraph, TypeId};

/// A parsed expression. Cheap to clone; may be shared between threads.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    root: Arc<expression::Expr>,
}

impl Expression {
    /// Parses a text. Errors say what is wrong and where; unknown functions and wrong numbers of arguments are errors
    /// too, unknown properties and types are not.
    pub fn parse(text: &str) -> Result<Expression, ParseError> {
        let root = parser::parse(text)?;
        Ok(Expression { text: text.into(), root: Arc::new(root) })
    }

    /// The text it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Evaluates the expression on a focus: a node, a collection, or nothing.
    pub fn evaluate<'a>(
        &'a self,
        focus: &(impl AsRef<[Node<'a>]> + ?Sized),
        environment: &Environment<'a>,
    ) -> Result<Collection<'a>, EvaluationError> {
        evaluate::collection(&self.root, focus.as_ref(), environment)
    }

    /// Evaluates the expression as a condition: `None` for an empty result, `true` for a single item that is no
    /// Boolean (FHIRPath §4.5). Quicker than [`Expression::evaluate`] where it can stop early.
    pub fn evaluate_bool<'a>(
        &'a self,
        focus: &(impl AsRef<[Node<'a>]> + ?Sized),
        environment: &Environment<'a>,
    ) -> Result<Option<bool>, EvaluationError> {
        evaluate::condition(&self.root, focus.as_ref(), environment)
    }

    /// Looks for what cannot make sense on a focus of type `context`: properties a type does not have, types nobody
    /// knows, functions that need an order where there is none. Finds nothing where types are not certain.
    pub fn check(&self, types: &TypeGraph, context: TypeId) -> Vec<SemanticError> {
        check::check(&self.root, types, context)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.text)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl std::str::FromStr for Expression {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Expression, ParseError> {
        Expression::parse(text)
    }
}
