//! Whom a resource concerns, told by its text.

use crate::fhir::Id;

/// How a stored resource, whose JSON has no space between its signs, begins a literal reference. Within a text the quotes
/// would have backslashes.
const REFERENCE: &str = r#""reference":""#;
const PATIENT: &str = "Patient/";

/// Ids of the Patients of this server that a stored resource refers to, wherever it does, each once, in its order. Read
/// from the text, in one pass: this is done for every resource that is shown.
pub fn patients_of(body: &str, own_base: &str) -> Vec<String> {
    let mut patients: Vec<String> = Vec::new();
    for (at, _) in body.match_indices(REFERENCE) {
        let Some(target) = body.get(at + REFERENCE.len()..) else { continue };
        let Some(rest) = own(target, own_base).strip_prefix(PATIENT) else { continue };
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'));
        let (id, after) = rest.split_at(end.unwrap_or(rest.len()));
        let is_whole = after.starts_with('"') || after.starts_with("/_history/");
        if is_whole && Id::is_valid(id) && !patients.iter().any(|patient| patient == id) {
            patients.push(id.to_owned());
        }
    }
    patients
}

/// The reference from the resource's type on, where it is of this server.
fn own<'t>(target: &'t str, own_base: &str) -> &'t str {
    target.strip_prefix(own_base).and_then(|rest| rest.strip_prefix('/')).unwrap_or(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients() {
        for (body, expected) in [
            (
                r#"{"resourceType":"Task","for":{"reference":"Patient/1"},"owner":{"reference":"Organization/1"}}"#,
                "1",
            ),
            (
                r#"{"subject":{"reference":"Patient/1"},"performer":[{"reference":"Patient/2"},{"reference":"Patient/1"}]}"#,
                "1 2",
            ),
            (r#"{"subject":{"reference":"http://gw.example/fhir/Patient/a-b.c"}}"#, "a-b.c"),
            (r#"{"subject":{"reference":"http://other.example/fhir/Patient/1"}}"#, ""),
            (r#"{"subject":{"reference":"Patient/1/_history/2","display":"x"}}"#, "1"),
            (r#"{"subject":{"reference":"Patient/1/other"}}"#, ""),
            (r#"{"subject":{"reference":"Patient/"}}"#, ""),
            (r#"{"subject":{"reference":"Patient?identifier=1"}}"#, ""),
            (r#"{"note":[{"text":"\"reference\":\"Patient/1\""}]}"#, ""),
            (r##"{"subject":{"reference":"#p"}}"##, ""),
            (r#""reference":"Patient/1"#, ""),
            ("", ""),
        ] {
            assert_eq!(patients_of(body, "http://gw.example/fhir").join(" "), expected, "{body}");
        }
    }
}
