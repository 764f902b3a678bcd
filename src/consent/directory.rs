//! What is nobody's: entries of directories, and definitions.

/// Whether resources of a type tell of organisations, people who work there, places, and definitions; never of a patient.
pub(super) fn is_directory(type_name: &str) -> bool {
    matches!(
        type_name,
        "ActivityDefinition"
            | "CapabilityStatement"
            | "CodeSystem"
            | "CompartmentDefinition"
            | "ConceptMap"
            | "Endpoint"
            | "HealthcareService"
            | "ImplementationGuide"
            | "InsurancePlan"
            | "Library"
            | "Location"
            | "Measure"
            | "NamingSystem"
            | "OperationDefinition"
            | "Organization"
            | "OrganizationAffiliation"
            | "PlanDefinition"
            | "Practitioner"
            | "PractitionerRole"
            | "Questionnaire"
            | "SearchParameter"
            | "StructureDefinition"
            | "StructureMap"
            | "ValueSet"
    )
}
