//! `ConceptMap/$translate` (R4 §4.10.6.1).

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::api::request::{Body, Request};
use crate::api::{Answer, Api, ApiError};
use crate::terminology::Shelf;
use crate::terminology::translation::{Match, Wanted, by_any_map, by_map};

use super::subject;
use crate::api::operation::{Definition, Operation, Parameter};
use crate::api::parameters::{Out, Parameters, asked, missing};

pub(super) const OPERATION: Operation = Operation {
    code: "translate",
    resource: Some("ConceptMap"),
    on_type: true,
    on_instance: true,
    definition: Definition::Whole("http://hl7.org/fhir/OperationDefinition/ConceptMap-translate"),
    description: "Gives the counterparts of a code by concept maps.",
    parameters: &[
        Parameter::input("url", 0, "1", "uri"),
        Parameter::input("conceptMap", 0, "1", "ConceptMap"),
        Parameter::input("conceptMapVersion", 0, "1", "string"),
        Parameter::input("code", 0, "1", "code"),
        Parameter::input("system", 0, "1", "uri"),
        Parameter::input("version", 0, "1", "string"),
        Parameter::input("source", 0, "1", "uri"),
        Parameter::input("coding", 0, "1", "Coding"),
        Parameter::input("codeableConcept", 0, "1", "CodeableConcept"),
        Parameter::input("target", 0, "1", "uri"),
        Parameter::input("targetsystem", 0, "1", "uri"),
        Parameter::group(
            "in",
            "dependency",
            &[
                Parameter::input("element", 0, "1", "uri"),
                Parameter::input("concept", 0, "1", "CodeableConcept"),
            ],
        ),
        Parameter::input("reverse", 0, "1", "boolean"),
        Parameter::output("result", 1, "1", "boolean"),
        Parameter::output("message", 0, "1", "string"),
        Parameter::group(
            "out",
            "match",
            &[
                Parameter::output("equivalence", 0, "1", "code"),
                Parameter::output("concept", 0, "1", "Coding"),
                Parameter::group(
                    "out",
                    "product",
                    &[
                        Parameter::output("element", 0, "1", "uri"),
                        Parameter::output("concept", 0, "1", "Coding"),
                    ],
                ),
                Parameter::output("source", 0, "1", "uri"),
            ],
        ),
    ],
};

/// The counterparts of a code.
pub(super) async fn operation(
    api: &Api,
    request: &Request,
    id: Option<&str>,
    body: Body,
) -> Result<Answer, ApiError> {
    let parameters = Parameters::of(request, body)?;
    let codings = codings(&parameters)?;
    let reverse = parameters.flag("reverse")?;
    let dependencies = dependencies(&parameters);
    let mut shelf = Shelf::new(api.gateway.terminology());
    let map = subject::concept_map(api, request, id, &parameters, &mut shelf).await?;
    let mut matches: Vec<Match> = Vec::new();
    for asked in codings.iter().filter_map(|coding| asked(coding)) {
        let wanted = Wanted {
            code: asked.code,
            system: asked.system,
            source: parameters.text("source")?,
            target: parameters.text("target")?,
            target_system: parameters.text("targetsystem")?,
            dependencies: &dependencies,
            reverse,
        };
        let found = match &map {
            Some(map) => by_map(&shelf, map, wanted),
            None => {
                let system = asked.system.ok_or_else(|| {
                    missing("a code has no meaning without its 'system'; or name a concept map by 'url'")
                })?;
                let parameter = if reverse { "target-system" } else { "source-system" };
                api.gateway.fill_maps(&request.space, &mut shelf, parameter, system).await?;
                by_any_map(&shelf, wanted)
            }
        };
        for one in found {
            if !matches.contains(&one) {
                matches.push(one);
            }
        }
    }
    let mut out = Out::default();
    out.add("result", "valueBoolean", matches.iter().any(Match::is_counterpart));
    if matches.is_empty() {
        let text = match &map {
            Some(_) => "the concept map does not have the code",
            None => "no concept map here has the code",
        };
        out.add("message", "valueString", text);
    }
    for one in &matches {
        out.add_parts("match", parts(one));
    }
    Ok(Answer::resource(out.finish().to_string()))
}

fn codings(parameters: &Parameters) -> Result<Vec<Cow<'_, Map<String, Value>>>, ApiError> {
    if let Some(coding) = parameters.object("coding")? {
        return Ok(vec![coding]);
    }
    if let Some(concept) = parameters.object("codeableConcept")? {
        let codings = concept.get("coding").and_then(Value::as_array).cloned().unwrap_or_default();
        return Ok(codings.into_iter().filter_map(|c| c.as_object().cloned().map(Cow::Owned)).collect());
    }
    let mut coding = Map::new();
    coding.insert("code".to_owned(), parameters.required("code")?.into());
    for name in ["system", "version"] {
        if let Some(text) = parameters.text(name)? {
            coding.insert(name.to_owned(), text.into());
        }
    }
    Ok(vec![Cow::Owned(coding)])
}

/// The other elements that are known, by their codes.
fn dependencies(parameters: &Parameters) -> Vec<(String, String)> {
    let mut dependencies = Vec::new();
    for dependency in parameters.values("dependency") {
        let Some(element) = dependency.get("element").and_then(Value::as_str) else { continue };
        let codings = dependency.get("concept").and_then(|concept| concept.get("coding")?.as_array());
        let codes = codings.into_iter().flatten().filter_map(|coding| coding.get("code")?.as_str());
        dependencies.extend(codes.map(|code| (element.to_owned(), code.to_owned())));
    }
    dependencies
}

fn parts(found: &Match) -> Out {
    let mut parts = Out::default();
    parts.add("equivalence", "valueCode", found.equivalence.as_str());
    if let Some(code) = &found.code {
        let own = [("system", &found.system), ("version", &found.version)];
        let mut coding: Map<String, Value> = own
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value.as_deref()?.into())))
            .collect();
        coding.insert("code".to_owned(), code.as_str().into());
        if let Some(display) = &found.display {
            coding.insert("display".to_owned(), display.as_str().into());
        }
        parts.add("concept", "valueCoding", coding);
    }
    for product in &found.products {
        let mut coding = Map::new();
        if let Some(system) = &product.system {
            coding.insert("system".to_owned(), system.as_str().into());
        }
        coding.insert("code".to_owned(), product.value.as_str().into());
        if let Some(display) = &product.display {
            coding.insert("display".to_owned(), display.as_str().into());
        }
        let mut own = Out::default();
        own.add("element", "valueUri", product.property.as_str()).add("concept", "valueCoding", coding);
        parts.add_parts("product", own);
    }
    let source = (!found.map.is_empty()).then_some(found.map.as_str());
    parts.add_some("source", "valueUri", source);
    parts
}
