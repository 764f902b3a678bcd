//! Asking a terminology server by HTTP: `ValueSet/$validate-code`, `CodeSystem/$validate-code`, `CodeSystem/$subsumes`.

use reqwest::{StatusCode, Url};
use serde_json::{Value, json};

use super::question::Question;
use crate::definitions::ValueSet;
use crate::definitions::canonical::split;
use crate::fetch::{self, FetchError};
use crate::fhir::json;
use crate::terminology::{Library as _, Terminology};

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// What the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// Yes, no, or that it cannot tell.
    Answer(Option<bool>),
    /// Nothing of use: it should be asked again some other time.
    Failed,
}

/// A client of one server.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// A client of the server at a FHIR base.
    pub(super) fn new(base: &str) -> Result<Client, FetchError> {
        Ok(Client { http: fetch::trusting()?, base: base.trim_end_matches('/').to_owned() })
    }

    /// Puts one question.
    pub(super) async fn ask(&self, question: &Question, local: &Terminology) -> Reply {
        match question {
            Question::Member { value_set, system, code } => {
                let implied = || local.system_of(value_set, code);
                let Some(system) = system.as_deref().or_else(implied) else { return Reply::Answer(None) };
                self.post(&is_member(local, value_set, system, code), result).await
            }
            Question::KindOf { system, general, specific } => {
                let parameters = [
                    ("system", "valueUri", system),
                    ("codeA", "valueCode", general),
                    ("codeB", "valueCode", specific),
                ];
                let parameters = parameters.map(|(name, kind, value)| json!({"name": name, kind: value}));
                let request = Request { path: "CodeSystem/$subsumes", parameters: parameters.into() };
                self.post(&request, outcome).await
            }
        }
    }

    async fn post(&self, request: &Request, read: fn(&Value) -> Option<bool>) -> Reply {
        let Ok(url) = Url::parse(&format!("{}/{}", self.base, request.path)) else { return Reply::Failed };
        let body = json!({"resourceType": "Parameters", "parameter": request.parameters}).to_string();
        let sent = self
            .http
            .post(url)
            .header("Content-Type", "application/fhir+json")
            .header("Accept", "application/fhir+json")
            .body(body)
            .send()
            .await;
        let Ok(mut response) = sent else { return Reply::Failed };
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Reply::Failed;
        }
        // It does not know the value set or the system, or does not do this at all.
        if !status.is_success() {
            return Reply::Answer(None);
        }
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= MAX_ANSWER => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Ok(Some(_)) | Err(_) => return Reply::Failed,
            }
        }
        match json::parse(&bytes) {
            Ok(answer) if answer.get("resourceType").and_then(Value::as_str) == Some("Parameters") => {
                Reply::Answer(read(&answer))
            }
            _ => Reply::Failed,
        }
    }
}

/// A question as it is sent.
#[derive(Debug, PartialEq)]
struct Request {
    path: &'static str,
    parameters: Vec<Value>,
}

/// How to ask whether a code is in a value set. Where all depends on whether the system has the code, that is asked, and
/// any server that has the system can tell. Where the value set is here, the rules that matter are sent along: it need not
/// be there. Else it goes by its name.
fn is_member(local: &Terminology, value_set: &str, system: &str, code: &str) -> Request {
    let parameter = |name: &str, kind: &str, value: Value| json!({"name": name, kind: value});
    if local.set(value_set).is_some_and(|set| set.hinges_on_system(system, code)) {
        let parameters =
            vec![parameter("url", "valueUri", system.into()), parameter("code", "valueCode", code.into())];
        return Request { path: "CodeSystem/$validate-code", parameters };
    }
    let mut parameters = match local.value_set(value_set).and_then(|set| rules_for(set, system)) {
        Some(set) => vec![parameter("valueSet", "resource", set.to_resource())],
        None => {
            let (url, version) = split(value_set);
            let version = version.map(|version| parameter("valueSetVersion", "valueString", version.into()));
            std::iter::once(parameter("url", "valueUri", url.into())).chain(version).collect()
        }
    };
    parameters.push(parameter("coding", "valueCoding", json!({"system": system, "code": code})));
    Request { path: "ValueSet/$validate-code", parameters }
}

/// The rules of a value set that are about one system; `None` when they name other value sets, which a server may know or
/// not.
fn rules_for(set: &ValueSet, system: &str) -> Option<ValueSet> {
    let about = |rules: &[crate::definitions::value_set::Include]| {
        let about = rules.iter().filter(|rule| rule.system.as_deref().is_none_or(|own| own == system));
        about.cloned().collect::<Vec<_>>()
    };
    let (include, exclude) = (about(&set.include), about(&set.exclude));
    let is_plain = include.iter().chain(&exclude).all(|rule| rule.value_sets.is_empty());
    // Under its own name a server might take its own definition instead.
    (is_plain && !include.is_empty()).then(|| ValueSet {
        include,
        exclude,
        inactive: set.inactive,
        status: set.status.clone(),
        ..ValueSet::default()
    })
}

