//! A write by itself: answered, stored and to be read as the model has it.

use http::Method;
use serde_json::Value;

use super::outcome::{Outcome, Written, outcome};
use super::state::{Place, State, Version};
use super::step::{Action, Back, Content, Link, Wire, Write};
use super::wire::{Told, assert_outcome, bare, send, send_write};
use crate::harness::Client;

/// Carries out a write, and compares all that is told of it.
pub async fn one(client: &Client, state: &mut State, write: &Write, wire: Wire) {
    let link = content_of(write).and_then(|content| match content.link {
        Link::To(of_type, which) => Some(state.place(of_type, which).to_string()),
        // Only a transaction knows these.
        Link::No | Link::Entry(_) | Link::Where(..) => None,
    });
    let (asked, outcome) = outcome(state, write, link.as_deref());
    let told = send_write(client, &asked, write.of_type, wire).await;
    check_status(&told, &outcome);
    if let Outcome::Written(written) = &outcome {
        let place = place_of(&told, written, write.of_type);
        let updated = updated(client, &place, wire).await;
        add(state, place.clone(), written.clone(), updated);
        check_written(client, state, &told, &place, wire.back);
        look(client, state, &place, wire).await;
    } else {
        check_unwritten(client, state, &told, &outcome, wire.back);
    }
}

/// The content that a write brings.
pub fn content_of(write: &Write) -> Option<&Content> {
    match &write.action {
        Action::Create(content)
        | Action::CreateUnless(_, content)
        | Action::Update(_, content)
        | Action::UpdateWhere(.., content) => Some(content),
        Action::Patch(..) | Action::PatchWhere(..) | Action::Delete(_) | Action::DeleteWhere(_) => None,
    }
}

/// The status an answer has to have.
pub fn check_status(told: &Told, outcome: &Outcome) {
    let statuses: &[u16] = match outcome {
        Outcome::Refused(status) => &[*status],
        Outcome::Existing(_) => &[200],
        // With an outcome, as it is preferred, or without a body.
        Outcome::Nothing(_) => &[200, 204],
        Outcome::Written(written) if written.content.is_none() => &[200, 204],
        Outcome::Written(written) if written.is_new => &[201],
        Outcome::Written(_) => &[200],
    };
    assert!(statuses.contains(&told.status), "{statuses:?}: {outcome:?}\n{told:?}");
}

/// Where something was written, as the model or else the answer has it.
pub fn place_of(told: &Told, written: &Written, of_type: &'static str) -> Place {
    match &written.place {
        Some(place) => place.clone(),
        None => {
            let (told_type, id) = told.place();
            assert_eq!(told_type, of_type, "{told:?}");
            Place { of_type, id: id.to_owned() }
        }
    }
}

/// Adds a version to the model.
pub fn add(state: &mut State, place: Place, written: Written, updated: String) {
    let content = written.content.map(|mut content| {
        content["id"] = place.id.as_str().into();
        bare(&content)
    });
    state.add(place, Version { method: written.method, content, updated });
}

/// Compares the answer to a write that is in the model now.
pub fn check_written(client: &Client, state: &State, told: &Told, place: &Place, back: Back) {
    let versions = state.versions(place);
    assert_eq!(told.etag, etag(versions.len()), "{place}");
    match &versions[versions.len() - 1].content {
        None => check_deletion(told, back),
        Some(content) => {
            assert_eq!(told.location, version_url(client, place, versions.len()));
            check_back(told, content, back);
        }
    }
}

/// Compares the answer to a write that changes nothing.
pub fn check_unwritten(client: &Client, state: &State, told: &Told, outcome: &Outcome, back: Back) {
    match outcome {
        Outcome::Refused(_) | Outcome::Written(_) => {}
        Outcome::Nothing(version) => {
            assert_eq!(told.etag, version.map(etag).unwrap_or_default());
            check_deletion(told, back);
        }
        Outcome::Existing(place) => {
            let version = state.versions(place).len();
            assert_eq!(told.etag, etag(version), "{place}");
            assert_eq!(told.location, version_url(client, place, version));
            check_back(told, state.current(place).unwrap(), back);
        }
    }
}

pub fn etag(version: usize) -> String {
    format!("W/\"{version}\"")
}

fn version_url(client: &Client, place: &Place, version: usize) -> String {
    format!("{}/{place}/_history/{version}", client.base)
}

fn check_deletion(told: &Told, back: Back) {
    match (&told.body, back) {
        (Some(body), Back::Outcome) => assert_outcome(body),
        (body, _) => assert!(body.is_none() && told.status == 204, "{told:?}"),
    }
}

fn check_back(told: &Told, content: &Value, back: Back) {
    match (back, &told.body) {
        (Back::Minimal, body) => assert!(body.is_none(), "{told:?}"),
        (Back::Outcome, Some(body)) => assert_outcome(body),
        (_, Some(body)) => {
            assert_eq!(bare(body), *content);
            assert_eq!(format!("W/\"{}\"", body["meta"]["versionId"].as_str().unwrap()), told.etag);
        }
        (_, None) => panic!("nothing came back: {told:?}"),
    }
}

/// Reads what is there now, and compares it.
pub async fn look(client: &Client, state: &State, place: &Place, wire: Wire) {
    let told = send(client, Method::GET, &place.to_string(), Vec::new(), None, wire).await;
    check_read(state, &told, place, state.versions(place).len());
}

/// Compares what a read, or a read of a version, is answered with.
pub fn check_read(state: &State, told: &Told, place: &Place, number: usize) {
    let Some(version) = number.checked_sub(1).and_then(|index| state.versions(place).get(index)) else {
        assert_eq!(told.status, 404, "{place} {number}: {told:?}");
        return;
    };
    let Some(content) = &version.content else {
        assert_eq!(told.status, 410, "{place} {number}: {told:?}");
        return;
    };
    assert_eq!((told.status, told.etag.as_str()), (200, etag(number).as_str()), "{place}");
    let body = told.body.as_ref().unwrap();
    assert_eq!(bare(body), *content, "{place} {number}");
    assert_eq!(body["meta"]["versionId"], number.to_string(), "{place}");
    assert_eq!(body["meta"]["lastUpdated"], version.updated, "{place} {number}");
}

/// When the newest version of a resource was written, by its history.
async fn updated(client: &Client, place: &Place, wire: Wire) -> String {
    let path = format!("{place}/_history?_count=1");
    let told = send(client, Method::GET, &path, Vec::new(), None, wire).await;
    let entry = &told.body.as_ref().unwrap()["entry"][0];
    entry["response"]["lastModified"].as_str().unwrap().to_owned()
}
