//! The entries of a Bundle as they are sent.

use http::Method;
use serde_json::Value;

use super::content::patch_resource;
use super::outcome::{Asked, Body, Outcome, outcome};
use super::state::{Place, State, Wanted};
use super::step::{Action, Entry, Link, Wire, Write};
use super::wire::{Told, in_format, send};
use super::write::content_of;
use crate::harness::{Client, entry, transaction};

/// An entry, once it is known which ids there are.
pub enum Part<'w> {
    Write(Box<Draft<'w>>),
    Read(Place),
    /// Type, path and query, and what has to be found.
    Search(&'static str, String, Wanted),
}

/// A write, and what has to become of it if it is by itself.
pub struct Draft<'w> {
    pub write: &'w Write,
    /// `Bundle.entry.fullUrl`.
    pub name: Option<String>,
    asked: Asked,
    pub outcome: Outcome,
}

impl<'w> Part<'w> {
    /// The write, if it is one.
    pub fn draft(&self) -> Option<&Draft<'w>> {
        match self {
            Part::Write(draft) => Some(draft),
            Part::Read(_) | Part::Search(..) => None,
        }
    }
}

/// The entries of a batch, which do not know each other.
pub fn of_batch<'e>(state: &State, entries: &[&'e Entry]) -> Vec<Part<'e>> {
    entries.iter().map(|entry| part(state, entry, None, |_| None)).collect()
}

/// The entries of a transaction, which refer to each other by names, and to others by searches.
pub fn of_transaction<'e>(state: &mut State, entries: &[&'e Entry]) -> Vec<Part<'e>> {
    let names: Vec<Option<String>> =
        entries.iter().map(|entry| is_named(entry).then(|| state.fresh_name())).collect();
    let link = |link| match link {
        Link::Entry(which) => names[usize::from(which) % names.len()].clone(),
        Link::Where(of_type, criterion) => Some(format!("{of_type}?{}", state.query(of_type, criterion))),
        Link::No | Link::To(..) => None,
    };
    entries.iter().zip(&names).map(|(entry, name)| part(state, entry, name.clone(), link)).collect()
}

/// Whether others may refer to an entry: to all but deletions and what is only read.
fn is_named(entry: &Entry) -> bool {
    let Entry::Write(write) = entry else { return false };
    !matches!(write.action, Action::Delete(_) | Action::DeleteWhere(_))
}

fn part<'e>(
    state: &State,
    entry: &'e Entry,
    name: Option<String>,
    link_within: impl Fn(Link) -> Option<String>,
) -> Part<'e> {
    match entry {
        Entry::Write(write) => {
            let link = content_of(write).and_then(|content| match content.link {
                Link::To(of_type, which) => Some(state.place(of_type, which).to_string()),
                link => link_within(link),
            });
            let (asked, outcome) = outcome(state, write, link.as_deref());
            Part::Write(Box::new(Draft { write, name, asked, outcome }))
        }
        Entry::Read(of_type, which) => Part::Read(state.place(of_type, *which)),
        Entry::Search(of_type, criterion) => {
            let path = format!("{of_type}?{}", state.query(of_type, *criterion));
            Part::Search(of_type, path, state.wanted(of_type, *criterion))
        }
    }
}

/// Posts a Bundle.
pub async fn send_bundle(client: &Client, kind: &str, parts: &[Part<'_>], wire: Wire) -> Told {
    let entries = parts.iter().map(|part| match part {
        Part::Write(draft) => entry_of(draft),
        Part::Read(place) => entry(&format!("GET {place}"), None),
        Part::Search(_, path, _) => entry(&format!("GET {path}"), None),
    });
    let bundle = in_format(&transaction(kind, entries.collect()), wire);
    send(client, Method::POST, "", Vec::new(), Some(bundle), wire).await
}

fn entry_of(draft: &Draft) -> Value {
    let asked = &draft.asked;
    let resource = match &asked.body {
        Body::Nothing => None,
        Body::Resource(resource) => Some(resource.clone()),
        Body::Patch(patch) => Some(patch_resource(draft.write.of_type, *patch)),
    };
    let mut entry = entry(&format!("{} {}", asked.method, asked.path), resource);
    if let Some(name) = &draft.name {
        entry["fullUrl"] = name.as_str().into();
    }
    if let Some((name, value)) = &asked.guard {
        let name = if *name == "If-Match" { "ifMatch" } else { "ifNoneMatch" };
        entry["request"][name] = value.as_str().into();
    }
    if let Some(query) = &asked.none_exist {
        entry["request"]["ifNoneExist"] = query.as_str().into();
    }
    entry
}
