//! From `name:modifier=value` to a [`Condition`].

use crate::definitions::{Definitions, SearchKind};

use super::condition::{Condition, NumberTest, Prefix, Values};
use super::registry::{ParameterKey, RegisteredParameter, Registry};
use super::value;

/// How many steps a chain may have.
const LONGEST_CHAIN: usize = 4;

/// Why a parameter is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// There is no such parameter; lenient servers pass over it (R4 §3.1.1.3.2).
    #[error("'{name}' is not a search parameter of {type_name}")]
    UnknownParameter {
        /// As sent.
        name: String,
        /// Resource type.
        type_name: String,
    },
    /// The modifier does not go with the parameter; such a search must be refused (R4 §3.1.1.4.6).
    #[error("the parameter '{name}' does not take the modifier ':{modifier}' here; it takes {allowed}")]
    Modifier {
        /// Parameter.
        name: String,
        /// As sent.
        modifier: String,
        /// What it takes.
        allowed: &'static str,
    },
    /// The value has not the form the parameter's type asks for.
    #[error("a value of '{name}' is not {expected}")]
    Value {
        /// Parameter.
        name: String,
        /// The form.
        expected: &'static str,
    },
    /// Only references can be followed.
    #[error("'{name}' is no reference and cannot be followed to '{rest}'")]
    NotAReference {
        /// Parameter.
        name: String,
        /// The rest of the chain.
        rest: String,
    },
    /// Too many steps.
    #[error("a chain may have {LONGEST_CHAIN} steps")]
    TooLong,
}

/// Reads one search parameter of a resource type. `own_base` is the base of the space that is asked: references to it are
/// local ones.
pub fn parse_condition(
    definitions: &Definitions,
    registry: &Registry,
    own_base: &str,
    type_name: &str,
    name: &str,
    value: &str,
) -> Result<Condition, SearchError> {
    Parser { definitions, registry, own_base }.condition(type_name, name, value, 0)
}

struct Parser<'p> {
    definitions: &'p Definitions,
    registry: &'p Registry,
    own_base: &'p str,
}

