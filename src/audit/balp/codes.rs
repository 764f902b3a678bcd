//! Codes of AuditEvents.

use serde_json::{Value, json};

pub(super) const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
pub(super) const REST: &str = "http://hl7.org/fhir/restful-interaction";

/// A code with its system and what it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) system: &'static str,
    pub(super) code: &'static str,
    pub(super) display: &'static str,
}

impl Code {
    pub(super) const fn new(system: &'static str, code: &'static str, display: &'static str) -> Code {
        Code { system, code, display }
    }

    /// A code of DICOM's.
    pub(super) const fn dicom(code: &'static str, display: &'static str) -> Code {
        Code::new(DICOM, code, display)
    }

    /// A Coding.
    pub(super) fn to_value(self) -> Value {
        coding(self.system, self.code, self.display)
    }

    /// A CodeableConcept.
    pub(super) fn to_concept(self) -> Value {
        json!({"coding": [self.to_value()]})
    }
}

/// A Coding.
pub(super) fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({"system": system, "code": code, "display": display})
}

/// A CodeableConcept of a code whose display nobody told.
pub(super) fn of(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}
