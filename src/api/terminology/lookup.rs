//! `CodeSystem/$lookup` (R4 §4.8.16.1).

use serde_json::Value;

use crate::api::request::{Body, Request};
use crate::api::{Answer, Api, ApiError};
use crate::definitions::code_system::{CodeSystem, Property};
use crate::fhir::IssueCode;
use crate::gateway::Needs;
use crate::terminology::Shelf;
use crate::terminology::lookup::{Found, Looked, NotFound, lookup};

use super::subject::{undecided, unknown};
use crate::api::operation::{Definition, Operation, Parameter};
use crate::api::parameters::{Out, Parameters, asked, missing};

pub(super) const OPERATION: Operation = Operation {
    code: "lookup",
    resource: Some("CodeSystem"),
    on_type: true,
    on_instance: false,
    definition: Definition::Part("http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup"),
    description: "Tells what is known of a code.",
    parameters: &[
        Parameter::input("code", 0, "1", "code"),
        Parameter::input("system", 0, "1", "uri"),
        Parameter::input("version", 0, "1", "string"),
        Parameter::input("coding", 0, "1", "Coding"),
        Parameter::input("property", 0, "*", "code"),
        Parameter::output("name", 1, "1", "string"),
        Parameter::output("version", 0, "1", "string"),
        Parameter::output("display", 1, "1", "string"),
        Parameter::group(
            "out",
            "designation",
            &[
                Parameter::output("language", 0, "1", "code"),
                Parameter::output("use", 0, "1", "Coding"),
                Parameter::output("value", 1, "1", "string"),
            ],
        ),
        Parameter::group(
            "out",
            "property",
            &[Parameter::output("code", 1, "1", "code"), Parameter::output("value", 0, "1", "Element")],
        ),
    ],
};

/// What there is to know about a code.
pub(super) async fn operation(api: &Api, request: &Request, body: Body) -> Result<Answer, ApiError> {
    let parameters = Parameters::of(request, body)?;
    parameters.refuse(&["date"])?;
    let coding = parameters.object("coding")?;
    let coding = coding.as_deref().and_then(asked);
    let (system, version, code) = match coding {
        Some(coding) => (coding.system, coding.version, coding.code),
        None => (parameters.text("system")?, parameters.text("version")?, parameters.required("code")?),
    };
    let system = system.ok_or_else(|| missing("a code has no meaning without its 'system'"))?;
    let mut shelf = Shelf::new(api.gateway.terminology());
    let mut needs = Needs::default();
    needs.code_systems.insert(system.to_owned());
    api.gateway.fill(&request.space, &mut shelf, needs).await?;
    let asked: Vec<&str> = parameters.values("property").filter_map(Value::as_str).collect();
    let wanted = Wanted(&asked);
    let out = match lookup(&shelf, system, version, code).map_err(refused)? {
        Looked::Up(found) => describe(&found, code, &wanted),
        Looked::Formed => {
            let mut out = Out::default();
            out.add("name", "valueString", system).add("display", "valueString", code);
            out
        }
    };
    Ok(Answer::resource(out.finish().to_string()))
}

/// A code that cannot be found, and a system that is not here, are both not found (R4 §4.8.16.1).
pub(super) fn refused(error: NotFound) -> ApiError {
    match error {
        NotFound::Code(system) => unknown("such code in code system", &system),
        NotFound::Missing(missing) => undecided(IssueCode::NotFound, missing.to_string()),
    }
}

/// The properties asked for; all when none is.
struct Wanted<'p>(&'p [&'p str]);

impl Wanted<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.contains(&name) || self.0.contains(&"*")
    }

    fn has_language(&self, language: Option<&str>) -> bool {
        self.has("designation")
            || language.is_some_and(|own| self.0.iter().any(|asked| asked.strip_prefix("lang.") == Some(own)))
    }
}

fn describe(found: &Found<'_>, code: &str, wanted: &Wanted<'_>) -> Out {
    let (system, concept) = (found.concepts.system, found.concept);
    let name = if system.name.is_empty() { &system.url } else { &system.name };
    let mut out = Out::default();
    out.add("name", "valueString", name.as_str());
    out.add_some("version", "valueString", (!system.version.is_empty()).then_some(system.version.as_str()));
    out.add("display", "valueString", concept.display.as_deref().unwrap_or(code));
    for designation in concept.designations.iter().filter(|d| wanted.has_language(d.language.as_deref())) {
        let mut parts = Out::default();
        parts.add_some("language", "valueCode", designation.language.as_deref());
        if let Some((system, code)) = &designation.usage {
            parts.add("use", "valueCoding", serde_json::json!({"system": system, "code": code}));
        }
        parts.add("value", "valueString", designation.value.as_str());
        out.add_parts("designation", parts);
    }
    let mut property = |name: &str, kind: &str, value: Value| {
        if wanted.has(name) {
            let mut parts = Out::default();
            parts.add("code", "valueCode", name).add("value", kind, value);
            out.add_parts("property", parts);
        }
    };
    if found.is_inactive {
        property("inactive", "valueBoolean", true.into());
    }
    for parent in &concept.parents {
        property("parent", "valueCode", parent.as_str().into());
    }
    for child in found.concepts.children(&concept.code) {
        property("child", "valueCode", child.code.as_str().into());
    }
    for own in concept.properties.iter().filter(|own| own.code != "inactive") {
        property(&own.code, kind_of(system, own), own.value.clone());
    }
    out
}

/// As what a property's value is given: as the system defines it, else as what it looks like.
fn kind_of(system: &CodeSystem, property: &Property) -> &'static str {
    let defined = system.properties.iter().find(|defined| defined.code == property.code);
    match (defined.map(|defined| defined.kind.as_str()), &property.value) {
        (_, Value::Object(_)) => "valueCoding",
        (_, Value::Bool(_)) => "valueBoolean",
        (Some("decimal"), Value::Number(_)) => "valueDecimal",
        (_, Value::Number(_)) => "valueInteger",
        (Some("string"), _) => "valueString",
        (Some("dateTime"), _) => "valueDateTime",
        (None, _) if property.code.ends_with("Date") => "valueDateTime",
        (None, _) if property.code == "comment" => "valueString",
        _ => "valueCode",
    }
}
