//! Which concepts of a code system the filters of a value set let through (R4 §4.9.5.4, value set filter-operator).

use std::collections::{HashMap, HashSet};

use regex::Regex;
use serde_json::Value;

use crate::definitions::code_system::{CodeSystem, Concept};
use crate::definitions::value_set::Filter;

/// What filters let through.
pub(super) enum Selection<'s> {
    /// These codes, as far as the code system has them.
    Codes(Vec<&'s str>),
    /// A filter says something that is not understood here.
    Unknown,
}

/// The concepts that meet all filters; all concepts where there is none.
pub(super) fn select<'s>(system: &'s CodeSystem, filters: &[Filter]) -> Selection<'s> {
    let mut codes: Vec<&Concept> = system.concepts.iter().collect();
    for filter in filters {
        let Some(test) = Test::new(system, filter) else { return Selection::Unknown };
        codes.retain(|concept| test.passes(concept));
    }
    Selection::Codes(codes.into_iter().map(|concept| concept.code.as_str()).collect())
}

/// A filter made ready.
enum Test<'f> {
    /// The concept is, or is not, one of these.
    Among { codes: HashSet<&'f str>, wanted: bool },
    /// A property has, or has not, one of these values.
    Equals { property: &'f str, values: Vec<&'f str>, wanted: bool },
    /// A property has a value that matches in full.
    Matches { property: &'f str, regex: Regex },
    /// A property has, or has not, a value.
    Exists { property: &'f str, wanted: bool },
}

impl<'f> Test<'f> {
    fn new(system: &'f CodeSystem, filter: &'f Filter) -> Option<Test<'f>> {
        let property = filter.property.as_str();
        let value = filter.value.as_str();
        let is_concept = matches!(property, "concept" | "code");
        let test = match filter.op.as_str() {
            "is-a" if is_concept => Test::Among { codes: with_descendants(system, value), wanted: true },
            "is-not-a" if is_concept => Test::Among { codes: with_descendants(system, value), wanted: false },
            "descendent-of" if is_concept => {
                let mut codes = with_descendants(system, value);
                codes.remove(value);
                Test::Among { codes, wanted: true }
            }
            "generalizes" if is_concept => Test::Among { codes: with_ancestors(system, value), wanted: true },
            "=" => Test::Equals { property, values: vec![value], wanted: true },
            "in" => Test::Equals { property, values: split(value), wanted: true },
            "not-in" => Test::Equals { property, values: split(value), wanted: false },
            "regex" => Test::Matches { property, regex: Regex::new(&format!("^(?:{value})$")).ok()? },
            "exists" => Test::Exists { property, wanted: value == "true" },
            _ => return None,
        };
        Some(test)
    }

    fn passes(&self, concept: &Concept) -> bool {
        match self {
            Test::Among { codes, wanted } => codes.contains(concept.code.as_str()) == *wanted,
            Test::Equals { property, values, wanted } => {
                values_of(concept, property).any(|value| values.contains(&value)) == *wanted
            }
            Test::Matches { property, regex } => {
                values_of(concept, property).any(|value| regex.is_match(value))
            }
            Test::Exists { property, wanted } => values_of(concept, property).next().is_some() == *wanted,
        }
    }
}

fn split(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).collect()
}

/// The values of a property, as text.
fn values_of<'c>(concept: &'c Concept, property: &str) -> Box<dyn Iterator<Item = &'c str> + 'c> {
    match property {
        "concept" | "code" => Box::new(std::iter::once(concept.code.as_str())),
        "display" => Box::new(concept.display.as_deref().into_iter()),
        "parent" => Box::new(concept.parents.iter().map(String::as_str)),
        property => {
            let property = property.to_owned();
            let own = concept.properties.iter().filter(move |own| own.code == property);
            Box::new(own.filter_map(|own| match &own.value {
                Value::String(text) => Some(text.as_str()),
                Value::Bool(true) => Some("true"),
                Value::Bool(false) => Some("false"),
                Value::Object(coding) => coding.get("code").and_then(Value::as_str),
                _ => None,
            }))
        }
    }
}

/// A code and all codes below it.
fn with_descendants<'s>(system: &'s CodeSystem, code: &'s str) -> HashSet<&'s str> {
    let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
    for concept in &system.concepts {
        for parent in &concept.parents {
            children.entry(parent).or_default().push(&concept.code);
        }
    }
    reach(code, |code| children.get(code).into_iter().flatten().copied().collect())
}

/// A code and all codes above it.
fn with_ancestors<'s>(system: &'s CodeSystem, code: &'s str) -> HashSet<&'s str> {
    let concepts: HashMap<&str, &Concept> =
        system.concepts.iter().map(|concept| (concept.code.as_str(), concept)).collect();
    reach(code, |code| {
        let concept = concepts.get(code);
        concept.into_iter().flat_map(|concept| &concept.parents).map(String::as_str).collect()
    })
}

/// Everything that can be reached from a code; circles do no harm.
fn reach<'s>(from: &'s str, next: impl Fn(&str) -> Vec<&'s str>) -> HashSet<&'s str> {
    let mut reached = HashSet::from([from]);
    let mut open = vec![from];
    while let Some(code) = open.pop() {
        for code in next(code) {
            if reached.insert(code) {
                open.push(code);
            }
        }
    }
    reached
}
