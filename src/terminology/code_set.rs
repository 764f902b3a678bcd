//! A value set worked out: rules against which a code can be held without further look-ups.

use std::collections::HashSet;
use std::sync::Arc;

use super::Membership;
use super::filter::{self, Selection};
use super::grammar::{self, Grammar};
use crate::definitions::Definitions;
use crate::definitions::code_system::{CodeSystem, Content};
use crate::definitions::value_set::{Include, ValueSet};

/// How many value sets may be nested in each other.
const MAX_DEPTH: usize = 16;

/// The codes of a value set.
#[derive(Debug, Default)]
pub struct CodeSet {
    include: Vec<Rule>,
    exclude: Vec<Rule>,
}

/// Codes of one system, or of other value sets.
#[derive(Debug)]
enum Rule {
    /// These codes.
    Listed(Listed),
    /// Codes that a system defines by grammar.
    Grammar(Grammar),
    /// Some or all codes of a system that is not at hand; without a system, codes of anything.
    Unknown(Option<Box<str>>),
    /// Codes that are in all of these sets, and meet the rule where there is one.
    All(Vec<Arc<CodeSet>>, Option<Box<Rule>>),
}

/// Codes of one system.
#[derive(Debug)]
struct Listed {
    system: Option<Box<str>>,
    /// In lower case where the system does not tell cases apart.
    codes: HashSet<Box<str>>,
    folds_case: bool,
}

impl CodeSet {
    /// All codes of a grammar.
    pub(super) fn of_grammar(grammar: Grammar) -> CodeSet {
        CodeSet { include: vec![Rule::Grammar(grammar)], exclude: Vec::new() }
    }

    /// Works out the value set of that number.
    pub(super) fn new(definitions: &Definitions, number: usize) -> CodeSet {
        CodeSet::nested(definitions, Some(number), &mut Vec::new())
    }

    /// `above` are the sets this one is part of: a set that contains itself adds nothing.
    fn nested(definitions: &Definitions, number: Option<usize>, above: &mut Vec<usize>) -> CodeSet {
        let set = number.and_then(|number| definitions.value_set_of_number(number));
        let (Some(number), Some(set)) = (number, set) else {
            return CodeSet { include: vec![Rule::Unknown(None)], exclude: Vec::new() };
        };
        if above.contains(&number) {
            return CodeSet::default();
        }
        if above.len() >= MAX_DEPTH {
            return CodeSet { include: vec![Rule::Unknown(None)], exclude: Vec::new() };
        }
        above.push(number);
        let codes = CodeSet::composed(definitions, set, above);
        above.pop();
        codes
    }

    /// Works out a value set that is no definition.
    pub(super) fn of(definitions: &Definitions, set: &ValueSet) -> CodeSet {
        CodeSet::composed(definitions, set, &mut Vec::new())
    }

    fn composed(definitions: &Definitions, set: &ValueSet, above: &mut Vec<usize>) -> CodeSet {
        let mut include: Vec<Rule> =
            set.include.iter().flat_map(|part| rules(definitions, part, above)).collect();
        let exclude = set.exclude.iter().flat_map(|part| rules(definitions, part, above)).collect();
        // What the publisher worked out is certain to be in; the rules still say what may be as well.
        include.extend(expansion(set));
        CodeSet { include, exclude }
    }

    /// Whether a code is in the set; without a system, whether a code of that name is.
    pub fn contains(&self, system: Option<&str>, code: &str) -> Membership {
        let any = |rules: &[Rule]| {
            let start = Membership::NotMember;
            rules.iter().fold(start, |found, rule| found.or(|| rule.contains(system, code)))
        };
        any(&self.include).and(|| any(&self.exclude).not())
    }

    /// The system a bare code of that name has.
    pub fn system_of(&self, code: &str) -> Option<&str> {
        let certain = self.include.iter().find_map(|rule| rule.system_of(code, Membership::Member));
        certain.or_else(|| self.include.iter().find_map(|rule| rule.system_of(code, Membership::Unknown)))
    }

    /// The codes, in alphabetical order, when they are few enough to be listed: no more than `most`.
    pub fn listing(&self, most: usize) -> Option<Vec<&str>> {
        let mut codes: Vec<&str> = Vec::new();
        for rule in &self.include {
            let Rule::Listed(listed) = rule else { return None };
            codes.extend(listed.codes.iter().map(AsRef::as_ref));
        }
        codes.retain(|code| self.contains(None, code) == Membership::Member);
        codes.sort_unstable();
        codes.dedup();
        (codes.len() <= most).then_some(codes)
    }

    /// Whether every question about it can be answered.
    pub fn is_known(&self) -> bool {
        self.include.iter().chain(&self.exclude).all(Rule::is_known)
    }
}

