//! A value set worked out: rules against which a code can be held without further look-ups.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Membership;
use super::grammar::Grammar;
use super::missing::Missing;

/// The codes of a value set.
#[derive(Debug, Default)]
pub struct CodeSet {
    pub(super) include: Vec<Rule>,
    pub(super) exclude: Vec<Rule>,
    /// How many rules at the end of `include` are the codes that the publisher listed as all of the set.
    pub(super) published: usize,
    /// How many rules a question may have to go through, those of nested sets counted wherever they are used.
    pub(super) weight: usize,
}

/// Codes of one system, or of other value sets.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// These codes.
    Listed(Listed),
    /// Codes that a system defines by grammar.
    Grammar(Grammar),
    /// Some or all codes of a system that is not, or not wholly, at hand.
    Open(Open),
    /// Codes that are in all of these sets, and meet the rule where there is one.
    All(Vec<Arc<CodeSet>>, Option<Box<Rule>>),
}

/// Codes of one system.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) system: Option<Box<str>>,
    /// In the order they were listed.
    pub(super) codes: Vec<ListedCode>,
    /// Where they are in that order; in lower case where the system does not tell cases apart.
    places: HashMap<Box<str>, u32>,
    folds_case: bool,
}

/// A code in a list.
#[derive(Debug, Clone)]
pub(super) struct ListedCode {
    pub(super) code: Box<str>,
    /// The text that the value set has for it.
    pub(super) display: Option<Box<str>>,
}

/// What cannot be told.
#[derive(Debug, Clone)]
pub(super) struct Open {
    /// The system whose codes they are; without it, codes of anything.
    pub(super) system: Option<Box<str>>,
    /// Whether all codes of that system are meant.
    pub(super) is_whole: bool,
    /// What codes of that system look like, where that is known.
    pub(super) has_form: Option<fn(&str) -> bool>,
    /// Why it cannot be told.
    pub(super) missing: Missing,
}

impl CodeSet {
    /// A set of these rules.
    pub(super) fn new(include: Vec<Rule>, exclude: Vec<Rule>) -> CodeSet {
        let (include, exclude) = (merged(include), merged(exclude));
        let weigh = |weight: usize, rule: &Rule| weight.saturating_add(rule.weight());
        let weight = include.iter().chain(&exclude).fold(1, weigh);
        CodeSet { include, exclude, published: 0, weight }
    }

    /// All codes of a grammar.
    pub(super) fn of_grammar(grammar: Grammar) -> CodeSet {
        CodeSet::new(vec![Rule::Grammar(grammar)], Vec::new())
    }

    /// A set of which nothing can be told.
    pub(super) fn unknown(missing: Missing) -> CodeSet {
        let open = Open { system: None, is_whole: false, has_form: None, missing };
        CodeSet::new(vec![Rule::Open(open)], Vec::new())
    }

    /// Whether a code is in the set; without a system, whether a code of that name is.
    pub fn contains(&self, system: Option<&str>, code: &str) -> Membership {
        let any = |rules: &[Rule]| {
            let mut found = Membership::NotMember;
            for rule in rules {
                match rule.contains(system, code) {
                    Membership::Member => return Membership::Member,
                    Membership::Unknown => found = Membership::Unknown,
                    Membership::NotMember => {}
                }
            }
            found
        };
        let included = any(&self.include);
        if self.exclude.is_empty() { included } else { included.and(|| any(&self.exclude).not()) }
    }

    /// Why it cannot be told whether a code is in the set; nothing, when it can.
    pub fn missing_for(&self, system: Option<&str>, code: &str) -> BTreeSet<&Missing> {
        let mut missing = BTreeSet::new();
        if self.contains(system, code) == Membership::Unknown {
            self.include
                .iter()
                .chain(&self.exclude)
                .for_each(|rule| rule.missing_for(system, code, &mut missing));
        }
        missing
    }

    /// All that would have to be at hand for every question to have an answer.
    pub fn missing(&self) -> BTreeSet<&Missing> {
        let mut missing = BTreeSet::new();
        self.include.iter().chain(&self.exclude).for_each(|rule| rule.missing(&mut missing));
        missing
    }

