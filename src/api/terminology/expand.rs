//! `ValueSet/$expand` (R4 §4.9.19.1).

use serde_json::{Map, Value, json};

use crate::api::request::{Body, Request};
use crate::api::{Answer, Api, ApiError};
use crate::definitions::code_system::Designation;
use crate::fhir::IssueCode;
use crate::terminology::Shelf;
use crate::terminology::expansion::{ExpandedCode, Expansion, LONGEST, NotExpanded, Wanted, expand};

use super::subject::{self, undecided};
use crate::api::operation::{Definition, Operation, Parameter};
use crate::api::parameters::Parameters;

pub(super) const OPERATION: Operation = Operation {
    code: "expand",
    resource: Some("ValueSet"),
    on_type: true,
    on_instance: true,
    definition: Definition::Part("http://hl7.org/fhir/OperationDefinition/ValueSet-expand"),
    description: "Gives the codes of a value set.",
    parameters: &[
        Parameter::input("url", 0, "1", "uri"),
        Parameter::input("valueSet", 0, "1", "ValueSet"),
        Parameter::input("valueSetVersion", 0, "1", "string"),
        Parameter::input("context", 0, "1", "uri"),
        Parameter::input("filter", 0, "1", "string"),
        Parameter::input("offset", 0, "1", "integer"),
        Parameter::input("count", 0, "1", "integer"),
        Parameter::input("includeDesignations", 0, "1", "boolean"),
        Parameter::input("designation", 0, "*", "string"),
        Parameter::input("includeDefinition", 0, "1", "boolean"),
        Parameter::input("activeOnly", 0, "1", "boolean"),
        Parameter::input("excludeNested", 0, "1", "boolean"),
        Parameter::input("displayLanguage", 0, "1", "code"),
        Parameter::input("exclude-system", 0, "*", "canonical"),
        Parameter::output("return", 1, "1", "ValueSet"),
    ],
};

/// What changes the answer and is not done here.
const REFUSED: [&str; 4] = ["date", "system-version", "check-system-version", "force-system-version"];

/// What of the texts is wanted.
struct Texts<'p> {
    /// The language of the display.
    language: Option<&'p str>,
    /// Whether further texts are given at all.
    designations: bool,
    /// Only those of these uses and languages; all when it is empty.
    only: Vec<&'p str>,
}

/// The codes of a value set.
pub(super) async fn operation(
    api: &Api,
    request: &Request,
    id: Option<&str>,
    body: Body,
) -> Result<Answer, ApiError> {
    let parameters = Parameters::of(request, body)?;
    parameters.refuse(&REFUSED)?;
    let mut shelf = Shelf::new(api.gateway.terminology());
    let subject = subject::value_set(api, request, id, &parameters, &mut shelf).await?;
    let excluded: Vec<&str> = parameters.values("exclude-system").filter_map(Value::as_str).collect();
    let wanted = Wanted {
        excluded: &excluded,
        filter: parameters.text("filter")?,
        active_only: parameters.flag("activeOnly")?,
        offset: parameters.number("offset")?.unwrap_or(0),
        count: parameters.number("count")?,
    };
    let expansion = expand(&shelf, &subject.codes, wanted).map_err(|error| match error {
        NotExpanded::Missing(_) => {
            undecided(IssueCode::NotFound, format!("the value set cannot be expanded: {error}"))
        }
        NotExpanded::TooCostly(_) => {
            undecided(IssueCode::TooCostly, format!("the value set is not expanded: {error}"))
        }
    })?;
    let texts = Texts {
        language: parameters.text("displayLanguage")?,
        designations: parameters.flag("includeDesignations")? || parameters.value("designation").is_some(),
        only: parameters.values("designation").filter_map(Value::as_str).collect(),
    };
    let mut resource = subject.set.to_resource();
    if let Some(object) = resource.as_object_mut() {
        if !parameters.flag("includeDefinition")? {
            object.remove("compose");
        }
        let used = used(&parameters, wanted, &expansion);
        object.insert("expansion".to_owned(), to_value(api, &expansion, wanted, used, &texts));
    }
    Ok(Answer::resource(resource.to_string()))
}

