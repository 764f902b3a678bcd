//! The codes of a value set, listed (R4 §4.9.19.1, `$expand`).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::code_set::{CodeSet, Rule};
use super::concepts::{Concepts, is_abstract, is_inactive};
use super::library::Library;
use super::membership::Membership;
use super::missing::Missing;
use crate::definitions::canonical::split;
use crate::definitions::code_system::{Concept, Designation};

/// The longest list that is given at once.
pub const LONGEST: usize = 10_000;
/// How many codes are looked at, at most …
const MAX_CANDIDATES: usize = 1_000_000;
/// … and how many rules all of them together may have to be held against.
const MAX_WORK: usize = 50_000_000;

/// Which part of the codes is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'w> {
    /// Words that all have to be in the code or in one of its texts.
    pub filter: Option<&'w str>,
    /// Only codes that are in use.
    pub active_only: bool,
    /// Systems whose codes are left out: canonicals, with or without version.
    pub excluded: &'w [&'w str],
    /// How many codes are passed over.
    pub offset: usize,
    /// How many codes are given; without it all.
    pub count: Option<usize>,
}

/// The codes of a value set, or a page of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// How many there are in all.
    pub total: usize,
    /// The page, in the order of the value set.
    pub codes: Vec<ExpandedCode>,
    /// The systems the codes are of, with the version that was used where one is known.
    pub systems: BTreeMap<String, String>,
}

/// A code in an expansion.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpandedCode {
    /// Its system.
    pub system: Option<String>,
    /// The code.
    pub code: String,
    /// Text for it: that of the value set, else that of the system.
    pub display: Option<String>,
    /// Further texts.
    pub designations: Vec<Designation>,
    /// Whether it only groups others.
    pub is_abstract: bool,
    /// Whether it is out of use.
    pub is_inactive: bool,
}

/// Why a value set cannot be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotExpanded {
    /// Something it needs is not at hand.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Missing(BTreeSet<Missing>),
    /// There are more codes than are given at once.
    #[error(
        "there are {0} codes, more than the {LONGEST} that are given at once: ask for pages with 'count' and 'offset', or for less with 'filter'"
    )]
    TooCostly(usize),
}

/// A code that may be in the set.
type Candidate<'s> = (Option<&'s str>, &'s str);

/// Lists the codes of a set.
///
/// Errors: something it needs is not at hand; more than [`LONGEST`] codes.
pub fn expand(library: &dyn Library, codes: &CodeSet, wanted: Wanted<'_>) -> Result<Expansion, NotExpanded> {
    let mut systems: BTreeMap<&str, Option<Concepts<'_>>> = BTreeMap::new();
    let (mut seen, mut missing) = (HashSet::new(), BTreeSet::new());
    let words: Vec<String> =
        wanted.filter.unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
    let longest = wanted.count.unwrap_or(usize::MAX).min(LONGEST);
    let (mut total, mut page) = (0, Vec::new());
    let candidates = candidates(codes).map_err(|none| match none {
        NoCandidates::Missing(missing) => NotExpanded::Missing(missing),
        NoCandidates::TooMany => NotExpanded::TooCostly(MAX_CANDIDATES),
    })?;
    if candidates.len().saturating_mul(codes.weight) > MAX_WORK {
        return Err(NotExpanded::TooCostly(candidates.len()));
    }
    for (system, code) in candidates {
        if !seen.insert((system, code)) {
            continue;
        }
        match codes.contains(system, code) {
            Membership::Member => {}
            Membership::NotMember => continue,
            Membership::Unknown => {
                missing.extend(codes.missing_for(system, code).into_iter().cloned());
                continue;
            }
        }
        let concepts = system
            .and_then(|system| systems.entry(system).or_insert_with(|| library.concepts(system)).as_ref());
        let is_excluded = |excluded: &&str| {
            let (url, version) = split(excluded);
            let own = concepts.map(|concepts| concepts.system.version.as_str());
            Some(url) == system && (version.is_none() || version == own)
        };
        if wanted.excluded.iter().any(is_excluded) {
            continue;
        }
        let concept = concepts.and_then(|concepts| concepts.get(code));
        let is_inactive = concept.is_some_and(is_inactive);
        let own_display = codes.display(system, code);
        if (wanted.active_only && is_inactive) || !has_words(&words, code, own_display, concept) {
            continue;
        }
        total += 1;
        if total > wanted.offset && page.len() < longest {
            let display = own_display.or_else(|| concept?.display.as_deref());
            page.push(ExpandedCode {
                system: system.map(str::to_owned),
                code: code.to_owned(),
                display: display.map(str::to_owned),
                designations: concept.map(|concept| concept.designations.clone()).unwrap_or_default(),
                is_abstract: concept.is_some_and(is_abstract),
                is_inactive,
            });
        }
    }
    if !missing.is_empty() {
        return Err(NotExpanded::Missing(missing));
    }
    // What was not asked for in pages is given whole or not at all.
    if wanted.count.is_none() && total.saturating_sub(wanted.offset) > LONGEST {
        return Err(NotExpanded::TooCostly(total));
    }
    let version = |concepts: Option<Concepts<'_>>| concepts.map(|known| known.system.version.clone());
    let systems =
        systems.into_iter().map(|(system, known)| (system.to_owned(), version(known).unwrap_or_default()));
    Ok(Expansion { total, codes: page, systems: systems.collect() })
}

