//! transaction (R4 §3.1.0.11.2): all entries or none. Deletions first, then creates, updates, and last what is read.

use std::collections::{BTreeSet, HashMap};

use http::StatusCode;
use serde_json::Value;

use crate::definitions::{TypeGraph, TypeId};
use crate::fhir::{Id, Issue, IssueCode, Reference, Resource, is_type_name};
use crate::gateway::{Condition, Match, Method, Refused, Submission, Write};
use crate::store::Key;

use super::bundle::{Entry, in_entry};
use super::request::{Body, Request, decode_form};
use super::{Answer, Api, ApiError, Interaction, conditional, create, delete, patch, scope, update};

/// Carries out the entries; the answers stand in their order.
///
/// What is read is read after everything is written. Reading what is not there is told in its entry and undoes nothing.
pub(super) async fn transaction(
    api: &Api,
    request: &Request,
    entries: Vec<Entry>,
) -> Result<Vec<Answer>, ApiError> {
    let mut references = BTreeSet::new();
    for (index, entry) in entries.iter().enumerate() {
        scope::check(&entry.request).map_err(|error| match error {
            ApiError::OutOfScope => error,
            error => in_entry(index, error),
        })?;
        if let Body::Value(value) = &entry.body {
            conditional_references(value, &mut references);
        }
    }
    let patched = entries.iter().filter_map(|entry| match &entry.request.interaction {
        Interaction::Patch { type_name, id } => Some(Key::new(request.space.id, type_name, id.as_str())),
        _ => None,
    });
    let _turns = api.turns.take(patched).await;
    let depends = |request: &Request| request.is_conditional() || request.interaction.patches();
    if references.is_empty() && !entries.iter().any(|entry| depends(&entry.request)) {
        return attempt(api, request, entries, &references).await;
    }
    let patches = entries.iter().any(|entry| entry.request.interaction.patches());
    let most_attempts = if patches { patch::MOST_ATTEMPTS } else { conditional::MOST_ATTEMPTS };
    for _ in 0..most_attempts {
        match attempt(api, request, entries.clone(), &references).await {
            Err(ApiError::Refused(Refused::Moved)) => {}
            answers => return answers,
        }
    }
    Err(Refused::Moved.into())
}