fn to_value(
    api: &Api,
    expansion: &Expansion,
    wanted: Wanted<'_>,
    used: Vec<Value>,
    texts: &Texts<'_>,
) -> Value {
    let mut value = json!({
        "identifier": format!("urn:uuid:{}", uuid::Uuid::now_v7()),
        "timestamp": api.gateway.clock().now().to_fhir(),
        "total": expansion.total,
    });
    if wanted.count.is_some() || wanted.offset > 0 {
        value["offset"] = wanted.offset.into();
    }
    if !used.is_empty() {
        value["parameter"] = used.into();
    }
    if !expansion.codes.is_empty() {
        value["contains"] = expansion.codes.iter().map(|code| contained(code, texts)).collect();
    }
    value
}

/// The parameters that shaped the expansion, and the versions of the systems.
fn used(parameters: &Parameters, wanted: Wanted<'_>, expansion: &Expansion) -> Vec<Value> {
    let mut used = Vec::new();
    let mut add = |name: &str, kind: &str, value: Value| used.push(json!({"name": name, kind: value}));
    for name in ["filter", "displayLanguage"] {
        if let Ok(Some(text)) = parameters.text(name) {
            add(name, if name == "filter" { "valueString" } else { "valueCode" }, text.into());
        }
    }
    for name in ["activeOnly", "includeDesignations", "includeDefinition", "excludeNested"] {
        if let Ok(Some(value)) = parameters.choice(name) {
            add(name, "valueBoolean", value.into());
        }
    }
    if wanted.offset > 0 {
        add("offset", "valueInteger", wanted.offset.into());
    }
    if let Some(count) = wanted.count {
        add("count", "valueInteger", count.min(LONGEST).into());
    }
    for system in wanted.excluded {
        add("exclude-system", "valueUri", (*system).into());
    }
    for (system, version) in expansion.systems.iter().filter(|(_, version)| !version.is_empty()) {
        add("version", "valueUri", format!("{system}|{version}").into());
    }
    used
}

fn contained(code: &ExpandedCode, texts: &Texts<'_>) -> Value {
    let mut value = Map::new();
    let mut add = |name: &str, own: Value| value.insert(name.to_owned(), own);
    if let Some(system) = &code.system {
        add("system", system.as_str().into());
    }
    if code.is_abstract {
        add("abstract", true.into());
    }
    if code.is_inactive {
        add("inactive", true.into());
    }
    add("code", code.code.as_str().into());
    let in_language = texts.language.and_then(|language| {
        let mut designations = code.designations.iter();
        designations.find(|d| d.language.as_deref().is_some_and(|own| is_language(own, language)))
    });
    if let Some(display) = in_language.map(|d| d.value.as_str()).or(code.display.as_deref()) {
        add("display", display.into());
    }
    let wanted = |designation: &&Designation| {
        texts.only.is_empty() || texts.only.iter().any(|token| is_meant(designation, token))
    };
    let designations: Vec<Value> = code.designations.iter().filter(wanted).map(designation).collect();
    if texts.designations && !designations.is_empty() {
        add("designation", designations.into());
    }
    Value::Object(value)
}

/// Whether a language is that which is asked for, or a variety of it.
fn is_language(own: &str, asked: &str) -> bool {
    let (own, asked) = (own.to_ascii_lowercase(), asked.to_ascii_lowercase());
    own.strip_prefix(&asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Whether a token `system|code` names the use or the language of a designation.
fn is_meant(designation: &Designation, token: &str) -> bool {
    let (system, code) = token.split_once('|').unwrap_or(("", token));
    let is_use = designation.usage.as_ref().is_some_and(|(own_system, own_code)| {
        own_code == code && (system.is_empty() || own_system == system)
    });
    let may_be_language = system.is_empty() || system == "urn:ietf:bcp:47";
    is_use || (may_be_language && designation.language.as_deref().is_some_and(|own| is_language(own, code)))
}

/// A designation as FHIR has it.
pub(super) fn designation(designation: &Designation) -> Value {
    let mut value = Map::new();
    if let Some(language) = &designation.language {
        value.insert("language".to_owned(), language.as_str().into());
    }
    if let Some((system, code)) = &designation.usage {
        value.insert("use".to_owned(), json!({"system": system, "code": code}));
    }
    value.insert("value".to_owned(), designation.value.as_str().into());
    Value::Object(value)
}
