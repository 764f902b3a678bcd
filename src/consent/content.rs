//! What is to be disclosed: one resource, as consent sees it.

use serde_json::Value;

use crate::fhir::Resource;
use crate::fhir::time::Period;
use crate::referral::Target;

use super::address::Address;
use super::date::date_of;
use super::directory::is_directory;
use super::json::{any_object, items};
use super::matching::Match;
use super::sensitivity::{Label, Level, Sensitivities, Sensitivity, SensitivitySet};
use super::{Purpose, Referral};

/// A resource that somebody is to receive.
#[derive(Debug)]
pub struct Content<'a> {
    resource: &'a Resource,
    own_base: &'a str,
    patient: Option<Address>,
    custodian: Option<Address>,
    referral: Option<&'a Referral>,
    labels: Vec<Label>,
    by_code: SensitivitySet,
    sensitivities: SensitivitySet,
}

impl<'a> Content<'a> {
    /// Reads a resource: whose it is, and what is sensitive about it. References are those seen from the server whose
    /// base is `own_base`.
    pub fn of(resource: &'a Resource, own_base: &'a str, sensitivities: &Sensitivities) -> Content<'a> {
        let value = resource.as_value();
        let security = value.get("meta").map_or(&[][..], |meta| items(meta, "security"));
        let labels: Vec<Label> = security.iter().map(|label| sensitivities.label(label)).collect();
        // What a shelter or a clinic does is known to everybody; a label on its entry still counts.
        let by_code = match is_directory(resource.type_name()) {
            true => SensitivitySet::default(),
            false => sensitivities.of_codes_within(value),
        };
        let mut content = Content {
            resource,
            own_base,
            patient: patient_of(resource, own_base),
            custodian: None,
            referral: None,
            labels,
            by_code,
            sensitivities: by_code,
        };
        content.sensitivities = content.all_sensitivities();
        content
    }

    /// Says whose the resource is where it does not say so itself: a Binary, a Provenance.
    pub fn about(mut self, patient: &str) -> Content<'a> {
        self.patient = Address::parse(patient, self.own_base);
        self
    }

    /// Says which Organization holds it: the source that it came from.
    pub fn held_by(mut self, custodian: &str) -> Content<'a> {
        self.custodian = Address::parse(custodian, self.own_base);
        self
    }

    /// Says with which referral it is disclosed, where it is with one.
    pub fn with(mut self, referral: &'a Referral) -> Content<'a> {
        self.referral = Some(referral);
        self
    }

    /// What is sensitive about it.
    pub fn sensitivities(&self) -> SensitivitySet {
        self.sensitivities
    }

    fn all_sensitivities(&self) -> SensitivitySet {
        let mut all = self.by_code;
        for label in &self.labels {
            if let Label::Sensitive(label) = label {
                all = all.with(label.sensitivity);
            }
        }
        // Restricted is what each of the others makes of it (42 CFR part 2 has its records labelled so).
        match self.level() {
            Level::VeryRestricted => all.with(Sensitivity::Restricted),
            Level::Restricted if all.is_empty() => all.with(Sensitivity::Restricted),
            _ => all,
        }
    }

    pub(super) fn resource(&self) -> &'a Resource {
        self.resource
    }

    pub(super) fn patient(&self) -> Option<&Address> {
        self.patient.as_ref()
    }

    pub(super) fn referral(&self) -> Option<&'a Referral> {
        self.referral
    }

    pub(super) fn labels(&self) -> &[Label] {
        &self.labels
    }

    pub(super) fn sensitive_by_code(&self) -> SensitivitySet {
        self.by_code
    }

    /// Its confidentiality: the highest label, normal without.
    pub(super) fn level(&self) -> Level {
        let levels = self.labels.iter().filter_map(|label| match label {
            Label::Confidentiality(level) => Some(*level),
            _ => None,
        });
        levels.max().unwrap_or_default()
    }

    /// Whether it tells of no patient: the entries of a directory, and definitions.
    pub(super) fn is_impersonal(&self) -> bool {
        self.sensitivities.is_empty() && self.patient.is_none() && is_directory(self.resource.type_name())
    }

    /// Whether its labels say that it is for other purposes only.
    pub(super) fn is_for_others_than(&self, purpose: Purpose) -> bool {
        let mut purposes = self.labels.iter().filter_map(|label| match label {
            Label::Purpose(purpose) => Some(*purpose),
            _ => None,
        });
        match purposes.next() {
            None => false,
            Some(first) => !purpose.is_a(first) && !purposes.any(|other| purpose.is_a(other)),
        }
    }

    /// As a reference target; `None` when it has no id.
    pub(super) fn target(&self) -> Option<Target<'a>> {
        Some(Target { base: None, type_name: self.resource.type_name(), id: self.resource.id()? })
    }

    pub(super) fn is(&self, address: &Address) -> bool {
        self.target().is_some_and(|target| address.is(target))
    }

    /// Whether it belongs to the referral that it is disclosed with.
    pub(super) fn is_of_referral(&self) -> bool {
        let (Some(referral), Some(target)) = (self.referral, self.target()) else { return false };
        referral.reaches(target)
    }

    /// Whether it refers to something.
    pub(super) fn refers_to(&self, address: &Address) -> bool {
        any_object(self.resource.as_value(), &mut |object| match object.get("reference") {
            Some(Value::String(reference)) => {
                Target::parse(reference, self.own_base).is_some_and(|target| address.is(target))
            }
            _ => false,
        })
    }

    /// Whether one of its codings is this.
    pub(super) fn has_code(&self, system: &str, code: &str) -> bool {
        let is =
            |property: Option<&Value>, text| matches!(property, Some(Value::String(found)) if found == text);
        any_object(self.resource.as_value(), &mut |object| {
            is(object.get("code"), code) && is(object.get("system"), system)
        })
    }

    /// Whether an attachment, or a Binary, is of this media type.
    pub(super) fn has_media_type(&self, media_type: &str) -> bool {
        any_object(self.resource.as_value(), &mut |object| {
            object.get("contentType").and_then(Value::as_str) == Some(media_type)
        })
    }

    /// Whether it is held by an organisation.
    pub(super) fn is_held_by(&self, address: &Address) -> Match {
        self.custodian.as_ref().map_or(Match::Unknown, |custodian| Match::of(custodian == address))
    }

    /// Whether somebody wrote it: who made, recorded or asserted it; of an Observation, a report or a Procedure also who
    /// performed it.
    pub(super) fn is_authored_by(&self, address: &Address) -> Match {
        const BY: &[&str] =
            &["author", "recorder", "asserter", "requester", "sender", "source", "informationSource"];
        let value = self.resource.as_value();
        let performs = matches!(self.resource.type_name(), "Observation" | "DiagnosticReport" | "Procedure");
        let performers = if performs { items(value, "performer") } else { &[] };
        let written = BY.iter().flat_map(|element| items(value, element));
        let mut anybody = Match::Unknown;
        for party in written.chain(performers) {
            let reference = party.get("actor").unwrap_or(party);
            match Address::read(reference, self.own_base) {
                Some(author) if author == *address => return Match::Yes,
                Some(_) => anybody = Match::No,
                None => return Match::Unknown,
            }
        }
        anybody
    }

    /// The time it speaks of, or else was written at. `None` when it has none, or none that can be read.
    pub(super) fn date(&self) -> Option<Period> {
        date_of(self.resource)
    }
}

