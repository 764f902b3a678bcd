//! Which time information is of, for provisions that are about a time (R4 Consent.provision.dataPeriod).

use serde_json::Value;

use crate::fhir::Resource;
use crate::fhir::time::{BEGINNING, END, Period};

use super::json::text;

/// The time a resource speaks of, or else was written at. `None` when it has none, or none that can be read.
pub(super) fn date_of(resource: &Resource) -> Option<Period> {
    let value = resource.as_value();
    let date = DATES.iter().find_map(|element| value.get(element))?;
    if let Value::String(date) = date {
        return Period::parse(date);
    }
    let end = |name| text(date, name).map(Period::parse);
    match (end("start"), end("end")) {
        (None, None) => None,
        (start, end) => {
            let low = start.map_or(Some(BEGINNING), |start| start.map(|start| start.low))?;
            let high = end.map_or(Some(END), |end| end.map(|end| end.high))?;
            Some(Period { low, high })
        }
    }
}

/// Where resources have their time; the first that is there counts.
const DATES: &[&str] = &[
    "effectiveDateTime",
    "effectivePeriod",
    "effectiveInstant",
    "performedDateTime",
    "performedPeriod",
    "occurrenceDateTime",
    "occurrencePeriod",
    "onsetDateTime",
    "onsetPeriod",
    "startDate",
    "period",
    "servicedDate",
    "servicedPeriod",
    "authoredOn",
    "authored",
    "recordedDate",
    "dateTime",
    "date",
    "created",
    "issued",
    "sent",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn when() {
        for (value, expected) in [
            (json!({"resourceType": "Observation", "effectiveDateTime": "2026-03"}), Some("2026-03-01")),
            (
                json!({"resourceType": "Observation", "effectivePeriod": {"start": "2026-03-05"}, "issued": "2020-01-01"}),
                Some("2026-03-05"),
            ),
            (
                json!({"resourceType": "Observation", "effectiveDateTime": "spring", "issued": "2020-01-01"}),
                None,
            ),
            (json!({"resourceType": "Observation", "effectivePeriod": {"start": "spring"}}), None),
            (json!({"resourceType": "Observation", "effectivePeriod": {}}), None),
            (json!({"resourceType": "Condition", "recordedDate": "2026-03-06"}), Some("2026-03-06")),
            (json!({"resourceType": "Patient", "birthDate": "1980-01-01"}), None),
        ] {
            let resource = Resource::new(value.clone()).unwrap();
            let date = date_of(&resource).map(|period| period.low.to_fhir()[..10].to_owned());
            assert_eq!(date.as_deref(), expected, "{value}");
        }
    }
}
