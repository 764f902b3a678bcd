//! The value set, code system or concept map an operation is about: named, sent along, or stored under the id in the
//! path.

use std::sync::Arc;

use serde_json::Value;

use crate::api::request::Request;
use crate::api::{Api, ApiError};
use crate::definitions::canonical::split;
use crate::definitions::strip::{self, Malformed};
use crate::definitions::{CodeSystem, ConceptMap, ValueSet};
use crate::fhir::{Issue, IssueCode, json};
use crate::gateway::{Needs, Refused};
use crate::store::Key;
use crate::terminology::{CodeSet, Library as _, Shelf};

use crate::api::parameters::{Parameters, missing};

/// A value set, worked out, with its definition.
pub(super) struct Subject {
    pub(super) set: ValueSet,
    pub(super) codes: Arc<CodeSet>,
}

/// The value set that an operation is about; what it needs is put on the shelf.
pub(super) async fn value_set(
    api: &Api,
    request: &Request,
    id: Option<&str>,
    parameters: &Parameters,
    shelf: &mut Shelf<'_>,
) -> Result<Subject, ApiError> {
    let sent = match (id, parameters.value("valueSet")) {
        (Some(id), _) => Some(stored(api, request, "ValueSet", id).await?),
        (None, Some(value @ Value::Object(_))) => Some(value.clone()),
        (None, _) => None,
    };
    let mut needs = Needs::default();
    if let Some(resource) = sent {
        let set = strip::value_set(&typed("ValueSet", resource)?).map_err(malformed)?;
        needs.add_parts(&set);
        api.gateway.fill(&request.space, shelf, needs).await?;
        // Sets it is made of may in turn be made of it.
        shelf.add_value_set(set.clone());
        let codes = shelf.work_out(&set);
        return Ok(Subject { set, codes });
    }
    let canonical = canonical(api, parameters)?;
    needs.value_sets.insert(canonical.clone());
    api.gateway.fill(&request.space, shelf, needs).await?;
    let codes = shelf.set(&canonical).ok_or_else(|| unknown("value set", &canonical))?;
    let named = || ValueSet {
        url: split(&canonical).0.to_owned(),
        status: "active".to_owned(),
        ..ValueSet::default()
    };
    let set = shelf.value_set(&canonical).cloned().unwrap_or_else(named);
    Ok(Subject { set, codes })
}

/// What `url` and `valueSetVersion` name, or the binding at the `context`.
fn canonical(api: &Api, parameters: &Parameters) -> Result<String, ApiError> {
    if let Some(context) = parameters.text("context")? {
        return in_context(api, context);
    }
    let url = parameters.text("url")?.ok_or_else(|| {
        missing("the value set is missing: name it by 'url' or 'context', or send it as 'valueSet'")
    })?;
    Ok(pinned(url, parameters.text("valueSetVersion")?))
}

/// `url|version`, unless the URL says itself which version.
pub(super) fn pinned(url: &str, version: Option<&str>) -> String {
    match (split(url), version) {
        ((url, None), Some(version)) => format!("{url}|{version}"),
        _ => url.to_owned(),
    }
}

/// `StructureDefinition#element`: the value set the element is bound to.
fn in_context(api: &Api, context: &str) -> Result<String, ApiError> {
    let value_set = context.split_once('#').and_then(|(structure, path)| {
        let structure = api.gateway.definitions().structure(structure)?;
        let is_meant = |id: &str, own: &str| id == path || own == path;
        let element = structure.elements.iter().find(|element| is_meant(&element.id, &element.path))?;
        element.binding.as_ref()?.value_set.clone()
    });
    value_set.ok_or_else(|| {
        unknown("bound element", "in 'context', which is 'URL of a profile#path of an element'")
    })
}

/// The code system that an operation is about, under the id in the path or sent along; it is put on the shelf.
pub(super) async fn code_system(
    api: &Api,
    request: &Request,
    id: Option<&str>,
    parameters: &Parameters,
    shelf: &mut Shelf<'_>,
) -> Result<Option<CodeSystem>, ApiError> {
    let resource = match (id, parameters.value("codeSystem")) {
        (Some(id), _) => stored(api, request, "CodeSystem", id).await?,
        (None, Some(value @ Value::Object(_))) => value.clone(),
        (None, _) => return Ok(None),
    };
    let system = strip::code_system(&typed("CodeSystem", resource)?).map_err(malformed)?;
    shelf.add_code_system(system.clone());
    Ok(Some(system))
}

/// The concept map that an operation is about; what it needs is put on the shelf. `None` when none is named.
pub(super) async fn concept_map(
    api: &Api,
    request: &Request,
    id: Option<&str>,
    parameters: &Parameters,
    shelf: &mut Shelf<'_>,
) -> Result<Option<ConceptMap>, ApiError> {
    let sent = match (id, parameters.value("conceptMap")) {
        (Some(id), _) => Some(stored(api, request, "ConceptMap", id).await?),
        (None, Some(value @ Value::Object(_))) => Some(value.clone()),
        (None, _) => None,
    };
    let mut needs = Needs::default();
    if let Some(resource) = sent {
        let map = strip::concept_map(&typed("ConceptMap", resource)?).map_err(malformed)?;
        needs.add_other_maps(&map);
        api.gateway.fill(&request.space, shelf, needs).await?;
        return Ok(Some(map));
    }
    let Some(url) = parameters.text("url")? else { return Ok(None) };
    let canonical = pinned(url, parameters.text("conceptMapVersion")?);
    needs.concept_maps.insert(canonical.clone());
    api.gateway.fill(&request.space, shelf, needs).await?;
    let map = shelf.concept_map(&canonical).cloned();
    map.map(Some).ok_or_else(|| unknown("concept map", &canonical))
}

/// The current version of a stored resource.
async fn stored(api: &Api, request: &Request, type_name: &str, id: &str) -> Result<Value, ApiError> {
    let key = Key::new(request.space.id, type_name, id);
    let version = api.gateway.store().read(&request.viewer, &key).await?.ok_or(ApiError::NotFound)?;
    let body = version.body.ok_or(ApiError::Deleted(version.version))?;
    json::parse(body.as_bytes()).map_err(ApiError::Syntax)
}

fn typed(type_name: &str, resource: Value) -> Result<Value, ApiError> {
    match resource.get("resourceType").and_then(Value::as_str) {
        Some(own) if own == type_name => Ok(resource),
        _ => Err(ApiError::malformed(IssueCode::Structure, format!("a {type_name} resource is needed here"))),
    }
}

fn malformed(error: Malformed) -> ApiError {
    ApiError::malformed(IssueCode::Structure, format!("the resource is not what FHIR says: {error}"))
}

/// 404: what was named is not here.
pub(super) fn unknown(what: &str, name: &str) -> ApiError {
    let text = format!("there is no {what} {name} here");
    Refused::NotFound(Issue::error(IssueCode::NotFound, text).into()).into()
}

/// 422: it is here, and still the question has no answer.
pub(super) fn undecided(code: IssueCode, text: impl Into<String>) -> ApiError {
    Refused::Invalid(Issue::error(code, text).into()).into()
}
