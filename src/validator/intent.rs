//! What some invariants of SDOH Clinical Care are meant to say but, as written, do not.
//!
//! These invariants are evaluated as the guide wrote them; beside each stands a rule of our own, told as a warning under
//! a name of its own (`SDOH-Task-2-intent`), for what the guide's text asks.

use super::rule::Invariant;
use crate::fhir::Severity;
use crate::fhirpath::Expression;

const FOR_PATIENT: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForPatient";

/// Profile, name, expression, and what it means.
const STATED: [(&str, &str, &str, &str); 5] = [
    (
        FOR_PATIENT,
        "SDOH-Task-1-intent",
        "code.coding.where(code = 'complete-questionnaire').exists() implies \
         input.where(type.coding.where(code in ('questionnaire' | 'questionnaire-pdf' | 'questionnaire-url')).exists())\
         .type.coding.code.distinct().count() <= 1",
        "a Task to complete a questionnaire names it in one way only: as a questionnaire, a PDF or a URL",
    ),
    (
        FOR_PATIENT,
        "SDOH-Task-2-intent",
        "code.coding.where(code = 'general-information').exists() implies \
         output.all(type.coding.where(code = 'general-information-response').exists())",
        "a Task to read general information has no outputs but general-information-response",
    ),
    (
        FOR_PATIENT,
        "SDOH-Task-3-intent",
        "code.coding.where(code = 'review-material').exists() implies focus.exists()",
        "a Task to review material has it as its focus",
    ),
    (
        FOR_PATIENT,
        "SDOH-Task-6-intent",
        "input.where(type.coding.where(code = 'questionnaire-pdf').exists()).exists() implies \
         (output.exists().not() or output.where(type.coding.where(code = 'questionnaire-pdf-completed').exists()).exists())",
        "the answer to a questionnaire in a PDF is an output of type questionnaire-pdf-completed",
    ),
    (
        FOR_PATIENT,
        "SDOH-Task-7-intent",
        "code.coding.where(code = 'make-contact').exists() implies \
         output.all(type.coding.where(code = 'chosen-contact').exists())",
        "a Task to make contact has no outputs but chosen-contact",
    ),
];

/// The rules for a profile.
pub(super) fn of(profile: &str) -> impl Iterator<Item = Invariant> {
    let stated = STATED.iter().filter(move |(of, ..)| *of == profile);
    stated.filter_map(|(_, name, text, meaning)| {
        let expression = Expression::parse(text).ok()?;
        Some(Invariant::new((*name).to_owned(), Severity::Warning, expression, Some(meaning)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_can_be_read() {
        assert_eq!(of(FOR_PATIENT).count(), STATED.len());
    }
}