impl Parser<'_> {
    fn condition(
        &self,
        type_name: &str,
        name: &str,
        value: &str,
        depth: usize,
    ) -> Result<Condition, SearchError> {
        if depth >= LONGEST_CHAIN {
            return Err(SearchError::TooLong);
        }
        let (step, rest) = match name.split_once('.') {
            Some((step, rest)) => (step, Some(rest)),
            None => (name, None),
        };
        let (code, modifier) = match step.split_once(':') {
            Some((code, modifier)) => (code, Some(modifier)),
            None => (step, None),
        };
        if let (None, None, Some(condition)) = (rest, modifier, self.own(code, value)?) {
            return Ok(condition);
        }
        let unknown =
            || SearchError::UnknownParameter { name: code.to_owned(), type_name: type_name.to_owned() };
        let parameter = self.registry.find(type_name, code).ok_or_else(unknown)?;
        if let Some(rest) = rest {
            return self.chain(parameter, modifier, rest, value, depth);
        }
        if modifier == Some("missing") {
            let missing = match value {
                "true" => true,
                "false" => false,
                _ => return Err(SearchError::Value { name: name.to_owned(), expected: "true or false" }),
            };
            // A composite has entries for its parts only.
            let parameter = self.registry[parameter].parts.first().copied().unwrap_or(parameter);
            let RegisteredParameter { kind, identifier, .. } = self.registry[parameter];
            return Ok(Condition::Missing { parameter, kind, identifier, missing });
        }
        self.values(parameter, modifier, value)
    }

    /// `_id` and `_lastUpdated`, which the store knows without entries.
    fn own(&self, code: &str, text: &str) -> Result<Option<Condition>, SearchError> {
        if code.eq_ignore_ascii_case("_id") {
            // A full reference is no id, yet some clients send one.
            let bare = |text: &str| value::unescape(text).rsplit('/').next().unwrap_or_default().to_owned();
            return Ok(Some(Condition::Id(value::split(text, ',').into_iter().map(bare).collect())));
        }
        if code.eq_ignore_ascii_case("_lastUpdated") {
            let dates: Option<Vec<_>> = value::split(text, ',').into_iter().map(value::date).collect();
            let expected = "a date, perhaps with a prefix such as gt";
            let dates = dates.ok_or(SearchError::Value { name: code.to_owned(), expected })?;
            return Ok(Some(Condition::LastUpdated(dates)));
        }
        Ok(None)
    }

    fn chain(
        &self,
        parameter: ParameterKey,
        modifier: Option<&str>,
        rest: &str,
        value: &str,
        depth: usize,
    ) -> Result<Condition, SearchError> {
        let registered = &self.registry[parameter];
        if registered.kind != SearchKind::Reference {
            return Err(SearchError::NotAReference {
                name: registered.code.to_string(),
                rest: rest.to_owned(),
            });
        }
        let types = self.definitions.types();
        let declared = &registered.definition.target;
        let candidates: Vec<&str> = match modifier {
            Some(modifier) if types.resource(modifier).is_some() => vec![modifier],
            Some(modifier) => return Err(self.modifier_error(parameter, modifier, "a resource type")),
            None if declared.is_empty() || declared.iter().any(|t| t == "Resource") => {
                types.resources().map(|id| types[id].name.as_str()).collect()
            }
            None => declared.iter().map(String::as_str).filter(|t| types.resource(t).is_some()).collect(),
        };
        let (mut targets, mut refusal) = (Vec::new(), None);
        for candidate in candidates {
            match self.condition(candidate, rest, value, depth + 1) {
                Ok(condition) => targets.push((candidate.to_owned(), condition)),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        match (targets.is_empty(), refusal) {
            (true, Some(error)) => Err(error),
            _ => Ok(Condition::Chain { parameter, targets }),
        }
    }

    fn modifier_error(&self, parameter: ParameterKey, modifier: &str, allowed: &'static str) -> SearchError {
        SearchError::Modifier {
            name: self.registry[parameter].code.to_string(),
            modifier: modifier.to_owned(),
            allowed,
        }
    }

    fn values(
        &self,
        parameter: ParameterKey,
        modifier: Option<&str>,
        text: &str,
    ) -> Result<Condition, SearchError> {
        let registered = &self.registry[parameter];
        let plain = |parameter, values| Condition::Value { parameter, negated: false, values };
        match (registered.kind, modifier) {
            (SearchKind::Composite, None) => self.composite(parameter, text),
            (SearchKind::Token, Some("not")) => Ok(Condition::Value {
                parameter,
                negated: true,
                values: self.plain_values(parameter, None, text)?,
            }),
            (
                SearchKind::Token
                | SearchKind::Uri
                | SearchKind::Date
                | SearchKind::Number
                | SearchKind::Quantity,
                None,
            )
            | (SearchKind::String, None | Some("exact" | "contains"))
            | (SearchKind::Reference, None) => {
                Ok(plain(parameter, self.plain_values(parameter, modifier, text)?))
            }
            (SearchKind::Reference, Some("identifier")) => match registered.identifier {
                Some(identifier) => Ok(plain(identifier, self.plain_values(identifier, None, text)?)),
                None => Ok(Condition::Nothing),
            },
            (SearchKind::Reference, Some(modifier))
                if self.definitions.types().resource(modifier).is_some() =>
            {
                Ok(plain(parameter, self.plain_values(parameter, Some(modifier), text)?))
            }
            (kind, Some(modifier)) => Err(self.modifier_error(parameter, modifier, allowed_modifiers(kind))),
            (SearchKind::Special, None) => Ok(Condition::Nothing),
        }
    }

    fn plain_values(
        &self,
        parameter: ParameterKey,
        modifier: Option<&str>,
        text: &str,
    ) -> Result<Values, SearchError> {
        let registered = &self.registry[parameter];
        let parts = value::split(text, ',');
        let wrong = |expected| SearchError::Value { name: registered.code.to_string(), expected };
        Ok(match registered.kind {
            SearchKind::Uri => Values::Uri(parts.into_iter().map(value::unescape).collect()),
            SearchKind::Reference => Values::Reference(
                parts.into_iter().flat_map(|part| value::reference(part, modifier, self.own_base)).collect(),
            ),
            SearchKind::Date => {
                let dates: Option<Vec<(Prefix, _)>> = parts.into_iter().map(value::date).collect();
                Values::Date(dates.ok_or(wrong("a date, perhaps with a prefix such as gt"))?)
            }
            SearchKind::String => {
                Values::Text(parts.into_iter().map(|part| value::string(part, modifier)).collect())
            }
            SearchKind::Number => {
                let numbers: Option<Vec<NumberTest>> = parts.into_iter().map(value::number).collect();
                Values::Number(numbers.ok_or(wrong("a number, perhaps with a prefix such as gt"))?)
            }
            SearchKind::Quantity => {
                let numbers: Option<Vec<NumberTest>> = parts.into_iter().map(value::quantity).collect();
                Values::Number(
                    numbers.ok_or(wrong("a quantity: number, number|system|code or number||code"))?,
                )
            }
            SearchKind::Token | SearchKind::Composite | SearchKind::Special => {
                Values::Token(parts.into_iter().map(value::token).collect())
            }
        })
    }

    fn composite(&self, parameter: ParameterKey, text: &str) -> Result<Condition, SearchError> {
        let registered = &self.registry[parameter];
        let mut alternatives = Vec::new();
        for alternative in value::split(text, ',') {
            let values = value::split(alternative, '$');
            if values.len() != registered.parts.len() {
                let expected = "one value for each part, with $ between";
                return Err(SearchError::Value { name: registered.code.to_string(), expected });
            }
            let parts: Result<Vec<_>, SearchError> = registered
                .parts
                .iter()
                .zip(values)
                .map(|(part, value)| Ok((*part, self.plain_values(*part, None, value)?)))
                .collect();
            alternatives.push(parts?);
        }
        Ok(Condition::Composite(alternatives))
    }
}

fn allowed_modifiers(kind: SearchKind) -> &'static str {
    match kind {
        SearchKind::Token => ":not and :missing",
        SearchKind::String => ":exact, :contains and :missing",
        SearchKind::Reference => ":identifier, :missing and a resource type",
        _ => ":missing",
    }
}

/// A text as it stands in a search value (R4 §3.1.1.4.0.1).
pub fn escape(text: &str) -> String {
    let escaped = |c| matches!(c, '\\' | ',' | '|' | '$').then_some('\\').into_iter().chain([c]);
    text.chars().flat_map(escaped).collect()
}