/// The patient a resource is about, as it says itself; nobody where it says several.
fn patient_of(resource: &Resource, own_base: &str) -> Option<Address> {
    if resource.type_name() == "Patient" {
        return resource.id().map(|id| Address::of(Target { base: None, type_name: "Patient", id }));
    }
    let mut patients = ["subject", "patient", "for", "beneficiary"]
        .into_iter()
        .filter_map(|element| Target::of(resource, element, own_base))
        .filter(|target| target.type_name == "Patient");
    let first = patients.next()?;
    patients.all(|other| other == first).then(|| Address::of(first))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "http://gw.example/fhir";

    fn check<T: PartialEq + std::fmt::Debug>(value: Value, of: impl Fn(&Content) -> T, expected: T) {
        let resource = Resource::new(value.clone()).unwrap();
        let sensitivities = Sensitivities::default();
        assert_eq!(of(&Content::of(&resource, OWN, &sensitivities)), expected, "{value}");
    }

    #[test]
    fn whose() {
        let patient = |content: &Content| content.patient().map(|patient| patient.as_str().to_owned());
        for (value, expected) in [
            (json!({"resourceType": "Patient", "id": "p"}), Some("Patient/p")),
            (json!({"resourceType": "Task", "for": {"reference": "Patient/p"}}), Some("Patient/p")),
            (
                json!({"resourceType": "Condition", "subject": {"reference": "http://gw.example/fhir/Patient/p"}}),
                Some("Patient/p"),
            ),
            (json!({"resourceType": "Goal", "subject": {"reference": "Group/g"}}), None),
            (json!({"resourceType": "Consent", "patient": {"reference": "Patient/p"}}), Some("Patient/p")),
            (json!({"resourceType": "Binary", "id": "b"}), None),
            (
                json!({"resourceType": "Task", "for": {"reference": "Patient/p"}, "subject": {"reference": "Patient/q"}}),
                None,
            ),
        ] {
            check(value, patient, expected.map(str::to_owned));
        }
    }

    #[test]
    fn by_whom() {
        let author = Address::parse("Practitioner/dr", OWN).unwrap();
        for (value, expected) in [
            (json!({"resourceType": "Condition", "recorder": {"reference": "Practitioner/dr"}}), Match::Yes),
            (json!({"resourceType": "Condition", "recorder": {"reference": "Practitioner/x"}}), Match::No),
            (json!({"resourceType": "Condition", "recorder": {"display": "a doctor"}}), Match::Unknown),
            (json!({"resourceType": "Condition"}), Match::Unknown),
            (
                json!({"resourceType": "Procedure", "performer": [{"actor": {"reference": "Practitioner/dr"}}]}),
                Match::Yes,
            ),
            (
                json!({"resourceType": "ServiceRequest", "performer": [{"reference": "Practitioner/dr"}]}),
                Match::Unknown,
            ),
        ] {
            check(value, |content| content.is_authored_by(&author), expected);
        }
    }

    #[test]
    fn sensitive() {
        const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
        const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
        let of = |type_name: &str, labels: &[(&str, &str)]| {
            let labels: Vec<Value> =
                labels.iter().map(|(system, code)| json!({"system": system, "code": code})).collect();
            json!({
                "resourceType": type_name, "meta": {"security": labels},
                "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "86406008"}]}],
            })
        };
        let is = |content: &Content| content.sensitivities().iter().collect::<Vec<_>>();
        for (type_name, labels, expected) in [
            ("Condition", &[][..], vec![Sensitivity::Hiv]),
            ("Condition", &[(CONFIDENTIALITY, "R")], vec![Sensitivity::Hiv]),
            ("Condition", &[(CONFIDENTIALITY, "V")], vec![Sensitivity::Hiv, Sensitivity::Restricted]),
            ("HealthcareService", &[], vec![]),
            ("HealthcareService", &[(CONFIDENTIALITY, "N")], vec![]),
            ("HealthcareService", &[(CONFIDENTIALITY, "R")], vec![Sensitivity::Restricted]),
            ("HealthcareService", &[(ACT_CODE, "SDV")], vec![Sensitivity::IntimatePartnerViolence]),
            ("HealthcareService", &[(ACT_CODE, "SSP")], vec![Sensitivity::Restricted]),
            ("HealthcareService", &[("", "")], vec![Sensitivity::Restricted]),
        ] {
            check(of(type_name, labels), is, expected);
        }
    }

    #[test]
    fn purposes() {
        for (codes, expected) in [
            (&[][..], false),
            (&["TREAT"], false),
            (&["HPAYMT"], true),
            (&["HPAYMT", "COC"], false),
            (&["ETREAT"], true),
            (&["HTEST"], false),
        ] {
            let system = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
            let labels: Vec<Value> =
                codes.iter().map(|code| json!({"system": system, "code": code})).collect();
            let value = json!({"resourceType": "Goal", "meta": {"security": labels}});
            check(value, |content| content.is_for_others_than(Purpose::default()), expected);
        }
    }
}
