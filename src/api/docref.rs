//! `DocumentReference/$docref` (US Core): a patient's documents. None is made on demand; what is stored is found.

use serde_json::Value;

use crate::fhir::Id;
use crate::fhir::bundle::BundleText;
use crate::fhir::time::Period;
use crate::search::escape;

use super::operation::{Definition, Operation, Parameter};
use super::parameters::{Parameters, asked, wrong};
use super::request::{Body, Request};
use super::{Answer, Api, ApiError, search};

pub(super) const OPERATION: Operation = Operation {
    code: "docref",
    resource: Some("DocumentReference"),
    on_type: true,
    on_instance: false,
    definition: Definition::Whole("http://hl7.org/fhir/us/core/OperationDefinition/docref"),
    description: "Finds a patient's documents among those that are stored.",
    parameters: &[
        Parameter::input("patient", 1, "1", "id"),
        Parameter::input("start", 0, "1", "dateTime"),
        Parameter::input("end", 0, "1", "dateTime"),
        Parameter::input("type", 0, "*", "Coding"),
        Parameter::input("on-demand", 0, "1", "boolean"),
        Parameter::input("profile", 0, "*", "canonical"),
        Parameter::output("return", 1, "1", "Bundle"),
    ],
};

/// The operation: `patient`, the range of care `start` to `end`, `type`, `profile`; several types or profiles mean any of
/// them. Without a range, what is current.
pub(super) async fn docref(api: &Api, request: &Request, body: Body) -> Result<Answer, ApiError> {
    let parameters = Parameters::of(request, body)?;
    let patient = parameters.required("patient")?;
    let patient = Id::parse(patient.trim_start_matches("Patient/"))
        .ok_or_else(|| wrong("patient", "the id of a Patient"))?;
    let mut query = vec![("patient".to_owned(), format!("Patient/{patient}"))];
    for (name, prefix) in [("start", "ge"), ("end", "le")] {
        if let Some(text) = parameters.text(name)? {
            // A '+' that was not escaped has become a space.
            let text = text.replace(' ', "+");
            Period::parse(&text).ok_or_else(|| wrong(name, "a date and time"))?;
            query.push(("period".to_owned(), format!("{prefix}{text}")));
        }
    }
    if query.len() == 1 {
        query.push(("status".to_owned(), "current".to_owned()));
    }
    for (name, parameter) in [("type", "type"), ("profile", "_profile")] {
        let tokens: Option<Vec<String>> = parameters.values(name).map(token).collect();
        let tokens =
            tokens.ok_or_else(|| wrong(name, "a coding or canonical; by GET a coding is 'system|code'"))?;
        if !tokens.is_empty() {
            query.push((parameter.to_owned(), tokens.join(",")));
        }
    }
    if parameters.flag("on-demand")? {
        let now = api.gateway.clock().now().to_fhir();
        let url =
            format!("{}/DocumentReference/$docref?patient={patient}&on-demand=true", request.space.base);
        return Ok(Answer::resource(BundleText::new("searchset", &now, Some(0), &[("self", &url)]).finish()));
    }
    query.push(("_sort".to_owned(), "-date".to_owned()));
    let found = Request { query, ..request.clone() };
    search::search(api, &found, Some("DocumentReference"), Body::Nothing).await
}

/// A coding or text as a search value.
fn token(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(coding) => {
            let coding = asked(coding)?;
            let system = coding.system.map_or(String::new(), |system| format!("{}|", escape(system)));
            Some(format!("{system}{}", escape(coding.code)))
        }
        _ => None,
    }
}