    /// The system a bare code of that name has.
    pub fn system_of(&self, code: &str) -> Option<&str> {
        let certain = self.include.iter().find_map(|rule| rule.system_of(code, Membership::Member));
        certain.or_else(|| self.include.iter().find_map(|rule| rule.system_of(code, Membership::Unknown)))
    }

    /// The text that the value set itself has for a code.
    pub fn display(&self, system: Option<&str>, code: &str) -> Option<&str> {
        self.include.iter().find_map(|rule| rule.display(system, code))
    }

    /// The systems it has, or may have, codes of.
    pub fn systems(&self) -> BTreeSet<&str> {
        let mut systems = BTreeSet::new();
        self.include.iter().for_each(|rule| rule.systems(&mut systems));
        systems
    }

    /// The codes, in alphabetical order, when they are few enough to be listed: no more than `most`.
    pub fn listing(&self, most: usize) -> Option<Vec<&str>> {
        let mut codes: Vec<&str> = Vec::new();
        for rule in &self.include {
            let Rule::Listed(listed) = rule else { return None };
            codes.extend(listed.codes.iter().map(|listed| &*listed.code));
        }
        codes.retain(|code| self.contains(None, code) == Membership::Member);
        codes.sort_unstable();
        codes.dedup();
        (codes.len() <= most).then_some(codes)
    }

    /// Whether all that keeps one from telling whether a code is in the set is whether its system, all of which is meant,
    /// has that code.
    pub fn hinges_on_system(&self, system: &str, code: &str) -> bool {
        let is_sure = |rule: &Rule| rule.contains(Some(system), code) == Membership::NotMember;
        let mut unsure = self.include.iter().filter(|rule| !is_sure(rule)).peekable();
        unsure.peek().is_some()
            && unsure.all(|rule| matches!(rule, Rule::Open(open) if open.is_whole && open.system.as_deref() == Some(system)))
            && self.exclude.iter().all(is_sure)
    }

    /// Whether every question about it can be answered.
    pub fn is_known(&self) -> bool {
        self.include.iter().chain(&self.exclude).all(Rule::is_known)
    }
}

/// The rules, lists of the same system that follow each other made one.
fn merged(rules: Vec<Rule>) -> Vec<Rule> {
    let mut merged: Vec<Rule> = Vec::with_capacity(rules.len());
    for rule in rules {
        match (merged.last_mut(), rule) {
            (Some(Rule::Listed(last)), Rule::Listed(next))
                if last.system == next.system && last.folds_case == next.folds_case =>
            {
                last.add(next);
            }
            (_, rule) => merged.push(rule),
        }
    }
    merged
}

impl Rule {
    fn contains(&self, system: Option<&str>, code: &str) -> Membership {
        let is_other = |own: &str| system.is_some_and(|system| system != own);
        match self {
            Rule::Listed(listed) if listed.system.as_deref().is_some_and(is_other) => Membership::NotMember,
            Rule::Listed(listed) => listed.get(code).is_some().into(),
            Rule::Grammar(grammar) if is_other(grammar.system()) => Membership::NotMember,
            Rule::Grammar(grammar) => grammar.contains(code),
            Rule::Open(open) if open.system.as_deref().is_some_and(is_other) => Membership::NotMember,
            Rule::Open(open) if open.has_form.is_some_and(|has_form| !has_form(code)) => {
                Membership::NotMember
            }
            Rule::Open(_) => Membership::Unknown,
            Rule::All(sets, rule) => {
                let start = rule.as_ref().map_or(Membership::Member, |rule| rule.contains(system, code));
                sets.iter().fold(start, |found, set| found.and(|| set.contains(system, code)))
            }
        }
    }

