//! What belongs to no person: directories and definitions.

/// Types whose resources every client of a space may read. All others are about somebody, or might be.
pub const SHARED: &[&str] = &[
    "ActivityDefinition",
    "CapabilityStatement",
    "CodeSystem",
    "CompartmentDefinition",
    "ConceptMap",
    "Endpoint",
    "GraphDefinition",
    "HealthcareService",
    "ImplementationGuide",
    "InsurancePlan",
    "Library",
    "Location",
    "Measure",
    "MessageDefinition",
    "NamingSystem",
    "OperationDefinition",
    "Organization",
    "OrganizationAffiliation",
    "PlanDefinition",
    "Practitioner",
    "PractitionerRole",
    "Questionnaire",
    "SearchParameter",
    "StructureDefinition",
    "StructureMap",
    "TerminologyCapabilities",
    "ValueSet",
];

/// Whether every client of a space may read resources of a type.
pub fn is_shared(type_name: &str) -> bool {
    SHARED.binary_search(&type_name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order() {
        assert!(SHARED.is_sorted());
        assert!(is_shared("Organization") && !is_shared("Patient") && !is_shared("Task"));
    }
}
