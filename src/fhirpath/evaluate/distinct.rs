//! Sets of items: what is equal counts once.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::{Evaluator, Flow};
use crate::fhirpath::decimal::Decimal;
use crate::fhirpath::node::{Element, Node, System};
use crate::fhirpath::temporal::DateTime;

/// Up to this many items are compared one by one.
const SMALL: usize = 8;

/// Items of which no two are equal. Takes constant time for each, whatever their number.
#[derive(Default)]
pub(super) struct Distinct<'a> {
    items: Vec<Node<'a>>,
    /// Where items of the same hash are; used from the first item too many.
    by_hash: HashMap<u64, Vec<usize>>,
}

impl<'a> Distinct<'a> {
    /// A set of those items of an iterator that are distinct.
    pub(super) fn of<'n>(
        evaluator: &Evaluator<'_, 'a>,
        nodes: impl IntoIterator<Item = &'n Node<'a>>,
    ) -> Flow<Distinct<'a>>
    where
        'a: 'n,
    {
        let mut set = Distinct::default();
        for node in nodes {
            set.insert(evaluator, node)?;
        }
        Ok(set)
    }

    /// Whether an equal item is in the set.
    pub(super) fn contains(&self, evaluator: &Evaluator<'_, 'a>, node: &Node<'a>) -> Flow<bool> {
        let is_equal = |index: &usize| -> Flow<bool> {
            let Some(item) = self.items.get(*index) else { return Ok(false) };
            Ok(evaluator.equal(item, node)? == Some(true))
        };
        if self.by_hash.is_empty() {
            for index in 0..self.items.len() {
                if is_equal(&index)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        evaluator.spend(1)?;
        for index in self.by_hash.get(&evaluator.hash(node)?).into_iter().flatten() {
            if is_equal(index)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds an item unless an equal one is there; whether it was added.
    pub(super) fn insert(&mut self, evaluator: &Evaluator<'_, 'a>, node: &Node<'a>) -> Flow<bool> {
        if self.contains(evaluator, node)? {
            return Ok(false);
        }
        // Sets take memory: what goes in one costs more than what passes.
        evaluator.spend(8)?;
        self.items.push(node.clone());
        if self.items.len() == SMALL + 1 {
            for (index, item) in self.items.iter().enumerate() {
                self.by_hash.entry(evaluator.hash(item)?).or_default().push(index);
            }
        } else if self.items.len() > SMALL {
            self.by_hash.entry(evaluator.hash(node)?).or_default().push(self.items.len() - 1);
        }
        Ok(true)
    }
}

impl<'a> Evaluator<'_, 'a> {
    /// A number that equal items share.
    fn hash(&self, node: &Node<'a>) -> Flow<u64> {
        let mut state = DefaultHasher::new();
        match (node.system(self.environment.types), node) {
            (Some(value), _) => hash_value(&value, &mut state),
            (None, Node::Element(Element { value: Some(value), .. })) => return self.hash_json(value),
            _ => {}
        }
        Ok(state.finish())
    }

    /// Whatever the order of properties and however a number is written. JSON as read is never deep.
    fn hash_json(&self, value: &Value) -> Flow<u64> {
        self.spend(1)?;
        let mut state = DefaultHasher::new();
        match value {
            Value::Null => {}
            Value::Bool(value) => value.hash(&mut state),
            Value::Number(number) => match Decimal::parse(number.as_str()) {
                Some(number) => number.hash(&mut state),
                None => number.as_str().hash(&mut state),
            },
            Value::String(text) => text.hash(&mut state),
            Value::Array(items) => {
                for item in items {
                    self.hash_json(item)?.hash(&mut state);
                }
            }
            Value::Object(map) => {
                let mut sum = 0u64;
                for (key, value) in map {
                    let mut entry = DefaultHasher::new();
                    (key, self.hash_json(value)?).hash(&mut entry);
                    sum = sum.wrapping_add(entry.finish());
                }
                sum.hash(&mut state);
            }
        }
        Ok(state.finish())
    }
}

fn hash_value(value: &System<'_>, state: &mut DefaultHasher) {
    match value {
        System::Boolean(value) => value.hash(state),
        System::String(text) => text.hash(state),
        System::Integer(value) => Decimal::from(*value).hash(state),
        System::Decimal(value) => value.hash(state),
        System::Date(date) => DateTime::from(*date).hash_key().hash(state),
        System::DateTime(moment) => moment.hash_key().hash(state),
        System::Time(time) => time.hash_key().hash(state),
        // The same amount has many units.
        System::Quantity(quantity) if quantity.unit.code() == "1" => quantity.value.hash(state),
        System::Quantity(_) => {}
    }
}
