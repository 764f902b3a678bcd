//! Whom or what a reference of a Consent means, kept.

use std::fmt;

use serde_json::Value;

use crate::referral::Target;

use super::json::text;

/// A reference in one form, whichever way it was written: `Type/id`, with the base when that is another server's, never
/// with a version.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Address(Box<str>);

impl Address {
    /// Reads a literal reference. `None` for contained resources, `urn:`s and what is no address.
    pub(super) fn parse(reference: &str, own_base: &str) -> Option<Address> {
        Target::parse(reference, own_base).map(Address::of)
    }

    /// What an element of type Reference refers to.
    pub(super) fn read(reference: &Value, own_base: &str) -> Option<Address> {
        Address::parse(text(reference, "reference")?, own_base)
    }

    pub(super) fn of(target: Target) -> Address {
        Address(target.to_string().into())
    }

    /// Whether it means the same.
    pub(super) fn is(&self, target: Target) -> bool {
        let rest = match target.base {
            None => Some(&*self.0),
            Some(base) => self.0.strip_prefix(base).and_then(|rest| rest.strip_prefix('/')),
        };
        rest.and_then(|rest| rest.strip_prefix(target.type_name)).and_then(|rest| rest.strip_prefix('/'))
            == Some(target.id)
    }

    /// The type of the resource.
    pub(super) fn type_name(&self) -> &str {
        self.0.rsplit('/').nth(1).unwrap_or_default()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same() {
        let own = "http://gw.example/fhir";
        for (one, other, expected) in [
            ("Organization/1", "Organization/1", true),
            ("Organization/1/_history/2", "http://gw.example/fhir/Organization/1", true),
            ("Organization/1", "Organization/11", false),
            ("Organization/1", "http://ehr.example/fhir/Organization/1", false),
            ("http://ehr.example/fhir/Organization/1", "http://ehr.example/fhir/Organization/1", true),
            ("http://ehr.example/fhir/Organization/1", "Organization/1", false),
        ] {
            let address = Address::parse(one, own).unwrap();
            assert_eq!(address.is(Target::parse(other, own).unwrap()), expected, "{one} {other}");
            assert_eq!(address.type_name(), "Organization");
        }
        for none in ["", "#a", "urn:uuid:0", "Organization", "Patient?identifier=x"] {
            assert!(Address::parse(none, own).is_none(), "{none}");
        }
    }
}