impl Rule {
    fn contains(&self, system: Option<&str>, code: &str) -> Membership {
        let is_other = |own: &str| system.is_some_and(|system| system != own);
        match self {
            Rule::Listed(listed) if listed.system.as_deref().is_some_and(is_other) => Membership::NotMember,
            Rule::Listed(listed) => listed.contains(code),
            Rule::Grammar(grammar) if is_other(grammar.system()) => Membership::NotMember,
            Rule::Grammar(grammar) => grammar.contains(code),
            Rule::Unknown(Some(own)) if is_other(own) => Membership::NotMember,
            Rule::Unknown(_) => Membership::Unknown,
            Rule::All(sets, rule) => {
                let start = rule.as_ref().map_or(Membership::Member, |rule| rule.contains(system, code));
                sets.iter().fold(start, |found, set| found.and(|| set.contains(system, code)))
            }
        }
    }

    fn system_of(&self, code: &str, wanted: Membership) -> Option<&str> {
        if self.contains(None, code) != wanted {
            return None;
        }
        match self {
            Rule::Listed(listed) => listed.system.as_deref(),
            Rule::Grammar(grammar) => Some(grammar.system()),
            Rule::Unknown(system) => system.as_deref(),
            Rule::All(sets, rule) => {
                let own = rule.as_ref().and_then(|rule| rule.system_of(code, wanted));
                own.or_else(|| sets.iter().find_map(|set| set.system_of(code)))
            }
        }
    }

    fn is_known(&self) -> bool {
        match self {
            Rule::Listed(_) => true,
            Rule::Grammar(_) | Rule::Unknown(_) => false,
            Rule::All(sets, rule) => {
                sets.iter().all(|set| set.is_known()) && rule.as_ref().is_none_or(|rule| rule.is_known())
            }
        }
    }
}

impl Listed {
    fn new<'c>(system: Option<&str>, codes: impl Iterator<Item = &'c str>, folds_case: bool) -> Listed {
        let fold = |code: &str| if folds_case { code.to_lowercase().into() } else { code.into() };
        Listed { system: system.map(Into::into), codes: codes.map(fold).collect(), folds_case }
    }

    fn contains(&self, code: &str) -> Membership {
        let is_in = if self.folds_case {
            self.codes.contains(code.to_lowercase().as_str())
        } else {
            self.codes.contains(code)
        };
        if is_in { Membership::Member } else { Membership::NotMember }
    }
}

/// The rules that one part of a compose comes to: a code need meet only one of them.
fn rules(definitions: &Definitions, part: &Include, above: &mut Vec<usize>) -> Vec<Rule> {
    let of_system = part.system.as_deref().map(|system| of_system(definitions, system, part));
    if part.value_sets.is_empty() {
        return of_system.unwrap_or_default();
    }
    let sets: Vec<Arc<CodeSet>> = part
        .value_sets
        .iter()
        .map(|canonical| {
            let number = definitions.value_set_number(canonical);
            Arc::new(CodeSet::nested(definitions, number, above))
        })
        .collect();
    match of_system {
        None => vec![Rule::All(sets, None)],
        Some(rules) => rules.into_iter().map(|rule| Rule::All(sets.clone(), Some(Box::new(rule)))).collect(),
    }
}

fn of_system(definitions: &Definitions, system: &str, part: &Include) -> Vec<Rule> {
    let exact = part.version.as_ref().map(|version| format!("{system}|{version}"));
    let known = exact
        .and_then(|canonical| definitions.code_system(&canonical))
        .or_else(|| definitions.code_system(system))
        .filter(|known| known.content != Content::Supplement);
    let folds_case = known.is_some_and(|known| !known.case_sensitive);
    if !part.concepts.is_empty() {
        let codes = part.concepts.iter().map(|concept| concept.code.as_str());
        return vec![Rule::Listed(Listed::new(Some(system), codes, folds_case))];
    }
    if let Some(grammar) = grammar::of_system(system, &part.filters) {
        return vec![Rule::Grammar(grammar)];
    }
    let unknown = || Rule::Unknown(Some(system.into()));
    let Some(known) = known else { return vec![unknown()] };
    match filter::select(known, &part.filters) {
        Selection::Unknown => vec![unknown()],
        Selection::Codes(codes) => {
            let listed = Rule::Listed(Listed::new(Some(system), codes.into_iter(), folds_case));
            if is_whole(known) { vec![listed] } else { vec![listed, unknown()] }
        }
    }
}

fn is_whole(system: &CodeSystem) -> bool {
    system.content == Content::Complete
}

/// The expansion, a rule for each system.
fn expansion(set: &ValueSet) -> Vec<Rule> {
    let codings = set.expansion.as_deref().unwrap_or_default();
    let mut systems: Vec<Option<&str>> = codings.iter().map(|coding| coding.system.as_deref()).collect();
    systems.sort_unstable();
    systems.dedup();
    let listed = systems.into_iter().map(|system| {
        let own = codings.iter().filter(|coding| coding.system.as_deref() == system);
        Rule::Listed(Listed::new(system, own.map(|coding| coding.code.as_str()), false))
    });
    listed.collect()
}
