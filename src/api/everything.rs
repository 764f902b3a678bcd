//! `Patient/[id]/$everything` (R4 OperationDefinition Patient-everything): a Patient's record, in pages.

use serde_json::Value;

use crate::fhir::time::Period;
use crate::fhir::{Issue, IssueCode};
use crate::gateway::RecordRequest;
use crate::search::{DEFAULT_COUNT, Handling, SearchRequest};
use crate::store::Key;

use super::operation::{Definition, Operation, Parameter};
use super::parameters::{Parameters, wrong};
use super::request::{Body, Request};
use super::search::searchset;
use super::{Answer, Api, ApiError, scope};

pub(super) const OPERATION: Operation = Operation {
    code: "everything",
    resource: Some("Patient"),
    on_type: false,
    on_instance: true,
    definition: Definition::Part("http://hl7.org/fhir/OperationDefinition/Patient-everything"),
    description: "Gives a Patient's record in pages, oldest version first: what is in the Patient compartment, the Tasks \
                  for the Patient, and what these refer to of other types, one step far.",
    parameters: &[
        Parameter::input("start", 0, "1", "date"),
        Parameter::input("end", 0, "1", "date"),
        Parameter::input("_since", 0, "1", "instant"),
        Parameter::input("_type", 0, "*", "code"),
        Parameter::input("_count", 0, "1", "integer"),
        Parameter::output("return", 1, "1", "Bundle"),
    ],
};

/// The operation, by GET or POST. Without `_count` a page holds as many as that of a search.
pub(super) async fn everything(
    api: &Api,
    request: &Request,
    id: &str,
    body: Body,
) -> Result<Answer, ApiError> {
    let asked = Asked::of(api, request, id, &Parameters::of(request, body)?)?;
    let key = Key::new(request.space.id, "Patient", id);
    let patient = api.gateway.store().read(&request.viewer, &key).await?.ok_or(ApiError::NotFound)?;
    if patient.body.is_none() {
        return Err(ApiError::Deleted(patient.version));
    }
    let mut answer = api.gateway.record(&request.viewer, &request.space, &asked.record).await?;
    answer.issues.extend(asked.remarks);
    let url = format!("{}/Patient/{id}/$everything", request.space.base);
    let search = SearchRequest { used: asked.used, ..SearchRequest::default() };
    searchset(api, request, &url, &search, answer)
}

/// What is asked.
struct Asked {
    record: RecordRequest,
    /// The parameters that are heeded, as texts, for the links.
    used: Vec<(String, String)>,
    /// What is not heeded.
    remarks: Vec<Issue>,
}

impl Asked {
    fn of(api: &Api, request: &Request, id: &str, parameters: &Parameters) -> Result<Asked, ApiError> {
        let mut used = Vec::new();
        // A '+' that was not escaped has become a space.
        let period = |name: &str| match parameters.text(name)?.map(|text| text.replace(' ', "+")) {
            None => Ok(None),
            Some(text) => Period::parse(&text).map(Some).ok_or_else(|| wrong(name, "a date or a moment")),
        };
        let record = RecordRequest {
            patient: id.to_owned(),
            types: types(api, parameters)?,
            readable: scope::record_types(api, request),
            since: period("_since")?.map(|since| since.low),
            start: period("start")?.map(|start| start.low),
            end: period("end")?.map(|end| end.high),
            count: parameters.number("_count")?.unwrap_or(DEFAULT_COUNT),
            after: parameters.text("_after")?.map(str::to_owned),
        };
        let mut remarks = Vec::new();
        for (name, value) in parameters.all() {
            match (name, value) {
                ("_type" | "_since" | "start" | "end" | "_after", Value::String(text)) => {
                    used.push((name.to_owned(), text.replace(' ', "+")));
                }
                ("_count", Value::String(text)) => used.push((name.to_owned(), text.clone())),
                ("_count", value) => used.push((name.to_owned(), value.to_string())),
                ("_format" | "_pretty", Value::String(text)) => used.push((name.to_owned(), text.clone())),
                _ => {
                    let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                    let text = format!("'{name}' is not a parameter of $everything");
                    if request.preferences.handling == Handling::Strict {
                        return Err(ApiError::malformed(IssueCode::NotSupported, text));
                    }
                    remarks.push(Issue::warning(IssueCode::NotSupported, format!("passed over: {text}")));
                }
            }
        }
        Ok(Asked { record, used, remarks })
    }
}

/// The types that `_type` names, each once.
fn types(api: &Api, parameters: &Parameters) -> Result<Vec<String>, ApiError> {
    let mut types: Vec<String> = Vec::new();
    for value in parameters.values("_type") {
        let names = value.as_str().unwrap_or("?").split(',').map(str::trim).filter(|name| !name.is_empty());
        for name in names {
            if api.gateway.definitions().types().resource(name).is_none() {
                return Err(wrong("_type", "resource types"));
            }
            if !types.iter().any(|known| known == name) {
                types.push(name.to_owned());
            }
        }
    }
    Ok(types)
}
