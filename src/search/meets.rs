//! Whether a resource that is at hand meets a condition, told by its entries as the store tells it by its tables.

use crate::fhir::time::{Instant, Period};

use super::condition::{Condition, NumberTest, Prefix, ReferenceTest, TextTest, TokenTest, Values};
use super::entry::{Entries, Entry, Quantity, Target, Text, Token};
use super::{ParameterKey, fold};

/// A resource at hand.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s> {
    /// Logical id.
    pub id: &'s str,
    /// When it was last changed.
    pub updated: Instant,
    /// What it is found by.
    pub entries: &'s Entries,
}

impl Condition {
    /// Whether a resource meets the condition; `None` where other resources would have to be looked at.
    pub fn is_met_by(&self, subject: Subject<'_>) -> Option<bool> {
        Some(match self {
            Condition::Nothing => false,
            Condition::Id(ids) => ids.iter().any(|id| id == subject.id),
            Condition::LastUpdated(dates) => {
                let moment = Period { low: subject.updated, high: subject.updated };
                dates.iter().any(|(prefix, asked)| date(moment, *prefix, *asked))
            }
            Condition::Missing { parameter, identifier, missing, .. } => {
                let has = |key: &ParameterKey| subject.entries.has(*key);
                let is_there = has(parameter) || identifier.as_ref().is_some_and(has);
                is_there != *missing
            }
            Condition::Value { parameter, negated, values } => {
                subject.entries.meet(*parameter, None, values) != *negated
            }
            Condition::Composite(alternatives) => {
                alternatives.iter().any(|parts| subject.entries.meet_together(parts))
            }
            Condition::Chain { .. } => return None,
        })
    }
}

impl Entries {
    /// Whether a parameter has any value.
    fn has(&self, key: ParameterKey) -> bool {
        self.tokens.iter().any(|entry| entry.parameter == key)
            || self.references.iter().any(|entry| entry.parameter == key)
            || self.dates.iter().any(|entry| entry.parameter == key)
            || self.strings.iter().any(|entry| entry.parameter == key)
            || self.numbers.iter().any(|entry| entry.parameter == key)
    }

    /// Whether a parameter has one of the values, perhaps in one repetition of a composite's element.
    fn meet(&self, key: ParameterKey, part: Option<u32>, values: &Values) -> bool {
        match values {
            Values::Token(tests) => any(&self.tokens, key, part, tests, token),
            Values::Uri(uris) => any(&self.tokens, key, part, uris, |token, uri| token.code == *uri),
            Values::Reference(tests) => any(&self.references, key, part, tests, reference),
            Values::Date(tests) => {
                any(&self.dates, key, part, tests, |period, (prefix, asked)| date(*period, *prefix, *asked))
            }
            Values::Text(tests) => any(&self.strings, key, part, tests, text),
            Values::Number(tests) => any(&self.numbers, key, part, tests, number),
        }
    }

    fn meet_together(&self, parts: &[(ParameterKey, Values)]) -> bool {
        let of_first = |key: ParameterKey| {
            let tokens = self.tokens.iter().filter(move |e| e.parameter == key).map(|e| e.part);
            let references = self.references.iter().filter(move |e| e.parameter == key).map(|e| e.part);
            let dates = self.dates.iter().filter(move |e| e.parameter == key).map(|e| e.part);
            let strings = self.strings.iter().filter(move |e| e.parameter == key).map(|e| e.part);
            let numbers = self.numbers.iter().filter(move |e| e.parameter == key).map(|e| e.part);
            tokens.chain(references).chain(dates).chain(strings).chain(numbers)
        };
        let Some((first, _)) = parts.first() else { return false };
        of_first(*first).any(|part| parts.iter().all(|(key, values)| self.meet(*key, Some(part), values)))
    }
}

fn any<T, V>(
    entries: &[Entry<T>],
    key: ParameterKey,
    part: Option<u32>,
    tests: &[V],
    test: impl Fn(&T, &V) -> bool,
) -> bool {
    let of_key = |entry: &&Entry<T>| entry.parameter == key && part.is_none_or(|part| part == entry.part);
    entries.iter().filter(of_key).any(|entry| tests.iter().any(|value| test(&entry.value, value)))
}

fn token(token: &Token, test: &TokenTest) -> bool {
    match test {
        TokenTest::Code(code) => token.code == *code,
        TokenTest::Coding { system, code } => token.code == *code && token.system == *system,
        TokenTest::System(system) => *token == Token::any_of(system),
    }
}

fn reference(target: &Target, test: &ReferenceTest) -> bool {
    target.id == test.id
        && target.base == test.base
        && test.type_name.as_ref().is_none_or(|name| *name == target.type_name)
        && test.version.as_ref().is_none_or(|version| *version == target.version)
}

