//! The gateway's own AuditEvents, beside those that other systems have stored.
//!
//! They are made of the record when somebody asks, cannot be written, and have a `meta.source` that begins with
//! `urn:sdoh-gateway:audit:`. A search has them after the stored ones, the latest first, and does not count them. Only who
//! may see everything sees them.

use crate::access::Viewer;
use crate::audit::EventId;
use crate::gateway::SearchAnswer;
use crate::search::{DEFAULT_COUNT, SearchRequest, Summary};
use crate::store::{Key, Version};

use super::request::Request;
use super::{Api, ApiError};

const TYPE: &str = "AuditEvent";
/// The cursor of a page that begins with the latest of our own.
const FROM_THE_LATEST: &str = "own";

/// Whether a resource is one of our own.
pub(super) fn is_own(key: &Key) -> bool {
    &*key.type_name == TYPE && EventId::parse(&key.id).is_some()
}

/// One of our own by its id; `None` where the id is of no such one.
pub(super) async fn read(
    api: &Api,
    request: &Request,
    type_name: &str,
    id: &str,
) -> Result<Option<Version>, ApiError> {
    match EventId::parse(id) {
        Some(id) if type_name == TYPE && request.viewer == Viewer::Everything => {
            Ok(api.gateway.read_audit(&request.space, id).await?)
        }
        _ => Ok(None),
    }
}

/// Whether a search of a type has our own behind what is stored.
pub(super) fn has_own(request: &Request, type_name: &str) -> bool {
    type_name == TYPE && request.viewer == Viewer::Everything
}

/// Carries out a search that has our own behind what is stored.
pub(super) async fn search(
    api: &Api,
    request: &Request,
    search: &SearchRequest,
) -> Result<SearchAnswer, ApiError> {
    let (gateway, space) = (&api.gateway, &request.space);
    let after = search.after.as_deref();
    let after_own = after.and_then(EventId::parse);
    let mut answer = match after_own.is_some() || after == Some(FROM_THE_LATEST) {
        true => SearchAnswer {
            matches: Vec::new(),
            included: Vec::new(),
            total: None,
            next: None,
            as_of: gateway.store().latest().await?,
            issues: search.issues.clone(),
        },
        false => gateway.search(&request.viewer, space, search).await?,
    };
    let count = search.count.unwrap_or(DEFAULT_COUNT);
    if answer.next.is_some() || count == 0 || search.summary == Summary::Count {
        return Ok(answer);
    }
    let room = count.saturating_sub(answer.matches.len());
    if room == 0 {
        answer.next = Some(FROM_THE_LATEST.to_owned());
        return Ok(answer);
    }
    let Some(criteria) = search.criteria.first() else { return Ok(answer) };
    let own = gateway.search_audit(space, criteria, after_own, room).await?;
    if !own.found.is_empty() || own.next.is_some() {
        answer.total = None;
    }
    answer.matches.extend(own.found);
    answer.next = own.next.map(|next| next.to_string());
    Ok(answer)
}
