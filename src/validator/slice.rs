//! Slices: values of a property told apart by what they hold (R4 §5.1.0.15).

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::path::{self, Item, Path};
use super::place::Place;
use super::rule::{Child, Compiled, Content, ProfileRef};
use super::walk::{Active, Walk};
use super::{binding, compare};
use crate::definitions::TypeId;
use crate::fhir::{Issue, IssueCode, Severity};
use crate::terminology::{CodeSet, Membership};

/// How the values of a property are told apart.
#[derive(Debug)]
pub struct Slicing {
    /// Whether values in no slice may be there.
    pub openness: Openness,
    /// Whether slices come in the order defined.
    pub ordered: bool,
    /// The slices.
    pub slices: Vec<Slice>,
    /// How many counters the slices, and the slices in them, need.
    pub(super) counters: usize,
}

/// Value set resource-slicing-rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    /// Other values may be there.
    Open,
    /// No others.
    Closed,
    /// Others may come after the slices.
    OpenAtEnd,
}

/// Some of the values of a property.
#[derive(Debug)]
pub struct Slice {
    /// Its name.
    pub name: String,
    /// Least number of values.
    pub min: u32,
    /// Greatest number of values.
    pub max: Option<u32>,
    /// Whether senders and receivers must be able to use it.
    pub must_support: bool,
    /// What a value is that belongs to it.
    pub conditions: Vec<Condition>,
    /// What is asked of its values.
    pub content: Content,
    /// Slices in the slice.
    pub slicing: Option<Box<Slicing>>,
    /// The place of its counter.
    pub(super) counter: usize,
}

/// Something that tells whether a value belongs to a slice.
#[derive(Debug)]
pub struct Condition {
    /// Where to look.
    pub path: Path,
    /// What must be there: one of these is enough.
    pub tests: Vec<Test>,
}

/// What is looked for.
#[derive(Debug)]
pub enum Test {
    /// Exactly this.
    Fixed(Value),
    /// All of this.
    Pattern(Value),
    /// A code of a value set.
    Codes {
        /// Its canonical.
        value_set: String,
        /// The codes, where at hand.
        codes: Option<Arc<CodeSet>>,
    },
    /// Anything, or nothing.
    Exists(bool),
    /// Something of one of these types.
    Types(Vec<TypeId>),
    /// Something that meets one of these profiles.
    Profiles(Vec<ProfileRef>),
    /// Something that meets all of these.
    All(Vec<Condition>),
    /// The definition does not say.
    Never,
}

/// Whether a value belongs to a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belongs {
    Yes,
    No,
    /// It depends on what is not at hand.
    Unsure,
}

/// The counting of a property's values in slices.
pub(super) struct Counting {
    /// The counters: of each slice, and before them of the values of which it cannot be told.
    counters: Range<usize>,
    /// The last slice met, for those that are ordered.
    last: usize,
    /// Whether a value in no slice was met.
    had_other: bool,
}

impl<'a> Walk<'a> {
    /// Begins counting.
    pub(super) fn start_counting(&mut self, slicing: &Slicing) -> Counting {
        let start = self.counts.len();
        self.counts.resize(start + slicing.counters + 1, 0);
        Counting { counters: start..start + slicing.counters + 1, last: 0, had_other: false }
    }

    /// Finds the slices a value belongs to, counts it, and adds what they ask to the nodes at hand.
    pub(super) fn slice(
        &mut self,
        slicing: &'a Slicing,
        counting: &mut Counting,
        of: &'a Compiled,
        item: Item<'a>,
        place: &Place<'_>,
    ) {
        let mut is_unsure = false;
        for (index, slice) in slicing.slices.iter().enumerate() {
            match self.belongs(slice, item) {
                Belongs::No => continue,
                Belongs::Unsure => {
                    is_unsure = true;
                    continue;
                }
                Belongs::Yes => {}
            }
            if let Some(count) = self.counts.get_mut(counting.counters.start + 1 + slice.counter) {
                *count += 1;
            }
            self.order(slicing, counting, index, slice, of, place);
            self.ask(&slice.content, of, item.type_id);
            if let Some(inner) = &slice.slicing {
                let mut inside = Counting { last: 0, had_other: false, counters: counting.counters.clone() };
                self.slice(inner, &mut inside, of, item, place);
            }
            return;
        }
        if is_unsure {
            if let Some(count) = self.counts.get_mut(counting.counters.start) {
                *count += 1;
            }
            return;
        }
        counting.had_other = true;
        if slicing.openness == Openness::Closed && !slicing.slices.is_empty() {
            let names: Vec<&str> = slicing.slices.iter().map(|slice| slice.name.as_str()).collect();
            let text = format!("is none of the slices allowed here: {}", names.join(", "));
            let issue = Issue::error(IssueCode::Structure, text).at(place.to_string());
            self.add(issue.by("slicing", &of.canonical));
        }
    }

