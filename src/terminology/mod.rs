//! Ring 2: which codes are in which value sets, from local definitions alone.
//!
//! What cannot be told here (SNOMED CT, LOINC, value sets of others) is [`Membership::Unknown`], never "not a member".

mod code_set;
mod filter;
mod grammar;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub use code_set::CodeSet;

use crate::definitions::{Definitions, ValueSet};

/// Whether a code is in a value set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It is.
    Member,
    /// It is not.
    NotMember,
    /// The value set, or a code system it needs, is not at hand.
    Unknown,
}

impl Membership {
    /// Member of this or of the other.
    fn or(self, other: impl FnOnce() -> Membership) -> Membership {
        match self {
            Membership::Member => Membership::Member,
            Membership::NotMember => other(),
            Membership::Unknown => match other() {
                Membership::Member => Membership::Member,
                _ => Membership::Unknown,
            },
        }
    }

    /// Member of this and of the other.
    fn and(self, other: impl FnOnce() -> Membership) -> Membership {
        match self {
            Membership::Member => other(),
            Membership::NotMember => Membership::NotMember,
            Membership::Unknown => match other() {
                Membership::NotMember => Membership::NotMember,
                _ => Membership::Unknown,
            },
        }
    }

    /// Member of what this is not.
    fn not(self) -> Membership {
        match self {
            Membership::Member => Membership::NotMember,
            Membership::NotMember => Membership::Member,
            Membership::Unknown => Membership::Unknown,
        }
    }
}

/// The value sets of some definitions, each worked out once, when it is first asked for.
#[derive(Debug)]
pub struct Terminology {
    definitions: Arc<Definitions>,
    /// By the value set's number in the definitions.
    sets: Vec<OnceLock<Arc<CodeSet>>>,
    /// By URL, what bindings name although it is a specification and no value set.
    specifications: Vec<(&'static str, Arc<CodeSet>)>,
    /// By the code system's number in the definitions.
    displays: Vec<OnceLock<Displays>>,
}

/// The displays of a code system's codes.
type Displays = HashMap<Box<str>, Box<str>>;

impl Terminology {
    /// The value sets of these definitions.
    pub fn new(definitions: Arc<Definitions>) -> Terminology {
        let sets = (0..definitions.value_set_count()).map(|_| OnceLock::new()).collect();
        let specifications = grammar::specifications();
        let of_grammar = |(url, grammar)| (url, Arc::new(CodeSet::of_grammar(grammar)));
        let specifications = specifications.into_iter().map(of_grammar).collect();
        let displays = (0..definitions.code_system_count()).map(|_| OnceLock::new()).collect();
        Terminology { definitions, sets, specifications, displays }
    }

    /// A value set worked out, by canonical with or without version; `None` when it is not at hand.
    pub fn set(&self, value_set: &str) -> Option<&Arc<CodeSet>> {
        let Some(number) = self.definitions.value_set_number(value_set) else {
            return self.specifications.iter().find(|(url, _)| *url == value_set).map(|(_, set)| set);
        };
        self.set_of_number(number)
    }

    /// The value set that has that number in the definitions.
    pub(crate) fn set_of_number(&self, number: usize) -> Option<&Arc<CodeSet>> {
        let set = self.sets.get(number)?;
        Some(set.get_or_init(|| Arc::new(CodeSet::new(&self.definitions, number))))
    }

    /// A value set that is no definition, say one contained in a resource, worked out.
    pub fn work_out(&self, value_set: &ValueSet) -> CodeSet {
        CodeSet::of(&self.definitions, value_set)
    }

    /// Whether a code is in a value set. Without a system any code of that name will do, as for elements of type
    /// `code`, whose system the value set implies.
    pub fn contains(&self, value_set: &str, system: Option<&str>, code: &str) -> Membership {
        self.set(value_set).map_or(Membership::Unknown, |set| set.contains(system, code))
    }

    /// The text that the newest version of a code system at hand has for a code.
    pub fn display(&self, system: &str, code: &str) -> Option<&str> {
        let number = self.definitions.code_system_number(system)?;
        let displays = self.displays.get(number)?.get_or_init(|| {
            let concepts =
                self.definitions.code_system_of_number(number).into_iter().flat_map(|own| &own.concepts);
            let told = concepts.filter_map(|concept| Some((&*concept.code, concept.display.as_deref()?)));
            told.map(|(code, display)| (code.into(), display.into())).collect()
        });
        displays.get(code).map(|display| &**display)
    }

    /// The system that a bare code has by the value set its element is bound to.
    pub fn system_of(&self, value_set: &str, code: &str) -> Option<&str> {
        self.set(value_set)?.system_of(code)
    }
}

#[cfg(test)]
mod tests {
    use super::Membership::{Member, NotMember, Unknown};
    use super::*;
    use crate::fhirpath::ucum::Unit;

    fn terminology() -> &'static Terminology {
        static TERMINOLOGY: OnceLock<Terminology> = OnceLock::new();
        TERMINOLOGY.get_or_init(|| Terminology::new(Arc::new(Definitions::embedded().unwrap())))
    }