/// What `$validate-code` says. Servers tell by further parameters, or by issues, when they say no for want of a system or
/// value set.
fn result(answer: &Value) -> Option<bool> {
    let parameters = answer.get("parameter")?.as_array()?;
    let named = |name: &str| {
        parameters.iter().find(|parameter| parameter.get("name").and_then(Value::as_str) == Some(name))
    };
    let result = named("result")?.get("valueBoolean")?.as_bool()?;
    let is_unknown =
        ["x-caused-by-unknown-system", "x-unknown-system"].iter().any(|name| named(name).is_some());
    let issues = named("issues").and_then(|issues| issues.get("resource")?.get("issue")?.as_array());
    let not_found = issues.into_iter().flatten().any(|issue| {
        matches!(issue.get("code").and_then(Value::as_str), Some("not-found" | "not-supported"))
    });
    (result || !(is_unknown || not_found)).then_some(result)
}

/// What `$subsumes` says: whether the first is the second or more general.
fn outcome(answer: &Value) -> Option<bool> {
    let parameters = answer.get("parameter")?.as_array()?;
    let outcome = parameters.iter().find(|parameter| parameter["name"] == "outcome")?;
    match outcome.get("valueCode")?.as_str()? {
        "equivalent" | "subsumes" => Some(true),
        "subsumed-by" | "not-subsumed" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use super::*;
    use crate::definitions::Definitions;

    fn terminology() -> &'static Terminology {
        static TERMINOLOGY: OnceLock<Terminology> = OnceLock::new();
        TERMINOLOGY.get_or_init(|| Terminology::new(Arc::new(Definitions::embedded().unwrap())))
    }

    #[test]
    fn questions_as_they_are_sent() {
        const SNOMED: &str = "http://snomed.info/sct";
        for (value_set, system, path, first) in [
            // All of LOINC, whatever else.
            (
                "http://hl7.org/fhir/us/core/ValueSet/us-core-procedure-code",
                "http://loinc.org",
                "CodeSystem/$validate-code",
                json!({"name": "url", "valueUri": "http://loinc.org"}),
            ),
            // What is below a concept.
            (
                "http://hl7.org/fhir/ValueSet/body-site",
                SNOMED,
                "ValueSet/$validate-code",
                json!({"name": "valueSet", "resource": {"resourceType": "ValueSet", "status": "draft", "compose": {"include": [
                    {"system": SNOMED, "filter": [{"property": "concept", "op": "is-a", "value": "442083009"}]}]}}}),
            ),
            // What nobody here has heard of.
            (
                "http://nobody.example/ValueSet/x|2",
                SNOMED,
                "ValueSet/$validate-code",
                json!({"name": "url", "valueUri": "http://nobody.example/ValueSet/x"}),
            ),
        ] {
            let request = is_member(terminology(), value_set, system, "123");
            assert_eq!(request.path, path, "{value_set}");
            assert_eq!(request.parameters[0], first, "{value_set}");
        }
    }

    #[test]
    fn answers_as_they_are_read() {
        let with = |more: Value| {
            let mut parameters = vec![json!({"name": "result", "valueBoolean": false})];
            parameters.push(more);
            json!({"resourceType": "Parameters", "parameter": parameters})
        };
        let issue = |code: &str| json!({"name": "issues", "resource": {"resourceType": "OperationOutcome", "issue": [{"code": code}]}});
        for (answer, expected) in [
            (json!({"parameter": [{"name": "result", "valueBoolean": true}]}), Some(true)),
            (json!({"parameter": [{"name": "result", "valueBoolean": false}]}), Some(false)),
            (json!({"parameter": [{"name": "result", "valueString": "true"}]}), None),
            (json!({"parameter": [{"name": "message", "valueString": "no"}]}), None),
            (json!({"parameter": "no"}), None),
            (json!({}), None),
            (with(json!({"name": "message", "valueString": "no"})), Some(false)),
            (with(json!({"name": "x-caused-by-unknown-system", "valueCanonical": "http://loinc.org"})), None),
            (with(json!({"name": "x-unknown-system", "valueCanonical": "http://loinc.org"})), None),
            (with(issue("not-found")), None),
            (with(issue("code-invalid")), Some(false)),
        ] {
            assert_eq!(result(&answer), expected, "{answer}");
        }
        for (code, expected) in [
            ("subsumes", Some(true)),
            ("equivalent", Some(true)),
            ("subsumed-by", Some(false)),
            ("not-subsumed", Some(false)),
            ("perhaps", None),
        ] {
            assert_eq!(outcome(&json!({"parameter": [{"name": "outcome", "valueCode": code}]})), expected);
        }
    }
}
