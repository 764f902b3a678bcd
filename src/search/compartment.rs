//! Compartments (R4 §2.22): which resources belong to a patient.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::definitions::Definitions;

use super::{Condition, Criteria, ParameterKey, ReferenceTest, Registry, Values};

const PATIENT: &str = "http://hl7.org/fhir/CompartmentDefinition/patient";

/// A compartment: by resource type, the reference parameters that put a resource into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compartment(BTreeMap<String, Vec<ParameterKey>>);

impl Compartment {
    /// That of Patient. The Patient itself is its centre: what links to it belongs to it only by its own right.
    pub fn of_patient(definitions: &Definitions, registry: &Registry) -> Compartment {
        let resources = definitions.other(PATIENT).and_then(|other| other.content.get("resource"));
        let mut by_type = BTreeMap::new();
        for resource in resources.and_then(Value::as_array).into_iter().flatten() {
            let Some(type_name) = resource["code"].as_str() else { continue };
            let codes = resource["param"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let keys: Vec<ParameterKey> = codes.filter_map(|code| registry.find(type_name, code)).collect();
            if !keys.is_empty() {
                by_type.insert(type_name.to_owned(), keys);
            }
        }
        Compartment(by_type)
    }

    /// The compartment with those resources of one more type that refer to the Patient by a parameter.
    pub fn with(mut self, registry: &Registry, type_name: &str, code: &str) -> Compartment {
        if let Some(key) = registry.find(type_name, code) {
            self.0.entry(type_name.to_owned()).or_default().push(key);
        }
        self
    }

    /// What finds one Patient and all that is in the compartment, by type. A type may come more than once.
    pub fn criteria(&self, patient: &str) -> Vec<Criteria> {
        let itself = Condition::Id(vec![patient.to_owned()]);
        let mut criteria = vec![Criteria { type_name: "Patient".to_owned(), conditions: vec![itself] }];
        let to_patient = ReferenceTest {
            id: patient.to_owned(),
            type_name: Some("Patient".to_owned()),
            base: String::new(),
            version: None,
        };
        for (type_name, keys) in self.0.iter().filter(|(type_name, _)| *type_name != "Patient") {
            criteria.extend(keys.iter().map(|parameter| {
                let values = Values::Reference(vec![to_patient.clone()]);
                let refers = Condition::Value { parameter: *parameter, negated: false, values };
                Criteria { type_name: type_name.clone(), conditions: vec![refers] }
            }));
        }
        criteria
    }

    /// The parameters of a type; `None` when its resources are never in the compartment.
    pub fn parameters(&self, type_name: &str) -> Option<&[ParameterKey]> {
        self.0.get(type_name).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_patient() {
        let definitions = Definitions::embedded().unwrap();
        let registry = Registry::new(&definitions);
        let compartment = Compartment::of_patient(&definitions, &registry);
        for (type_name, expected) in [
            ("Condition", Some(vec!["patient", "asserter"])),
            ("Consent", Some(vec!["patient"])),
            ("Organization", None),
            ("Task", None),
            ("ServiceRequest", Some(vec!["subject", "performer"])),
        ] {
            let keys = compartment.parameters(type_name);
            let codes = keys.map(|keys| keys.iter().map(|key| &*registry[*key].code).collect::<Vec<_>>());
            assert_eq!(codes, expected, "{type_name}");
        }
    }
}
