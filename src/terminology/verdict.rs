//! Whether a code is one, and what it should be called (R4 §4.9.19.2 and §4.8.16.3, `$validate-code`).

use std::collections::BTreeSet;

use super::code_set::CodeSet;
use super::concepts::{is_abstract, is_inactive, is_same_text, is_text_of};
use super::library::Library;
use super::membership::Membership;
use super::missing::Missing;
use super::{grammar, tables};
use crate::definitions::code_system::{Concept, Content};

/// A code about which something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked<'a> {
    /// Its system; without one, that which the value set implies.
    pub system: Option<&'a str>,
    /// The system's version.
    pub version: Option<&'a str>,
    /// The code.
    pub code: &'a str,
    /// The text that stands beside it.
    pub display: Option<&'a str>,
}

/// What there is to say about a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is in the value set, or in the system.
    pub membership: Membership,
    /// Its system, as given or as the value set implies it.
    pub system: Option<String>,
    /// The version of the system that was looked into.
    pub version: Option<String>,
    /// What it is called.
    pub display: Option<String>,
    /// Whether the text beside it is another than those it is called by.
    pub is_misnamed: bool,
    /// Whether it only groups others.
    pub is_abstract: bool,
    /// Whether it is out of use.
    pub is_inactive: bool,
    /// Why it cannot be told whether it is in.
    pub missing: BTreeSet<Missing>,
}

/// Judges a code by a value set.
pub fn in_value_set(library: &dyn Library, codes: &CodeSet, asked: Asked<'_>) -> Verdict {
    let membership = codes.contains(asked.system, asked.code);
    let implied = || codes.system_of(asked.code).filter(|_| membership != Membership::NotMember);
    let system = asked.system.or_else(implied);
    let missing = codes.missing_for(asked.system, asked.code).into_iter().cloned().collect();
    let display = codes.display(system, asked.code).filter(|_| membership == Membership::Member);
    Verdict { membership, missing, ..described(library, system, asked, display) }
}

/// Judges a code by its system.
pub fn in_system(library: &dyn Library, system: &str, asked: Asked<'_>) -> Verdict {
    let canonical = versioned(system, asked.version);
    let membership = match grammar::of_system(system, &[]) {
        Some(grammar) => (grammar.contains(asked.code), grammar.missing().cloned()),
        None => match library.concepts(&canonical) {
            Some(known) if known.get(asked.code).is_some() => (Membership::Member, None),
            Some(known) if known.system.content == Content::Complete => (Membership::NotMember, None),
            Some(_) if tables::form_of(system).is_some_and(|has_form| !has_form(asked.code)) => {
                (Membership::NotMember, None)
            }
            Some(_) => (Membership::Unknown, Some(Missing::RestOf(canonical.clone()))),
            None => (Membership::Unknown, Some(Missing::System(canonical.clone()))),
        },
    };
    let (membership, missing) = membership;
    let missing = missing.into_iter().filter(|_| membership == Membership::Unknown).collect();
    Verdict { membership, missing, ..described(library, Some(system), asked, None) }
}

/// `url|version`, or the URL alone.
pub(super) fn versioned(system: &str, version: Option<&str>) -> String {
    match version {
        Some(version) if !version.is_empty() => format!("{system}|{version}"),
        _ => system.to_owned(),
    }
}

/// What a code's system says about it; `display` is what a value set calls it.
fn described(
    library: &dyn Library,
    system: Option<&str>,
    asked: Asked<'_>,
    display: Option<&str>,
) -> Verdict {
    let known = system.and_then(|system| {
        library.concepts(&versioned(system, asked.version)).or_else(|| library.concepts(system))
    });
    let concept = known.as_ref().and_then(|known| known.get(asked.code));
    // Lists that others keep have names of their own making.
    let has_names = known.as_ref().is_some_and(|known| known.system.content == Content::Complete);
    let is_misnamed = asked.display.is_some_and(|text| match (concept, display) {
        (Some(concept), _) if has_names && concept.display.is_some() => {
            !(is_text_of(concept, text) || display.is_some_and(|display| is_same_text(display, text)))
        }
        (_, Some(display)) => !is_same_text(display, text),
        _ => false,
    });
    let version =
        known.as_ref().map(|known| known.system.version.clone()).filter(|version| !version.is_empty());
    Verdict {
        membership: Membership::Unknown,
        system: system.map(str::to_owned),
        version: version.filter(|_| concept.is_some()),
        display: display.or_else(|| concept?.display.as_deref()).map(str::to_owned),
        is_misnamed,
        is_abstract: concept.is_some_and(|concept: &Concept| is_abstract(concept)),
        is_inactive: concept.is_some_and(is_inactive),
        missing: BTreeSet::new(),
    }
}
