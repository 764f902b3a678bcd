//! transaction (R4 §3.1.0.11.2): all entries or none. Deletions first, then creates, updates, and last what is read.

use std::collections::HashMap;

use serde_json::Value;

use crate::definitions::{TypeGraph, TypeId};
use crate::fhir::{IssueCode, Reference, Resource};
use crate::gateway::{Method, Submission, Write};

use super::bundle::{Entry, in_entry};
use super::request::{Body, Request};
use super::{Answer, Api, ApiError, Interaction, create, delete, update};

/// Carries out the entries; the answers stand in their order.
///
/// What is read is read after everything is written. Reading what is not there is told in its entry and undoes nothing.
pub(super) async fn transaction(
    api: &Api,
    request: &Request,
    entries: Vec<Entry>,
) -> Result<Vec<Answer>, ApiError> {
    let mut writes: Vec<(usize, Write)> = Vec::new();
    let mut places: HashMap<String, String> = HashMap::new();
    let mut rest = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let Entry { request, body, full_url } = entry;
        let write = match draft(&request, body).map_err(|error| in_entry(index, error))? {
            Step::Write(write) => write,
            Step::Read(body) => {
                rest.push((index, Entry { request, body, full_url }));
                continue;
            }
        };
        if let Some(full_url) = full_url.filter(|_| write.method != Method::Delete) {
            note_place(&mut places, &full_url, &write).map_err(|error| in_entry(index, error))?;
        }
        rest.push((index, Entry { request, body: Body::Nothing, full_url: None }));
        writes.push((index, write));
    }
    let types = api.gateway.definitions().types();
    for (_, write) in &mut writes {
        if let Some(resource) = write.resource.take() {
            write.resource = Some(with_places(types, resource, &places));
        }
    }
    writes.sort_by_key(|(index, write)| (order(write.method), *index));
    let indexes: Vec<usize> = writes.iter().map(|(index, _)| *index).collect();
    let submission = Submission {
        space: request.space.clone(),
        principal: request.principal.clone(),
        request: request.id.clone(),
        writes: writes.into_iter().map(|(index, write)| Write { entry: Some(index), ..write }).collect(),
    };
    let written = api.gateway.submit(submission).await?;
    let mut written: HashMap<usize, _> = indexes.into_iter().zip(written).collect();
    let mut answers = Vec::with_capacity(rest.len());
    for (index, entry) in rest {
        answers.push(match (written.remove(&index), &entry.request.interaction) {
            (Some(written), Interaction::Delete { .. }) => delete::answer(&entry.request, &written),
            (Some(written), _) => create::answer(&entry.request, &written),
            (None, _) => {
                let answer = Box::pin(api.carry_out(&entry.request, entry.body)).await;
                answer.unwrap_or_else(ApiError::into_answer)
            }
        });
    }
    Ok(answers)
}

/// What an entry comes to.
enum Step {
    Write(Write),
    Read(Body),
}

fn draft(request: &Request, body: Body) -> Result<Step, ApiError> {
    Ok(Step::Write(match &request.interaction {
        Interaction::Create { type_name } => {
            create::draft(request, type_name, create::resource(type_name, body)?)?
        }
        Interaction::Update { type_name, id } => {
            update::draft(request, type_name, id, create::resource(type_name, body)?)?
        }
        Interaction::Delete { type_name, id } => delete::draft(request, type_name, id)?,
        _ => return Ok(Step::Read(body)),
    }))
}

fn order(method: Method) -> u8 {
    match method {
        Method::Delete => 0,
        Method::Post => 1,
        Method::Put => 2,
    }
}

/// Notes under which names the transaction's other entries may speak of a resource: its `fullUrl` and, where that is
/// the URL of a resource somewhere, its `Type/id`.
fn note_place(places: &mut HashMap<String, String>, full_url: &str, write: &Write) -> Result<(), ApiError> {
    let place = format!("{}/{}", write.type_name, write.id);
    if let Reference::Absolute { type_name, id, .. } = Reference::parse(full_url) {
        places.insert(format!("{type_name}/{id}"), place.clone());
    }
    match places.insert(full_url.to_owned(), place) {
        None => Ok(()),
        Some(_) => Err(ApiError::malformed(IssueCode::Duplicate, "two entries have the same fullUrl")),
    }
}

/// The resource with what it says of the transaction's other resources replaced by where those are to be.
fn with_places(types: &TypeGraph, resource: Resource, places: &HashMap<String, String>) -> Resource {
    let Some(type_id) = types.resource(resource.type_name()) else { return resource };
    if places.is_empty() {
        return resource;
    }
    let mut value = resource.clone().into_value();
    replace(types, type_id, &mut value, places);
    Resource::new(value).unwrap_or(resource)
}

fn replace(types: &TypeGraph, type_id: TypeId, value: &mut Value, places: &HashMap<String, String>) {
    let owner = &types[type_id];
    let Value::Object(map) = value else { return };
    for (name, value) in map.iter_mut() {
        let Some((property, type_id)) = owner.json_property(name) else { continue };
        let links = (owner.name == "Reference" && property.name == "reference")
            || matches!(types[type_id].name.as_str(), "uri" | "url" | "canonical" | "oid" | "uuid");
        let narrative = types[type_id].name == "xhtml";
        each(value, &mut |value| match value {
            Value::String(text) if links => {
                if let Some(place) = places.get(text.as_str()) {
                    place.clone_into(text);
                }
            }
            Value::String(text) if narrative => replace_links(text, places),
            Value::Object(map) => {
                // A contained resource, or one within Parameters, is of the type it names.
                let own =
                    map.get("resourceType").and_then(Value::as_str).and_then(|name| types.resource(name));
                replace(types, own.unwrap_or(type_id), value, places);
            }
            _ => {}
        });
    }
}

/// The value, or each of its items.
fn each(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(visit),
        value => visit(value),
    }
}

/// Links of a narrative to `urn:`s that the transaction places.
fn replace_links(narrative: &mut String, places: &HashMap<String, String>) {
    if !narrative.contains("\"urn:") {
        return;
    }
    for (name, place) in places.iter().filter(|(name, _)| name.starts_with("urn:")) {
        *narrative = narrative.replace(&format!("\"{name}\""), &format!("\"{place}\""));
    }
}
