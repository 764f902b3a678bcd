//! Whom or what a reference means, whichever way it is written.

use std::fmt;

use crate::fhir::{Reference, Resource};

/// The resource a literal reference means: `Task/1`, `Task/1/_history/2` and `{own base}/Task/1` are the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target<'a> {
    /// Base of the server it lives on; `None` when that is this one.
    pub base: Option<&'a str>,
    /// Resource type.
    pub type_name: &'a str,
    /// Logical id.
    pub id: &'a str,
}

impl<'a> Target<'a> {
    /// Reads a reference as seen from the server whose base is `own_base`. `None` for contained resources, `urn:`s and
    /// what is no address of a resource.
    pub fn parse(text: &'a str, own_base: &str) -> Option<Target<'a>> {
        let reference = Reference::parse(text);
        if let Some((type_name, id)) = reference.local(own_base) {
            return Some(Target { base: None, type_name, id });
        }
        match reference {
            Reference::Absolute { base, type_name, id, .. } => {
                Some(Target { base: Some(base), type_name, id })
            }
            _ => None,
        }
    }

    /// What the top-level element `name` of a resource refers to.
    pub fn of(resource: &'a Resource, name: &str, own_base: &str) -> Option<Target<'a>> {
        Target::parse(resource.reference(name)?, own_base)
    }

    /// Its id, when it is a resource of this type on this server.
    pub fn local(self, type_name: &str) -> Option<&'a str> {
        (self.base.is_none() && self.type_name == type_name).then_some(self.id)
    }
}

impl fmt::Display for Target<'_> {
    /// As a reference: `Type/id`, with the base when it lives elsewhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(base) = self.base {
            write!(f, "{base}/")?;
        }
        write!(f, "{}/{}", self.type_name, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_of_writing() {
        let own = "http://gw.example/fhir";
        for (text, expected) in [
            ("Organization/1", Some("Organization/1")),
            ("Organization/1/_history/7", Some("Organization/1")),
            ("http://gw.example/fhir/Organization/1", Some("Organization/1")),
            ("http://ehr.example/fhir/Organization/1", Some("http://ehr.example/fhir/Organization/1")),
            ("#o", None),
            ("urn:uuid:6b0f7c9e-0000-4000-8000-000000000000", None),
            ("Organization?identifier=x", None),
        ] {
            let target = Target::parse(text, own);
            assert_eq!(target.map(|target| target.to_string()).as_deref(), expected, "{text}");
            assert_eq!(
                target.and_then(|target| target.local("Organization")),
                (expected == Some("Organization/1")).then_some("1"),
                "{text}"
            );
        }
    }
}
