//! Evaluation. Items flow from the start of a path through its steps into a sink, one by one; nothing is gathered that
//! need not be, and whoever has seen enough stops the flow.

mod arithmetic;
mod boundary;
mod compare;
mod convert;
mod distinct;
mod fhir;
mod functions;
mod math;
mod navigate;
mod operators;
mod strings;
mod types;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use super::collection::Collection;
use super::environment::{Environment, EvaluationError};
use super::expression::{Expr, Variable};
use super::node::{Element, Node, System};
use crate::definitions::types::TypeKind;

/// Longest text an evaluation may make, in bytes.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// How many steps may be under way at once, each waiting for those after it. Bounds the stack.
const MAX_NESTING: usize = 150;

/// Why a flow ends before its time.
pub enum Stop {
    /// The sink has what it wanted. Raised and caught by the same operation.
    Enough,
    /// It went wrong.
    Failed(Box<EvaluationError>),
}

impl From<EvaluationError> for Stop {
    fn from(error: EvaluationError) -> Stop {
        Stop::Failed(Box::new(error))
    }
}

/// The outcome of a part of an evaluation.
pub type Flow<T = ()> = Result<T, Stop>;

/// Where items go.
pub type Sink<'s, 'a> = &'s mut dyn FnMut(Node<'a>) -> Flow;

/// A flow stopped because its sink had enough has gone well.
fn settle(flow: Flow) -> Flow {
    match flow {
        Err(Stop::Enough) => Ok(()),
        flow => flow,
    }
}

fn finish<T>(flow: Flow<T>) -> Result<Option<T>, EvaluationError> {
    match flow {
        Ok(value) => Ok(Some(value)),
        Err(Stop::Enough) => Ok(None),
        Err(Stop::Failed(error)) => Err(*error),
    }
}

/// Evaluates to a collection.
pub fn collection<'a>(
    expr: &'a Expr,
    focus: &[Node<'a>],
    environment: &Environment<'a>,
) -> Result<Collection<'a>, EvaluationError> {
    let evaluator = Evaluator::new(focus, environment);
    finish(evaluator.gather(expr, Scope::of(focus))).map(Option::unwrap_or_default)
}

/// Evaluates as a condition.
pub fn condition<'a>(
    expr: &'a Expr,
    focus: &[Node<'a>],
    environment: &Environment<'a>,
) -> Result<Option<bool>, EvaluationError> {
    let evaluator = Evaluator::new(focus, environment);
    finish(evaluator.test(expr, Scope::of(focus))).map(Option::flatten)
}

/// One evaluation of one expression.
struct Evaluator<'e, 'a> {
    environment: &'e Environment<'a>,
    /// `%context`.
    context: &'e [Node<'a>],
    /// Steps left.
    budget: Cell<u64>,
    /// Steps under way.
    nesting: Cell<usize>,
    /// Variables defined so far.
    variables: RefCell<Vec<(Cow<'a, str>, Collection<'a>)>>,
}

/// What `$this`, `$index` and `$total` stand for.
#[derive(Clone, Copy)]
struct Scope<'s, 'a> {
    this: &'s [Node<'a>],
    index: Option<usize>,
    total: Option<&'s Collection<'a>>,
}

impl<'s, 'a> Scope<'s, 'a> {
    fn of(this: &'s [Node<'a>]) -> Scope<'s, 'a> {
        Scope { this, index: None, total: None }
    }

    /// The scope of a criterion or projection on one item.
    fn on(self, item: &'s Node<'a>, index: usize) -> Scope<'s, 'a> {
        Scope { this: std::slice::from_ref(item), index: Some(index), total: self.total }
    }
}

