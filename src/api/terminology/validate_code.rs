//! `ValueSet/$validate-code` (R4 §4.9.19.2) and `CodeSystem/$validate-code` (R4 §4.8.16.3).

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::api::request::{Body, Request};
use crate::api::{Answer, Api, ApiError};
use crate::fhir::{Issue, IssueCode, OperationOutcome, Severity};
use crate::gateway::Needs;
use crate::terminology::verdict::{Asked, Verdict, in_system, in_value_set};
use crate::terminology::{Membership, Missing, Shelf};

use super::subject;
use crate::api::operation::{Definition, Operation, Parameter};
use crate::api::parameters::{Out, Parameters, asked, missing};

/// The parameter by which terminology servers tell that the answer is no for want of a code system.
const UNKNOWN_SYSTEM: &str = "x-caused-by-unknown-system";

pub(super) const OF_VALUE_SET: Operation = Operation {
    code: "validate-code",
    resource: Some("ValueSet"),
    on_type: true,
    on_instance: true,
    definition: Definition::Part("http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code"),
    description: "Tells whether a code is in a value set.",
    parameters: &[
        Parameter::input("url", 0, "1", "uri"),
        Parameter::input("context", 0, "1", "uri"),
        Parameter::input("valueSet", 0, "1", "ValueSet"),
        Parameter::input("valueSetVersion", 0, "1", "string"),
        Parameter::input("code", 0, "1", "code"),
        Parameter::input("system", 0, "1", "uri"),
        Parameter::input("systemVersion", 0, "1", "string"),
        Parameter::input("display", 0, "1", "string"),
        Parameter::input("coding", 0, "1", "Coding"),
        Parameter::input("codeableConcept", 0, "1", "CodeableConcept"),
        Parameter::input("abstract", 0, "1", "boolean"),
        Parameter::output("result", 1, "1", "boolean"),
        Parameter::output("message", 0, "1", "string"),
        Parameter::output("display", 0, "1", "string"),
        Parameter::output("code", 0, "1", "code"),
        Parameter::output("system", 0, "1", "uri"),
        Parameter::output("version", 0, "1", "string"),
        Parameter::output(UNKNOWN_SYSTEM, 0, "*", "canonical"),
        Parameter::output("issues", 0, "1", "OperationOutcome"),
    ],
};

pub(super) const OF_CODE_SYSTEM: Operation = Operation {
    code: "validate-code",
    resource: Some("CodeSystem"),
    on_type: true,
    on_instance: true,
    definition: Definition::Part("http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code"),
    description: "Tells whether a code is in a code system.",
    parameters: &[
        Parameter::input("url", 0, "1", "uri"),
        Parameter::input("codeSystem", 0, "1", "CodeSystem"),
        Parameter::input("code", 0, "1", "code"),
        Parameter::input("version", 0, "1", "string"),
        Parameter::input("display", 0, "1", "string"),
        Parameter::input("coding", 0, "1", "Coding"),
        Parameter::input("codeableConcept", 0, "1", "CodeableConcept"),
        Parameter::input("abstract", 0, "1", "boolean"),
        Parameter::output("result", 1, "1", "boolean"),
        Parameter::output("message", 0, "1", "string"),
        Parameter::output("display", 0, "1", "string"),
        Parameter::output("code", 0, "1", "code"),
        Parameter::output("system", 0, "1", "uri"),
        Parameter::output("version", 0, "1", "string"),
        Parameter::output(UNKNOWN_SYSTEM, 0, "*", "canonical"),
        Parameter::output("issues", 0, "1", "OperationOutcome"),
    ],
};

/// Whether a code is in a value set.
pub(super) async fn of_value_set(
    api: &Api,
    request: &Request,
    id: Option<&str>,
    body: Body,
) -> Result<Answer, ApiError> {
    let parameters = Parameters::of(request, body)?;
    parameters.refuse(&["date"])?;
    let codings = codings(&parameters, "systemVersion")?;
    let mut shelf = Shelf::new(api.gateway.terminology());
    let subject = subject::value_set(api, request, id, &parameters, &mut shelf).await?;
    let verdicts = codings.asked().map(|asked| (asked, in_value_set(&shelf, &subject.codes, asked)));
    answer(verdicts.collect(), "value set", &parameters)
}

/// Whether a code is in a code system.
pub(super) async fn of_code_system(
    api: &Api,
    request: &Request,
    id: Option<&str>,
    body: Body,
) -> Result<Answer, ApiError> {
    let parameters = Parameters::of(request, body)?;
    parameters.refuse(&["date"])?;
    let codings = codings(&parameters, "version")?;
    let mut shelf = Shelf::new(api.gateway.terminology());
    let own = subject::code_system(api, request, id, &parameters, &mut shelf).await?;
    let url = match &own {
        Some(own) => Some(own.url.as_str()),
        None => parameters.text("url")?,
    };
    let mut needs = Needs::default();
    needs.code_systems.extend(url.map(str::to_owned));
    needs.code_systems.extend(codings.asked().filter_map(|asked| asked.system.map(str::to_owned)));
    api.gateway.fill(&request.space, &mut shelf, needs).await?;
    let mut verdicts = Vec::new();
    for asked in codings.asked() {
        let system =
            url.or(asked.system).ok_or_else(|| missing("the code system is missing: name it by 'url'"))?;
        let mut verdict = in_system(&shelf, system, Asked { system: Some(system), ..asked });
        if asked.system.is_some_and(|own| own != system) {
            verdict.membership = Membership::NotMember;
        }
        verdicts.push((asked, verdict));
    }
    answer(verdicts, "code system", &parameters)
}

