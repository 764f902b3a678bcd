//! What a token's scopes let its client do (SMART App Launch 2.2 §Scopes): the same for a request by itself and for an
//! entry of a Bundle.

use crate::access::{Permit, Principal, Right, Scopes};
use crate::gateway::SearchAnswer;
use crate::search::{Condition, Criteria, Handling, SearchRequest};
use crate::store::Version;

use super::request::{Preferences, Request, Return};
use super::{Api, ApiError, Interaction};

/// Refuses what the scopes do not cover. That what is read under a restriction is within it, [`restrict`] and [`covers`] see
/// to.
pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    let Some(scopes) = request.principal.scopes() else { return Ok(()) };
    let may = |type_name: &str, right| scopes.permit(type_name, right) == Permit::Yes;
    let may_partly = |type_name: &str, right| scopes.permit(type_name, right) != Permit::No;
    let permitted = match &request.interaction {
        // The entries of a Bundle are looked at one by one; exports are of what was permitted when they began.
        Interaction::Capabilities
        | Interaction::Bundle
        | Interaction::ExportStatus { .. }
        | Interaction::CancelExport { .. } => true,
        Interaction::ExportFile { file, .. } => scopes.may_read(file.split('.').next().unwrap_or_default()),
        // Which types a search of the system is of, `restrict` sees to.
        Interaction::Search { type_name } => {
            type_name.as_ref().is_none_or(|type_name| may_partly(type_name, Right::Search))
        }
        Interaction::Read { type_name, .. } => may_partly(type_name, Right::Read),
        Interaction::VersionRead { type_name, .. }
        | Interaction::History { type_name: Some(type_name), id: Some(_) } => may(type_name, Right::Read),
        Interaction::History { type_name: Some(type_name), id: None } => may(type_name, Right::Search),
        Interaction::History { type_name: None, .. } => scopes.permit_all(Right::Search),
        Interaction::Create { type_name } => {
            let looks = request.conditions.if_none_exist.is_some();
            may(type_name, Right::Create) && (!looks || may(type_name, Right::Search))
        }
        Interaction::Update { type_name, .. } | Interaction::Patch { type_name, .. } => {
            may(type_name, Right::Update)
        }
        Interaction::ConditionalUpdate { type_name } | Interaction::ConditionalPatch { type_name } => {
            may(type_name, Right::Update) && may(type_name, Right::Search)
        }
        Interaction::Delete { type_name, .. } => may(type_name, Right::Delete),
        Interaction::ConditionalDelete { type_name } => {
            may(type_name, Right::Delete) && may(type_name, Right::Search)
        }
        Interaction::Operation { name, type_name, id } => {
            operation(scopes, name, type_name.as_deref(), id.is_some())
        }
    };
    if permitted { Ok(()) } else { Err(ApiError::OutOfScope) }
}

fn operation(scopes: &Scopes, name: &str, type_name: Option<&str>, is_on_instance: bool) -> bool {
    let may = |type_name: &str, right| scopes.permit(type_name, right) == Permit::Yes;
    match (name, type_name) {
        // What it is of, `export_types` says.
        ("export", _) => !scopes.is_empty(),
        ("docref", Some(type_name)) => scopes.permit(type_name, Right::Search) != Permit::No,
        // Nothing is told but what the caller has brought.
        ("validate", Some(type_name)) if !is_on_instance => {
            [Right::Create, Right::Read, Right::Update].into_iter().any(|right| may(type_name, right))
        }
        (_, Some(type_name)) => may(type_name, Right::Read),
        (_, None) => scopes.permit_all(Right::Read),
    }
}

/// Of these types those that may be exported.
///
/// Errors: none of them, or not all where they were asked for by name.
pub(super) fn export_types(
    principal: &Principal,
    mut types: Vec<String>,
    by_name: bool,
) -> Result<Vec<String>, ApiError> {
    let Some(scopes) = principal.scopes() else { return Ok(types) };
    let count = types.len();
    types.retain(|type_name| scopes.may_read(type_name));
    match types.is_empty() || by_name && types.len() < count {
        true => Err(ApiError::OutOfScope),
        false => Ok(types),
    }
}

/// Whoever may not read is not shown what it has written, either.
pub(super) fn preferences(
    principal: &Principal,
    interaction: &Interaction,
    preferences: Preferences,
) -> Preferences {
    let written = match interaction {
        Interaction::Create { type_name }
        | Interaction::Update { type_name, .. }
        | Interaction::ConditionalUpdate { type_name }
        | Interaction::Patch { type_name, .. }
        | Interaction::ConditionalPatch { type_name } => type_name,
        _ => return preferences,
    };
    let may_read = |scopes: &Scopes| scopes.permit(written, Right::Read) == Permit::Yes;
    match preferences.back == Return::Representation && !principal.scopes().is_none_or(may_read) {
        true => Preferences { back: Return::Minimal, ..preferences },
        false => preferences,
    }
}

