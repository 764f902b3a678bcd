//! Functions on collections (FHIRPath §5.1–5.4, §5.8, §5.9, §7), and which function is done where.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::distinct::Distinct;
use super::{Evaluator, Flow, Scope, Sink, Stop, compare, settle};
use crate::fhirpath::environment::EvaluationError;
use crate::fhirpath::expression::{Call, Expr, SortKey};
use crate::fhirpath::function::Function;
use crate::fhirpath::node::{Node, System};
use crate::fhirpath::temporal::DateTime;

impl Function {
    /// Whether it answers yes or no without looking at more items than it must.
    pub(super) fn is_condition(self) -> bool {
        use Function::*;
        matches!(
            self,
            Empty
                | Exists
                | All
                | AllTrue
                | AnyTrue
                | AllFalse
                | AnyFalse
                | SubsetOf
                | SupersetOf
                | IsDistinct
                | Not
                | HasExtension
                | HasValue
                | MemberOf
                | ConformsTo
                | HtmlChecks
                | HtmlChecks2
        )
    }
}

/// The argument at a place; the parser has counted them.
pub(super) fn argument(call: &Call, index: usize) -> &Expr {
    call.arguments.get(index).unwrap_or(&Expr::Empty)
}

impl<'a> Evaluator<'_, 'a> {
    /// Functions that answer yes or no.
    pub(super) fn condition(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Flow<Option<bool>> {
        let on = &call.on;
        let first = argument(call, 0);
        let answer = match call.function {
            Function::Empty => !self.any(on, scope, &mut |_| Ok(true))?,
            Function::Exists => match call.arguments.first() {
                None => self.any(on, scope, &mut |_| Ok(true))?,
                Some(criterion) => {
                    let mut index = 0..;
                    self.any(on, scope, &mut |node| self.meets(criterion, scope, node, &mut index))?
                }
            },
            Function::All => {
                let mut index = 0..;
                !self.any(on, scope, &mut |node| Ok(!self.meets(first, scope, node, &mut index)?))?
            }
            Function::AllTrue => !self.any_boolean(on, scope, false, "allTrue")?,
            Function::AnyTrue => self.any_boolean(on, scope, true, "anyTrue")?,
            Function::AllFalse => !self.any_boolean(on, scope, true, "allFalse")?,
            Function::AnyFalse => self.any_boolean(on, scope, false, "anyFalse")?,
            Function::SubsetOf => self.is_subset(on, first, scope)?,
            Function::SupersetOf => self.is_subset(first, on, scope)?,
            Function::IsDistinct => {
                let mut seen = Distinct::default();
                !self.any(on, scope, &mut |node| Ok(!seen.insert(self, node)?))?
            }
            Function::Not => return Ok(self.test(on, scope)?.map(|value| !value)),
            _ => return self.fhir_condition(call, scope),
        };
        Ok(Some(answer))
    }

    /// Whether a criterion is true of an item.
    fn meets(
        &self,
        criterion: &'a Expr,
        scope: Scope<'_, 'a>,
        node: &Node<'a>,
        index: &mut std::ops::RangeFrom<usize>,
    ) -> Flow<bool> {
        let index = index.next().unwrap_or_default();
        Ok(self.test(criterion, scope.on(node, index))? == Some(true))
    }

    fn any_boolean(
        &self,
        on: &'a Expr,
        scope: Scope<'_, 'a>,
        wanted: bool,
        whose: &'static str,
    ) -> Flow<bool> {
        // All are looked at, so that an item that is no Boolean is an error wherever it stands.
        let mut found = false;
        self.walk(on, scope, &mut |node| match self.value_of(&node, whose)? {
            Some(System::Boolean(value)) => {
                found |= value == wanted;
                Ok(())
            }
            _ => self.wrong_type(whose, &node),
        })?;
        Ok(found)
    }

    fn is_subset(&self, part: &'a Expr, whole: &'a Expr, scope: Scope<'_, 'a>) -> Flow<bool> {
        let whole = Distinct::of(self, &self.gather(whole, scope)?)?;
        Ok(!self.any(part, scope, &mut |node| Ok(!whole.contains(self, node)?))?)
    }

    /// Functions that give items.
    pub(super) fn call(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        use Function::*;
        let on = &call.on;
        let first = argument(call, 0);
        match call.function {
            Where => self.filter(on, first, scope, out),
            Select => self.project(on, first, scope, out),
            Repeat => self.repeat(on, first, scope, out),
            Coalesce => self.coalesce(call, scope, out),
            Single => self.single(on, scope, "single")?.map_or(Ok(()), out),
            First => self.first(on, scope)?.map_or(Ok(()), out),
            Last => self.last(on, scope, out),
            Tail | Skip => self.skip(call, scope, out),
            Take => self.take(call, scope, out),
            Distinct => self.union(std::slice::from_ref(on), scope, out),
            Union | Combine | Intersect | Exclude => self.combination(call, scope, out),
            Count => self.count(on, scope, out),
            Iif => self.iif(call, scope, out),
            Aggregate => self.aggregate(call, scope, out),
            Children => self.walk(on, scope, &mut |node| self.children(&node, out)),
            Descendants => self.walk(on, scope, &mut |node| self.descendants(&node, out)),
            // Values of a resource have no place in a log: a trace shows nothing and lets everything through.
            Trace => self.walk(on, scope, out),
            Now | Today | TimeOfDay => self.time(call.function, out),
            DefineVariable => self.define(call, scope, out),
            Type => self.walk(on, scope, &mut |node| {
                self.type_info(&node).map_or(Ok(()), |info| out(Node::Type(info)))
            }),
            LowBoundary | HighBoundary | Precision => self.boundary(call, scope, out),
            IndexOf | LastIndexOf | Substring | StartsWith | EndsWith | Contains | Upper | Lower
            | Replace | Matches | MatchesFull | ReplaceMatches | Length | ToChars | Encode | Decode
            | Escape | Unescape | Trim | Split => self.string_function(call, scope, out),
            Join => self.join(call, scope, out),
            Comparable => self.comparable(call, scope, out),
            Abs | Ceiling | Exp | Floor | Ln | Log | Power | Round | Sqrt | Truncate => {
                self.math_function(call, scope, out)
            }
            ToBoolean | ConvertsToBoolean | ToInteger | ConvertsToInteger | ToDate | ConvertsToDate
            | ToDateTime | ConvertsToDateTime | ToTime | ConvertsToTime | ToDecimal | ConvertsToDecimal
            | ToQuantity | ConvertsToQuantity | ToString | ConvertsToString => {
                self.conversion(call, scope, out)
            }
            Extension | GetValue | Resolve | ElementDefinition | Slice | CheckModifiers | Subsumes
            | SubsumedBy => self.fhir_function(call, scope, out),
            // Answered as conditions, or parsed to expressions of their own.
            Empty | Exists | All | AllTrue | AnyTrue | AllFalse | AnyFalse | SubsetOf | SupersetOf
            | IsDistinct | Not | HasExtension | HasValue | MemberOf | ConformsTo | HtmlChecks
            | HtmlChecks2 | Sort | Is | As | OfType => Ok(()),
        }
    }

    /// `where(criterion)`.
    fn filter(&self, on: &'a Expr, criterion: &'a Expr, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let mut index = 0..;
        self.walk(on, scope, &mut |node| match self.meets(criterion, scope, &node, &mut index)? {
            true => out(node),
            false => Ok(()),
        })
    }

    /// `select(projection)`.
    fn project(&self, on: &'a Expr, projection: &'a Expr, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let mut index = 0..;
        self.walk(on, scope, &mut |node| {
            self.walk(projection, scope.on(&node, index.next().unwrap_or_default()), out)
        })
    }

    fn last(&self, on: &'a Expr, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let mut last = None;
        self.walk(on, scope, &mut |node| {
            last = Some(node);
            Ok(())
        })?;
        last.map_or(Ok(()), out)
    }

    fn count(&self, on: &'a Expr, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let mut count = 0;
        self.walk(on, scope, &mut |_| {
            count += 1;
            Ok(())
        })?;
        out(Node::from(count))
    }

    /// `skip(count)`, and `tail()`, which skips one.
    fn skip(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let mut left = match call.function {
            Function::Tail => 1,
            _ => self.integer(argument(call, 0), scope, "skip")?.unwrap_or(0),
        };
        self.walk(&call.on, scope, &mut |node| {
            left -= 1;
            if left >= 0 { Ok(()) } else { out(node) }
        })
    }

    fn take(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let count = self.integer(argument(call, 0), scope, "take")?.unwrap_or(0);
        let mut items = Vec::new();
        settle(self.walk(&call.on, scope, &mut |node| {
            if items.len() as i64 >= count {
                return Err(Stop::Enough);
            }
            items.push(node);
            Ok(())
        }))?;
        items.into_iter().try_for_each(out)
    }

    /// Functions on two collections (§5.3.7, §5.3.8, §5.4).
    fn combination(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let items = self.gather(&call.on, scope)?;
        let others = self.gather(argument(call, 0), scope)?;
        if call.function == Function::Combine {
            return items.into_iter().chain(others).try_for_each(out);
        }
        let mut seen = Distinct::default();
        if call.function == Function::Union {
            return items.into_iter().chain(others).try_for_each(|node| match seen.insert(self, &node)? {
                true => out(node),
                false => Ok(()),
            });
        }
        let others = Distinct::of(self, &others)?;
        items.into_iter().try_for_each(|node| {
            let passes = match (call.function, others.contains(self, &node)?) {
                (Function::Intersect, found) => found && seen.insert(self, &node)?,
                (_, found) => !found,
            };
            if passes { out(node) } else { Ok(()) }
        })
    }

    /// What a projection gives of the items, of what it gave, and so on; each once (§5.2.3).
    fn repeat(&self, on: &'a Expr, projection: &'a Expr, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let mut elements = HashSet::new();
        let mut values = Distinct::default();
        let mut open: Vec<Node<'a>> = self.gather(on, scope)?.into_iter().collect();
        while !open.is_empty() {
            let mut found = Vec::new();
            for (index, node) in open.iter().enumerate() {
                self.walk(projection, scope.on(node, index), &mut |node| {
                    let is_new = match &node {
                        // An element is known by its place.
                        Node::Element(element) => elements.insert((
                            element.value.map(std::ptr::from_ref),
                            element.extra.map(std::ptr::from_ref),
                            element.value.is_none().then_some(element.type_id),
                        )),
                        node => values.insert(self, node)?,
                    };
                    if is_new {
                        out(node.clone())?;
                        found.push(node);
                    }
                    Ok(())
                })?;
            }
            open = found;
        }
        Ok(())
    }

    fn coalesce(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        for argument in &call.arguments {
            let items = self.gather(argument, scope)?;
            if !items.is_empty() {
                return items.into_iter().try_for_each(out);
            }
        }
        Ok(())
    }

    /// `iif(criterion, then, else)`: only the branch taken is evaluated (§5.5.1).
    fn iif(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let item;
        let scope = match &call.on {
            Expr::This => scope,
            on => {
                item = self.single(on, scope, "iif")?;
                Scope { this: item.as_slice(), ..scope }
            }
        };
        let criterion = match self.value(argument(call, 0), scope, "iif")? {
            Some(System::Boolean(value)) => value,
            Some(other) => return self.wrong_type("iif", &Node::System(other)),
            None => false,
        };
        self.walk(argument(call, if criterion { 1 } else { 2 }), scope, out)
    }

    fn aggregate(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let mut total = self.gather(argument(call, 1), scope)?;
        let mut index = 0;
        self.walk(&call.on, scope, &mut |node| {
            let inner = Scope { total: Some(&total), ..scope.on(&node, index) };
            total = self.gather(argument(call, 0), inner)?;
            index += 1;
            Ok(())
        })?;
        total.into_iter().try_for_each(out)
    }

    fn time(&self, function: Function, out: Sink<'_, 'a>) -> Flow {
        let Some(now) = DateTime::at(self.environment.now) else { return Ok(()) };
        let value = match function {
            Function::Today => System::Date(now.date()),
            Function::TimeOfDay => match now.time() {
                Some(time) => System::Time(time),
                None => return Ok(()),
            },
            _ => System::DateTime(now),
        };
        out(Node::System(value))
    }

    /// `defineVariable(name, value)`: the items flow on, the variable holds to the end of the expression.
    fn define(&self, call: &'a Call, scope: Scope<'_, 'a>, out: Sink<'_, 'a>) -> Flow {
        let Some(name) = self.text(argument(call, 0), scope, "defineVariable")? else { return Ok(()) };
        let items = self.gather(&call.on, scope)?;
        let value = match call.arguments.get(1) {
            Some(value) => self.gather(value, Scope { this: items.as_slice(), ..scope })?,
            None => items.clone(),
        };
        let is_defined = self.variables.borrow().iter().any(|(known, _)| *known == name);
        if is_defined || is_reserved(&name) {
            return Err(EvaluationError::Redefined(name.into_owned()).into());
        }
        self.variables.borrow_mut().push((name, value));
        items.into_iter().try_for_each(out)
    }

    /// `sort(keys)`: items without a key come first, whichever way round.
    pub(super) fn sort(
        &self,
        on: &'a Expr,
        keys: &'a [SortKey],
        scope: Scope<'_, 'a>,
        out: Sink<'_, 'a>,
    ) -> Flow {
        let mut items = Vec::new();
        for (index, node) in self.gather(on, scope)?.into_iter().enumerate() {
            let values = match keys {
                [] => vec![(self.value_of(&node, "sort")?, false)],
                keys => keys
                    .iter()
                    .map(|key| Ok((self.value(&key.key, scope.on(&node, index), "sort")?, key.descending)))
                    .collect::<Flow<_>>()?,
            };
            items.push((values, node));
        }
        // Sorting compares a few times for each item.
        self.spend(items.len() as u64 * 16)?;
        let mut mixed = None;
        items.sort_by(|(a, _), (b, _)| compare_keys(a, b, &mut mixed));
        if let Some(found) = mixed {
            return Err(EvaluationError::WrongType { operation: "sort", found }.into());
        }
        items.into_iter().try_for_each(|(_, node)| out(node))
    }
}

