//! `is`, `as`, `ofType` and `type()` (FHIRPath §6.3, §10.2).

use super::{Evaluator, Flow, Scope, Sink};
use crate::definitions::types::{TypeGraph, TypeId, TypeKind};
use crate::fhirpath::environment::{Dialect, EvaluationError};
use crate::fhirpath::expression::{Expr, SYSTEM_TYPES, TypeName};
use crate::fhirpath::node::{Element, Node, TypeInfo};

impl<'a> Evaluator<'_, 'a> {
    /// Whether an item is of a type or of one that specialises it. A type nobody knows is an error.
    pub(super) fn is_type(&self, node: &Node<'a>, of: &TypeName) -> Flow<bool> {
        let types = self.environment.types;
        let found = match (node, of.namespace.as_deref()) {
            (Node::Element(element), None) => {
                element.is_a(types, &of.name) || self.is_miswritten(element, of)
            }
            (Node::Element(element), Some("FHIR")) => element.is_a(types, &of.name),
            (Node::System(value), None | Some("System")) => {
                value.type_name() == of.name.as_ref() || of.name.as_ref() == "Any"
            }
            _ => false,
        };
        if !found {
            self.check_known(of)?;
        }
        Ok(found)
    }

    /// As [`Evaluator::is_type`], but a primitive must be of the type itself: a `code` is no `string` to `as` and
    /// `ofType` in the official R4 suite, while an `Age` is a `Quantity`.
    pub(super) fn is_exactly(&self, node: &Node<'a>, of: &TypeName) -> Flow<bool> {
        let types = self.environment.types;
        let Node::Element(element) = node else { return self.is_type(node, of) };
        let Some(id) = element.type_id.filter(|id| types[*id].kind == TypeKind::Primitive) else {
            return self.is_type(node, of);
        };
        let found = of.namespace.as_deref() != Some("System") && types[id].name == of.name.as_ref();
        if found || self.is_miswritten(element, of) {
            return Ok(true);
        }
        self.check_known(of)?;
        Ok(false)
    }

    /// Whether it is a `boolean` where published definitions ask for a `Boolean`.
    fn is_miswritten(&self, element: &Element<'a>, of: &TypeName) -> bool {
        let types = self.environment.types;
        let kind = |id: &TypeId| types[*id].kind == TypeKind::Primitive;
        self.is_published()
            && of.namespace.is_none()
            && element.type_id.filter(kind).is_some_and(|id| differ_in_capital(&types[id].name, &of.name))
    }

    fn is_published(&self) -> bool {
        self.environment.dialect == Dialect::Published
    }

    fn check_known(&self, of: &TypeName) -> Flow {
        let types = self.environment.types;
        let in_fhir = || types.find(&of.name).is_some();
        let in_system = || SYSTEM_TYPES.contains(&of.name.as_ref());
        let miswritten = || {
            let mut ids = types.ids().filter(|id| types[*id].kind == TypeKind::Primitive);
            self.is_published() && ids.any(|id| differ_in_capital(&types[id].name, &of.name))
        };
        let known = match of.namespace.as_deref() {
            None => in_fhir() || in_system() || miswritten(),
            Some("FHIR") => in_fhir(),
            Some(_) => true,
        };
        if known { Ok(()) } else { Err(EvaluationError::UnknownType(of.name.to_string()).into()) }
    }

    /// `on is type`.
    pub(super) fn is(&self, on: &'a Expr, of: &TypeName, scope: Scope<'_, 'a>) -> Flow<Option<bool>> {
        self.single(on, scope, "is")?.map(|node| self.is_type(&node, of)).transpose()
    }

    /// `on as type`, `on.ofType(type)`.
    pub(super) fn of_type(
        &self,
        on: &'a Expr,
        of: &TypeName,
        scope: Scope<'_, 'a>,
        out: Sink<'_, 'a>,
    ) -> Flow {
        self.walk(on, scope, &mut |node| match self.is_exactly(&node, of)? {
            true => out(node),
            false => Ok(()),
        })
    }

    /// `on.as(type)`: several items are an error, except where published definitions need it.
    pub(super) fn as_function(
        &self,
        on: &'a Expr,
        of: &TypeName,
        scope: Scope<'_, 'a>,
        out: Sink<'_, 'a>,
    ) -> Flow {
        if self.is_published() {
            return self.of_type(on, of, scope, out);
        }
        match self.single(on, scope, "as")? {
            Some(node) if self.is_exactly(&node, of)? => out(node),
            _ => Ok(()),
        }
    }

    /// `type()`.
    pub(super) fn type_info(&self, node: &Node<'a>) -> Option<TypeInfo<'a>> {
        let types = self.environment.types;
        match node {
            Node::Element(element) => {
                let id = named(types, element.type_id?)?;
                let base = types[id].base.map(|base| ("FHIR", types[base].name.as_str()));
                Some(TypeInfo { namespace: "FHIR", name: &types[id].name, base })
            }
            Node::System(value) => {
                Some(TypeInfo { namespace: "System", name: value.type_name(), base: Some(("System", "Any")) })
            }
            Node::Type(_) => None,
        }
    }
}

/// The type itself, for a backbone element the named type it is of.
fn named(types: &TypeGraph, id: TypeId) -> Option<TypeId> {
    std::iter::successors(Some(id), |id| types[*id].base).find(|id| types[*id].kind != TypeKind::Backbone)
}

/// `dateTime` written `DateTime`.
fn differ_in_capital(name: &str, written: &str) -> bool {
    written.starts_with(|c: char| c.is_ascii_uppercase())
        && name.get(..1).is_some_and(|first| first.eq_ignore_ascii_case(&written[..1]))
        && name.get(1..) == written.get(1..)
}
