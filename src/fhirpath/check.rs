//! Static checks: what cannot make sense whatever the resource holds (FHIRPath §10.1, "strict evaluation").

use super::expression::{Call, Expr, Name, SYSTEM_TYPES, TypeName, Variable};
use super::function::Function;
use crate::definitions::types::{TypeGraph, TypeId};

/// Something in an expression that cannot make sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SemanticError {
    /// A name that no type here has as a property.
    #[error("{of} has no property '{name}'")]
    UnknownProperty {
        /// The types at that place.
        of: String,
        /// The name.
        name: String,
    },
    /// A path that begins with a type the focus is not of.
    #[error("the focus is {focus}, not {name}")]
    OtherType {
        /// The type of the focus.
        focus: String,
        /// The name at the start of the path.
        name: String,
    },
    /// A type that no definition has.
    #[error("unknown type '{0}'")]
    UnknownType(String),
    /// A function that needs an order, on items that have none.
    #[error("{0}() needs an order; children and descendants have none")]
    Unordered(&'static str),
    /// A text that is no regular expression, or too large a one.
    #[error("not a regular expression")]
    Pattern,
}

/// What is known of a collection without evaluating.
#[derive(Clone)]
struct Known {
    /// The FHIR types its items may have; `None` when not certain.
    types: Option<Vec<TypeId>>,
    is_ordered: bool,
}

const NOTHING: Known = Known { types: None, is_ordered: true };

/// Checks an expression for a focus of a type.
pub fn check(expr: &Expr, types: &TypeGraph, context: TypeId) -> Vec<SemanticError> {
    let context = Known { types: Some(vec![context]), is_ordered: true };
    let mut checker = Checker { types, context: context.clone(), found: Vec::new() };
    checker.walk(expr, &context);
    checker.found
}

struct Checker<'g> {
    types: &'g TypeGraph,
    context: Known,
    found: Vec<SemanticError>,
}

impl Checker<'_> {
    fn walk(&mut self, expr: &Expr, this: &Known) -> Known {
        match expr {
            Expr::Empty | Expr::Literal(_) | Expr::Index | Expr::Total => NOTHING,
            Expr::This => this.clone(),
            Expr::Variable(Variable::Context) => self.context.clone(),
            Expr::Variable(_) => NOTHING,
            Expr::Start(name) => self.start(name, this),
            Expr::Member(on, name) => {
                let on = self.walk(on, this);
                self.property(&on, name)
            }
            Expr::Item(on, index) => {
                self.walk(index, this);
                self.walk(on, this)
            }
            Expr::Call(call) => self.call(call, this),
            Expr::Sign(on, _) => {
                self.walk(on, this);
                NOTHING
            }
            Expr::Matches(on, pattern) => {
                self.walk(on, this);
                self.pattern(pattern.is_some())
            }
            Expr::ReplaceMatches(on, pattern, substitution) => {
                self.walk(on, this);
                self.walk(substitution, this);
                self.pattern(pattern.is_some())
            }
            Expr::Sort(on, keys) => {
                let on = self.walk(on, this);
                keys.iter().for_each(|key| drop(self.walk(&key.key, &on)));
                Known { is_ordered: true, ..on }
            }
            Expr::Is(on, of) => {
                self.walk(on, this);
                self.named(of);
                NOTHING
            }
            Expr::As(on, of) | Expr::AsFunction(on, of) | Expr::OfType(on, of) => {
                let on = self.walk(on, this);
                Known { types: self.named(of).map(|id| vec![id]), is_ordered: on.is_ordered }
            }
            Expr::Union(parts) => {
                let parts: Vec<Known> = parts.iter().map(|part| self.walk(part, this)).collect();
                let types = parts.into_iter().map(|part| part.types).collect::<Option<Vec<_>>>();
                Known { types: types.map(|types| types.concat()), is_ordered: true }
            }
            Expr::And(parts) | Expr::Or(parts) => {
                parts.iter().for_each(|part| drop(self.walk(part, this)));
                NOTHING
            }
            Expr::Binary(_, sides) => {
                self.walk(&sides.0, this);
                self.walk(&sides.1, this);
                NOTHING
            }
            Expr::Scoped(inner) => self.walk(inner, this),
        }
    }

    fn call(&mut self, call: &Call, this: &Known) -> Known {
        use Function::*;
        let on = self.walk(&call.on, this);
        if matches!(call.function, First | Last | Tail | Skip | Take) && !on.is_ordered {
            self.found.push(SemanticError::Unordered(call.function.name()));
        }
        let is_projection =
            matches!(call.function, Where | Select | Exists | All | Repeat | Aggregate | Trace);
        let scope = if is_projection { &on } else { this };
        let scope = if call.function == Repeat { &NOTHING } else { scope };
        let arguments: Vec<Known> =
            call.arguments.iter().map(|argument| self.walk(argument, scope)).collect();
        match (call.function, arguments.as_slice()) {
            (
                Where | Single | First | Last | Tail | Skip | Take | Distinct | Trace | Intersect | Exclude,
                _,
            ) => on,
            (Select, [projection]) => projection.clone(),
            (Children | Descendants, _) => Known { types: None, is_ordered: false },
            (Extension, _) => {
                Known { types: self.types.find("Extension").map(|id| vec![id]), is_ordered: true }
            }
            _ => NOTHING,
        }
    }

    fn pattern(&mut self, is_one: bool) -> Known {
        if !is_one {
            self.found.push(SemanticError::Pattern);
        }
        NOTHING
    }

    fn named(&mut self, of: &TypeName) -> Option<TypeId> {
        if of.namespace.as_deref() == Some("System") {
            return None;
        }
        let found = self.types.find(&of.name);
        let is_system = of.namespace.is_none() && SYSTEM_TYPES.contains(&of.name.as_ref());
        if found.is_none() && !is_system {
            self.found.push(SemanticError::UnknownType(of.name.to_string()));
        }
        // `Quantity` may mean that of FHIRPath; its properties are those of FHIR's.
        found
    }

    fn start(&mut self, name: &Name, this: &Known) -> Known {
        let Some(focus) = this.types.as_deref().filter(|_| name.is_capitalised()) else {
            return self.property(this, name);
        };
        let Some(named) = self.types.find(&name.plain) else { return self.property(this, name) };
        let fits = |id: &TypeId| self.types.is_a(*id, named) || self.types.is_a(named, *id);
        if !focus.iter().any(fits) {
            let (focus, name) = (self.names(focus), name.plain.to_string());
            self.found.push(SemanticError::OtherType { focus, name });
            return NOTHING;
        }
        this.clone()
    }

    fn property(&mut self, of: &Known, name: &Name) -> Known {
        let Some(ids) = of.types.as_deref() else { return NOTHING };
        // An abstract type (`Resource`) may be any of its specialisations.
        if ids.iter().any(|id| self.types[*id].is_abstract) {
            return NOTHING;
        }
        let properties: Vec<_> = ids.iter().filter_map(|id| self.types[*id].property(&name.plain)).collect();
        if properties.is_empty() {
            let (of, name) = (self.names(ids), name.plain.to_string());
            self.found.push(SemanticError::UnknownProperty { of, name });
            return NOTHING;
        }
        let types = properties.iter().flat_map(|property| property.types.iter().map(|(_, id)| *id)).collect();
        Known { types: Some(types), is_ordered: of.is_ordered }
    }

    fn names(&self, ids: &[TypeId]) -> String {
        let names: Vec<&str> = ids.iter().map(|id| self.types[*id].name.as_str()).collect();
        names.join(" or ")
    }
}