/// Variables nobody may define.
fn is_reserved(name: &str) -> bool {
    matches!(name, "context" | "resource" | "rootResource" | "sct" | "loinc" | "ucum")
}

type Keys<'a> = [(Option<System<'a>>, bool)];

fn compare_keys(a: &Keys<'_>, b: &Keys<'_>, mixed: &mut Option<String>) -> Ordering {
    for ((a, descending), (b, _)) in a.iter().zip(b) {
        let order = match (a, b) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match compare::order(a, b) {
                Some(order) => order.unwrap_or(Ordering::Equal),
                None => {
                    mixed.get_or_insert(format!("{} and {}", a.type_name(), b.type_name()));
                    Ordering::Equal
                }
            },
        };
        if order != Ordering::Equal {
            return if *descending { order.reverse() } else { order };
        }
    }
    Ordering::Equal
}

impl<'a> Evaluator<'_, 'a> {
    /// The items of a collection as one value each; used by functions over whole collections.
    pub(super) fn values(
        &self,
        on: &'a Expr,
        scope: Scope<'_, 'a>,
        whose: &'static str,
    ) -> Flow<Vec<System<'a>>> {
        let mut values = Vec::new();
        self.walk(on, scope, &mut |node| {
            values.extend(self.value_of(&node, whose)?);
            Ok(())
        })?;
        Ok(values)
    }
}
