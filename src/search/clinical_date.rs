//! When the care took place that a record tells of, as far as its search parameters tell.

use crate::definitions::SearchKind;
use crate::fhir::time::{Instant, Period};

use super::{Condition, Prefix, Registry, Values};

/// The parameters that tell it, by their codes, best first: when something happened, or is to happen; then when it was
/// ordered or written down. Dates of birth and death, and of parts of a record, are none of them.
pub const CLINICAL_DATES: [&str; 26] = [
    "occurrence",
    "event-date",
    "effective",
    "effective-time",
    "started",
    "collected",
    "onset-date",
    "period",
    "start-date",
    "when",
    "date",
    "sent",
    "received",
    "whenhandedover",
    "whenprepared",
    "identified",
    "authored-on",
    "authoredon",
    "authored",
    "datetime",
    "datewritten",
    "created",
    "issued",
    "recorded-date",
    "recorded",
    "entered-date",
];

/// The conditions that a record's clinical date is, at least in part, not before `start` and not after `end`. A record is
/// judged by the best of [`CLINICAL_DATES`] it has; one that has none meets them, for it may be of that time.
pub fn clinically_within(
    registry: &Registry,
    type_name: &str,
    start: Option<Instant>,
    end: Option<Instant>,
) -> Vec<Condition> {
    let keys = CLINICAL_DATES.iter().filter_map(|code| registry.find(type_name, code));
    let keys: Vec<_> = keys.filter(|key| registry[*key].kind == SearchKind::Date).collect();
    let bounds = [(Prefix::Ge, start), (Prefix::Le, end)];
    let bounds = bounds.into_iter().filter_map(|(prefix, bound)| Some((prefix, bound?)));
    let mut conditions = Vec::new();
    for (prefix, bound) in bounds {
        let values = Values::Date(vec![(prefix, Period { low: bound, high: bound })]);
        let mut met = Vec::with_capacity(keys.len() + 1);
        for parameter in &keys {
            let parameter = *parameter;
            met.push(Condition::Value { parameter, negated: false, values: values.clone() });
            let missing =
                Condition::Missing { parameter, kind: SearchKind::Date, identifier: None, missing: true };
            // A worse one counts only where the better ones are missing.
            conditions.push(Condition::Any([met.as_slice(), &[missing]].concat()));
        }
    }
    conditions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::Definitions;

    #[test]
    fn dates_of_types() {
        let registry = Registry::new(&Definitions::embedded().unwrap());
        for (type_name, expected) in [
            ("ServiceRequest", "occurrence authored"),
            ("Task", "period authored-on"),
            ("Observation", "date"),
            ("Condition", "onset-date recorded-date"),
            ("DocumentReference", "period date"),
            ("QuestionnaireResponse", "authored"),
            ("Communication", "sent received"),
            ("Patient", ""),
            ("Coverage", ""),
        ] {
            let own = CLINICAL_DATES.iter().filter(|code| registry.find(type_name, code).is_some());
            let own: Vec<&str> = own.copied().collect();
            assert_eq!(own.join(" "), expected, "{type_name}");
            let conditions = clinically_within(&registry, type_name, Some(Instant(0)), None);
            assert_eq!(conditions.len(), own.len(), "{type_name}");
        }
    }
}
