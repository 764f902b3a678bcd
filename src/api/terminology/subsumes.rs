//! `CodeSystem/$subsumes` (R4 §4.8.16.2).

use crate::api::request::{Body, Request};
use crate::api::{Answer, Api, ApiError};
use crate::fhir::IssueCode;
use crate::gateway::Needs;
use crate::terminology::Shelf;
use crate::terminology::subsumption::subsumes;

use super::lookup::refused;
use super::subject::{self, undecided};
use crate::api::operation::{Definition, Operation, Parameter};
use crate::api::parameters::{Out, Parameters, asked, missing};

pub(super) const OPERATION: Operation = Operation {
    code: "subsumes",
    resource: Some("CodeSystem"),
    on_type: true,
    on_instance: true,
    definition: Definition::Whole("http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes"),
    description: "Tells how two codes of a code system stand to each other.",
    parameters: &[
        Parameter::input("codeA", 0, "1", "code"),
        Parameter::input("codeB", 0, "1", "code"),
        Parameter::input("system", 0, "1", "uri"),
        Parameter::input("version", 0, "1", "string"),
        Parameter::input("codingA", 0, "1", "Coding"),
        Parameter::input("codingB", 0, "1", "Coding"),
        Parameter::output("outcome", 1, "1", "code"),
    ],
};

/// How two codes stand to each other.
pub(super) async fn operation(
    api: &Api,
    request: &Request,
    id: Option<&str>,
    body: Body,
) -> Result<Answer, ApiError> {
    let parameters = Parameters::of(request, body)?;
    let (coding_a, coding_b) = (parameters.object("codingA")?, parameters.object("codingB")?);
    let (coding_a, coding_b) = (coding_a.as_deref().and_then(asked), coding_b.as_deref().and_then(asked));
    let (code_a, code_b) = match (coding_a, coding_b) {
        (Some(a), Some(b)) => (a.code, b.code),
        (None, None) => (parameters.required("codeA")?, parameters.required("codeB")?),
        _ => return Err(missing("both 'codingA' and 'codingB' are needed")),
    };
    let mut shelf = Shelf::new(api.gateway.terminology());
    let own = subject::code_system(api, request, id, &parameters, &mut shelf).await?;
    let given = match &own {
        Some(own) => Some(own.url.as_str()),
        None => parameters.text("system")?,
    };
    let system = given.or(coding_a.and_then(|coding| coding.system));
    let system = system.ok_or_else(|| missing("the 'system' of the codes is missing"))?;
    let mut others = [coding_a, coding_b].into_iter().flatten().filter_map(|coding| coding.system);
    if others.any(|other| other != system) {
        let text = "nothing is known of how codes of different systems stand to each other";
        return Err(undecided(IssueCode::NotSupported, text));
    }
    let mut needs = Needs::default();
    if own.is_none() {
        needs.code_systems.insert(system.to_owned());
    }
    api.gateway.fill(&request.space, &mut shelf, needs).await?;
    let version = match &own {
        Some(own) => Some(own.version.as_str()),
        None => parameters.text("version")?.or(coding_a.and_then(|coding| coding.version)),
    };
    let outcome = subsumes(&shelf, system, version, code_a, code_b).map_err(refused)?;
    let mut out = Out::default();
    out.add("outcome", "valueCode", outcome.code());
    Ok(Answer::resource(out.finish().to_string()))
}
