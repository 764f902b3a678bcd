//! Operators that answer yes or no, `|`, signs and indexes (FHIRPath §6).

use serde_json::Value;

use super::distinct::Distinct;
use super::{Evaluator, Flow, Scope, Sink, Stop, settle};
use crate::fhirpath::environment::EvaluationError;
use crate::fhirpath::expression::{Expr, Operator, Sign};
use crate::fhirpath::node::{Element, Node, System};

impl Operator {
    /// Whether it answers yes or no.
    pub(super) fn is_condition(self) -> bool {
        use Operator::*;
        match self {
            Multiply | Divide | Div | Mod | Plus | Minus | Concatenate => false,
            Less | LessOrEqual | Greater | GreaterOrEqual | Equal | NotEqual | Equivalent | NotEquivalent
            | In | Contains | Xor | Implies => true,
        }
    }
}

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn relation(
        &self,
        operator: Operator,
        (left, right): &'a (Expr, Expr),
        scope: Scope<'_, 'a>,
    ) -> Flow<Option<bool>> {
        match operator {
            Operator::Equal => self.equality(left, right, scope),
            Operator::NotEqual => Ok(self.equality(left, right, scope)?.map(|equal| !equal)),
            Operator::Equivalent => Ok(Some(self.equivalence(left, right, scope)?)),
            Operator::NotEquivalent => Ok(Some(!self.equivalence(left, right, scope)?)),
            Operator::In => self.membership(left, right, scope),
            Operator::Contains => self.membership(right, left, scope),
            Operator::Xor => {
                let left = self.test(left, scope)?;
                Ok(left.zip(self.test(right, scope)?).map(|(left, right)| left != right))
            }
            Operator::Implies => match self.test(left, scope)? {
                Some(false) => Ok(Some(true)),
                Some(true) => self.test(right, scope),
                None => Ok(self.test(right, scope)?.filter(|right| *right)),
            },
            _ => self.inequality(operator, left, right, scope),
        }
    }

    /// `=` (§6.1.1): `None` when a side is empty or the answer not certain.
    fn equality(&self, left: &'a Expr, right: &'a Expr, scope: Scope<'_, 'a>) -> Flow<Option<bool>> {
        if let Expr::Literal(System::String(text)) = right {
            return self.is_text(left, text, scope);
        }
        let left = self.gather(left, scope)?;
        if left.is_empty() {
            return Ok(None);
        }
        let right = self.gather(right, scope)?;
        if right.is_empty() {
            return Ok(None);
        }
        if left.len() != right.len() {
            return Ok(Some(false));
        }
        let mut result = Some(true);
        for (left, right) in left.iter().zip(&right) {
            match self.equal(left, right)? {
                Some(true) => {}
                Some(false) => return Ok(Some(false)),
                None => result = None,
            }
        }
        Ok(result)
    }

    /// `left = 'literal'`, the commonest comparison by far.
    fn is_text(&self, left: &'a Expr, text: &str, scope: Scope<'_, 'a>) -> Flow<Option<bool>> {
        let types = self.environment.types;
        let mut result = None;
        self.walk(left, scope, &mut |node| {
            result = Some(match result {
                // One text is not equal to several.
                Some(_) => false,
                None => match &node {
                    Node::Element(Element { value: Some(Value::String(found)), .. }) if found != text => {
                        false
                    }
                    node => matches!(node.system(types), Some(System::String(found)) if found == text),
                },
            });
            Ok(())
        })?;
        Ok(result)
    }

    /// `~` (§6.1.2): whatever the order.
    fn equivalence(&self, left: &'a Expr, right: &'a Expr, scope: Scope<'_, 'a>) -> Flow<bool> {
        let (left, right) = (self.gather(left, scope)?, self.gather(right, scope)?);
        if left.len() != right.len() {
            return Ok(false);
        }
        let mut open: Vec<&Node<'a>> = right.iter().collect();
        for item in &left {
            let mut found = None;
            for (index, other) in open.iter().enumerate() {
                if self.equivalent(item, other)? {
                    found = Some(index);
                    break;
                }
            }
            match found {
                Some(index) => drop(open.swap_remove(index)),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// `in` (§6.4.1).
    fn membership(&self, item: &'a Expr, among: &'a Expr, scope: Scope<'_, 'a>) -> Flow<Option<bool>> {
        let Some(item) = self.single(item, scope, "in")? else { return Ok(None) };
        let found = self.any(among, scope, &mut |other| Ok(self.equal(&item, other)? == Some(true)))?;
        Ok(Some(found))
    }

    /// `a | b | …` (§6.4.3): each item once.
    pub(super) fn union(&self, parts: &'a [Expr], scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let mut seen = Distinct::default();
        for part in parts {
            self.walk(part, scope, &mut |node| match seen.insert(self, &node)? {
                true => out(node),
                false => Ok(()),
            })?;
        }
        Ok(())
    }

    pub(super) fn sign(&self, on: &'a Expr, sign: Sign, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let Some(value) = self.value(on, scope, "a sign")? else { return Ok(()) };
        let negative = sign == Sign::Minus;
        let value = match value {
            System::Integer(value) if negative => value.checked_neg().map(System::Integer),
            System::Decimal(value) if negative => Some(System::Decimal(-value)),
            System::Quantity(mut quantity) => {
                quantity.value = if negative { -quantity.value } else { quantity.value };
                Some(System::Quantity(quantity))
            }
            value @ (System::Integer(_) | System::Decimal(_)) => Some(value),
            other => return self.wrong_type("a sign", &Node::System(other)),
        };
        value.map_or(Ok(()), |value| out(Node::System(value)))
    }

    /// `on[index]`.
    pub(super) fn item(
        &self,
        on: &'a Expr,
        index: &'a Expr,
        scope: Scope<'_, 'a>,
        out: Sink<'_, 'a>,
    ) -> Flow {
        let Some(index) = self.integer(index, scope, "an index")? else { return Ok(()) };
        let Ok(mut left) = usize::try_from(index) else { return Ok(()) };
        let mut found = None;
        settle(self.walk(on, scope, &mut |node| {
            if left == 0 {
                found.get_or_insert(node);
                return Err(Stop::Enough);
            }
            left -= 1;
            Ok(())
        }))?;
        found.map_or(Ok(()), out)
    }

    /// `<`, `<=`, `>`, `>=` (§6.2): `None` when a side is empty or the answer not certain.
    fn inequality(
        &self,
        operator: Operator,
        left: &'a Expr,
        right: &'a Expr,
        scope: Scope<'_, 'a>,
    ) -> Flow<Option<bool>> {
        let symbol = operator.symbol();
        let Some(left) = self.value(left, scope, symbol)? else { return Ok(None) };
        let Some(right) = self.value(right, scope, symbol)? else { return Ok(None) };
        let Some(order) = super::compare::order(&left, &right) else {
            let found = format!("{} and {}", left.type_name(), right.type_name());
            return Err(EvaluationError::WrongType { operation: symbol, found }.into());
        };
        Ok(order.map(|order| match operator {
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            _ => order.is_ge(),
        }))
    }
}
