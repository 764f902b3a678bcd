//! The model: every version of every resource, in the order of their commit.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::content::{number_of, number_query};
use super::step::{Criterion, Guard};

/// Which resource: `Patient/a`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub of_type: &'static str,
    pub id: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.of_type, self.id)
    }
}

/// A version; a deletion has no content.
#[derive(Debug)]
pub struct Version {
    pub method: &'static str,
    pub content: Option<Value>,
    pub updated: String,
}

/// A criterion once it is known which ids there are.
pub enum Wanted {
    Number(u8),
    One(Place),
}

/// What a search of a conditional interaction finds.
pub enum Found {
    Nothing,
    One(Place),
    Many,
}

/// Ids that clients choose, of things that are not there at first.
const CHOSEN: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Default)]
pub struct State {
    lives: BTreeMap<Place, Vec<Version>>,
    /// Place and version number, oldest first.
    commits: Vec<(Place, usize)>,
    /// What the server has named.
    named: Vec<Place>,
    /// How many names the Bundles have used.
    names: u64,
}

impl State {
    /// The place that a number stands for: of a type, one of those that clients choose or that the server has named.
    pub fn place(&self, of_type: &'static str, which: u8) -> Place {
        let named = self.named.iter().filter(|place| place.of_type == of_type).map(|place| place.id.as_str());
        let ids: Vec<&str> = CHOSEN.into_iter().chain(named).collect();
        Place { of_type, id: ids[usize::from(which) % ids.len()].to_owned() }
    }

    /// All versions of a resource, oldest first.
    pub fn versions(&self, place: &Place) -> &[Version] {
        self.lives.get(place).map_or(&[], Vec::as_slice)
    }

    /// What is there now.
    pub fn current(&self, place: &Place) -> Option<&Value> {
        self.versions(place).last()?.content.as_ref()
    }

    /// All places that ever were.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.lives.keys()
    }

    /// Places and version numbers, oldest first.
    pub fn commits(&self) -> &[(Place, usize)] {
        &self.commits
    }

    /// The query of a criterion.
    pub fn query(&self, of_type: &'static str, criterion: Criterion) -> String {
        match criterion {
            Criterion::Number(number) => number_query(number),
            Criterion::Id(which) => format!("_id={}", self.place(of_type, which).id),
        }
    }

    /// What a criterion wants, as things are.
    pub fn wanted(&self, of_type: &'static str, criterion: Criterion) -> Wanted {
        match criterion {
            Criterion::Number(number) => Wanted::Number(number),
            Criterion::Id(which) => Wanted::One(self.place(of_type, which)),
        }
    }

    /// The places whose current content is wanted.
    pub fn matches(&self, of_type: &'static str, wanted: &Wanted) -> Vec<Place> {
        let is_wanted = |place: &Place, content: &Value| match wanted {
            Wanted::Number(number) => number_of(content) == number.to_string(),
            Wanted::One(one) => place == one,
        };
        let places = self.lives.keys().filter(|place| place.of_type == of_type);
        let found =
            places.filter(|place| self.current(place).is_some_and(|content| is_wanted(place, content)));
        found.cloned().collect()
    }

    /// What a conditional interaction finds.
    pub fn find(&self, of_type: &'static str, criterion: Criterion) -> Found {
        match self.matches(of_type, &self.wanted(of_type, criterion)).as_slice() {
            [] => Found::Nothing,
            [one] => Found::One(one.clone()),
            _ => Found::Many,
        }
    }

    /// Whether a precondition holds (RFC 9110 §13.1). What is deleted is at the version of its deletion.
    pub fn allows(&self, place: Option<&Place>, guard: Guard) -> bool {
        let (versions, current) = match place {
            None => (&[][..], None),
            Some(place) => (self.versions(place), self.current(place)),
        };
        match guard {
            Guard::Free => true,
            Guard::Newest => !versions.is_empty(),
            Guard::Stale | Guard::Nonsense => false,
            Guard::Any => current.is_some(),
            Guard::Nothing => current.is_none(),
        }
    }

    /// A precondition as it is sent: header and value.
    pub fn header(&self, place: Option<&Place>, guard: Guard) -> Option<(&'static str, String)> {
        let newest = place.map_or(0, |place| self.versions(place).len());
        match guard {
            Guard::Free => None,
            Guard::Newest => Some(("If-Match", format!("W/\"{}\"", newest.max(1)))),
            Guard::Stale => Some(("If-Match", format!("W/\"{}\"", newest + 7))),
            Guard::Nonsense => Some(("If-Match", "W/\"x\"".to_owned())),
            Guard::Any => Some(("If-Match", "*".to_owned())),
            Guard::Nothing => Some(("If-None-Match", "*".to_owned())),
        }
    }

    /// A name for an entry of a Bundle, never used before.
    pub fn fresh_name(&mut self) -> String {
        self.names += 1;
        format!("urn:uuid:5f1c2a34-0000-4000-8000-{:012}", self.names)
    }

    /// Adds a version that was committed after all others.
    pub fn add(&mut self, place: Place, version: Version) {
        let newest = self.commits.last().map(|(place, number)| &self.lives[place][number - 1].updated);
        if let Some(newest) = newest {
            assert!(*newest < version.updated, "{place} is no newer than what was written before");
        }
        if !self.lives.contains_key(&place) && !CHOSEN.contains(&place.id.as_str()) {
            self.named.push(place.clone());
        }
        let versions = self.lives.entry(place.clone()).or_default();
        versions.push(version);
        self.commits.push((place, versions.len()));
    }
}
