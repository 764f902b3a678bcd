//! Literal references between resources (R4 §2.3.0.1).

use super::Id;

/// What a `Reference.reference` points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference<'a> {
    /// `Type/id`, perhaps with `/_history/version`: a resource on the same server.
    Relative {
        /// Resource type.
        type_name: &'a str,
        /// Logical id.
        id: &'a str,
        /// Version, when the reference asks for one.
        version: Option<&'a str>,
    },
    /// `http(s)://server/base/Type/id`, perhaps with a version.
    Absolute {
        /// The server's base, without a trailing slash.
        base: &'a str,
        /// Resource type.
        type_name: &'a str,
        /// Logical id.
        id: &'a str,
        /// Version, when the reference asks for one.
        version: Option<&'a str>,
    },
    /// `#id` of a contained resource; `#` alone is the container.
    Contained(&'a str),
    /// `urn:uuid:…` or `urn:oid:…`, good only inside a Bundle.
    Urn(&'a str),
    /// Any other URL: a canonical, or an address that is no FHIR endpoint.
    Other(&'a str),
}

impl<'a> Reference<'a> {
    /// Reads a reference as written.
    pub fn parse(text: &'a str) -> Reference<'a> {
        if let Some(id) = text.strip_prefix('#') {
            return Reference::Contained(id);
        }
        if text.starts_with("urn:") {
            return Reference::Urn(text);
        }
        let absolute = text.starts_with("http://") || text.starts_with("https://");
        let (path, version) = match text.rsplit_once("/_history/") {
            Some((path, version)) if Id::is_valid(version) => (path, Some(version)),
            _ => (text, None),
        };
        let Some((head, id)) = path.rsplit_once('/') else { return Reference::Other(text) };
        let (base, type_name) = match head.rsplit_once('/') {
            Some((base, type_name)) => (Some(base), type_name),
            None => (None, head),
        };
        if !Id::is_valid(id) || !is_type_name(type_name) {
            return Reference::Other(text);
        }
        match base {
            None => Reference::Relative { type_name, id, version },
            Some(base) if absolute && base.len() > "https://".len() => {
                Reference::Absolute { base, type_name, id, version }
            }
            Some(_) => Reference::Other(text),
        }
    }

    /// Type and id of the resource when it lives on the server whose base is `own_base`.
    pub fn local(&self, own_base: &str) -> Option<(&'a str, &'a str)> {
        match *self {
            Reference::Relative { type_name, id, .. } => Some((type_name, id)),
            Reference::Absolute { base, type_name, id, .. } if base == own_base.trim_end_matches('/') => {
                Some((type_name, id))
            }
            _ => None,
        }
    }
}

/// Whether a text could be the name of a resource type: a capital, then letters.
pub fn is_type_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        use Reference::*;
        for (text, expected) in [
            ("Task/1", Relative { type_name: "Task", id: "1", version: None }),
            ("Task/1/_history/3", Relative { type_name: "Task", id: "1", version: Some("3") }),
            (
                "http://a.example/fhir/Task/1",
                Absolute { base: "http://a.example/fhir", type_name: "Task", id: "1", version: None },
            ),
            (
                "https://a.example/Task/1/_history/2",
                Absolute { base: "https://a.example", type_name: "Task", id: "1", version: Some("2") },
            ),
            ("#p", Contained("p")),
            ("#", Contained("")),
            ("urn:uuid:0", Urn("urn:uuid:0")),
            ("Patient", Other("Patient")),
            ("task/1", Other("task/1")),
            ("http://a.example/questionnaire|1", Other("http://a.example/questionnaire|1")),
            ("a/Task/1", Other("a/Task/1")),
        ] {
            assert_eq!(Reference::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn local() {
        let own = "http://gw.example/fhir";
        for (text, expected) in [
            ("Task/1", Some(("Task", "1"))),
            ("http://gw.example/fhir/Task/1", Some(("Task", "1"))),
            ("http://other.example/fhir/Task/1", None),
            ("urn:uuid:0", None),
        ] {
            assert_eq!(Reference::parse(text).local(own), expected, "{text}");
        }
    }
}