    fn missing_for<'s>(&'s self, system: Option<&str>, code: &str, missing: &mut BTreeSet<&'s Missing>) {
        match self {
            Rule::Open(open) if self.contains(system, code) == Membership::Unknown => {
                missing.insert(&open.missing);
            }
            Rule::All(sets, rule) => {
                sets.iter().for_each(|set| missing.extend(set.missing_for(system, code)));
                rule.iter().for_each(|rule| rule.missing_for(system, code, missing));
            }
            Rule::Grammar(grammar) => missing.extend(grammar.missing()),
            _ => {}
        }
    }

    pub(super) fn missing<'s>(&'s self, missing: &mut BTreeSet<&'s Missing>) {
        match self {
            Rule::Listed(_) => {}
            Rule::Grammar(grammar) => missing.extend(grammar.missing()),
            Rule::Open(open) => {
                missing.insert(&open.missing);
            }
            Rule::All(sets, rule) => {
                sets.iter().for_each(|set| missing.extend(set.missing()));
                rule.iter().for_each(|rule| rule.missing(missing));
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
            Rule::Open(open) => open.system.as_deref(),
            Rule::All(sets, rule) => {
                let own = rule.as_ref().and_then(|rule| rule.system_of(code, wanted));
                own.or_else(|| sets.iter().find_map(|set| set.system_of(code)))
            }
        }
    }

    fn display(&self, system: Option<&str>, code: &str) -> Option<&str> {
        match self {
            Rule::Listed(listed) if system.is_none() || listed.system.as_deref() == system => {
                listed.get(code)?.display.as_deref()
            }
            Rule::All(sets, rule) => {
                let own = rule.as_ref().and_then(|rule| rule.display(system, code));
                own.or_else(|| sets.iter().find_map(|set| set.display(system, code)))
            }
            _ => None,
        }
    }

    fn systems<'s>(&'s self, systems: &mut BTreeSet<&'s str>) {
        match self {
            Rule::Listed(listed) => systems.extend(listed.system.as_deref()),
            Rule::Grammar(grammar) => {
                systems.insert(grammar.system());
            }
            Rule::Open(open) => systems.extend(open.system.as_deref()),
            Rule::All(_, Some(rule)) => rule.systems(systems),
            Rule::All(sets, None) => sets.iter().for_each(|set| systems.extend(set.systems())),
        }
    }

    fn is_known(&self) -> bool {
        match self {
            Rule::Listed(_) => true,
            Rule::Grammar(_) | Rule::Open(_) => false,
            Rule::All(sets, rule) => {
                sets.iter().all(|set| set.is_known()) && rule.as_ref().is_none_or(|rule| rule.is_known())
            }
        }
    }

    fn weight(&self) -> usize {
        match self {
            Rule::All(sets, rule) => {
                let own = rule.as_ref().map_or(0, |rule| rule.weight());
                sets.iter().fold(own, |weight, set| weight.saturating_add(set.weight))
            }
            _ => 1,
        }
    }
}

impl Listed {
    /// These codes, with the texts the value set has for them.
    pub(super) fn new<'c>(
        system: Option<&str>,
        codes: impl Iterator<Item = (&'c str, Option<&'c str>)>,
        folds_case: bool,
    ) -> Listed {
        let mut listed =
            Listed { system: system.map(Into::into), codes: Vec::new(), places: HashMap::new(), folds_case };
        for (code, display) in codes {
            let key = if folds_case { code.to_lowercase() } else { code.to_owned() };
            let place = u32::try_from(listed.codes.len()).unwrap_or(u32::MAX);
            if let Entry::Vacant(free) = listed.places.entry(key.into()) {
                free.insert(place);
                listed.codes.push(ListedCode { code: code.into(), display: display.map(Into::into) });
            }
        }
        listed
    }

    /// Adds the codes of another list of the same kind, where there are new ones.
    fn add(&mut self, other: Listed) {
        for listed in other.codes {
            let place = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
            let key = if self.folds_case { listed.code.to_lowercase().into() } else { listed.code.clone() };
            if let Entry::Vacant(free) = self.places.entry(key) {
                free.insert(place);
                self.codes.push(listed);
            }
        }
    }

    fn get(&self, code: &str) -> Option<&ListedCode> {
        let place = if self.folds_case {
            self.places.get(code.to_lowercase().as_str())
        } else {
            self.places.get(code)
        };
        self.codes.get(*place? as usize)
    }
}
