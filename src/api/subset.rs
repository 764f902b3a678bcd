//! `_summary` and `_elements`: parts of resources, marked as such (R4 §3.1.1.5.8, §3.1.1.5.9).

use serde_json::{Map, Value, json};

use crate::definitions::Type;
use crate::fhir::{IssueCode, json as fhir_json};
use crate::gateway::Refused;
use crate::search::{Handling, SearchRequest, Summary};
use crate::store::Version;

use super::request::Request;
use super::{Api, ApiError};

/// The part of a match that a search asks for.
pub(super) fn of_search(api: &Api, search: &SearchRequest, version: Version) -> Result<Version, ApiError> {
    Ok(subset(api, search.summary, &search.elements, version))
}

/// The part of a resource that a read asks for.
pub(super) fn of_read(api: &Api, request: &Request, version: Version) -> Result<Version, ApiError> {
    if !request.query.iter().any(|(name, _)| name == "_summary" || name == "_elements") {
        return Ok(version);
    }
    let query: Vec<(String, String)> =
        request.query.iter().filter(|(name, _)| name == "_summary" || name == "_elements").cloned().collect();
    let gateway = &api.gateway;
    let search = SearchRequest::parse(
        gateway.definitions(),
        gateway.registry(),
        &request.space.base,
        &version.key.type_name,
        &query,
        Handling::Lenient,
    )
    .map_err(Refused::Malformed)?;
    if search.summary == Summary::Count {
        return Err(ApiError::malformed(IssueCode::Value, "_summary=count is for searches"));
    }
    Ok(subset(api, search.summary, &search.elements, version))
}

/// The part of an exported resource that an export asks for: `element` of all types, `Type.element` of one. Where nothing
/// is asked for of its type, the whole.
pub(super) fn of_elements(api: &Api, type_name: &str, elements: &[String], body: String) -> String {
    let of_type = |element: &&String| match element.split_once('.') {
        Some((named, _)) => named == type_name,
        None => true,
    };
    let elements: Vec<String> = elements.iter().filter(of_type).cloned().collect();
    match elements.is_empty() {
        true => body,
        false => part(api, type_name, Summary::False, &elements, &body).unwrap_or(body),
    }
}

fn subset(api: &Api, summary: Summary, elements: &[String], mut version: Version) -> Version {
    if matches!(summary, Summary::False | Summary::Count) && elements.is_empty() {
        return version;
    }
    let part =
        version.body.as_deref().and_then(|body| part(api, &version.key.type_name, summary, elements, body));
    version.body = part.or(version.body);
    version
}

fn part(api: &Api, type_name: &str, summary: Summary, elements: &[String], body: &str) -> Option<String> {
    let types = api.gateway.definitions().types();
    let definition = types.resource(type_name).map(|id| &types[id])?;
    let Ok(Value::Object(mut resource)) = fhir_json::parse(body.as_bytes()) else { return None };
    resource.retain(|name, _| is_kept(definition, summary, elements, name));
    mark(&mut resource);
    Some(Value::Object(resource).to_string())
}

fn is_kept(definition: &Type, summary: Summary, elements: &[String], json_name: &str) -> bool {
    let json_name = json_name.strip_prefix('_').unwrap_or(json_name);
    if matches!(json_name, "resourceType" | "id" | "meta") {
        return true;
    }
    let Some((property, _)) = definition.json_property(json_name) else { return false };
    // What is mandatory or changes the meaning goes along whatever is asked for.
    let needed = property.min > 0 || property.is_modifier;
    if !elements.is_empty() {
        return needed
            || elements.iter().any(|name| {
                let name = name
                    .strip_prefix(&definition.name)
                    .and_then(|rest| rest.strip_prefix('.'))
                    .unwrap_or(name);
                name == property.name || name == json_name
            });
    }
    match summary {
        Summary::True => property.is_summary,
        Summary::Text => property.name == "text" || property.min > 0,
        Summary::Data => property.name != "text",
        Summary::False | Summary::Count => true,
    }
}

/// Tells that this is not the whole.
fn mark(resource: &mut Map<String, Value>) {
    let tag =
        json!({"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"});
    let meta = resource.entry("meta").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(meta) = meta
        && let Value::Array(tags) = meta.entry("tag").or_insert_with(|| Value::Array(Vec::new()))
    {
        tags.push(tag);
    }
}
