//! Whom a resource concerns, told by its text.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::fhir::Id;

/// How a stored resource, whose JSON has no space between its signs, begins a literal reference. Within a text the quotes
/// would have backslashes.
const REFERENCE: &str = r#""reference":""#;
const PATIENT: &str = "Patient/";
static PATIENTS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(PATIENT));

/// Ids of the Patients of this server that a stored resource refers to, wherever it does, each once, in its order. Read
/// from the text, in one pass: this is done for every resource that is shown.
pub fn patients_of(body: &str, own_base: &str) -> Vec<String> {
    let mut patients: Vec<String> = Vec::new();
    for at in PATIENTS.find_iter(body.as_bytes()) {
        let Some((before, target)) = body.split_at_checked(at) else { continue };
        if !begins_reference(before, own_base) {
            continue;
        }
        let id = target.strip_prefix(PATIENT).unwrap_or_default();
        let end = id.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.'));
        let Some((id, after)) = end.and_then(|end| id.split_at_checked(end)) else { continue };
        let is_whole = after.starts_with('"') || after.starts_with("/_history/");
        if is_whole && Id::is_valid(id) && !patients.iter().any(|patient| patient == id) {
            patients.push(id.to_owned());
        }
    }
    patients
}

/// Whether what comes next is a reference to a resource of this server.
fn begins_reference(before: &str, own_base: &str) -> bool {
    let own = || before.strip_suffix('/')?.strip_suffix(own_base);
    before.ends_with(REFERENCE) || own().is_some_and(|before| before.ends_with(REFERENCE))
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