/// Whether all words are in one or other of the texts a code goes by.
fn has_words(words: &[String], code: &str, display: Option<&str>, concept: Option<&Concept>) -> bool {
    if words.is_empty() {
        return true;
    }
    let own = concept.and_then(|concept| concept.display.as_deref());
    let others = concept.into_iter().flat_map(|concept| &concept.designations).map(|d| d.value.as_str());
    let texts: Vec<String> =
        [Some(code), display, own].into_iter().flatten().chain(others).map(str::to_lowercase).collect();
    words.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
}

/// Why there is no list of candidates.
enum NoCandidates {
    Missing(BTreeSet<Missing>),
    TooMany,
}

/// The codes that may be in a set; what it excludes is still among them.
fn candidates(set: &CodeSet) -> Result<Vec<Candidate<'_>>, NoCandidates> {
    let (rules, published) = set.include.split_at(set.include.len().saturating_sub(set.published));
    match of_rules(rules) {
        // What the publisher listed is all of the set, as far as the publisher knew.
        Err(NoCandidates::Missing(_)) if !published.is_empty() => of_rules(published),
        candidates => candidates,
    }
}

fn of_rules(rules: &[Rule]) -> Result<Vec<Candidate<'_>>, NoCandidates> {
    let (mut found, mut missing) = (Vec::new(), BTreeSet::new());
    for rule in rules {
        match of_rule(rule) {
            Ok(candidates) => found.extend(candidates),
            Err(NoCandidates::Missing(more)) => missing.extend(more),
            Err(NoCandidates::TooMany) => return Err(NoCandidates::TooMany),
        }
        if found.len() > MAX_CANDIDATES {
            return Err(NoCandidates::TooMany);
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(NoCandidates::Missing(missing)) }
}

fn of_rule(rule: &Rule) -> Result<Vec<Candidate<'_>>, NoCandidates> {
    let missing = |missing| Err(NoCandidates::Missing(BTreeSet::from([missing])));
    match rule {
        Rule::Listed(listed) => {
            let system = listed.system.as_deref();
            Ok(listed.codes.iter().map(|listed| (system, &*listed.code)).collect())
        }
        Rule::Grammar(grammar) => missing(Missing::List(grammar.system().to_owned())),
        Rule::Open(open) => missing(open.missing.clone()),
        Rule::All(sets, rule) => {
            // A code must be in all of them: any one that can be listed has all that matter.
            let mut missing = BTreeSet::new();
            let own = rule.iter().map(|rule| of_rule(rule));
            for candidates in own.chain(sets.iter().map(|set| candidates(set))) {
                match candidates {
                    Err(NoCandidates::Missing(more)) => missing.extend(more),
                    found => return found,
                }
            }
            Err(NoCandidates::Missing(missing))
        }
    }
}
