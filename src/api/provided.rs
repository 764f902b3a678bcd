//! Resources that are part of the gateway rather than stored: the definitions of its search parameters and operations.
//!
//! They are read, and found by a search of their type. What is stored comes before them: in a search, where they follow
//! its last page in no order but their own, and under an id, where it hides them. They have no versions; searches of the
//! system and those of conditional interactions look at what is stored.

mod search_parameter;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::fhir::time::Instant;
use crate::fhir::{IssueCode, Resource};
use crate::gateway::{Gateway, SearchAnswer, Space};
use crate::search::{Candidate, DEFAULT_COUNT, Entries, SearchRequest, Summary, Total};
use crate::store::{Key, Version};

use super::operation::operations;
use super::request::Request;
use super::{Api, ApiError};

/// Before the number of the first one of a page, in the `_after` of a `next` link.
const CURSOR: &str = "provided:";

/// A resource that is part of the gateway.
#[derive(Debug, Clone)]
pub(super) struct Provided {
    id: String,
    body: String,
    entries: Entries,
}

impl Provided {
    fn new(gateway: &Gateway, space: &Space, value: Value) -> Option<Provided> {
        let resource = Resource::new(value).ok()?;
        Some(Provided {
            id: resource.id()?.to_owned(),
            entries: gateway.entries(space.id, &resource),
            body: resource.as_value().to_string(),
        })
    }

    fn version(&self, space: &Space, type_name: &str) -> Version {
        Version {
            key: Key::new(space.id, type_name, &self.id),
            seq: Instant(0),
            version: 0,
            method: String::new(),
            author: None,
            creator: None,
            body: Some(self.body.clone()),
            issues: None,
        }
    }
}

/// All of a type; none of most.
fn all<'a>(api: &'a Api, space: &Arc<Space>, type_name: &str) -> Cow<'a, [Provided]> {
    let gateway = &api.gateway;
    let provide = |value| Provided::new(gateway, space, value);
    match type_name {
        // The same in each space, and many.
        "SearchParameter" => Cow::Borrowed(api.search_parameters.get_or_init(|| {
            search_parameter::search_parameters(gateway).into_iter().filter_map(provide).collect()
        })),
        "OperationDefinition" => {
            operations().map(|operation| operation.to_resource(space)).filter_map(provide).collect()
        }
        _ => Cow::Borrowed(&[]),
    }
}

/// The one of that id. Its version is none: it tells neither number nor time.
pub(super) fn find(api: &Api, request: &Request, type_name: &str, id: &str) -> Option<Version> {
    let all = all(api, &request.space, type_name);
    let found = all.iter().find(|provided| provided.id == id);
    found.map(|provided| provided.version(&request.space, type_name))
}

/// Whether this is no version of something that is stored.
pub(super) fn is_one(version: &Version) -> bool {
    version.version == 0
}

/// A search of one type: of what is stored, then of what the gateway provides.
pub(super) async fn search(
    api: &Api,
    request: &Request,
    type_name: &str,
    search: &SearchRequest,
) -> Result<SearchAnswer, ApiError> {
    let (gateway, space) = (&api.gateway, &request.space);
    let all = all(api, space, type_name);
    if all.is_empty() {
        return Ok(gateway.search(&request.viewer, space, search).await?);
    }
    let found = found(api, request, type_name, search, &all).await?;
    let begin = search.after.as_deref().and_then(|after| after.strip_prefix(CURSOR)).map(str::parse::<usize>);
    let begin = begin.transpose().map_err(|_| {
        ApiError::malformed(IssueCode::Value, "_after is not from a 'next' link of this server")
    })?;
    let mut answer = match begin {
        None => gateway.search(&request.viewer, space, search).await?,
        Some(_) => {
            // What is stored has been seen; it is counted where a total is wanted.
            let rest = SearchRequest { count: Some(0), after: None, includes: Vec::new(), ..search.clone() };
            let counted = gateway.search(&request.viewer, space, &rest).await?;
            let total = counted.total.filter(|_| search.total == Total::Accurate);
            SearchAnswer { total, ..counted }
        }
    };
    answer.total = answer.total.map(|stored| stored + found.len() as u64);
    let count = match search.summary {
        Summary::Count => 0,
        _ => search.count.unwrap_or(DEFAULT_COUNT),
    };
    if answer.next.is_none() && count > 0 {
        let begin = begin.unwrap_or(0);
        let end = found.len().min(begin.saturating_add(count.saturating_sub(answer.matches.len())));
        let page = found.get(begin..end).unwrap_or_default();
        answer.matches.extend(page.iter().map(|provided| provided.version(space, type_name)));
        answer.next = (end < found.len() && begin <= end).then(|| format!("{CURSOR}{end}"));
    }
    Ok(answer)
}

/// Those that meet a search, and are not hidden by what is stored.
async fn found<'p>(
    api: &Api,
    request: &Request,
    type_name: &str,
    search: &SearchRequest,
    all: &'p [Provided],
) -> Result<Vec<&'p Provided>, ApiError> {
    let meets = |provided: &&Provided| {
        let candidate = Candidate { id: &provided.id, updated: None, entries: &provided.entries };
        search.criteria.iter().any(|criteria| criteria.are_met_by(candidate))
    };
    let mut found: Vec<&Provided> = all.iter().filter(meets).collect();
    let key = |provided: &&Provided| Key::new(request.space.id, type_name, &provided.id);
    let keys: Vec<Key> = found.iter().map(key).collect();
    let stored = api.gateway.store().read_all(&request.viewer, &keys).await?;
    let stored = stored.iter().filter(|version| version.body.is_some());
    let hidden: BTreeSet<&str> = stored.map(|version| &*version.key.id).collect();
    found.retain(|provided| !hidden.contains(provided.id.as_str()));
    Ok(found)
}