/// What is asked about: `code`, `coding` or `codeableConcept`.
struct Codings<'p>(Vec<Cow<'p, Map<String, Value>>>);

impl Codings<'_> {
    fn asked(&self) -> impl Iterator<Item = Asked<'_>> {
        self.0.iter().filter_map(|coding| asked(coding))
    }
}

fn codings<'p>(parameters: &'p Parameters, version: &str) -> Result<Codings<'p>, ApiError> {
    let given =
        ["code", "coding", "codeableConcept"].into_iter().filter(|name| parameters.value(name).is_some());
    let given: Vec<&str> = given.collect();
    let codings = match given.as_slice() {
        ["code"] => {
            let mut coding = Map::new();
            let names =
                [("code", "code"), ("system", "system"), (version, "version"), ("display", "display")];
            for (name, property) in names {
                if let Some(text) = parameters.text(name)? {
                    coding.insert(property.to_owned(), text.into());
                }
            }
            vec![Cow::Owned(coding)]
        }
        ["coding"] => parameters.object("coding")?.into_iter().collect(),
        ["codeableConcept"] => {
            let concept = parameters.object("codeableConcept")?;
            let codings = concept.and_then(|concept| Some(concept.get("coding")?.as_array()?.clone()));
            let codings = codings.into_iter().flatten();
            codings.filter_map(|coding| coding.as_object().cloned().map(Cow::Owned)).collect()
        }
        _ => {
            let text = "exactly one of 'code', 'coding' and 'codeableConcept' is needed";
            return Err(missing(text));
        }
    };
    let codings = Codings(codings);
    if codings.asked().next().is_none() {
        return Err(missing("there is no code to validate"));
    }
    Ok(codings)
}

/// One code that is in is enough; if none is certain to be, one that may be leaves it open.
fn answer(
    verdicts: Vec<(Asked<'_>, Verdict)>,
    what: &str,
    parameters: &Parameters,
) -> Result<Answer, ApiError> {
    let refuses_abstract = parameters.choice("abstract")? == Some(false);
    let is_out = |verdict: &Verdict| refuses_abstract && verdict.is_abstract;
    let rank = |(_, verdict): &&(Asked<'_>, Verdict)| match verdict.membership {
        Membership::Member if is_out(verdict) => 1,
        Membership::Member => 3,
        Membership::Unknown => 2,
        Membership::NotMember => 0,
    };
    // The first of the best.
    let best = verdicts.iter().rev().max_by_key(rank);
    let Some((asked, verdict)) = best else { return Err(missing("there is no code to validate")) };
    let is_fine = verdict.membership == Membership::Member && !is_out(verdict);
    let mut messages: Vec<String> = Vec::new();
    match verdict.membership {
        Membership::Member if is_out(verdict) => {
            messages.push("the code only groups others, and 'abstract' is false".to_owned());
        }
        Membership::Member => {}
        Membership::NotMember => messages.push(format!("the code is not in the {what}")),
        Membership::Unknown => {
            let reasons: Vec<String> = verdict.missing.iter().map(ToString::to_string).collect();
            messages
                .push(format!("it cannot be told whether the code is in the {what}: {}", reasons.join("; ")));
        }
    }
    if verdict.is_misnamed {
        messages.push("the display given is none the code has".to_owned());
    }
    if verdict.is_inactive {
        messages.push("the code is no longer in use".to_owned());
    }
    let mut out = Out::default();
    out.add("result", "valueBoolean", is_fine);
    out.add_some("message", "valueString", (!messages.is_empty()).then(|| messages.join("; ")));
    if verdict.membership != Membership::NotMember {
        out.add_some("display", "valueString", verdict.display.as_deref());
        out.add("code", "valueCode", asked.code);
        out.add_some("system", "valueUri", verdict.system.as_deref());
        out.add_some("version", "valueString", verdict.version.as_deref());
    }
    if verdict.membership == Membership::Unknown {
        let systems: BTreeSet<&str> = verdict.missing.iter().filter_map(Missing::system).collect();
        for system in systems {
            out.add(UNKNOWN_SYSTEM, "valueCanonical", system);
        }
        let issues = verdict.missing.iter();
        let issues = issues.map(|m| Issue::new(Severity::Information, IssueCode::NotFound, m.to_string()));
        out.add("issues", "resource", OperationOutcome::from(issues.collect::<Vec<_>>()).to_value());
    }
    Ok(Answer::resource(out.finish().to_string()))
}