    fn order(
        &mut self,
        slicing: &Slicing,
        counting: &mut Counting,
        index: usize,
        slice: &Slice,
        of: &Compiled,
        place: &Place<'_>,
    ) {
        let text = if slicing.ordered && index < counting.last {
            format!("is of slice '{}', which must come before those ahead of it", slice.name)
        } else if slicing.openness == Openness::OpenAtEnd && counting.had_other {
            format!("is of slice '{}', which must come before what is in no slice", slice.name)
        } else {
            counting.last = counting.last.max(index);
            return;
        };
        let issue = Issue::error(IssueCode::Structure, text).at(place.to_string());
        self.add(issue.by("slicing", &of.canonical));
    }

    /// Tells of slices with too few or too many values, and ends counting. `place` is that of the object.
    pub(super) fn end_counting(
        &mut self,
        child: &Child,
        counting: &Counting,
        of: &Compiled,
        place: &Place<'_>,
    ) {
        if let Some(slicing) = &child.slicing {
            let counts = self.counts.get(counting.counters.clone()).unwrap_or_default().to_vec();
            let has_unsure = counts.first().is_some_and(|count| *count > 0);
            self.check_counts(child, slicing, counts.get(1..).unwrap_or_default(), has_unsure, of, place);
        }
        self.counts.truncate(counting.counters.start);
    }

    /// As if none of the property's values were in any slice.
    pub(super) fn count_none(&mut self, child: &Child, of: &Compiled, place: &Place<'_>) {
        if let Some(slicing) = &child.slicing {
            self.check_counts(child, slicing, &[], false, of, place);
        }
    }

    fn check_counts(
        &mut self,
        child: &Child,
        slicing: &Slicing,
        counts: &[u32],
        has_unsure: bool,
        of: &Compiled,
        place: &Place<'_>,
    ) {
        for slice in &slicing.slices {
            let count = counts.get(slice.counter).copied().unwrap_or(0);
            let name = format_args!("'{}:{}'", child.name, slice.name);
            let issue = if count < slice.min {
                let text = match (count, slice.min) {
                    (0, 1) => format!("{name} is missing; {}", slice.wanted()),
                    (count, min) => {
                        format!(
                            "{name} is there {count} times; at least {min} times needed; {}",
                            slice.wanted()
                        )
                    }
                };
                // A value whose slice cannot be told may be the one that is missed.
                let severity = if has_unsure { Severity::Warning } else { Severity::Error };
                Some(Issue::new(severity, IssueCode::Required, text))
            } else if slice.max.is_some_and(|max| count > max) {
                let text = match slice.max {
                    Some(0) => format!("{name} must not be there"),
                    max => format!("{name} is there {count} times; at most {} allowed", max.unwrap_or(0)),
                };
                Some(Issue::error(IssueCode::Structure, text))
            } else {
                None
            };
            if let Some(issue) = issue {
                self.add(issue.at(place.to_string()).by("slicing", &of.canonical));
            }
            if count > 0
                && let Some(inner) = &slice.slicing
            {
                self.check_counts(child, inner, counts, has_unsure, of, place);
            }
        }
    }

    pub(super) fn belongs(&mut self, slice: &Slice, item: Item<'a>) -> Belongs {
        let mut answer = Belongs::Yes;
        for condition in &slice.conditions {
            match self.meets(condition, item) {
                Belongs::Yes => {}
                Belongs::No => return Belongs::No,
                Belongs::Unsure => answer = Belongs::Unsure,
            }
        }
        answer
    }

