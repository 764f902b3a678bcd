//! Batches and transactions (R4 §3.1.0.11): answered entry by entry, and stored all or nothing.

use std::collections::BTreeMap;

use super::agree::check_found;
use super::content::link_of;
use super::outcome::{Outcome, Written, outcome};
use super::part::{Part, of_batch, of_transaction, send_bundle};
use super::state::{Place, State};
use super::step::{Action, Entry, Wire};
use super::transaction::{places, refusals};
use super::wire::Told;
use super::write::{add, check_read, check_status, check_unwritten, check_written, look, place_of};
use crate::harness::Client;

/// A version that a Bundle has written.
#[derive(Debug)]
struct Commit {
    updated: String,
    place: Place,
    written: Written,
}

/// Carries out a batch, whose entries do not depend on each other.
pub async fn batch(client: &Client, state: &mut State, entries: &[Entry], wire: Wire) {
    let parts = of_batch(state, &independent(state, entries));
    let told = send_bundle(client, "batch", &parts, wire).await;
    let told = answers(&told, "batch-response", &parts);
    let mut commits = commits(&parts, &told, &BTreeMap::new());
    // A batch has no order but the one it was carried out in.
    commits.sort_by(|a, b| a.updated.cmp(&b.updated));
    settle(client, state, &parts, &told, commits, wire).await;
}

/// Carries out a transaction, perhaps without what would be refused by itself.
pub async fn transaction(
    client: &Client,
    state: &mut State,
    entries: &[Entry],
    is_careful: bool,
    wire: Wire,
) {
    let is_refused = |entry: &&Entry| match entry {
        Entry::Write(write) => matches!(outcome(state, write, None).1, Outcome::Refused(_)),
        Entry::Read(..) | Entry::Search(..) => false,
    };
    let entries: Vec<&Entry> = entries.iter().filter(|entry| !(is_careful && is_refused(entry))).collect();
    if entries.is_empty() {
        return;
    }
    let parts = of_transaction(state, &entries);
    let told = send_bundle(client, "transaction", &parts, wire).await;
    let refusals = refusals(state, &parts);
    if !refusals.is_empty() {
        assert!(refusals.contains(&told.status), "{refusals:?}: {told:?}");
        return;
    }
    let told = answers(&told, "transaction-response", &parts);
    let mut commits = commits(&parts, &told, &places(state, &parts, &told));
    // Deletions, creates, updates; each in the order of the entries.
    commits.sort_by_key(|commit| match commit.written.method {
        "DELETE" => 0,
        "POST" => 1,
        _ => 2,
    });
    settle(client, state, &parts, &told, commits, wire).await;
}

/// Leaves out entries whose outcome depends on others: a batch has no order.
fn independent<'e>(state: &State, entries: &'e [Entry]) -> Vec<&'e Entry> {
    // A type, and which one of it; whoever searches depends on all.
    let touched = |entry: &Entry| match entry {
        Entry::Read(of_type, which) => (*of_type, Some(state.place(of_type, *which).id)),
        Entry::Search(of_type, _) => (*of_type, None),
        Entry::Write(write) => match write.action {
            Action::Update(which, _) | Action::Patch(which, _) | Action::Delete(which) => {
                (write.of_type, Some(state.place(write.of_type, which).id))
            }
            // Nobody knows the id it is to have.
            Action::Create(_) => (write.of_type, Some(String::new())),
            _ => (write.of_type, None),
        },
    };
    let mut kept: Vec<&Entry> = Vec::new();
    for entry in entries {
        let (of_type, id) = touched(entry);
        let depends = kept.iter().map(|other| touched(other)).any(|(other_type, other)| {
            let is_create = id.as_deref() == Some("") && other.is_some();
            other_type == of_type && !is_create && (id.is_none() || other.is_none() || other == id)
        });
        if !depends {
            kept.push(entry);
        }
    }
    kept
}

/// The entries of the answer to a Bundle that was carried out, each with the status it has to have.
fn answers(told: &Told, kind: &str, parts: &[Part<'_>]) -> Vec<Told> {
    assert_eq!(told.status, 200, "{told:?}");
    let bundle = told.body.as_ref().unwrap();
    assert_eq!(bundle["type"], kind);
    let entries = bundle["entry"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert_eq!(entries.len(), parts.len(), "{bundle}");
    let answers: Vec<Told> = entries.iter().map(Told::of_entry).collect();
    for (part, told) in parts.iter().zip(&answers) {
        part.draft().into_iter().for_each(|draft| check_status(told, &draft.outcome));
    }
    answers
}

/// What was written. `places` says where everything is that an entry may refer to by another name.
fn commits(parts: &[Part<'_>], told: &[Told], places: &BTreeMap<String, String>) -> Vec<Commit> {
    let commit = |(part, told): (&Part<'_>, &Told)| {
        let draft = part.draft()?;
        let Outcome::Written(written) = &draft.outcome else { return None };
        let mut written = written.clone();
        if let Some(link) = written.content.as_mut().and_then(link_of)
            && let Some(place) = places.get(link.as_str().unwrap())
        {
            *link = place.as_str().into();
        }
        let updated = told.updated.clone().unwrap_or_else(|| panic!("when? {told:?}"));
        Some(Commit { updated, place: place_of(told, &written, draft.write.of_type), written })
    };
    parts.iter().zip(told).filter_map(commit).collect()
}

/// Adds to the model what was written, in its order, and compares all that is told.
async fn settle(
    client: &Client,
    state: &mut State,
    parts: &[Part<'_>],
    told: &[Told],
    commits: Vec<Commit>,
    wire: Wire,
) {
    let written: Vec<Place> = commits.iter().map(|commit| commit.place.clone()).collect();
    for Commit { updated, place, written } in commits {
        add(state, place, written, updated);
    }
    for (part, told) in parts.iter().zip(told) {
        match part {
            Part::Write(draft) => match &draft.outcome {
                Outcome::Written(written) => {
                    let place = place_of(told, written, draft.write.of_type);
                    check_written(client, state, told, &place, wire.back);
                }
                outcome => check_unwritten(client, state, told, outcome, wire.back),
            },
            Part::Read(place) => check_read(state, told, place, state.versions(place).len()),
            Part::Search(of_type, _, wanted) => {
                check_found(told.body.as_ref().unwrap(), &state.matches(of_type, wanted));
            }
        }
    }
    for place in &written {
        look(client, state, place, wire).await;
    }
}