    #[test]
    fn membership() {
        let r4 = |name: &str| format!("http://hl7.org/fhir/ValueSet/{name}");
        let us_core = |name: &str| format!("http://hl7.org/fhir/us/core/ValueSet/{name}");
        let sdohcc =
            |name: &str| format!("http://hl7.org/fhir/us/sdoh-clinicalcare/ValueSet/SDOHCC-ValueSet{name}");
        let tho = |name: &str| format!("http://terminology.hl7.org/CodeSystem/{name}");
        let gender = "http://hl7.org/fhir/administrative-gender";
        let task_status = "http://hl7.org/fhir/task-status";
        let v3_code = tho("v3-ActCode");
        for (set, system, code, expected) in [
            // All of a system.
            (r4("administrative-gender|4.0.1"), Some(gender), "female", Member),
            (r4("administrative-gender"), None, "female", Member),
            (r4("administrative-gender"), Some(gender), "Female", NotMember),
            (r4("administrative-gender"), Some("http://other.example"), "female", NotMember),
            (r4("administrative-gender"), Some(gender), "f", NotMember),
            // All of a system but some.
            (sdohcc("ReferralTaskStatus"), Some(task_status), "accepted", Member),
            (sdohcc("ReferralTaskStatus"), Some(task_status), "received", NotMember),
            (sdohcc("ReferralTaskStatus"), Some(task_status), "ready", NotMember),
            (sdohcc("ReferralTaskStatus"), None, "ready", NotMember),
            // Codes one by one.
            (sdohcc("TaskPriority"), None, "urgent", Member),
            (sdohcc("TaskPriority"), None, "stat", NotMember),
            // Two systems.
            (r4("event-timing"), None, "ACM", Member),
            (r4("event-timing"), None, "MORN", Member),
            (r4("event-timing"), None, "NEVER", NotMember),
            // A value set in a value set.
            (r4("observation-vitalsignresult"), Some("http://loinc.org"), "8867-4", Member),
            (r4("all-types"), None, "HumanName", Member),
            (r4("all-types"), None, "Patient", Member),
            (r4("all-types"), None, "Any", Member),
            (r4("all-types"), None, "Patents", NotMember),
            // What is below a concept.
            (r4("consent-content-class"), Some("urn:ietf:bcp:13"), "application/hl7-cda+xml", Member),
            (
                tho("v3-ActCode").replace("CodeSystem", "ValueSet").replace("ActCode", "ActEncounterCode"),
                Some(&v3_code),
                "AMB",
                Member,
            ),
            (
                tho("v3-ActCode").replace("CodeSystem", "ValueSet").replace("ActCode", "ActEncounterCode"),
                Some(&v3_code),
                "IDSCL",
                NotMember,
            ),
            // Grammars.
            (r4("mimetypes"), None, "text/plain", Member),
            (r4("mimetypes"), None, "text plain", NotMember),
            (r4("all-languages"), None, "en-US", Member),
            (r4("currencies"), None, "USD", Member),
            (r4("currencies"), None, "ZZZ", Unknown),
            (r4("currencies"), None, "dollars", NotMember),
            (r4("ucum-units"), Some("http://unitsofmeasure.org"), "mm[Hg]", Member),
            (r4("ucum-units"), Some("http://unitsofmeasure.org"), "mm Hg", NotMember),
            // What others keep.
            (us_core("us-core-procedure-code"), Some("http://snomed.info/sct"), "410606002", Unknown),
            (us_core("us-core-procedure-code"), Some("http://other.example"), "1", NotMember),
            (us_core("omb-race-category|7.0.0"), Some("urn:oid:2.16.840.1.113883.6.238"), "2106-3", Unknown),
            (us_core("omb-race-category|3.1.1"), Some("urn:oid:2.16.840.1.113883.6.238"), "2106-3", Member),
            (
                us_core("omb-race-category|3.1.1"),
                Some("urn:oid:2.16.840.1.113883.6.238"),
                "0000-0",
                NotMember,
            ),
            ("http://nobody.example/vs".to_owned(), None, "x", Unknown),
            ("http://www.rfc-editor.org/bcp/bcp13.txt".to_owned(), None, "text/plain", Member),
        ] {
            assert_eq!(terminology().contains(&set, system, code), expected, "{set} {system:?} {code}");
        }
    }

    #[test]
    fn systems_of_bare_codes() {
        for (set, code, expected) in [
            (
                "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1",
                "male",
                Some("http://hl7.org/fhir/administrative-gender"),
            ),
            ("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1", "?", None),
            ("http://hl7.org/fhir/ValueSet/mimetypes", "text/plain", Some("urn:ietf:bcp:13")),
            ("http://hl7.org/fhir/ValueSet/event-timing", "MORN", Some("http://hl7.org/fhir/event-timing")),
            (
                "http://hl7.org/fhir/ValueSet/event-timing",
                "ACM",
                Some("http://terminology.hl7.org/CodeSystem/v3-TimingEvent"),
            ),
            ("http://hl7.org/fhir/ValueSet/currencies", "USD", Some("urn:iso:std:iso:4217")),
            ("http://nobody.example/vs", "x", None),
        ] {
            assert_eq!(terminology().system_of(set, code), expected, "{set} {code}");
        }
    }

    #[test]
    fn common_units_are_units() {
        let common = terminology().definitions.value_set("http://hl7.org/fhir/ValueSet/ucum-common").unwrap();
        let codes =
            common.include.iter().flat_map(|part| &part.concepts).map(|concept| concept.code.as_str());
        let others: Vec<&str> = codes.filter(|code| Unit::is_unit(code) != Some(true)).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}
