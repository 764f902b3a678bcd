//! In the end: every version, every history and some searches, in both formats.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use super::state::{Place, State};
use super::step::{Criterion, TYPES, Wire};
use super::wire::{Told, bare, send};
use super::write::{check_read, etag};
use crate::harness::Client;

/// Compares all that is stored with the model.
pub async fn all(client: &Client, state: &State) {
    for wire in [Wire::JSON, Wire::XML] {
        for place in state.places() {
            let count = state.versions(place).len();
            let read = get(client, &place.to_string(), wire).await;
            check_read(state, &read, place, count);
            for number in 0..=count + 1 {
                let read = get(client, &format!("{place}/_history/{number}"), wire).await;
                check_read(state, &read, place, number);
            }
            let own = state.commits().iter().filter(|(other, _)| other == place);
            history(client, state, &format!("{place}/"), own, wire).await;
        }
        for of_type in TYPES {
            let own = state.commits().iter().filter(|(place, _)| place.of_type == of_type);
            history(client, state, &format!("{of_type}/"), own, wire).await;
            searches(client, state, of_type, wire).await;
        }
        history(client, state, "", state.commits().iter(), wire).await;
        newest_first(client, state, None, wire).await;
    }
}

async fn get(client: &Client, path: &str, wire: Wire) -> Told {
    send(client, Method::GET, path, Vec::new(), None, wire).await
}

/// All entries of a Bundle that comes in pages, and the total that the first one tells.
async fn pages(client: &Client, path: &str, wire: Wire) -> (Option<u64>, Vec<Value>) {
    let mut entries = Vec::new();
    let mut total = None;
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let told = get(client, &path, wire).await;
        assert_eq!(told.status, 200, "{path}: {told:?}");
        let bundle = told.body.unwrap();
        total = total.or(bundle["total"].as_u64());
        entries.extend(bundle["entry"].as_array().into_iter().flatten().cloned());
        let link = bundle["link"].as_array().into_iter().flatten().find(|link| link["relation"] == "next");
        next = link.map(|link| link["url"].as_str().unwrap().to_owned());
    }
    (total, entries)
}

/// Compares a history with these versions, oldest first.
async fn history(
    client: &Client,
    state: &State,
    path: &str,
    versions: impl Iterator<Item = &(Place, usize)>,
    wire: Wire,
) {
    let versions: Vec<&(Place, usize)> = versions.collect();
    let (total, entries) = pages(client, &format!("{path}_history?_count=7"), wire).await;
    assert_eq!((total, entries.len()), (Some(versions.len() as u64), versions.len()), "{path}");
    for (entry, (place, number)) in entries.iter().zip(versions.into_iter().rev()) {
        let version = &state.versions(place)[number - 1];
        let (request, response) = (&entry["request"], &entry["response"]);
        assert_eq!(entry["fullUrl"], format!("{}/{place}", client.base));
        assert_eq!(request["method"], version.method, "{place} {number}");
        let url = if version.method == "POST" { place.of_type.to_owned() } else { place.to_string() };
        assert_eq!(request["url"], url, "{place} {number}");
        assert_eq!(response["etag"], etag(*number), "{place}");
        assert_eq!(response["lastModified"], version.updated, "{place} {number}");
        assert_eq!(entry.get("resource").map(bare), version.content, "{place} {number}");
        let status = response["status"].as_str().unwrap();
        let expected: &[&str] = match (version.method, number) {
            ("DELETE", _) => &["204"],
            (_, 1) => &["201"],
            // Again, where it was deleted, or anew.
            _ => &["200", "201"],
        };
        assert!(expected.contains(&&status[..3]), "{place} {number}: {status}");
    }
}

/// Compares some searches of a type with what is current.
async fn searches(client: &Client, state: &State, of_type: &'static str, wire: Wire) {
    for criterion in (0..4).map(Criterion::Number).chain((0..5).map(Criterion::Id)) {
        let path = format!("{of_type}?{}", state.query(of_type, criterion));
        check_found(
            &get(client, &path, wire).await.body.unwrap(),
            &state.matches(of_type, &state.wanted(of_type, criterion)),
        );
    }
    let current = newest_first(client, state, Some(of_type), wire).await;
    let (parameter, element, target) = match of_type {
        "Patient" => ("organization", "managingOrganization", "Organization/"),
        "Organization" => ("partof", "partOf", "Organization/"),
        _ => ("subject", "subject", "Patient/"),
    };
    let link = |place: &Place| state.current(place)?[element]["reference"].as_str();
    let links: BTreeSet<&str> = current.iter().filter_map(|place| link(place)).collect();
    for wanted in links.into_iter().filter(|link| link.starts_with(target)) {
        let expected: Vec<Place> =
            current.iter().filter(|place| link(place) == Some(wanted)).copied().cloned().collect();
        let found = get(client, &format!("{of_type}?{parameter}={wanted}"), wire).await;
        check_found(&found.body.unwrap(), &expected);
    }
}

/// Compares what is current, of a type or of all, newest first and in pages. Gives it.
async fn newest_first<'s>(
    client: &Client,
    state: &'s State,
    of_type: Option<&str>,
    wire: Wire,
) -> Vec<&'s Place> {
    let is_current = |(place, number): &&(Place, usize)| {
        of_type.is_none_or(|of_type| place.of_type == of_type)
            && *number == state.versions(place).len()
            && state.current(place).is_some()
    };
    let commits = state.commits().iter().rev().filter(is_current);
    let current: Vec<&Place> = commits.map(|(place, _)| place).collect();
    let path = format!("{}?_sort=-_lastUpdated&_count=3&_total=accurate", of_type.unwrap_or_default());
    let (total, entries) = pages(client, &path, wire).await;
    let found: Vec<String> = entries.iter().map(place_of).collect();
    let expected: Vec<String> = current.iter().map(|place| place.to_string()).collect();
    assert_eq!((total, found), (Some(current.len() as u64), expected), "{path}");
    for (place, entry) in current.iter().zip(&entries) {
        assert_eq!(Some(&bare(&entry["resource"])), state.current(place), "{place}");
    }
    current
}

fn place_of(entry: &Value) -> String {
    let text = |name: &str| entry["resource"][name].as_str().unwrap_or_default();
    format!("{}/{}", text("resourceType"), text("id"))
}

/// Compares a searchset with the places that have to be in it, in whatever order.
pub fn check_found(searchset: &Value, expected: &[Place]) {
    assert_eq!(searchset["type"], "searchset");
    let entries = searchset["entry"].as_array().into_iter().flatten();
    let found: BTreeSet<String> = entries.map(place_of).collect();
    let expected: BTreeSet<String> = expected.iter().map(Place::to_string).collect();
    assert_eq!(found, expected);
    assert_eq!(searchset["total"].as_u64(), Some(expected.len() as u64));
}