/// R4 §3.1.1.4.5.
fn date(period: Period, prefix: Prefix, asked: Period) -> bool {
    let Period { low, high } = period;
    match prefix {
        Prefix::Eq => asked.low <= low && high <= asked.high,
        Prefix::Ne => !(asked.low <= low && high <= asked.high),
        Prefix::Gt => high > asked.high,
        Prefix::Lt => low < asked.low,
        Prefix::Ge => high > asked.high || low >= asked.low,
        Prefix::Le => low < asked.low || high <= asked.high,
        Prefix::Sa => low > asked.high,
        Prefix::Eb => high < asked.low,
        Prefix::Ap => low <= asked.high && high >= asked.low,
    }
}

fn text(text: &Text, test: &TextTest) -> bool {
    match test {
        TextTest::Starts(start) => text.folded.starts_with(start),
        TextTest::Contains(part) => text.folded.contains(part),
        TextTest::Exact(exact) => text.exact == *exact && text.folded == fold(exact),
    }
}

fn number(quantity: &Quantity, test: &NumberTest) -> bool {
    let Quantity { low, high, .. } = *quantity;
    let (value, margin) = (test.value, test.margin);
    let within = low >= value - margin && low < value + margin && high < value + margin;
    let compares = match test.prefix {
        Prefix::Eq => within,
        Prefix::Ne => !within,
        Prefix::Gt => high > value,
        Prefix::Lt => low < value,
        Prefix::Ge => high >= value,
        Prefix::Le => low <= value,
        Prefix::Sa => low > value,
        Prefix::Eb => high < value,
        Prefix::Ap => low <= value + value.abs() * 0.1 && high >= value - value.abs() * 0.1,
    };
    compares
        && test.system.as_ref().is_none_or(|system| *system == quantity.system)
        && test.unit.as_ref().is_none_or(|unit| *unit == quantity.unit)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::definitions::Definitions;
    use crate::fhir::Resource;
    use crate::search::{Extractor, Registry, parse_condition};
    use crate::terminology::Terminology;

    #[test]
    fn conditions() {
        let definitions = Arc::new(Definitions::embedded().unwrap());
        let registry = Arc::new(Registry::new(&definitions));
        let terminology = Arc::new(Terminology::new(definitions.clone()));
        let extractor = Extractor::new(definitions.clone(), registry.clone(), terminology);
        let base = "http://gw.example/fhir";
        let resource = Resource::new(json!({
            "resourceType": "Observation", "id": "o1", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
            "subject": {"reference": "Patient/p1"},
            "effectiveDateTime": "2026-11-22",
            "valueQuantity": {"value": 120, "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
        }))
        .unwrap();
        let entries = extractor.entries(&resource, base);
        let updated = Period::parse("2026-11-23T10:00:00Z").unwrap().low;
        let subject = Subject { id: "o1", updated, entries: &entries };
        for (name, value, expected) in [
            ("_id", "o1", Some(true)),
            ("_id", "o2,o3", Some(false)),
            ("_lastUpdated", "ge2026-11-23", Some(true)),
            ("_lastUpdated", "lt2026-11-23", Some(false)),
            ("status", "final", Some(true)),
            ("status:not", "final", Some(false)),
            ("status:not", "amended", Some(true)),
            ("code", "http://loinc.org|8480-6", Some(true)),
            ("code", "8480-6", Some(true)),
            ("code", "http://loinc.org|", Some(true)),
            ("code", "http://snomed.info/sct|8480-6", Some(false)),
            ("subject", "Patient/p1", Some(true)),
            ("patient", "p1", Some(true)),
            ("subject", "Patient/p2", Some(false)),
            ("subject", "http://gw.example/fhir/Patient/p1", Some(true)),
            ("date", "2026-11", Some(true)),
            ("date", "gt2026-11-22", Some(false)),
            ("date", "ge2026-11-22,le2020", Some(true)),
            ("date:missing", "true", Some(false)),
            ("performer:missing", "true", Some(true)),
            ("value-quantity", "gt100|http://unitsofmeasure.org|mm[Hg]", Some(true)),
            ("value-quantity", "120", Some(true)),
            ("value-quantity", "lt120", Some(false)),
            ("code-value-quantity", "8480-6$gt110", Some(true)),
            ("code-value-quantity", "8480-6$gt130", Some(false)),
            ("patient.name", "x", None),
        ] {
            let condition =
                parse_condition(&definitions, &registry, base, "Observation", name, value).unwrap();
            assert_eq!(condition.is_met_by(subject), expected, "{name}={value}");
        }
    }
}
