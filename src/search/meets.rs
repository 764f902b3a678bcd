//! Whether a resource meets a search, told by its entries alone: for resources that are not in the store.

use crate::definitions::SearchKind;
use crate::fhir::time::{Instant, Period};

use super::entry::{Entries, Entry, Quantity, Target, Text, Token};
use super::{
    Condition, Criteria, NumberTest, ParameterKey, Prefix, ReferenceTest, TextTest, TokenTest, Values, fold,
};

/// A resource as searches see it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'c> {
    /// Logical id.
    pub id: &'c str,
    /// When it was written; what never was, meets no condition on that.
    pub updated: Option<Instant>,
    /// What it is found by.
    pub entries: &'c Entries,
}

impl Criteria {
    /// Whether a resource of the type meets all conditions. Chains are met by none: what others are like is not told here.
    pub fn are_met_by(&self, candidate: Candidate<'_>) -> bool {
        self.conditions.iter().all(|condition| candidate.meets(condition))
    }
}

impl Candidate<'_> {
    fn meets(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Id(ids) => ids.iter().any(|id| id == self.id),
            Condition::LastUpdated(tests) => self.updated.is_some_and(|updated| {
                let moment = Period { low: updated, high: updated };
                tests.iter().any(|(prefix, asked)| is_in(*prefix, moment, *asked))
            }),
            Condition::Missing { parameter, kind, identifier, missing } => {
                let present = self.has(*parameter, *kind)
                    || identifier.is_some_and(|key| self.has(key, SearchKind::Token));
                present != *missing
            }
            Condition::Value { parameter, negated, values } => {
                self.parts(*parameter, values).is_empty() == *negated
            }
            Condition::Composite(alternatives) => alternatives.iter().any(|parts| self.meets_parts(parts)),
            Condition::Any(conditions) => conditions.iter().any(|condition| self.meets(condition)),
            Condition::Chain { .. } | Condition::Nothing => false,
        }
    }

    /// One repetition of a composite's element meets all parts.
    fn meets_parts(&self, parts: &[(ParameterKey, Values)]) -> bool {
        let mut met = parts.iter().map(|(parameter, values)| self.parts(*parameter, values));
        let Some(first) = met.next() else { return false };
        let in_all =
            met.fold(first, |before, here| before.into_iter().filter(|part| here.contains(part)).collect());
        !in_all.is_empty()
    }

    /// The parts whose entry has one of the values.
    fn parts(&self, parameter: ParameterKey, values: &Values) -> Vec<u32> {
        let Entries { tokens, references, dates, strings, numbers } = self.entries;
        match values {
            Values::Token(tests) => parts(tokens, parameter, tests, |test, token| test.is(token)),
            Values::Uri(uris) => parts(tokens, parameter, uris, |uri, token| token.code == *uri),
            Values::Reference(tests) => parts(references, parameter, tests, |test, target| test.is(target)),
            Values::Date(tests) => {
                parts(dates, parameter, tests, |(prefix, asked), own| is_in(*prefix, *own, *asked))
            }
            Values::Text(tests) => parts(strings, parameter, tests, |test, text| test.is(text)),
            Values::Number(tests) => parts(numbers, parameter, tests, |test, number| test.is(number)),
        }
    }

    fn has(&self, parameter: ParameterKey, kind: SearchKind) -> bool {
        let Entries { tokens, references, dates, strings, numbers } = self.entries;
        match kind {
            SearchKind::Reference => references.iter().any(|entry| entry.parameter == parameter),
            SearchKind::Date => dates.iter().any(|entry| entry.parameter == parameter),
            SearchKind::String => strings.iter().any(|entry| entry.parameter == parameter),
            SearchKind::Number | SearchKind::Quantity => {
                numbers.iter().any(|entry| entry.parameter == parameter)
            }
            SearchKind::Token | SearchKind::Uri | SearchKind::Composite | SearchKind::Special => {
                tokens.iter().any(|entry| entry.parameter == parameter)
            }
        }
    }
}

fn parts<T, V>(
    entries: &[Entry<V>],
    parameter: ParameterKey,
    tests: &[T],
    is: impl Fn(&T, &V) -> bool,
) -> Vec<u32> {
    let own = entries.iter().filter(|entry| entry.parameter == parameter);
    let met = own.filter(|entry| tests.iter().any(|test| is(test, &entry.value)));
    met.map(|entry| entry.part).collect()
}

impl TokenTest {
    fn is(&self, token: &Token) -> bool {
        match self {
            TokenTest::Code(code) => token.code == *code,
            TokenTest::Coding { system, code } => token.code == *code && token.system == *system,
            TokenTest::System(system) => token.code == Token::any_of(system).code,
        }
    }
}

impl ReferenceTest {
    fn is(&self, target: &Target) -> bool {
        target.id == self.id
            && target.base == self.base
            && self.type_name.as_ref().is_none_or(|type_name| target.type_name == *type_name)
            && self.version.as_ref().is_none_or(|version| target.version == *version)
    }
}

impl TextTest {
    fn is(&self, text: &Text) -> bool {
        match self {
            TextTest::Starts(start) => text.folded.starts_with(start),
            TextTest::Contains(part) => text.folded.contains(part),
            TextTest::Exact(exact) => text.exact == *exact && text.folded == fold(exact),
        }
    }
}

impl NumberTest {
    fn is(&self, own: &Quantity) -> bool {
        let (value, margin) = (self.value, self.margin);
        let is_equal = own.low >= value - margin && own.low < value + margin && own.high < value + margin;
        let is_in = match self.prefix {
            Prefix::Eq => is_equal,
            Prefix::Ne => !is_equal,
            Prefix::Gt => own.high > value,
            Prefix::Lt => own.low < value,
            Prefix::Ge => own.high >= value,
            Prefix::Le => own.low <= value,
            Prefix::Sa => own.low > value,
            Prefix::Eb => own.high < value,
            Prefix::Ap => own.low <= value + value.abs() * 0.1 && own.high >= value - value.abs() * 0.1,
        };
        is_in
            && self.system.as_ref().is_none_or(|system| own.system == *system)
            && self.unit.as_ref().is_none_or(|unit| own.unit == *unit)
    }
}

/// A date range compared with the one asked for (R4 §3.1.1.4.5).
fn is_in(prefix: Prefix, own: Period, asked: Period) -> bool {
    match prefix {
        Prefix::Eq => own.low >= asked.low && own.high <= asked.high,
        Prefix::Ne => !is_in(Prefix::Eq, own, asked),
        Prefix::Gt => own.high > asked.high,
        Prefix::Lt => own.low < asked.low,
        Prefix::Ge => own.high >= asked.low && (own.high > asked.high || own.low >= asked.low),
        Prefix::Le => own.low <= asked.high && (own.low < asked.low || own.high <= asked.high),
        Prefix::Sa => own.low > asked.high,
        Prefix::Eb => own.high < asked.low,
        Prefix::Ap => own.low <= asked.high && own.high >= asked.low,
    }
}