    fn meets(&mut self, condition: &Condition, item: Item<'a>) -> Belongs {
        // The commonest by far: the code of a system, the URL of an extension.
        if let ([path::Step::Property(name)], [Test::Fixed(wanted)]) =
            (condition.path.0.as_slice(), condition.tests.as_slice())
        {
            let found = item.value.and_then(Value::as_object).and_then(|object| path::get(object, name));
            if let Some(Value::String(_)) = found {
                return if found == Some(wanted) { Belongs::Yes } else { Belongs::No };
            }
        }
        let mut items = Vec::new();
        let around = self.around;
        let is_unsure = path::follow(&condition.path.0, item, around, &mut |item| {
            items.push(item);
            true
        });
        let mut answer = if is_unsure { Belongs::Unsure } else { Belongs::No };
        for test in &condition.tests {
            if let Test::Exists(wanted) = test
                && !is_unsure
                && *wanted != items.is_empty()
            {
                return Belongs::Yes;
            }
            for item in &items {
                match self.passes(test, *item) {
                    Belongs::Yes => return Belongs::Yes,
                    Belongs::No => {}
                    Belongs::Unsure => answer = Belongs::Unsure,
                }
            }
        }
        answer
    }

    fn passes(&mut self, test: &Test, item: Item<'a>) -> Belongs {
        let certain = |is_so: bool| if is_so { Belongs::Yes } else { Belongs::No };
        let types = self.around.validator.definitions.types();
        match (test, item.value) {
            (Test::Exists(_) | Test::Never, _) => Belongs::No,
            (Test::Types(wanted), _) => match item.type_id {
                Some(own) => certain(wanted.iter().any(|wanted| types.is_a(own, *wanted))),
                None => Belongs::Unsure,
            },
            (Test::Fixed(wanted), Some(value)) => certain(compare::is_fixed(value, wanted)),
            (Test::Pattern(wanted), Some(value)) => certain(compare::fits(value, wanted)),
            (Test::Codes { value_set, codes }, Some(value)) => {
                match binding::membership_of(value, value_set, codes.as_deref(), self.around) {
                    Membership::Member => Belongs::Yes,
                    Membership::NotMember => Belongs::No,
                    Membership::Unknown => Belongs::Unsure,
                }
            }
            (Test::Profiles(profiles), value) => self.meets_one(profiles, value, item),
            (Test::All(conditions), Some(_)) => {
                let mut answer = Belongs::Yes;
                for condition in conditions {
                    match self.meets(condition, item) {
                        Belongs::Yes => {}
                        Belongs::No => return Belongs::No,
                        Belongs::Unsure => answer = Belongs::Unsure,
                    }
                }
                answer
            }
            (_, None) => Belongs::Unsure,
        }
    }

    /// Whether an item meets one of some profiles.
    fn meets_one(&mut self, profiles: &[ProfileRef], value: Option<&'a Value>, item: Item<'a>) -> Belongs {
        let mut answer = Belongs::No;
        for profile in profiles {
            let verdict = match (self.around.validator.profile_of(profile), value) {
                (Some(compiled), _) if item.type_id.is_some_and(|id| !self.is_a(id, compiled.of_type)) => {
                    Belongs::No
                }
                (Some(compiled), Some(value)) => {
                    match self.value_conforms(value, item, compiled, profile.number) {
                        true => Belongs::Yes,
                        false => Belongs::No,
                    }
                }
                _ => Belongs::Unsure,
            };
            match verdict {
                Belongs::Yes => return Belongs::Yes,
                Belongs::No => {}
                Belongs::Unsure => answer = Belongs::Unsure,
            }
        }
        answer
    }

    /// Adds the nodes of what is asked of a value to those at hand.
    pub(super) fn ask(&mut self, content: &Content, of: &'a Compiled, type_id: Option<TypeId>) {
        let by_type = type_id.and_then(|id| content.of_type(id));
        for id in std::iter::once(content.node).chain(by_type) {
            let node = of.node(id);
            if !node.is_empty() {
                self.nodes.push(Active { node, of });
            }
        }
    }
}

impl Slice {
    /// Whether it is the slice of extensions with that URL.
    pub(super) fn is_for_url(&self, url: &str) -> bool {
        self.conditions.iter().flat_map(|condition| &condition.tests).any(|test| match test {
            Test::Fixed(Value::String(wanted)) => wanted == url,
            _ => false,
        })
    }

    /// What a value would have to be, for a message.
    fn wanted(&self) -> String {
        let conditions: Vec<String> = self.conditions.iter().map(ToString::to_string).collect();
        format!("a value of that slice: {}", conditions.join(" and "))
    }
}
