//! A Consent, read once and kept for many decisions.

use std::sync::Arc;

use serde_json::Value;

use crate::fhir::time::{Instant, Period};
use crate::fhir::{Id, Resource};
use crate::referral::Target;

use super::address::Address;
use super::json::{codings, is_modified, items, list, text};
use super::policy::Policy;
use super::provision::Provision;
use super::sensitivity::Sensitivities;
use super::status::Status;

/// A Consent in the form in which it is evaluated: see [`permit`](super::permit).
#[derive(Debug)]
pub struct Directive {
    pub(super) key: Arc<ConsentKey>,
    /// As others refer to it; `None` without an id.
    pub(super) address: Option<Address>,
    pub(super) patient: Option<Address>,
    pub(super) status: Status,
    pub(super) scope: Scope,
    pub(super) category: Category,
    pub(super) is_verified: bool,
    pub(super) given: Given,
    /// The one that manages it; `None` when there is none, or more than one.
    pub(super) organization: Option<Address>,
    pub(super) policy: Policy,
    /// Whether it has what SDOHCC-Consent wants: IDSCL, a patient, a date, one organisation, a source.
    pub(super) is_authorization: bool,
    /// The element that cannot be understood, so that the Consent as a whole cannot.
    pub(super) unreadable: Option<&'static str>,
    pub(super) provision: Option<Provision>,
    /// When its answers may turn, in order.
    turns: Vec<Instant>,
}

/// Which Consent, in which version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConsentKey {
    /// `Consent/id`; `Consent` alone for one that has no id.
    pub reference: String,
    /// `meta.versionId`.
    pub version: Option<String>,
}

/// What kind of choice it records (Consent.scope).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Privacy,
    /// Treatment, research, advance care.
    Other,
    Unknown,
}

/// What it is filed under (Consent.category).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Disclosure,
    /// Disclosure in emergencies.
    Emergency,
    /// Something else, or nobody knows.
    Other,
}

/// When it was given (Consent.dateTime).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    At(Period),
    Unsaid,
    Unreadable,
}

impl Directive {
    /// Reads a Consent, whatever is in it; `None` when the resource is none. References are those seen from the server
    /// whose base is `own_base`.
    pub fn parse(consent: &Resource, own_base: &str, sensitivities: &Sensitivities) -> Option<Directive> {
        if consent.type_name() != "Consent" {
            return None;
        }
        let value = consent.as_value();
        let id = consent.id().filter(|id| Id::is_valid(id));
        let version = value.get("meta").and_then(|meta| text(meta, "versionId"));
        let mut unreadable = modified(value);
        let provision = value.get("provision").and_then(|provision| {
            let read = Provision::read(provision, 0, own_base, sensitivities);
            read.inspect_err(|_| unreadable = Some("Consent.provision.provision")).ok()
        });
        let given = match value.get("dateTime") {
            None => Given::Unsaid,
            Some(date) => date.as_str().and_then(Period::parse).map_or(Given::Unreadable, Given::At),
        };
        let mut turns = Vec::new();
        if let Some(provision) = &provision {
            provision.turns(&mut turns);
        }
        if let Given::At(period) = given {
            turns.push(period.low);
        }
        turns.sort_unstable();
        let organizations = items(value, "organization");
        let organization = match organizations {
            [one] => Address::read(one, own_base),
            _ => None,
        };
        let patient = value.get("patient").and_then(|patient| Address::read(patient, own_base));
        Some(Directive {
            key: Arc::new(ConsentKey {
                reference: id.map_or_else(|| "Consent".to_owned(), |id| format!("Consent/{id}")),
                version: version.filter(|version| Id::is_valid(version)).map(str::to_owned),
            }),
            address: id.map(|id| Address::of(Target { base: None, type_name: "Consent", id })),
            status: text(value, "status").map_or(Status::Unknown, Status::parse),
            scope: Scope::read(value),
            category: Category::read(value),
            is_verified: is_verified(value),
            given,
            policy: Policy::read(value),
            is_authorization: is_information_disclosure(value)
                && patient.is_some()
                && matches!(given, Given::At(_))
                && organizations.len() == 1
                && ["sourceAttachment", "sourceReference"].iter().any(|source| value.get(source).is_some()),
            patient,
            organization,
            unreadable,
            provision,
            turns,
        })
    }

    /// Which Consent this is.
    pub fn key(&self) -> &ConsentKey {
        &self.key
    }

    /// Reference to whom it is about, as `Patient/id`.
    pub fn patient(&self) -> Option<&str> {
        self.patient.as_ref().map(Address::as_str)
    }

    /// The first moment after `now` at which it may answer otherwise.
    pub(super) fn turns_after(&self, now: Instant) -> Option<Instant> {
        let next = self.turns.partition_point(|turn| *turn <= now);
        self.turns.get(next).copied().filter(|_| matches!(self.status, Status::Active | Status::Unknown))
    }

    /// Whether it was given after another, both dates being known.
    pub(super) fn is_newer_than(&self, other: &Directive) -> bool {
        match (self.given, other.given) {
            (Given::At(own), Given::At(other)) => own.low > other.high,
            _ => false,
        }
    }

    /// Whether both are managed by the same organisation.
    pub(super) fn shares_organization(&self, other: &Directive) -> bool {
        self.organization.is_some() && self.organization == other.organization
    }
}

