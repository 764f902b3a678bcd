//! From a code to its counterparts in other systems (R4 §4.10.6.1, `$translate`).

use super::library::Library;
use crate::definitions::ConceptMap;
use crate::definitions::canonical::split;
use crate::definitions::concept_map::{Group, OtherElement, Target};

/// How many maps may hand a code on to each other.
const MAX_MAPS: usize = 64;

/// What is to be translated, and into what.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'w> {
    /// The code.
    pub code: &'w str,
    /// Its system.
    pub system: Option<&'w str>,
    /// The value set it is taken from.
    pub source: Option<&'w str>,
    /// The value set it is to be translated into.
    pub target: Option<&'w str>,
    /// The system it is to be translated into.
    pub target_system: Option<&'w str>,
    /// What else is known: property and value.
    pub dependencies: &'w [(String, String)],
    /// Whether the code is a target, and its sources are asked for.
    pub reverse: bool,
}

/// A counterpart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// How it stands to the code (value set concept-map-equivalence).
    pub equivalence: String,
    /// Its system.
    pub system: Option<String>,
    /// The system's version.
    pub version: Option<String>,
    /// The code; none, when the map says that there is no counterpart.
    pub code: Option<String>,
    /// Text for it.
    pub display: Option<String>,
    /// What else the translation yields.
    pub products: Vec<OtherElement>,
    /// The map that says so.
    pub map: String,
}

impl Match {
    /// Whether it is a counterpart rather than word that there is none.
    pub fn is_counterpart(&self) -> bool {
        self.code.is_some() && !matches!(self.equivalence.as_str(), "unmatched" | "disjoint")
    }
}

/// Translates by one map.
pub fn by_map(library: &dyn Library, map: &ConceptMap, wanted: Wanted<'_>) -> Vec<Match> {
    let mut matches = Vec::new();
    translate(library, map, wanted, &mut Vec::new(), &mut matches);
    matches
}

/// Translates by all maps that fit.
pub fn by_any_map(library: &dyn Library, wanted: Wanted<'_>) -> Vec<Match> {
    let (source, target) = match wanted.reverse {
        false => (wanted.source, wanted.target),
        true => (wanted.target, wanted.source),
    };
    let is_meant = |asked: Option<&str>, own: Option<&str>| {
        asked.is_none_or(|asked| own.is_some_and(|own| is_same_set(asked, own)))
    };
    let maps = library
        .concept_maps()
        .filter(|map| is_meant(source, map.source.as_deref()) && is_meant(target, map.target.as_deref()));
    let mut matches: Vec<Match> = Vec::new();
    for found in maps.flat_map(|map| by_map(library, map, wanted)) {
        if !matches.contains(&found) {
            matches.push(found);
        }
    }
    matches
}

fn is_same_set(asked: &str, own: &str) -> bool {
    let ((asked, asked_version), (own, own_version)) = (split(asked), split(own));
    asked == own && (asked_version.is_none() || own_version.is_none() || asked_version == own_version)
}

/// `visited` are the maps the code has been handed on from: none is asked twice.
fn translate(
    library: &dyn Library,
    map: &ConceptMap,
    wanted: Wanted<'_>,
    visited: &mut Vec<String>,
    matches: &mut Vec<Match>,
) {
    let name = named(map);
    if visited.contains(&name) || visited.len() >= MAX_MAPS {
        return;
    }
    visited.push(name);
    for group in &map.groups {
        let (from, to) = match wanted.reverse {
            false => (&group.source, &group.target),
            true => (&group.target, &group.source),
        };
        let is_meant = |asked: Option<&str>, own: Option<&str>| {
            asked.is_none_or(|asked| own.is_none_or(|own| own == asked))
        };
        if !(is_meant(wanted.system, from.as_deref()) && is_meant(wanted.target_system, to.as_deref())) {
            continue;
        }
        match wanted.reverse {
            true => sources(map, group, wanted, matches),
            false if !targets(map, group, wanted, matches) => {
                unmapped(library, map, group, wanted, visited, matches);
            }
            false => {}
        }
    }
}

/// Adds the counterparts of a code; whether the group has the code.
fn targets(map: &ConceptMap, group: &Group, wanted: Wanted<'_>, matches: &mut Vec<Match>) -> bool {
    let mut has = false;
    for element in group.elements.iter().filter(|element| element.code == wanted.code) {
        has = true;
        let fitting = element.targets.iter().filter(|target| are_met(target, wanted));
        matches.extend(fitting.map(|target| Match {
            equivalence: target.equivalence.clone(),
            system: group.target.clone().filter(|_| target.code.is_some()),
            version: group.target_version.clone().filter(|_| target.code.is_some()),
            code: target.code.clone(),
            display: target.display.clone(),
            products: target.products.clone(),
            map: named(map),
        }));
    }
    has
}

/// Adds what has a code as its counterpart.
fn sources(map: &ConceptMap, group: &Group, wanted: Wanted<'_>, matches: &mut Vec<Match>) {
    for element in &group.elements {
        let fitting = element
            .targets
            .iter()
            .filter(|target| target.code.as_deref() == Some(wanted.code) && are_met(target, wanted));
        matches.extend(fitting.map(|target| Match {
            equivalence: turned(&target.equivalence).to_owned(),
            system: group.source.clone(),
            version: group.source_version.clone(),
            code: Some(element.code.clone()),
            display: None,
            products: Vec::new(),
            map: named(map),
        }));
    }
}

/// What the group says is done with codes it does not have.
fn unmapped(
    library: &dyn Library,
    map: &ConceptMap,
    group: &Group,
    wanted: Wanted<'_>,
    visited: &mut Vec<String>,
    matches: &mut Vec<Match>,
) {
    let Some(unmapped) = &group.unmapped else { return };
    let one = |equivalence: &str, code: Option<String>, display: Option<String>| Match {
        equivalence: equivalence.to_owned(),
        system: group.target.clone(),
        version: group.target_version.clone(),
        code,
        display,
        products: Vec::new(),
        map: named(map),
    };
    match unmapped.mode.as_str() {
        "provided" => matches.push(one("equal", Some(wanted.code.to_owned()), None)),
        // One code for all that is left over says no more than that.
        "fixed" => matches.push(one("inexact", unmapped.code.clone(), unmapped.display.clone())),
        "other-map" => {
            if let Some(other) = unmapped.url.as_deref().and_then(|url| library.concept_map(url)) {
                translate(library, other, wanted, visited, matches);
            }
        }
        _ => {}
    }
}

fn named(map: &ConceptMap) -> String {
    if map.version.is_empty() || map.url.is_empty() {
        map.url.clone()
    } else {
        format!("{}|{}", map.url, map.version)
    }
}

/// Whether all that a mapping depends on is known to be so.
fn are_met(target: &Target, wanted: Wanted<'_>) -> bool {
    target.depends_on.iter().all(|needed| {
        wanted
            .dependencies
            .iter()
            .any(|(property, value)| *property == needed.property && *value == needed.value)
    })
}

/// An equivalence as it is from the other side.
fn turned(equivalence: &str) -> &str {
    match equivalence {
        "wider" => "narrower",
        "narrower" => "wider",
        "subsumes" => "specializes",
        "specializes" => "subsumes",
        same => same,
    }
}