/// A search as far as the scopes let it go: what they restrict it to is added, and what goes by way of other types is
/// refused where those are not covered. Of several types those remain that are covered.
pub(super) fn restrict(
    api: &Api,
    request: &Request,
    mut search: SearchRequest,
) -> Result<SearchRequest, ApiError> {
    let Some(scopes) = request.principal.scopes() else { return Ok(search) };
    search.criteria.retain(|criteria| scopes.permit(&criteria.type_name, Right::Search) != Permit::No);
    for criteria in &mut search.criteria {
        if !criteria.conditions.iter().all(|condition| goes_by(condition, scopes)) {
            return Err(ApiError::OutOfScope);
        }
        if let Permit::Where(pairs) = scopes.permit(&criteria.type_name, Right::Search) {
            criteria.conditions.extend(conditions(api, request, &criteria.type_name, &pairs)?);
        }
    }
    match search.criteria.is_empty() {
        true => Err(ApiError::OutOfScope),
        false => Ok(search),
    }
}

/// The search of a condition, which has to be covered as it is.
pub(super) fn within(request: &Request, search: SearchRequest) -> Result<SearchRequest, ApiError> {
    let Some(scopes) = request.principal.scopes() else { return Ok(search) };
    let is_covered = |criteria: &Criteria| {
        scopes.permit(&criteria.type_name, Right::Search) == Permit::Yes
            && criteria.conditions.iter().all(|condition| goes_by(condition, scopes))
    };
    match search.criteria.iter().all(is_covered) {
        true => Ok(search),
        false => Err(ApiError::OutOfScope),
    }
}

fn goes_by(condition: &Condition, scopes: &Scopes) -> bool {
    match condition {
        Condition::Chain { targets, .. } => targets
            .iter()
            .all(|(type_name, condition)| scopes.may_read(type_name) && goes_by(condition, scopes)),
        _ => true,
    }
}

/// Leaves out what was included and is not covered (R265).
pub(super) fn without_uncovered(request: &Request, mut answer: SearchAnswer) -> SearchAnswer {
    if let Some(scopes) = request.principal.scopes() {
        answer.included.retain(|version| scopes.may_read(&version.key.type_name));
    }
    answer
}

/// The types that a record may be of; `None` for all.
pub(super) fn record_types(api: &Api, request: &Request) -> Option<Vec<String>> {
    let scopes = request.principal.scopes()?;
    let types = api.gateway.definitions().types();
    let names = types.resources().map(|id| &types[id].name);
    Some(names.filter(|type_name| scopes.may_read(type_name)).cloned().collect())
}

/// Whether what was read is within the restriction that there may be.
pub(super) async fn covers(api: &Api, request: &Request, version: &Version) -> Result<bool, ApiError> {
    let type_name = &version.key.type_name;
    let Some(Permit::Where(pairs)) = request.principal.scopes().map(|s| s.permit(type_name, Right::Read))
    else {
        return Ok(true);
    };
    let mut conditions = conditions(api, request, type_name, &pairs)?;
    conditions.push(Condition::Id(vec![version.key.id.to_string()]));
    let criteria = vec![Criteria { type_name: type_name.to_string(), conditions }];
    let search = SearchRequest { criteria, ..SearchRequest::default() };
    let found = api.gateway.search(&request.viewer, &request.space, &search).await?;
    Ok(!found.matches.is_empty())
}

/// A restriction as conditions. One that the search parameters here do not know cannot be kept to, and permits nothing.
fn conditions(
    api: &Api,
    request: &Request,
    type_name: &str,
    pairs: &[(String, String)],
) -> Result<Vec<Condition>, ApiError> {
    let (definitions, registry) = (api.gateway.definitions(), api.gateway.registry());
    let base = &request.space.base;
    let search = SearchRequest::parse(definitions, registry, base, type_name, pairs, Handling::Strict);
    match search {
        Ok(mut search) if search.criteria.len() == 1 => match search.criteria.pop() {
            Some(criteria) if criteria.conditions.len() == pairs.len() => Ok(criteria.conditions),
            _ => Err(ApiError::OutOfScope),
        },
        _ => Err(ApiError::OutOfScope),
    }
}