async fn attempt(
    api: &Api,
    request: &Request,
    entries: Vec<Entry>,
    references: &BTreeSet<String>,
) -> Result<Vec<Answer>, ApiError> {
    let mut writes: Vec<(usize, Write)> = Vec::new();
    let mut conditions = Vec::new();
    let mut places: HashMap<String, String> = HashMap::new();
    let mut searched: HashMap<Search, String> = HashMap::new();
    let mut rest = Vec::with_capacity(entries.len());
    for (index, Entry { request, body, full_url }) in entries.into_iter().enumerate() {
        let search = search_for(&request);
        let step = draft(api, &request, search.as_ref(), body, &mut conditions).await;
        let step = step.map_err(|error| in_entry(index, error))?;
        let (place, then) = match step {
            Step::Write(write) => {
                let place =
                    (write.method != Method::Delete).then(|| format!("{}/{}", write.type_name, write.id));
                writes.push((index, write));
                (place, Then::Written)
            }
            Step::Existing(type_name, id) => {
                (Some(format!("{type_name}/{id}")), Then::Existing(type_name, id))
            }
            Step::Nothing => (None, Then::Nothing),
            Step::Read(body) => (None, Then::Read(body)),
        };
        if let (Some(search), Some(place)) = (search, &place) {
            note_search(&mut searched, search, place).map_err(|error| in_entry(index, error))?;
        }
        if let (Some(full_url), Some(place)) = (full_url, place) {
            note_place(&mut places, &full_url, place).map_err(|error| in_entry(index, error))?;
        }
        rest.push((request, then));
    }
    refuse_deletions(&writes, &rest)?;
    for reference in references {
        let search =
            search_of(reference).map(|(type_name, query)| (type_name.to_owned(), decode_form(query)));
        let place = match search.and_then(|search| searched.get(&search)) {
            Some(place) => place.clone(),
            None => {
                let (place, condition) = referred(api, request, reference).await?;
                conditions.push(condition);
                place
            }
        };
        places.insert(reference.clone(), place);
    }
    let types = api.gateway.definitions().types();
    // What a patch leaves as it was may speak of others by the names the sender's server has for its own.
    let is_for_patches = |name: &str| name.starts_with("urn:") || search_of(name).is_some();
    let for_patches =
        places.iter().filter(|(name, _)| is_for_patches(name)).map(|(a, b)| (a.clone(), b.clone())).collect();
    for (_, write) in &mut writes {
        if let Some(resource) = write.resource.take() {
            let places = if write.method == Method::Patch { &for_patches } else { &places };
            write.resource = Some(with_places(types, resource, places));
        }
    }
    writes.sort_by_key(|(index, write)| (order(write.method), *index));
    let indexes: Vec<usize> = writes.iter().map(|(index, _)| *index).collect();
    let submission = Submission {
        space: request.space.clone(),
        principal: request.principal.clone(),
        viewer: request.viewer.clone(),
        origin: request.origin.clone(),
        conditions,
        writes: writes.into_iter().map(|(index, write)| Write { entry: Some(index), ..write }).collect(),
    };
    let written = api.gateway.submit(submission).await?;
    let mut written: HashMap<usize, _> = indexes.into_iter().zip(written).collect();
    let mut answers = Vec::with_capacity(rest.len());
    for (index, (request, then)) in rest.into_iter().enumerate() {
        let answer = match (then, written.remove(&index)) {
            (Then::Written, Some(written)) if request.interaction.deletes() => {
                Ok(delete::answer(&request, &written))
            }
            (Then::Written, Some(written)) => Ok(create::answer(&request, &written)),
            (Then::Existing(type_name, id), _) => conditional::existing(api, &request, &type_name, &id).await,
            (Then::Nothing | Then::Written, _) => Ok(Answer::status(StatusCode::NO_CONTENT)),
            (Then::Read(body), _) => Box::pin(api.carry_out(&request, body)).await,
        };
        answers.push(answer.unwrap_or_else(ApiError::into_answer));
    }
    Ok(answers)
}

/// What an entry comes to.
enum Step {
    Write(Write),
    /// A conditional create of what is there already.
    Existing(String, Id),
    /// A conditional deletion that finds nothing.
    Nothing,
    Read(Body),
}

/// What an entry is answered with once everything is written.
enum Then {
    Written,
    Existing(String, Id),
    Nothing,
    Read(Body),
}

/// A search that says which resource is meant: type and parameters.
type Search = (String, Vec<(String, String)>);

/// The search by which an entry says which resource it means.
fn search_for(request: &Request) -> Option<Search> {
    match (&request.interaction, &request.conditions.if_none_exist) {
        (Interaction::Create { type_name }, Some(query)) => {
            Some((type_name.clone(), conditional::none_exist(type_name, query)))
        }
        (
            Interaction::ConditionalUpdate { type_name }
            | Interaction::ConditionalPatch { type_name }
            | Interaction::ConditionalDelete { type_name },
            _,
        ) => Some((type_name.clone(), request.query.clone())),
        _ => None,
    }
}

/// Notes what a search has come to. Of two entries that make what the same search does not find, the second would have
/// found what the first has made.
fn note_search(searched: &mut HashMap<Search, String>, search: Search, place: &str) -> Result<(), ApiError> {
    match searched.insert(search, place.to_owned()) {
        Some(other) if other != place => {
            let text = "another entry makes what the same search does not find";
            Err(ApiError::malformed(IssueCode::Duplicate, text))
        }
        _ => Ok(()),
    }
}

/// What a conditional create relies on is not deleted beside it.
fn refuse_deletions(writes: &[(usize, Write)], rest: &[(Request, Then)]) -> Result<(), ApiError> {
    for (index, (_, then)) in rest.iter().enumerate() {
        let Then::Existing(type_name, id) = then else { continue };
        let deletes = |write: &Write| {
            write.method == Method::Delete && write.type_name == *type_name && write.id == *id
        };
        if writes.iter().any(|(_, write)| deletes(write)) {
            let text = "another entry deletes what this one would not create because it is there";
            return Err(in_entry(index, ApiError::malformed(IssueCode::Duplicate, text)));
        }
    }
    Ok(())
}

