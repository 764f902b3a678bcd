//! Which concepts of a code system the filters of a value set let through (R4 §4.9.5.4, value set filter-operator; of
//! R5's operators `child-of` and `descendent-leaf` as well).

use std::borrow::Cow;
use std::collections::HashSet;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::concepts::{Concepts, is_abstract, is_inactive};
use super::missing::Missing;
use crate::definitions::code_system::{Concept, STANDARD_PROPERTIES};
use crate::definitions::value_set::Filter;

/// How large a regular expression may become when compiled, in bytes.
const MAX_REGEX: usize = 1 << 20;

/// What every concept can be asked for, whether or not its system speaks of it.
const ALWAYS: [&str; 5] = ["concept", "code", "display", "parent", "child"];

/// The concepts that meet all filters, in the order of the system; all concepts where there is no filter.
///
/// Errors: a filter says something that is not understood here.
pub(super) fn select<'s>(concepts: &Concepts<'s>, filters: &[Filter]) -> Result<Vec<&'s Concept>, Missing> {
    let mut selected: Vec<&Concept> = concepts.system.concepts.iter().collect();
    for filter in filters {
        let test = Test::new(concepts, filter).ok_or_else(|| Missing::Filter {
            system: concepts.system.url.clone(),
            property: filter.property.clone(),
            op: filter.op.clone(),
        })?;
        selected.retain(|concept| test.passes(concepts, concept));
    }
    Ok(selected)
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
    fn new(concepts: &Concepts<'f>, filter: &'f Filter) -> Option<Test<'f>> {
        let (property, value) = (filter.property.as_str(), filter.value.as_str());
        let is_defined = concepts.system.properties.iter().any(|known| known.code == property);
        if !(is_defined || ALWAYS.contains(&property) || STANDARD_PROPERTIES.contains(&property)) {
            return None;
        }
        let is_concept = matches!(property, "concept" | "code");
        let among = |codes, wanted| Some(Test::Among { codes, wanted });
        match filter.op.as_str() {
            "=" => Some(Test::Equals { property, values: vec![value], wanted: true }),
            "in" => Some(Test::Equals { property, values: split(value), wanted: true }),
            "not-in" => Some(Test::Equals { property, values: split(value), wanted: false }),
            "regex" => {
                let regex = RegexBuilder::new(&format!("^(?:{value})$")).size_limit(MAX_REGEX).build();
                Some(Test::Matches { property, regex: regex.ok()? })
            }
            "exists" => match value {
                "true" | "false" => Some(Test::Exists { property, wanted: value == "true" }),
                _ => None,
            },
            // All others are about where a concept stands. What is not in the system stands nowhere.
            _ if !is_concept => None,
            op => {
                let own = concepts.get(value)?.code.as_str();
                match op {
                    "is-a" => among(concepts.with_descendants(own), true),
                    "is-not-a" => among(concepts.with_descendants(own), false),
                    "generalizes" => among(concepts.with_ancestors(own), true),
                    "child-of" => {
                        among(concepts.children(own).map(|child| child.code.as_str()).collect(), true)
                    }
                    "descendent-of" | "descendent-leaf" => {
                        let mut codes = concepts.with_descendants(own);
                        codes.remove(own);
                        codes
                            .retain(|code| op == "descendent-of" || concepts.children(code).next().is_none());
                        among(codes, true)
                    }
                    _ => None,
                }
            }
        }
    }

    fn passes(&self, concepts: &Concepts<'_>, concept: &Concept) -> bool {
        match self {
            Test::Among { codes, wanted } => codes.contains(concept.code.as_str()) == *wanted,
            Test::Equals { property, values, wanted } => {
                let own = values_of(concepts, concept, property);
                own.iter().any(|own| values.contains(&own.as_ref())) == *wanted
            }
            Test::Matches { property, regex } => {
                values_of(concepts, concept, property).iter().any(|value| regex.is_match(value))
            }
            Test::Exists { property, wanted } => values_of(concepts, concept, property).is_empty() != *wanted,
        }
    }
}

fn split(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).collect()
}

/// The values of a property, as text.
fn values_of<'c>(concepts: &Concepts<'c>, concept: &'c Concept, property: &str) -> Vec<Cow<'c, str>> {
    let flag = |is: bool| vec![Cow::Borrowed(if is { "true" } else { "false" })];
    match property {
        "concept" | "code" => vec![concept.code.as_str().into()],
        "display" => concept.display.as_deref().map(Cow::Borrowed).into_iter().collect(),
        "parent" => concept.parents.iter().map(|parent| parent.as_str().into()).collect(),
        "child" => concepts.children(&concept.code).map(|child| child.code.as_str().into()).collect(),
        "inactive" => flag(is_inactive(concept)),
        "notSelectable" => flag(is_abstract(concept)),
        property => {
            let own = concept.properties.iter().filter(|own| own.code == property);
            let values: Vec<Cow<'c, str>> = own.filter_map(|own| text(&own.value)).collect();
            // Being active goes without saying.
            if values.is_empty() && property == "status" { vec!["active".into()] } else { values }
        }
    }
}

fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Bool(value) => Some(if *value { "true".into() } else { "false".into() }),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Object(coding) => coding.get("code").and_then(Value::as_str).map(Cow::Borrowed),
        _ => None,
    }
}
