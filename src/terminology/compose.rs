//! From the rules of a value set (R4 §4.9.5) to a [`CodeSet`].

use std::collections::HashMap;
use std::sync::Arc;

use super::code_set::{CodeSet, Listed, Open, Rule};
use super::concepts::is_inactive;
use super::filter;
use super::grammar;
use super::library::Library;
use super::missing::Missing;
use super::tables;
use crate::definitions::code_system::Content;
use crate::definitions::value_set::{Include, ValueSet};

/// How many value sets may be nested in each other.
const MAX_DEPTH: usize = 16;
/// How many codes and rules may be copied from sets into those they are part of, to have them at hand.
const MAX_COPIED: usize = 200_000;
/// How many rules a question may have to go through.
const MAX_WEIGHT: usize = 20_000;

/// Works out value sets, each once.
pub(super) struct Composer<'l> {
    library: &'l dyn Library,
    done: HashMap<String, Arc<CodeSet>>,
    /// The sets that are being worked out, each part of the one before it.
    above: Vec<String>,
    /// How many codes and rules of sets have been copied into others.
    copied: usize,
}

impl<'l> Composer<'l> {
    pub(super) fn new(library: &'l dyn Library) -> Composer<'l> {
        Composer { library, done: HashMap::new(), above: Vec::new(), copied: 0 }
    }

    /// The value set with that canonical.
    pub(super) fn named(&mut self, canonical: &str) -> Arc<CodeSet> {
        let Some(set) = self.library.value_set(canonical) else {
            if let Some(grammar) = grammar::specification(canonical) {
                return Arc::new(CodeSet::of_grammar(grammar));
            }
            return Arc::new(CodeSet::unknown(Missing::ValueSet(canonical.to_owned())));
        };
        self.at_hand(set)
    }

    /// A value set that has a canonical.
    pub(super) fn at_hand(&mut self, set: &ValueSet) -> Arc<CodeSet> {
        let name = set.canonical();
        if let Some(done) = self.done.get(&name) {
            return Arc::clone(done);
        }
        if self.above.contains(&name) {
            return Arc::new(CodeSet::unknown(Missing::Cycle(name)));
        }
        if self.above.len() >= MAX_DEPTH {
            return Arc::new(CodeSet::unknown(Missing::TooComplex(name)));
        }
        self.above.push(name);
        let codes = Arc::new(self.set(set));
        if let Some(name) = self.above.pop() {
            self.done.insert(name, Arc::clone(&codes));
        }
        codes
    }

    /// A value set that is at hand.
    pub(super) fn set(&mut self, set: &ValueSet) -> CodeSet {
        if set.include.is_empty() && set.expansion.is_none() {
            return CodeSet::unknown(Missing::Content(set.canonical()));
        }
        let mut codes = CodeSet::new(self.rules(&set.include), self.rules(&set.exclude));
        // What the publisher worked out is certain to be in; the rules still say what may be as well.
        let expansion = expansion(set);
        codes.published = expansion.len();
        codes.include.extend(expansion);
        if set.inactive == Some(false) {
            let inactive: Vec<Rule> =
                codes.systems().into_iter().filter_map(|system| self.inactive(system)).collect();
            codes.exclude.extend(inactive);
        }
        if codes.weight > MAX_WEIGHT { CodeSet::unknown(Missing::TooComplex(set.canonical())) } else { codes }
    }

    /// A code need meet only one of these.
    fn rules(&mut self, parts: &[Include]) -> Vec<Rule> {
        parts.iter().flat_map(|part| self.part(part)).collect()
    }

    /// The rules that one part comes to.
    fn part(&mut self, part: &Include) -> Vec<Rule> {
        let of_system = part.system.as_deref().map(|system| self.of_system(system, part));
        if part.value_sets.is_empty() {
            return of_system.unwrap_or_default();
        }
        let sets: Vec<Arc<CodeSet>> = part.value_sets.iter().map(|canonical| self.named(canonical)).collect();
        match (of_system, sets.as_slice()) {
            // All of one set, whose rules may as well stand here.
            (None, [set]) if self.may_copy(set) => set.include.clone(),
            (None, _) => vec![Rule::All(sets, None)],
            (Some(rules), _) => {
                rules.into_iter().map(|rule| Rule::All(sets.clone(), Some(Box::new(rule)))).collect()
            }
        }
    }

    /// Whether the rules of a set can take the place of the set; if so, they count as copied.
    fn may_copy(&mut self, set: &CodeSet) -> bool {
        let size = set.include.iter().map(|rule| match rule {
            Rule::Listed(listed) => listed.codes.len(),
            _ => 1,
        });
        let copied = self.copied.saturating_add(size.sum());
        let may = set.exclude.is_empty() && set.published == 0 && copied <= MAX_COPIED;
        if may {
            self.copied = copied;
        }
        may
    }

    fn of_system(&self, system: &str, part: &Include) -> Vec<Rule> {
        let pinned = match &part.version {
            Some(version) => format!("{system}|{version}"),
            None => system.to_owned(),
        };
        let is_system = |content: Content| !matches!(content, Content::Supplement | Content::NotPresent);
        let exact = self.library.concepts(&pinned).filter(|known| is_system(known.system.content));
        if !part.concepts.is_empty() {
            // Which codes are meant is said right here; another version tells just as well whether case matters.
            let known = exact.or_else(|| self.library.concepts(system));
            let folds_case = known.is_some_and(|known| !known.system.case_sensitive);
            let codes =
                part.concepts.iter().map(|concept| (concept.code.as_str(), concept.display.as_deref()));
            return vec![Rule::Listed(Listed::new(Some(system), codes, folds_case))];
        }
        if let Some(grammar) = grammar::of_system(system, &part.filters) {
            return vec![Rule::Grammar(grammar)];
        }
        let open = |missing| {
            let (is_whole, has_form) = (part.filters.is_empty(), tables::form_of(system));
            Rule::Open(Open { system: Some(system.into()), is_whole, has_form, missing })
        };
        let Some(known) = exact else { return vec![open(Missing::System(pinned))] };
        match filter::select(&known, &part.filters) {
            Err(missing) => vec![open(missing)],
            Ok(concepts) => {
                let codes = concepts.into_iter().map(|concept| (concept.code.as_str(), None));
                let listed = Rule::Listed(Listed::new(Some(system), codes, !known.system.case_sensitive));
                match known.system.content {
                    Content::Complete => vec![listed],
                    _ => vec![listed, open(Missing::RestOf(pinned))],
                }
            }
        }
    }

    /// The codes of a system that are out of use.
    fn inactive(&self, system: &str) -> Option<Rule> {
        let known = self.library.concepts(system)?;
        let inactive = known.system.concepts.iter().filter(|concept| is_inactive(concept));
        let listed = Listed::new(
            Some(system),
            inactive.map(|c| (c.code.as_str(), None)),
            !known.system.case_sensitive,
        );
        (!listed.codes.is_empty()).then_some(Rule::Listed(listed))
    }
}

/// The expansion, a rule for each system.
fn expansion(set: &ValueSet) -> Vec<Rule> {
    let codings = set.expansion.as_deref().unwrap_or_default();
    let mut systems: Vec<Option<&str>> = Vec::new();
    for coding in codings {
        if !systems.contains(&coding.system.as_deref()) {
            systems.push(coding.system.as_deref());
        }
    }
    let listed = systems.into_iter().map(|system| {
        let own = codings.iter().filter(|coding| coding.system.as_deref() == system);
        let own = own.map(|coding| (coding.code.as_str(), coding.display.as_deref()));
        Rule::Listed(Listed::new(system, own, false))
    });
    listed.collect()
}
