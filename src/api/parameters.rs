//! What goes into an operation and comes out of it: query strings and Parameters (R4 §3.2.0.6).

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::fhir::IssueCode;
use crate::terminology::verdict::Asked;

use super::ApiError;
use super::request::{Body, Request};

/// The parameters of a request, those of the query first.
pub(super) struct Parameters(Vec<(String, Value)>);

impl Parameters {
    /// Reads query and body. A body that is no Parameters is the one resource the operation is about, say `valueSet`.
    pub(super) fn of(request: &Request, body: Body) -> Result<Parameters, ApiError> {
        let query = request.query.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
        let mut parameters: Vec<(String, Value)> = query.collect();
        if matches!(body, Body::Nothing) {
            return Ok(Parameters(parameters));
        }
        let body = body.into_value()?;
        match body.get("resourceType").and_then(Value::as_str) {
            Some("Parameters") => {
                let given = body.get("parameter").and_then(Value::as_array).into_iter().flatten();
                parameters.extend(given.filter_map(named));
            }
            Some("ValueSet") => parameters.push(("valueSet".to_owned(), body)),
            Some("CodeSystem") => parameters.push(("codeSystem".to_owned(), body)),
            Some("ConceptMap") => parameters.push(("conceptMap".to_owned(), body)),
            _ => {
                let text = "an operation takes a Parameters resource";
                return Err(ApiError::malformed(IssueCode::Structure, text));
            }
        }
        Ok(Parameters(parameters))
    }

    /// A value, as it was given; an empty text is none.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        let named = self.0.iter().filter(|(own, _)| own == name);
        named.map(|(_, value)| value).find(|value| value.as_str() != Some(""))
    }

    /// All values of that name.
    pub(super) fn values<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p Value> {
        let named = self.0.iter().filter(move |(own, _)| own == name);
        named.map(|(_, value)| value).filter(|value| value.as_str() != Some(""))
    }

    /// All of them, in their order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "a text")),
        }
    }

    /// A text that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)?.ok_or_else(|| missing(&format!("'{name}' is missing")))
    }

    /// A boolean; false when it is not given.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        Ok(self.choice(name)?.unwrap_or(false))
    }

    /// A boolean.
    pub(super) fn choice(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// A number from 0.
    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, ApiError> {
        let number = match self.value(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64().and_then(|number| usize::try_from(number).ok()),
        };
        number.map(Some).ok_or_else(|| wrong(name, "a number from 0"))
    }

    /// A structured value, as Coding, CodeableConcept and resources are. In a query a Coding may be `system|code`.
    pub(super) fn object(&self, name: &str) -> Result<Option<Cow<'_, Map<String, Value>>>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Cow::Borrowed(object))),
            Some(Value::String(token)) => match token.split_once('|') {
                Some((system, code)) if !code.is_empty() => {
                    let coding = [("system", system), ("code", code)].into_iter();
                    let coding = coding.filter(|(_, text)| !text.is_empty());
                    let coding = coding.map(|(name, text)| (name.to_owned(), Value::from(text)));
                    Ok(Some(Cow::Owned(coding.collect())))
                }
                _ => Err(wrong(name, "a coding: by GET it is 'system|code'")),
            },
            Some(_) => Err(wrong(name, "a coding or concept")),
        }
    }

    /// Refuses what would change the answer and is not done here.
    pub(super) fn refuse(&self, names: &[&str]) -> Result<(), ApiError> {
        match names.iter().find(|name| self.value(name).is_some()) {
            None => Ok(()),
            Some(name) => {
                let text = format!("the parameter '{name}' is not supported here");
                Err(ApiError::malformed(IssueCode::NotSupported, text))
            }
        }
    }
}

/// A parameter's name and value: the value, the resource, or its parts as an object of lists.
fn named(parameter: &Value) -> Option<(String, Value)> {
    let parameter = parameter.as_object()?;
    let name = parameter.get("name")?.as_str()?.to_owned();
    let value = parameter.iter().find(|(name, _)| name.starts_with("value") || *name == "resource");
    let value = match value {
        Some((_, value)) => value.clone(),
        None => {
            let mut parts = Map::new();
            for (part, value) in parameter.get("part")?.as_array()?.iter().filter_map(named) {
                parts.entry(part).or_insert(value);
            }
            Value::Object(parts)
        }
    };
    Some((name, value))
}

pub(super) fn missing(text: &str) -> ApiError {
    ApiError::malformed(IssueCode::Required, text)
}

pub(super) fn wrong(name: &str, what: &str) -> ApiError {
    ApiError::malformed(IssueCode::Value, format!("'{name}' takes {what}"))
}

/// A Coding as a question; `None` without a code.
pub(super) fn asked(coding: &Map<String, Value>) -> Option<Asked<'_>> {
    let text = |name: &str| coding.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (system, version, display) = (text("system"), text("version"), text("display"));
    Some(Asked { system, version, code: text("code")?, display })
}

/// A Parameters resource that is being written.
#[derive(Default)]
pub(super) struct Out(Vec<Value>);

impl Out {
    /// Adds a value under a name such as `valueString`.
    pub(super) fn add(&mut self, name: &str, kind: &str, value: impl Into<Value>) -> &mut Out {
        let mut parameter = Map::new();
        parameter.insert("name".to_owned(), name.into());
        parameter.insert(kind.to_owned(), value.into());
        self.0.push(Value::Object(parameter));
        self
    }

    /// Adds a value where there is one.
    pub(super) fn add_some(&mut self, name: &str, kind: &str, value: Option<impl Into<Value>>) -> &mut Out {
        match value {
            Some(value) => self.add(name, kind, value),
            None => self,
        }
    }

    /// Adds a parameter of parts.
    pub(super) fn add_parts(&mut self, name: &str, parts: Out) -> &mut Out {
        self.0.push(json!({"name": name, "part": parts.0}));
        self
    }

    /// The resource.
    pub(super) fn finish(self) -> Value {
        json!({"resourceType": "Parameters", "parameter": self.0})
    }
}