impl<'e, 'a> Evaluator<'e, 'a> {
    fn new(context: &'e [Node<'a>], environment: &'e Environment<'a>) -> Self {
        let (budget, variables) = (Cell::new(environment.budget), RefCell::default());
        Evaluator { environment, context, budget, nesting: Cell::new(0), variables }
    }

    /// Pays for some work.
    fn spend(&self, steps: u64) -> Flow {
        match self.budget.get().checked_sub(steps) {
            Some(left) => {
                self.budget.set(left);
                Ok(())
            }
            None => Err(EvaluationError::TooCostly.into()),
        }
    }

    /// Does something one level deeper.
    fn nested(&self, inner: impl FnOnce() -> Flow) -> Flow {
        let nesting = self.nesting.get();
        if nesting >= MAX_NESTING {
            return Err(EvaluationError::TooCostly.into());
        }
        self.nesting.set(nesting + 1);
        let flow = inner();
        self.nesting.set(nesting);
        flow
    }

    /// Lets the items of an expression flow into a sink.
    fn walk(&self, expr: &'a Expr, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        self.spend(1)?;
        self.nested(|| self.step(expr, scope, out))
    }

    fn step(&self, expr: &'a Expr, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        match expr {
            Expr::Empty => Ok(()),
            Expr::Literal(value) => out(Node::System(value.borrowed())),
            Expr::This => self.pass(scope.this, out),
            Expr::Index => scope.index.map_or(Ok(()), |index| out(Node::from(index as i64))),
            Expr::Total => scope.total.map_or(Ok(()), |total| self.pass(total.as_slice(), out)),
            Expr::Variable(variable) => self.variable(variable, out),
            Expr::Start(name) => scope.this.iter().try_for_each(|node| self.start(node, name, out)),
            Expr::Member(on, name) => self.walk(on, scope, &mut |node| self.property(&node, name, out)),
            Expr::Item(on, index) => self.item(on, index, scope, out),
            Expr::Call(call) => match call.function.is_condition() {
                true => self.emit(self.condition(call, scope)?, out),
                false => self.call(call, scope, out),
            },
            Expr::And(_) | Expr::Or(_) | Expr::Is(..) | Expr::Matches(..) => {
                self.emit(self.test(expr, scope)?, out)
            }
            Expr::Binary(operator, sides) => match operator.is_condition() {
                true => self.emit(self.relation(*operator, sides, scope)?, out),
                false => self.arithmetic(*operator, sides, scope, out),
            },
            Expr::ReplaceMatches(on, pattern, substitution) => {
                self.replace_matches(on, pattern.as_ref(), substitution, scope, out)
            }
            Expr::Sort(on, keys) => self.sort(on, keys, scope, out),
            Expr::As(on, of) | Expr::OfType(on, of) => self.of_type(on, of, scope, out),
            Expr::AsFunction(on, of) => self.as_function(on, of, scope, out),
            Expr::Sign(on, sign) => self.sign(on, *sign, scope, out),
            Expr::Union(parts) => self.union(parts, scope, out),
            Expr::Scoped(inner) => self.scoped(inner, scope, out),
        }
    }

    /// Forgets afterwards the variables that were defined.
    fn scoped(&self, inner: &'a Expr, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let known = self.variables.borrow().len();
        let flow = self.walk(inner, scope, out);
        self.variables.borrow_mut().truncate(known);
        flow
    }

    /// Evaluates as a condition (FHIRPath §4.5, "singleton evaluation").
    fn test(&self, expr: &'a Expr, scope: Scope<'_, 'a>) -> Flow<Option<bool>> {
        self.spend(1)?;
        match expr {
            Expr::Literal(System::Boolean(value)) => Ok(Some(*value)),
            Expr::And(parts) => self.junction(parts, false, scope),
            Expr::Or(parts) => self.junction(parts, true, scope),
            Expr::Is(on, of) => self.is(on, of, scope),
            Expr::Matches(on, pattern) => self.matches_literal(on, pattern.as_ref(), scope),
            Expr::Call(call) if call.function.is_condition() => self.condition(call, scope),
            Expr::Binary(operator, sides) if operator.is_condition() => {
                self.relation(*operator, sides, scope)
            }
            _ => self.singleton(expr, scope),
        }
    }

    fn singleton(&self, expr: &'a Expr, scope: Scope<'_, 'a>) -> Flow<Option<bool>> {
        Ok(self.single(expr, scope, "a condition")?.map(|node| self.truth(&node)))
    }

    /// A single item is true unless it is false.
    fn truth(&self, node: &Node<'a>) -> bool {
        match node {
            Node::System(System::Boolean(value)) => *value,
            Node::Element(Element { value: Some(serde_json::Value::Bool(value)), .. }) => *value,
            _ => true,
        }
    }

    /// `and` (false decides) and `or` (true decides) (§6.5).
    fn junction(&self, parts: &'a [Expr], decisive: bool, scope: Scope<'_, 'a>) -> Flow<Option<bool>> {
        let mut result = Some(!decisive);
        for part in parts {
            match self.test(part, scope)? {
                Some(value) if value == decisive => return Ok(Some(decisive)),
                Some(_) => {}
                None => result = None,
            }
        }
        Ok(result)
    }

    fn emit(&self, value: Option<bool>, out: Sink<'_, 'a>) -> Flow {
        value.map_or(Ok(()), |value| out(value.into()))
    }

    /// All items.
    fn gather(&self, expr: &'a Expr, scope: Scope<'_, 'a>) -> Flow<Collection<'a>> {
        let mut items = Collection::Empty;
        self.walk(expr, scope, &mut |node| {
            items.push(node);
            self.spend(1)
        })?;
        Ok(items)
    }

    /// The item, if there is one; an error if there are several.
    fn single(&self, expr: &'a Expr, scope: Scope<'_, 'a>, whose: &'static str) -> Flow<Option<Node<'a>>> {
        let mut item = None;
        self.walk(expr, scope, &mut |node| match item {
            Some(_) => Err(EvaluationError::NotSingle(whose).into()),
            None => {
                item = Some(node);
                Ok(())
            }
        })?;
        Ok(item)
    }

    /// The first item.
    fn first(&self, expr: &'a Expr, scope: Scope<'_, 'a>) -> Flow<Option<Node<'a>>> {
        let mut item = None;
        settle(self.walk(expr, scope, &mut |node| {
            item.get_or_insert(node);
            Err(Stop::Enough)
        }))?;
        Ok(item)
    }

    /// Whether any item meets a condition.
    fn any(
        &self,
        expr: &'a Expr,
        scope: Scope<'_, 'a>,
        meets: &mut dyn FnMut(&Node<'a>) -> Flow<bool>,
    ) -> Flow<bool> {
        let mut found = false;
        settle(self.walk(expr, scope, &mut |node| match found || meets(&node)? {
            true => {
                found = true;
                Err(Stop::Enough)
            }
            false => Ok(()),
        }))?;
        Ok(found)
    }

    /// The single item as a value of FHIRPath's own; an error if it is an element of a type that has none.
    fn value(&self, expr: &'a Expr, scope: Scope<'_, 'a>, whose: &'static str) -> Flow<Option<System<'a>>> {
        match self.single(expr, scope, whose)? {
            Some(node) => self.value_of(&node, whose),
            None => Ok(None),
        }
    }

    /// The value of an item; `None` for a primitive that has only extensions, or is not in the form of its type, and for
    /// a Quantity without a certain value.
    fn value_of(&self, node: &Node<'a>, whose: &'static str) -> Flow<Option<System<'a>>> {
        let types = self.environment.types;
        let value = node.system(types);
        let is_quantity = || node.element().is_some_and(|element| element.is_a(types, "Quantity"));
        if value.is_none() && !self.is_primitive(node) && !is_quantity() {
            return self.wrong_type(whose, node);
        }
        Ok(value)
    }

    fn wrong_type<T>(&self, operation: &'static str, node: &Node<'a>) -> Flow<T> {
        let found = node.type_name(self.environment.types).to_owned();
        Err(EvaluationError::WrongType { operation, found }.into())
    }

    /// A string argument; `None` when it is empty.
    fn text(&self, expr: &'a Expr, scope: Scope<'_, 'a>, whose: &'static str) -> Flow<Option<Cow<'a, str>>> {
        match self.value(expr, scope, whose)? {
            Some(System::String(text)) => Ok(Some(text)),
            Some(other) => self.wrong_type(whose, &Node::System(other)),
            None => Ok(None),
        }
    }

    /// An integer argument; `None` when it is empty.
    fn integer(&self, expr: &'a Expr, scope: Scope<'_, 'a>, whose: &'static str) -> Flow<Option<i64>> {
        match self.value(expr, scope, whose)? {
            Some(System::Integer(value)) => Ok(Some(value)),
            Some(other) => self.wrong_type(whose, &Node::System(other)),
            None => Ok(None),
        }
    }

    /// Pays for a text that is to be made.
    fn afford(&self, length: usize) -> Flow {
        if length > MAX_TEXT {
            return Err(EvaluationError::TooCostly.into());
        }
        self.spend(length as u64 / 32)
    }

    fn variable(&self, variable: &'a Variable, out: Sink<'_, 'a>) -> Flow {
        let environment = self.environment;
        match variable {
            Variable::Context => self.pass(self.context, out),
            Variable::Resource => self.resource().map_or(Ok(()), out),
            Variable::RootResource => {
                environment.root_resource.clone().or_else(|| self.resource()).map_or(Ok(()), out)
            }
            Variable::Fixed(text) => out(Node::System(System::string(text.as_ref()))),
            Variable::Named(name) => {
                let defined = self.variables.borrow();
                let defined = defined.iter().find(|(known, _)| known.as_ref() == name.as_ref());
                let given = environment.variables.iter().find(|(known, _)| *known == name.as_ref());
                let items = match (defined, given) {
                    (Some((_, items)), _) | (None, Some((_, items))) => items.clone(),
                    (None, None) => return Err(EvaluationError::UnknownVariable(name.to_string()).into()),
                };
                self.pass(items.as_slice(), out)
            }
        }
    }

    /// Lets items that are at hand flow.
    fn pass(&self, items: &[Node<'a>], out: Sink<'_, 'a>) -> Flow {
        self.spend(items.len() as u64)?;
        items.iter().try_for_each(|node| out(node.clone()))
    }

    /// `%resource`: as given, or the focus if it is a resource, or the resource it belongs to.
    fn resource(&self) -> Option<Node<'a>> {
        let of_focus = || {
            let element = self.context.first()?.element()?;
            let types = self.environment.types;
            let is_resource = element.type_id.is_some_and(|id| types[id].kind == TypeKind::Resource);
            Some(match element.container.filter(|_| !is_resource) {
                Some(container) => Node::resource(types, container),
                None => Node::Element(*element),
            })
        };
        self.environment.resource.clone().or_else(of_focus)
    }
}
