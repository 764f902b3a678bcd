//! The concepts of a code system, found by code, and how they stand to each other.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::definitions::code_system::{CodeSystem, Concept};

/// Where concepts are in their system's list.
#[derive(Debug, Default)]
pub struct Index {
    /// By code, in lower case where the system does not tell cases apart.
    by_code: HashMap<Box<str>, u32>,
    /// By place of the parent.
    children: OnceLock<Vec<Vec<u32>>>,
}

impl Index {
    /// Finds a place for every code.
    pub fn new(system: &CodeSystem) -> Index {
        let mut by_code = HashMap::with_capacity(system.concepts.len());
        for (at, concept) in system.concepts.iter().enumerate() {
            // A code given twice is that of the first.
            by_code
                .entry(fold(system, &concept.code).into())
                .or_insert(u32::try_from(at).unwrap_or(u32::MAX));
        }
        Index { by_code, children: OnceLock::new() }
    }
}

/// A code in the form that tells codes apart.
fn fold<'c>(system: &CodeSystem, code: &'c str) -> std::borrow::Cow<'c, str> {
    if system.case_sensitive { code.into() } else { code.to_lowercase().into() }
}

/// A code system with its index.
#[derive(Debug, Clone)]
pub struct Concepts<'s> {
    /// The system.
    pub system: &'s CodeSystem,
    index: Arc<Index>,
}

impl<'s> Concepts<'s> {
    /// A system with the index made of it.
    pub fn new(system: &'s CodeSystem, index: Arc<Index>) -> Concepts<'s> {
        Concepts { system, index }
    }

    /// A system, indexed here and now.
    pub fn of(system: &'s CodeSystem) -> Concepts<'s> {
        Concepts::new(system, Arc::new(Index::new(system)))
    }

    /// The concept of that code.
    pub fn get(&self, code: &str) -> Option<&'s Concept> {
        self.at(*self.index.by_code.get(&*fold(self.system, code))?)
    }

    fn at(&self, place: u32) -> Option<&'s Concept> {
        self.system.concepts.get(place as usize)
    }

    /// The concepts right below one.
    pub fn children(&self, code: &str) -> impl Iterator<Item = &'s Concept> {
        let place = self.index.by_code.get(&*fold(self.system, code)).copied();
        let children = place.and_then(|place| self.all_children().get(place as usize));
        children.into_iter().flatten().filter_map(|place| self.at(*place))
    }

    fn all_children(&self) -> &[Vec<u32>] {
        self.index.children.get_or_init(|| {
            let mut children = vec![Vec::new(); self.system.concepts.len()];
            for (at, concept) in self.system.concepts.iter().enumerate() {
                for parent in &concept.parents {
                    let parent = self.index.by_code.get(&*fold(self.system, parent));
                    if let Some(list) = parent.and_then(|place| children.get_mut(*place as usize)) {
                        list.push(u32::try_from(at).unwrap_or(u32::MAX));
                    }
                }
            }
            children
        })
    }

    /// A code and all below it, as the system writes them; nothing for a code that it does not have.
    pub fn with_descendants(&self, code: &str) -> HashSet<&'s str> {
        self.reach(code, |concept| self.children(&concept.code).collect())
    }

    /// A code and all above it.
    pub fn with_ancestors(&self, code: &str) -> HashSet<&'s str> {
        self.reach(code, |concept| concept.parents.iter().filter_map(|parent| self.get(parent)).collect())
    }

    /// Everything that can be reached from a code; circles do no harm.
    fn reach(&self, from: &str, next: impl Fn(&'s Concept) -> Vec<&'s Concept>) -> HashSet<&'s str> {
        let Some(from) = self.get(from) else { return HashSet::new() };
        let mut reached = HashSet::from([from.code.as_str()]);
        let mut open = vec![from];
        while let Some(concept) = open.pop() {
            open.extend(next(concept).into_iter().filter(|concept| reached.insert(&concept.code)));
        }
        reached
    }
}

/// Whether a concept is out of use: it says `inactive`, or that its status is one of the past.
pub fn is_inactive(concept: &Concept) -> bool {
    concept.properties.iter().any(|property| match (property.code.as_str(), &property.value) {
        ("inactive", value) => is_true(value),
        ("status", Value::String(status)) => matches!(status.as_str(), "retired" | "inactive"),
        _ => false,
    })
}

/// Whether a concept only groups others: HL7's systems call that `notSelectable`, or `abstract`.
pub fn is_abstract(concept: &Concept) -> bool {
    let mut properties = concept.properties.iter();
    properties.any(|property| {
        matches!(property.code.as_str(), "notSelectable" | "abstract") && is_true(&property.value)
    })
}

/// HL7 Terminology writes some booleans as codes.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::String(text) => text == "true",
        _ => false,
    }
}

/// Whether a text is one of a concept's: upper and lower case, and white space more or less, make no difference.
pub fn is_text_of(concept: &Concept, text: &str) -> bool {
    let texts = concept.designations.iter().map(|designation| designation.value.as_str());
    concept.display.as_deref().into_iter().chain(texts).any(|known| is_same_text(known, text))
}

/// Whether two displays are the same but for upper and lower case and white space.
pub fn is_same_text(a: &str, b: &str) -> bool {
    let words = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_lowercase).collect() };
    a == b || words(a) == words(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_compare_without_case_and_white_space() {
        for (one, other, expected) in
            [("Draft", "draft", true), ("In  Progress", "in progress ", true), ("Draft", "Done", false)]
        {
            assert_eq!(is_same_text(one, other), expected, "{one} {other}");
        }
    }
}
