//! What a kick-off asks for, in its query or in Parameters.

use serde_json::Value;

use crate::api::request::{Body, Request};
use crate::api::{Api, ApiError};
use crate::fhir::time::{Instant, Period};
use crate::fhir::{IssueCode, Reference};
use crate::gateway::ExportLevel;

/// What is asked for.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) types: Option<Vec<String>>,
    pub(super) since: Option<Instant>,
    pub(super) elements: Vec<String>,
    pub(super) patients: Vec<String>,
}

impl Asked {
    /// Reads query and body. What is not known or cannot be done is passed over only with `Prefer: handling=lenient`, for
    /// a client that asked for a part does not want the whole.
    pub(super) fn of(
        api: &Api,
        request: &Request,
        level: &ExportLevel,
        body: Body,
    ) -> Result<Asked, ApiError> {
        let mut given = request.query.clone();
        if !matches!(body, Body::Nothing) {
            given.extend(of_body(&body.into_value()?)?);
        }
        let mut asked = Asked::default();
        let possible = api.gateway.export_types(level);
        let refuse = |text: String| match request.preferences.is_lenient {
            true => Ok(()),
            false => Err(ApiError::malformed(IssueCode::NotSupported, text)),
        };
        for (name, value) in &given {
            let listed = || value.split(',').map(str::trim).filter(|part| !part.is_empty());
            match name.as_str() {
                "_format" | "_pretty" => {}
                // A '+' that was not escaped has become a space.
                "_outputFormat" => match value.replace(' ', "+").as_str() {
                    "application/fhir+ndjson" | "application/ndjson" | "ndjson" => {}
                    _ => refuse("_outputFormat is application/fhir+ndjson".into())?,
                },
                "_since" => {
                    let period = Period::parse(&value.replace(' ', "+"));
                    let wrong = || ApiError::malformed(IssueCode::Value, "_since takes an instant");
                    asked.since = Some(period.ok_or_else(wrong)?.low);
                }
                "_type" => {
                    let types = asked.types.get_or_insert_default();
                    for wanted in listed() {
                        match possible.contains(&wanted) {
                            true if types.iter().any(|known| known == wanted) => {}
                            true => types.push(wanted.to_owned()),
                            false => {
                                refuse("_type names a type that an export at this level does not have".into())?;
                            }
                        }
                    }
                }
                "_elements" => asked.elements.extend(listed().map(str::to_owned)),
                "patient" if *level != ExportLevel::System => {
                    let wrong = || ApiError::malformed(IssueCode::Value, "'patient' is a reference to a Patient");
                    let id = match Reference::parse(value).local(&request.space.base) {
                        Some(("Patient", id)) => id,
                        _ => return Err(wrong()),
                    };
                    asked.patients.push(id.to_owned());
                }
                _ => refuse(
                    "a parameter is not known here; known are _outputFormat, _since, _type, _elements and patient; \
                     'Prefer: handling=lenient' passes over the others"
                        .into(),
                )?,
            }
        }
        Ok(asked)
    }
}

/// The parameters of a Parameters resource as texts.
fn of_body(body: &Value) -> Result<Vec<(String, String)>, ApiError> {
    if body["resourceType"] != "Parameters" {
        return Err(ApiError::malformed(IssueCode::Structure, "an operation takes a Parameters resource"));
    }
    let given = body["parameter"].as_array().into_iter().flatten();
    let pairs = given.filter_map(|parameter| {
        let value = parameter.as_object()?.iter().find(|(name, _)| name.starts_with("value"))?.1;
        let text = value.as_str().or_else(|| value["reference"].as_str())?;
        Some((parameter["name"].as_str()?.to_owned(), text.to_owned()))
    });
    Ok(pairs.collect())
}
