//! `$validate` (R4 OperationDefinition Resource-validate): what a write would be told, without writing.
//!
//! The answer is 200 with an OperationOutcome whatever it says; another status means that nothing could be judged.

use serde_json::Value;

use crate::fhir::{Id, Issue, IssueCode, OperationOutcome, Resource, Severity, json};
use crate::gateway::{Method, Write};
use crate::store::Key;

use super::operation::{Definition, Operation, Parameter};
use super::request::{Body, Request};
use super::{Answer, Api, ApiError, update};

pub(super) const OPERATION: Operation = Operation {
    code: "validate",
    resource: Some("Resource"),
    on_type: true,
    on_instance: true,
    definition: Definition::Whole("http://hl7.org/fhir/OperationDefinition/Resource-validate"),
    description: "Tells what a write would be told, without writing; without a resource, what is wrong with the one \
                  stored.",
    parameters: &[
        Parameter::input("resource", 0, "1", "Resource"),
        Parameter::input("mode", 0, "1", "code"),
        Parameter::input("profile", 0, "1", "uri"),
        Parameter::output("return", 1, "1", "OperationOutcome"),
    ],
};

/// What the resource is validated for (value set resource-validation-mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Create,
    Update,
    Delete,
    Profile,
}

/// What is asked.
#[derive(Debug, Default)]
struct Asked {
    resource: Option<Resource>,
    /// Where in the body the resource is; empty where it is the body.
    within: String,
    mode: Option<Mode>,
    profiles: Vec<String>,
    /// What is not understood, and so not heeded.
    remarks: Vec<Issue>,
}

/// `Type/$validate` and `Type/id/$validate`. The resource comes as the body, or in a Parameters resource; where there is
/// none, the stored one is validated.
pub(super) async fn validate(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: Option<&str>,
    body: Body,
) -> Result<Answer, ApiError> {
    let mut asked = Asked::of_query(&request.query)?;
    asked.read(type_name, body)?;
    if let Some(unknown) = asked.profiles.iter().find(|profile| !api.gateway.knows_profile(profile)) {
        let text = format!("no usable profile {unknown} is loaded here: nothing can be validated against it");
        return Err(ApiError::malformed(IssueCode::NotSupported, text));
    }
    let mode = asked.mode;
    let issues = match (mode, id) {
        (Some(mode @ (Mode::Update | Mode::Delete | Mode::Profile)), None) => {
            let text = format!("mode '{}' is about one resource: {type_name}/[id]/$validate", mode.code());
            return Err(ApiError::malformed(IssueCode::NotSupported, text));
        }
        (Some(Mode::Delete), Some(id)) => deletion(api, request, type_name, id).await?,
        (Some(Mode::Profile), Some(id)) => stored(api, request, type_name, id, &asked).await?,
        (_, id) => match (&asked.resource, id) {
            (Some(resource), id) => sent(api, request, type_name, id, resource, &asked).await?,
            (None, Some(id)) if mode.is_none() => stored(api, request, type_name, id, &asked).await?,
            (None, _) => {
                let text = "a resource is needed here: as the body, or as the parameter 'resource'";
                return Err(ApiError::malformed(IssueCode::Required, text));
            }
        },
    };
    let outcome = OperationOutcome::from([asked.remarks, issues].concat());
    Ok(Answer::resource(outcome.to_json()))
}

/// A resource that was sent.
async fn sent(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: Option<&str>,
    resource: &Resource,
    asked: &Asked,
) -> Result<Vec<Issue>, ApiError> {
    let mut issues = Vec::new();
    if resource.type_name() == type_name {
        let profiles: Vec<&str> = asked.profiles.iter().map(String::as_str).collect();
        issues = api.gateway.validate(&request.viewer, &request.space, resource, &profiles).await?;
        // A create does not look at ids.
        let id_to_be = id.filter(|_| asked.mode != Some(Mode::Create));
        if let Some(id) = id_to_be.filter(|id| resource.id() != Some(id)) {
            let text = format!("the resource's id has to be the one in the URL: {id}");
            issues.push(Issue::error(IssueCode::Value, text).at(format!("{type_name}.id")));
        }
        if !issues.iter().any(|issue| issue.severity == Severity::Fatal) {
            issues.extend(rehearsal(api, request, type_name, id, resource, asked.mode).await?);
        }
    } else {
        let text = format!("the resource calls itself another type than {type_name}, to which it was sent");
        issues.push(Issue::error(IssueCode::Structure, text).at(format!("{type_name}.resourceType")));
    }
    Ok(request.placed_within(&asked.within, issues))
}

/// What the store and the referral's rules say to the write the mode speaks of.
async fn rehearsal(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: Option<&str>,
    resource: &Resource,
    mode: Option<Mode>,
) -> Result<Vec<Issue>, ApiError> {
    let mut issues = Vec::new();
    let (method, id) = match (mode, id.and_then(Id::parse)) {
        (Some(Mode::Create), _) => (Method::Post, Id::fresh()),
        (Some(Mode::Update), Some(id)) => (Method::Put, id),
        _ => return Ok(issues),
    };
    if method == Method::Put && current(api, request, type_name, id.as_str()).await?.is_none() {
        let text = format!("there is no {type_name}/{id} now: an update would create it");
        issues.push(Issue::new(Severity::Information, IssueCode::NotFound, text));
    }
    let write = Write {
        method,
        type_name: type_name.to_owned(),
        id,
        if_match: update::if_match(request)?,
        resource: Some(resource.clone()),
        entry: None,
    };
    issues.extend(api.gateway.rehearse(&request.space, &request.principal, &request.viewer, write).await?);
    Ok(issues)
}

