//! Attachments whose `size` is not that of their data (R4 §2.24.0.7).

use serde_json::{Map, Value};

use super::path::get;
use super::place::Place;
use super::walk::Walk;
use crate::fhir::{Issue, IssueCode};

const ATTACHMENT: &str = "http://hl7.org/fhir/StructureDefinition/Attachment";

impl Walk<'_> {
    pub(super) fn attachment(&mut self, attachment: &Map<String, Value>, place: &Place<'_>) {
        let stated = get(attachment, "size").and_then(Value::as_u64);
        let Some((size, data)) = stated.zip(get(attachment, "data").and_then(Value::as_str)) else { return };
        if decoded_length(data) != size {
            let issue = Issue::error(IssueCode::Value, "'size' is not the number of bytes in 'data'");
            self.add(issue.at(place.to_string()).by("size", ATTACHMENT));
        }
    }
}

/// How many bytes base64 stands for.
fn decoded_length(base64: &str) -> u64 {
    let digits = base64.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=').count() as u64;
    digits * 3 / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (base64, expected) in [("", 0), ("QQ==", 1), ("QUI=", 2), ("QUJD", 3), ("QU JD\nQUJD", 6)] {
            assert_eq!(decoded_length(base64), expected, "{base64}");
        }
    }
}
