//! Published examples that are wrong, and what the Java validator says of each (org.hl7.fhir.validation 6.9.4, run
//! offline on the same packages; for wrong targets in a Bundle with the target).

/// File, number of errors, place and rule of the first, and Java's verdict.
pub(super) type Verdict = (&'static str, usize, &'static str, &'static str);

pub(super) const US_CORE_6: &[Verdict] = &[
    (
        "Bundle-66c8856b-ba11-4876-8aa8-467aad8c11a2.json",
        1,
        "Bundle.entry[2] fullUrl",
        "Bundle.entry[0]: The fullUrl 'http://52.90.126.238:8080/fhir/baseDstu3/Endpoint/Endpoint-71'",
    ),
    (
        "Bundle-docref-example-2.json",
        1,
        "Bundle.entry[2] fullUrl",
        "Bundle.entry[0]: The fullUrl 'http://example.org/DocumentReference/discharge-summary789'",
    ),
];

pub(super) const US_CORE_3: &[Verdict] = &[
    (
        "Bundle-66c8856b-ba11-4876-8aa8-467aad8c11a2.json",
        1,
        "Bundle.entry[2] fullUrl",
        "Bundle.entry[0]: The fullUrl 'http://52.90.126.238:8080/fhir/baseDstu3/Endpoint/Endpoint-71'",
    ),
    (
        "DiagnosticReport-cardiology-report.json",
        1,
        "DiagnosticReport.presentedForm[0].hash format",
        "DiagnosticReport.presentedForm[0]: The base64 content in the hash element is not valid base64: Illegal base64 character 2e",
    ),
];

pub(super) const SDC: &[Verdict] = &[
    (
        "Bundle-questionnaire-sdc-profile-example.json",
        1,
        "Bundle.entry[3] fullUrl",
        "Bundle.entry[0]: The fullUrl 'http://AHRQ.org/form/Questionnaire/F2674812v4.0'",
    ),
    (
        "Parameters-sdc-modular-root-assembled.json",
        2,
        "Parameters.parameter[0].resource.item[0].extension[1].extension[0].value.ofType(string) type",
        "Parameters.parameter[0].resource.item[0].extension[1].extension[0].value.ofType(string): The Profile 'questionnaire-constraint|4.0.1'",
    ),
    (
        "Questionnaire-sdc-modular-name.json",
        1,
        "Questionnaire.extension[3].extension[0].value.ofType(string) type",
        "Questionnaire.extension[3].extension[0].value.ofType(string): The Profile 'questionnaire-constraint|4.0.1'",
    ),
];

pub(super) const R4: &[Verdict] = &[
    (
        "ActivityDefinition-blood-tubes-supply.json",
        1,
        "ActivityDefinition.text.div txt-2",
        "ActivityDefinition.text.div: Constraint failed: txt-2: 'The narrative SHALL have some non-whitespace content'",
    ),
    (
        "ActivityDefinition-heart-valve-replacement.json",
        1,
        "ActivityDefinition.text.div txt-2",
        "ActivityDefinition.text.div: Constraint failed: txt-2: 'The narrative SHALL have some non-whitespace content'",
    ),
    (
        "Basic-referral.json",
        3,
        "Basic.modifierExtension[0] extension",
        "Basic.modifierExtension[0]: the extension could not be found so is not allowed here (example URLs not allowed)",
    ),
    (
        "Bundle-10bb101f-a121-4264-a920-67be9cb82c74.json",
        1,
        "Bundle.entry[2] fullUrl",
        "Bundle.entry[0]: The fullUrl 'http://acme.com/ehr/fhir/Patient/pat12'",
    ),
    (
        "Bundle-3a0707d3-549e-4467-b8b8-5a2ab3800efe.json",
        1,
        "Bundle.entry[3] fullUrl",
        "Bundle.entry[0]: The fullUrl 'http://acme.com/ehr/fhir/Patient/pat12'",
    ),
    (
        "Bundle-hla-1.json",
        1,
        "Bundle.entry[0].resource.extension[1].extension[1] extension",
        "Bundle.entry[0].resource.extension[1].extension[1][url='uri']: Sub-extension url 'uri' is not defined by the Extension hla-genotyping",
    ),
    (
        "Bundle-lri-example.json",
        16,
        "Bundle.entry[1] fullUrl",
        "Bundle.entry[0]: The fullUrl 'http://test.fhir.org/r4/Observation/lri-gramstain1'",
    ),
    (
        "CodeSystem-dicom-dcim.json",
        14,
        "CodeSystem.concept[180].extension[0] context",
        "CodeSystem.concept[180]: The extension valueset-concept-comments v4.0.1 is not allowed to be us",
    ),
    (
        "CodeSystem-v2-0550.json",
        4,
        "CodeSystem.concept[74].code format",
        "CodeSystem.concept[74].code: The code 'CHEST ' is not valid (whitespace rules)",
    ),
    (
        "DeviceMetric-example.json",
        1,
        "DeviceMetric.parent target",
        "DeviceMetric.parent: Invalid Resource target type. Found DeviceDefinition, but expected one of ([Device])",
    ),
    (
        "DeviceUseStatement-example.json",
        1,
        "DeviceUseStatement.reasonReference[0] target",
        "DeviceUseStatement.reasonReference[0]: Invalid Resource target type. Found Procedure",
    ),
    (
        "EventDefinition-example.json",
        1,
        "EventDefinition.text.div txt-2",
        "EventDefinition.text.div: Constraint failed: txt-2: 'The narrative SHALL have some non-whitespace content'",
    ),
    (
        "ImplementationGuide-fhir.json",
        2,
        "ImplementationGuide cardinality",
        "ImplementationGuide: ImplementationGuide.name: minimum required = 1, but only found 0",
    ),
    (
        "MedicationRequest-medrx0301.json",
        1,
        "MedicationRequest.dispenseRequest.performer target",
        "MedicationRequest.dispenseRequest.performer: Invalid Resource target type. Found Practitioner, but expected one of ([Organization])",
    ),
    (
        "Observation-clinical-gender.json",
        1,
        "Observation.performer[0] target",
        "Observation.performer[0]: Invalid Resource target type. Found Encounter",
    ),
    (
        "Observation-example-genetics-brcapat.json",
        4,
        "Observation.extension[1] context",
        "Observation.extension[1]: The extension us-core-ethnicity could not be found so is not a",
    ),
    (
        "Questionnaire-qs1.json",
        32,
        "Questionnaire.item[0].item[0] cardinality",
        "Questionnaire.item[0].item[0]: Questionnaire.item.linkId: minimum required = 1, but only found 0",
    ),
    (
        "Questionnaire-zika-virus-exposure-assessment.json",
        1,
        "Questionnaire.text.div txt-2",
        "Questionnaire.text.div: Constraint failed: txt-2: 'The narrative SHALL have some non-whitespace content'",
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-author.json",
        1,
        "SearchParameter cardinality",
        "SearchParameter: SearchParameter.base: minimum required = 1, but only found 0",
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-effective.json",
        1,
        "SearchParameter cardinality",
        "SearchParameter: SearchParameter.base: minimum required = 1, but only found 0",
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-end.json",
        1,
        "SearchParameter cardinality",
        "SearchParameter: SearchParameter.base: minimum required = 1, but only found 0",
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-keyword.json",
        1,
        "SearchParameter cardinality",
        "SearchParameter: SearchParameter.base: minimum required = 1, but only found 0",
    ),
    (
        "SearchParameter-codesystem-extensions-CodeSystem-workflow.json",
        1,
        "SearchParameter cardinality",
        "SearchParameter: SearchParameter.base: minimum required = 1, but only found 0",
    ),
    (
        "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json",
        1,
        "SearchParameter.id",
        "SearchParameter.id: Invalid Resource id: Too long (67 chars)",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-author.json",
        1,
        "SearchParameter cardinality",
        "SearchParameter: SearchParameter.base: minimum required = 1, but only found 0",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-effective.json",
        1,
        "SearchParameter cardinality",
        "SearchParameter: SearchParameter.base: minimum required = 1, but only found 0",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-end.json",
        1,
        "SearchParameter cardinality",
        "SearchParameter: SearchParameter.base: minimum required = 1, but only found 0",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-keyword.json",
        1,
        "SearchParameter cardinality",
        "SearchParameter: SearchParameter.base: minimum required = 1, but only found 0",
    ),
    (
        "SearchParameter-valueset-extensions-ValueSet-workflow.json",
        1,
        "SearchParameter cardinality",
        "SearchParameter: SearchParameter.base: minimum required = 1, but only found 0",
    ),
    (
        "StructureDefinition-Definition.json",
        1,
        "StructureDefinition sdf-4",
        "StructureDefinition: Constraint failed: sdf-4: 'If the structure is not abstract, then there SHALL be a baseDefinition'",
    ),
    (
        "StructureDefinition-Event.json",
        1,
        "StructureDefinition sdf-4",
        "StructureDefinition: Constraint failed: sdf-4: 'If the structure is not abstract, then there SHALL be a baseDefinition'",
    ),
    (
        "StructureDefinition-FiveWs.json",
        1,
        "StructureDefinition sdf-4",
        "StructureDefinition: Constraint failed: sdf-4: 'If the structure is not abstract, then there SHALL be a baseDefinition'",
    ),
    (
        "StructureDefinition-Request.json",
        1,
        "StructureDefinition sdf-4",
        "StructureDefinition: Constraint failed: sdf-4: 'If the structure is not abstract, then there SHALL be a baseDefinition'",
    ),
    (
        "StructureDefinition-structuredefinition-json-type.json",
        1,
        "StructureDefinition sdf-19",
        "StructureDefinition: Constraint failed: sdf-19: 'FHIR Specification models only use FHIR defined types'",
    ),
    (
        "StructureDefinition-structuredefinition-rdf-type.json",
        1,
        "StructureDefinition sdf-19",
        "StructureDefinition: Constraint failed: sdf-19: 'FHIR Specification models only use FHIR defined types'",
    ),
    (
        "StructureDefinition-structuredefinition-xml-type.json",
        1,
        "StructureDefinition sdf-19",
        "StructureDefinition: Constraint failed: sdf-19: 'FHIR Specification models only use FHIR defined types'",
    ),
    (
        "ig-r4.json",
        2,
        "ImplementationGuide cardinality",
        "ImplementationGuide: ImplementationGuide.name: minimum required = 1, but only found 0",
    ),
];