/// The stored resource.
async fn stored(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: &str,
    asked: &Asked,
) -> Result<Vec<Issue>, ApiError> {
    let key = Key::new(request.space.id, type_name, id);
    let version = api.gateway.store().read(&request.viewer, &key).await?.ok_or(ApiError::NotFound)?;
    let body = version.body.ok_or(ApiError::Deleted(version.version))?;
    let resource = json::parse(body.as_bytes()).ok().and_then(|value| Resource::new(value).ok());
    let resource = resource.ok_or(ApiError::NotFound)?;
    let profiles: Vec<&str> = asked.profiles.iter().map(String::as_str).collect();
    Ok(api.gateway.validate(&request.viewer, &request.space, &resource, &profiles).await?)
}

/// Whether the resource could be deleted. One that is sent along is not looked at.
async fn deletion(api: &Api, request: &Request, type_name: &str, id: &str) -> Result<Vec<Issue>, ApiError> {
    let Some(id) = Id::parse(id) else { return Err(ApiError::InvalidId) };
    if current(api, request, type_name, id.as_str()).await?.is_none() {
        let text = format!("there is no {type_name}/{id} that could be deleted");
        return Ok(vec![Issue::error(IssueCode::NotFound, text)]);
    }
    let write = Write {
        method: Method::Delete,
        type_name: type_name.to_owned(),
        id,
        if_match: update::if_match(request)?,
        resource: None,
        entry: None,
    };
    Ok(api.gateway.rehearse(&request.space, &request.principal, &request.viewer, write).await?)
}

/// The version that is there now.
async fn current(api: &Api, request: &Request, type_name: &str, id: &str) -> Result<Option<u64>, ApiError> {
    let version =
        api.gateway.store().read(&request.viewer, &Key::new(request.space.id, type_name, id)).await?;
    Ok(version.filter(|version| version.body.is_some()).map(|version| version.version))
}

impl Mode {
    fn parse(code: &str) -> Result<Mode, ApiError> {
        match code {
            "create" => Ok(Mode::Create),
            "update" => Ok(Mode::Update),
            "delete" => Ok(Mode::Delete),
            "profile" => Ok(Mode::Profile),
            _ => {
                let text = "mode is one of create, update, delete and profile";
                Err(ApiError::malformed(IssueCode::CodeInvalid, text))
            }
        }
    }

    fn code(self) -> &'static str {
        match self {
            Mode::Create => "create",
            Mode::Update => "update",
            Mode::Delete => "delete",
            Mode::Profile => "profile",
        }
    }
}

impl Asked {
    fn of_query(query: &[(String, String)]) -> Result<Asked, ApiError> {
        let mut asked = Asked::default();
        for (name, value) in query {
            match name.as_str() {
                "mode" => asked.set_mode(value)?,
                "profile" => asked.profiles.push(value.clone()),
                "_format" | "_pretty" => {}
                _ => asked.remark(name),
            }
        }
        Ok(asked)
    }

    /// Reads the body: Parameters of the operation, or the resource itself.
    fn read(&mut self, type_name: &str, body: Body) -> Result<(), ApiError> {
        if matches!(body, Body::Nothing) {
            return Ok(());
        }
        let resource = body.into_resource()?;
        let named = |name: &str| parameters(resource.as_value()).any(|(_, known, _)| known == name);
        let is_asked = ["resource", "mode", "profile"].iter().any(|name| named(name));
        // Validated themselves, where they are not those of this operation.
        if resource.type_name() != "Parameters" || (type_name == "Parameters" && !is_asked) {
            self.resource = Some(resource);
            return Ok(());
        }
        for (index, name, parameter) in parameters(resource.as_value()) {
            let value =
                parameter.iter().find(|(key, _)| key.starts_with("value")).and_then(|(_, v)| v.as_str());
            match (name, value) {
                ("resource", _) if self.resource.is_some() => {
                    let text = "the parameter 'resource' may be given once";
                    return Err(ApiError::malformed(IssueCode::Structure, text));
                }
                ("resource", _) => {
                    let inner = parameter.get("resource").cloned().unwrap_or_default();
                    let inner = Resource::new(inner).map_err(|error| {
                        let text = format!("the parameter 'resource' holds none: {error}");
                        ApiError::malformed(IssueCode::Structure, text)
                    })?;
                    self.resource = Some(inner);
                    self.within = format!("Parameters.parameter[{index}].resource");
                }
                ("mode", Some(code)) => self.set_mode(code)?,
                ("profile", Some(profile)) => self.profiles.push(profile.to_owned()),
                ("mode" | "profile", None) => {
                    let text = format!("the parameter '{name}' has no value that is a text");
                    return Err(ApiError::malformed(IssueCode::Structure, text));
                }
                _ => self.remark(name),
            }
        }
        Ok(())
    }

    fn set_mode(&mut self, code: &str) -> Result<(), ApiError> {
        match self.mode.replace(Mode::parse(code)?) {
            None => Ok(()),
            Some(_) => {
                Err(ApiError::malformed(IssueCode::Structure, "the parameter 'mode' may be given once"))
            }
        }
    }

    fn remark(&mut self, name: &str) {
        let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        let text = format!("the parameter '{name}' is not one of this operation: it is not heeded");
        self.remarks.push(Issue::warning(IssueCode::NotSupported, text));
    }
}

/// The parameters of a Parameters resource, with their places and names.
fn parameters(value: &Value) -> impl Iterator<Item = (usize, &str, &serde_json::Map<String, Value>)> {
    let list = value.get("parameter").and_then(Value::as_array).into_iter().flatten();
    list.enumerate().filter_map(|(index, parameter)| {
        let parameter = parameter.as_object()?;
        Some((index, parameter.get("name")?.as_str()?, parameter))
    })
}
