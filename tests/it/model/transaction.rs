//! What makes a transaction fail, and what its entries call each other (R4 §3.1.0.11.2).

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::Outcome;
use super::part::{Draft, Part};
use super::state::{Found, Place, State};
use super::step::{Action, Link, Write};
use super::wire::Told;
use super::write::{content_of, place_of};

/// What the search of a conditional reference finds.
enum Search {
    /// A resource that was there before.
    There(Place),
    /// What another entry of the transaction finds or makes by the same search.
    Here,
    /// None, or several.
    Unclear,
}

/// The search that says which resource a write makes or replaces, as a reference has it.
fn searched(state: &State, write: &Write) -> Option<String> {
    match &write.action {
        Action::CreateUnless(criterion, _) | Action::UpdateWhere(criterion, ..) => {
            Some(format!("{}?{}", write.of_type, state.query(write.of_type, *criterion)))
        }
        _ => None,
    }
}

/// The resource that is written to, where the client or the search says it.
fn target(state: &State, write: &Write) -> Option<Place> {
    let of_type = write.of_type;
    let found = |criterion| match state.find(of_type, criterion) {
        Found::One(place) => Some(place),
        Found::Nothing | Found::Many => None,
    };
    match &write.action {
        Action::Create(_) | Action::CreateUnless(..) => None,
        Action::Update(which, _) | Action::Patch(which, _) | Action::Delete(which) => {
            Some(state.place(of_type, *which))
        }
        Action::UpdateWhere(criterion, own, _) => {
            found(*criterion).or(own.map(|which| state.place(of_type, which)))
        }
        Action::PatchWhere(criterion, _) | Action::DeleteWhere(criterion) => found(*criterion),
    }
}

/// The conditional references of a transaction.
fn conditional_references(state: &State, drafts: &[&Draft<'_>]) -> BTreeMap<String, Search> {
    let here: BTreeSet<String> = drafts.iter().filter_map(|draft| searched(state, draft.write)).collect();
    let links = drafts.iter().filter_map(|draft| content_of(draft.write)).map(|content| content.link);
    let searches = links.filter_map(|link| {
        let Link::Where(of_type, criterion) = link else { return None };
        let search = format!("{of_type}?{}", state.query(of_type, criterion));
        let found = match state.find(of_type, criterion) {
            _ if here.contains(&search) => Search::Here,
            Found::One(place) => Search::There(place),
            Found::Nothing | Found::Many => Search::Unclear,
        };
        Some((search, found))
    });
    searches.collect()
}

/// The statuses a transaction may be refused with; none when it has to be carried out.
pub fn refusals(state: &State, parts: &[Part<'_>]) -> BTreeSet<u16> {
    let drafts: Vec<&Draft> = parts.iter().filter_map(Part::draft).collect();
    let mut statuses = BTreeSet::new();
    let (mut written, mut deleted, mut made) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for Draft { write, outcome, .. } in &drafts {
        if let Outcome::Refused(status) = outcome {
            // What is to be changed is not there, or not any more.
            statuses.insert(if *status == 410 { 404 } else { *status });
        }
        let place = target(state, write);
        if matches!(outcome, Outcome::Written(written) if written.content.is_none()) {
            deleted.extend(place.clone());
        }
        // No resource twice; and of two that make what the same search does not find, the second would find it.
        let is_new = place.is_none_or(|place| written.insert(place));
        let makes = matches!(outcome, Outcome::Written(written) if written.is_new);
        let is_first = !makes || searched(state, write).is_none_or(|search| made.insert(search));
        if !is_new || !is_first {
            statuses.insert(400);
        }
    }
    // What a conditional create relies on is not deleted beside it.
    if drafts
        .iter()
        .any(|draft| matches!(&draft.outcome, Outcome::Existing(place) if deleted.contains(place)))
    {
        statuses.insert(400);
    }
    if conditional_references(state, &drafts).values().any(|found| matches!(found, Search::Unclear)) {
        statuses.insert(412);
    }
    statuses
}

/// Where everything is that the entries of a transaction speak of by name or by a search.
pub fn places(state: &State, parts: &[Part<'_>], told: &[Told]) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    for (part, told) in parts.iter().zip(told) {
        let Some(draft) = part.draft() else { continue };
        let place = match &draft.outcome {
            Outcome::Written(written) => place_of(told, written, draft.write.of_type),
            Outcome::Existing(place) => place.clone(),
            Outcome::Nothing(_) | Outcome::Refused(_) => continue,
        };
        let names = draft.name.clone().into_iter().chain(searched(state, draft.write));
        places.extend(names.map(|name| (name, place.to_string())));
    }
    let drafts: Vec<&Draft> = parts.iter().filter_map(Part::draft).collect();
    for (search, found) in conditional_references(state, &drafts) {
        if let Search::There(place) = found {
            places.insert(search, place.to_string());
        }
    }
    places
}
