//! What a caller asks of texts beyond the rules of FHIR; see [`super::Demands`].

use super::place::Place;
use super::primitive::Primitive;
use super::walk::Walk;
use crate::definitions::TypeId;
use crate::fhir::{Issue, IssueCode};

impl Walk<'_> {
    /// Looks at a text that is otherwise as it should be.
    pub(super) fn demanded(&mut self, primitive: Primitive, type_id: TypeId, text: &str, place: &Place<'_>) {
        let demands = self.around.context.demands;
        let is_markdown = self.around.validator.known.markdown == Some(type_id);
        let wrong = if demands.no_examples && primitive == Primitive::Uri && is_for_examples(text) {
            "is one of the URLs reserved for examples"
        } else if demands.no_html && is_markdown && has_html(text) {
            "is markdown with HTML in it"
        } else {
            return;
        };
        self.add(Issue::error(IssueCode::Value, wrong).at(place.to_string()).by("demand", ""));
    }
}

/// RFC 2606 §3, and the addresses HL7 uses likewise.
fn is_for_examples(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
    ["example.org", "example.com", "example.net", "example.edu", "acme.com"].iter().any(|reserved| {
        host == *reserved || host.strip_suffix(reserved).is_some_and(|rest| rest.ends_with('.'))
    })
}

/// Whether something looks like a tag.
fn has_html(markdown: &str) -> bool {
    markdown.split('<').skip(1).any(|rest| {
        let name = rest.strip_prefix('/').unwrap_or(rest);
        // `<https://example.org>` is a link.
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        let after = name.get(end..).unwrap_or_default();
        end > 0 && !after.starts_with([':', '@', '.']) && after.contains('>')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_html() {
        for (text, expected) in [
            ("a <b>bold</b> word", true),
            ("a <br/> break", true),
            ("1 < 2 and 3 > 2", false),
            ("<https://pantry.example.org>", false),
            ("plain", false),
        ] {
            assert_eq!(has_html(text), expected, "{text}");
        }
    }

    #[test]
    fn finds_examples() {
        for (url, expected) in [
            ("http://example.org/x", true),
            ("https://www.example.com", true),
            ("https://pantry.org/example.org", false),
            ("urn:oid:1.2", false),
            ("Patient/example", false),
        ] {
            assert_eq!(is_for_examples(url), expected, "{url}");
        }
    }
}
