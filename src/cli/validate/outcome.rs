//! An OperationOutcome for each resource, one a line: NDJSON can be written and read without holding all of it, which a
//! Bundle cannot. The extensions are those the Java validator writes.

use serde_json::{Value, json};

use crate::fhir::{Issue, OperationOutcome};

use super::report::Judged;

const FILE: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-file";
const LINE: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line";
const COLUMN: &str = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col";

/// The outcome, with the file as an extension, and line and column as extensions of each issue.
pub(super) fn write(judged: &Judged<'_>) -> String {
    let positions: Vec<_> = judged.issues.iter().map(|issue| judged.position(issue)).collect();
    let issues: Vec<Issue> =
        judged.issues.iter().map(|issue| Issue { position: None, ..(*issue).clone() }).collect();
    let mut outcome = OperationOutcome::from(issues).to_value();
    if let Some(told) = outcome.get_mut("issue").and_then(Value::as_array_mut) {
        for (issue, position) in told.iter_mut().zip(positions) {
            if let (Value::Object(issue), Some((line, column))) = (issue, position) {
                let places = json!([
                    {"url": LINE, "valueInteger": line},
                    {"url": COLUMN, "valueInteger": column},
                ]);
                issue.shift_insert(0, "extension".to_owned(), places);
            }
        }
    }
    if let Value::Object(outcome) = &mut outcome {
        let file = json!([{"url": FILE, "valueString": judged.file}]);
        outcome.shift_insert(1, "extension".to_owned(), file);
    }
    format!("{outcome}\n")
}