/// Where a modifier extension, or rules that we do not know, may turn the whole Consent round. Provisions look after
/// themselves.
fn modified(consent: &Value) -> Option<&'static str> {
    if is_modified(consent) {
        return Some("Consent.modifierExtension");
    }
    if consent.get("implicitRules").is_some() {
        return Some("Consent.implicitRules");
    }
    if consent.get("provision").is_some_and(|provision| !provision.is_object()) {
        return Some("Consent.provision");
    }
    let parts = [("policy", "Consent.policy"), ("verification", "Consent.verification")];
    parts.into_iter().find_map(|(name, path)| {
        let is_readable = list(consent, name).is_ok_and(|parts| !parts.iter().any(is_modified));
        (!is_readable).then_some(path)
    })
}

/// Whether it was verified, or need not be: of several attempts, one that succeeded is enough.
fn is_verified(consent: &Value) -> bool {
    let attempts = items(consent, "verification");
    attempts.is_empty() || attempts.iter().any(|attempt| attempt.get("verified") == Some(&Value::Bool(true)))
}

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// Whether it is filed as SDOHCC-Consent is: information disclosure.
fn is_information_disclosure(consent: &Value) -> bool {
    items(consent, "category").iter().flat_map(codings).any(|coding| coding == (ACT_CODE, "IDSCL"))
}

impl Scope {
    fn read(consent: &Value) -> Scope {
        const CONSENT_SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
        let mut scope = Scope::Unknown;
        for coding in items(consent, "scope").iter().flat_map(codings) {
            match coding {
                (CONSENT_SCOPE, "patient-privacy") => return Scope::Privacy,
                (CONSENT_SCOPE, "adr" | "research" | "treatment") => scope = Scope::Other,
                _ => {}
            }
        }
        scope
    }
}

impl Category {
    fn read(consent: &Value) -> Category {
        const CONSENT_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/consentcategorycodes";
        const LOINC: &str = "http://loinc.org";
        let mut category = Category::Other;
        for coding in items(consent, "category").iter().flat_map(codings) {
            match coding {
                (ACT_CODE, "EMRGONLY") | (CONSENT_CATEGORY, "emrgonly") => return Category::Emergency,
                (ACT_CODE, "IDSCL" | "IRDSCL" | "INFA" | "INFAO" | "INFASO")
                | (LOINC, "59284-0" | "64292-6") => category = Category::Disclosure,
                _ => {}
            }
        }
        category
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "http://gw.example/fhir";

    fn read(elements: Value) -> Directive {
        let mut value = json!({"resourceType": "Consent", "id": "c"});
        for (name, element) in elements.as_object().unwrap() {
            value[name] = element.clone();
        }
        Directive::parse(&Resource::new(value).unwrap(), OWN, &Sensitivities::default()).unwrap()
    }

    #[test]
    fn whole() {
        let extension = json!([{"url": "http://a.example", "valueBoolean": true}]);
        for (elements, expected) in [
            (json!({}), None),
            (json!({"extension": extension}), None),
            (json!({"modifierExtension": extension}), Some("Consent.modifierExtension")),
            (json!({"modifierExtension": []}), Some("Consent.modifierExtension")),
            (json!({"implicitRules": "http://a.example"}), Some("Consent.implicitRules")),
            (json!({"policy": [{"modifierExtension": extension}]}), Some("Consent.policy")),
            (json!({"policy": {"uri": "http://a.example"}}), Some("Consent.policy")),
            (json!({"verification": [{"modifierExtension": extension}]}), Some("Consent.verification")),
            (json!({"provision": []}), Some("Consent.provision")),
            (json!({"provision": {"modifierExtension": extension}}), None),
        ] {
            assert_eq!(read(elements.clone()).unreadable, expected, "{elements}");
        }
        let nested = |depth| {
            (0..depth).fold(json!({"type": "deny"}), |inner, _| json!({"type": "deny", "provision": [inner]}))
        };
        assert_eq!(read(json!({"provision": nested(8)})).unreadable, None);
        assert_eq!(read(json!({"provision": nested(9)})).unreadable, Some("Consent.provision.provision"));
        let patient = Resource::new(json!({"resourceType": "Patient"})).unwrap();
        assert!(Directive::parse(&patient, OWN, &Sensitivities::default()).is_none());
    }

    #[test]
    fn keys() {
        for (elements, reference, version) in [
            (json!({}), "Consent/c", None),
            (json!({"meta": {"versionId": "3"}}), "Consent/c", Some("3")),
            (json!({"id": "not an id", "meta": {"versionId": "a b"}}), "Consent", None),
        ] {
            let key = ConsentKey { reference: reference.to_owned(), version: version.map(str::to_owned) };
            assert_eq!(*read(elements).key(), key);
        }
    }

    #[test]
    fn newer() {
        for (own, other, expected) in [
            (json!("2026-05-02"), json!("2026-05-01"), true),
            (json!("2026-05-01"), json!("2026-05-01"), false),
            (json!("2026-05-01T10:00:00Z"), json!("2026-05-01"), false),
            (json!("2026-05"), json!("2026-04-30"), true),
            (json!("later"), json!("2026-04-30"), false),
            (json!("2026-05"), json!(null), false),
        ] {
            let (one, two) = (read(json!({"dateTime": own})), read(json!({"dateTime": other})));
            assert_eq!(one.is_newer_than(&two), expected, "{own} {other}");
        }
    }
}
