//! Where in a text an element stands: for people who look at what they sent.

mod json;
mod wanted;

pub use wanted::{ElementId, Wanted};

use super::Issue;

/// Gives issues their places in the JSON text they are about.
pub fn place_issues(text: &[u8], issues: &mut [Issue]) {
    place_by(text, "", issues, json::find);
}

/// Like [`place_issues`], where what the issues are about is an element of the text: `Parameters.parameter[0].resource`.
pub fn place_issues_within(text: &[u8], element: &str, issues: &mut [Issue]) {
    place_by(text, element, issues, json::find);
}

/// Gives issues their places in a text, found by a search through it.
pub fn place_by(text: &[u8], within: &str, issues: &mut [Issue], find: impl FnOnce(&[u8], &mut Wanted)) {
    let mut open: Vec<&mut Issue> =
        issues.iter_mut().filter(|issue| issue.position.is_none() && issue.expression.is_some()).collect();
    if open.is_empty() {
        return;
    }
    let expressions = open.iter().filter_map(|issue| issue.expression.as_deref());
    let mut wanted = Wanted::new(within, expressions);
    find(text, &mut wanted);
    for (issue, position) in open.iter_mut().zip(wanted.positions(text)) {
        issue.position = position;
    }
}

/// Line and column, from 1, of the element that a simple FHIRPath names (`Task.input[0].value.ofType(Quantity).code`), or of
/// the nearest element around it that is there. The text must be JSON that has been parsed before; `None` when it is not.
pub fn locate(text: &[u8], expression: &str) -> Option<(usize, usize)> {
    let mut wanted = Wanted::new("", [expression].into_iter());
    json::find(text, &mut wanted);
    wanted.positions(text).pop().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "resourceType": "Observation",
  "code": {"text": "a \"}]\" b"},
  "component": [
    {"valueQuantity": {"value": 1.0}},
    {
      "valueString": "é", "note": [[], {}]
    }
  ], "status" : "final", "_status": {"id": "s"},
  "_issued": {"extension": [{}]}
}"#;

    const PLACES: &[(&str, (usize, usize))] = &[
        ("Observation", (1, 1)),
        ("Observation.code.text", (3, 12)),
        ("Observation.component", (4, 3)),
        ("Observation.component[0]", (5, 5)),
        ("Observation.component[0].value.ofType(Quantity).value", (5, 24)),
        ("Observation.component[1].value.ofType(string)", (7, 7)),
        ("Observation.component[1].note", (7, 27)),
        ("Observation.component[1].note[1]", (7, 40)),
        ("Observation.status", (9, 6)),
        // What stands beside a value.
        ("Observation.status.id", (9, 38)),
        ("Observation.issued.extension[0]", (10, 29)),
        // What is missing is missing from what is there.
        ("Observation.component[1].code", (6, 5)),
        ("Observation.component[7].code", (4, 3)),
        ("Observation.subject.reference", (1, 1)),
    ];

    #[test]
    fn places() {
        for (expression, place) in PLACES {
            assert_eq!(locate(TEXT.as_bytes(), expression), Some(*place), "{expression}");
        }
    }

    #[test]
    fn all_at_once_are_the_same() {
        let issue = |expression: &str| Issue::error(crate::fhir::IssueCode::Value, "x").at(expression);
        let mut issues: Vec<Issue> = PLACES.iter().map(|(expression, _)| issue(expression)).collect();
        place_issues(TEXT.as_bytes(), &mut issues);
        for (issue, (expression, place)) in issues.iter().zip(PLACES) {
            assert_eq!(issue.position, Some(*place), "{expression}");
        }
        let around = format!("{{\"parameter\": [{{\"resource\":\n{TEXT}}}]}}");
        let mut issues: Vec<Issue> = PLACES.iter().map(|(expression, _)| issue(expression)).collect();
        place_issues_within(around.as_bytes(), "Parameters.parameter[0].resource", &mut issues);
        for (issue, (expression, (line, column))) in issues.iter().zip(PLACES).skip(1) {
            let place = if expression.contains("subject") { (1, 17) } else { (line + 1, *column) };
            assert_eq!(issue.position, Some(place), "{expression}");
        }
    }

    #[test]
    fn never_panics() {
        for end in 0..TEXT.len() {
            locate(&TEXT.as_bytes()[..end], "Observation.component[1].note[0].x");
        }
        for text in ["", "]", "[", "{\"", "{\"a\\", "nonsense", "{\"a\":"] {
            locate(text.as_bytes(), "A.a.b[3]");
        }
    }
}