async fn draft(
    api: &Api,
    request: &Request,
    search: Option<&Search>,
    body: Body,
    conditions: &mut Vec<Condition>,
) -> Result<Step, ApiError> {
    let condition = match search {
        Some((type_name, query)) => Some(conditional::condition(api, request, type_name, query).await?),
        None => None,
    };
    let found = condition.as_ref().and_then(|condition| match &condition.found {
        Match::One(id) => Some(id.clone()),
        _ => None,
    });
    let step = match (&request.interaction, &condition, found) {
        (Interaction::Create { type_name }, _, Some(id)) => Step::Existing(type_name.clone(), id),
        (Interaction::Create { type_name }, ..) => {
            Step::Write(create::draft(type_name, create::resource(type_name, body)?))
        }
        (Interaction::Update { type_name, id }, ..) => {
            Step::Write(update::draft(request, type_name, id, create::resource(type_name, body)?)?)
        }
        (Interaction::ConditionalUpdate { type_name }, Some(condition), _) => {
            let resource = create::resource(type_name, body)?;
            Step::Write(conditional::update_draft(request, type_name, resource, condition)?)
        }
        (Interaction::Patch { type_name, id }, ..) => {
            Step::Write(patch::draft(api, request, type_name, id, &patch::read(api, body)?).await?)
        }
        (Interaction::ConditionalPatch { type_name }, _, found) => {
            let id = found.ok_or(ApiError::NotFound)?;
            Step::Write(patch::draft(api, request, type_name, &id, &patch::read(api, body)?).await?)
        }
        (Interaction::Delete { type_name, id }, ..) => Step::Write(delete::draft(request, type_name, id)?),
        (Interaction::ConditionalDelete { type_name }, _, Some(id)) => {
            Step::Write(delete::draft(request, type_name, &id)?)
        }
        (Interaction::ConditionalDelete { .. }, ..) => {
            conditional::refuse_if_match(request)?;
            Step::Nothing
        }
        _ => Step::Read(body),
    };
    conditions.extend(condition);
    Ok(step)
}

/// The references of a resource that are searches (R4 §3.1.0.11.2): `Patient?identifier=…`.
fn conditional_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == "reference" && search_of(text).is_some() => {
                        found.insert(text.clone());
                    }
                    value => conditional_references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| conditional_references(item, found)),
        _ => {}
    }
}

/// Type and query of a reference that is a search.
fn search_of(reference: &str) -> Option<(&str, &str)> {
    reference.split_once('?').filter(|(type_name, _)| is_type_name(type_name))
}

/// The one resource that a conditional reference finds.
async fn referred(api: &Api, request: &Request, reference: &str) -> Result<(String, Condition), ApiError> {
    let (type_name, query) = search_of(reference).unwrap_or((reference, ""));
    if api.gateway.definitions().types().resource(type_name).is_none() {
        return Err(ApiError::malformed(IssueCode::Value, "a conditional reference names no resource type"));
    }
    let condition = conditional::condition(api, request, type_name, &decode_form(query)).await?;
    match &condition.found {
        Match::One(id) => Ok((format!("{type_name}/{id}"), condition)),
        _ => {
            let text = format!("a conditional reference finds no {type_name}");
            Err(Refused::VersionConflict(Issue::error(IssueCode::NotFound, text).into()).into())
        }
    }
}

fn order(method: Method) -> u8 {
    match method {
        Method::Delete => 0,
        Method::Post => 1,
        Method::Put | Method::Patch => 2,
    }
}

/// Notes under which names the transaction's other entries may speak of a resource: its `fullUrl` and, where that is
/// the URL of a resource somewhere, its `Type/id`.
fn note_place(places: &mut HashMap<String, String>, full_url: &str, place: String) -> Result<(), ApiError> {
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
