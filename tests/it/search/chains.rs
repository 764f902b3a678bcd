//! Chains (R4 §3.1.1.4.12).

use super::{check, check_refused};

#[test]
fn chains() {
    check(&[
        ("Task?owner:Organization.type=http://types.example|cbo", "t1"),
        ("Task?owner:Organization.type=cbo,prov", "t1 t2"),
        ("Task?owner:Organization.type=http://types.example|", "t1 t2"),
        ("Task?owner.type=cbo", "t1"),
        ("Task?owner.name=corner", "t1"),
        ("Task?owner:Organization.identifier=http://ids.example/org|pantry", "t1"),
        ("Task?owner:Organization._id=o1", "t2"),
        ("Task?owner:Practitioner.name=corner", ""),
        ("Task?owner:Organization.type=cbo&status:not=completed", "t1"),
        ("Task?owner:Organization.type=cbo&owner:Organization.name=corner", "t1"),
        ("Task?owner:Organization.type=cbo&owner:Organization.name=riverside", ""),
        ("Task?owner:Organization.type:not=cbo", "t2"),
        ("Task?owner:Organization.name:exact=Corner Pantry", "t1"),
        ("Task?owner:Organization.name:contains=pantry", "t1"),
        ("Task?patient.birthdate=ge1980-03-06", "t2 t3"),
        ("Task?patient.gender=female", "t1"),
        ("Task?subject:Patient.name=bramblewood", "t2 t3"),
        ("Task?patient._tag=http://tags.example|alpha", "t1"),
        ("PractitionerRole?organization._profile=http://profiles.example/StructureDefinition/clinic", "x1"),
        (
            "PractitionerRole?practitioner=d1&organization._profile=http://profiles.example/StructureDefinition/clinic",
            "x1",
        ),
        ("PractitionerRole?organization._profile=http://profiles.example/StructureDefinition/helper", ""),
        ("PractitionerRole?practitioner.name=fernsby", "x1"),
        ("PractitionerRole?practitioner.identifier=http://ids.example/npi|123", "x1"),
        ("Organization?endpoint.connection-type=http://connections.example|hl7-fhir-rest", "o1"),
        ("Patient?general-practitioner.name=fern", "p1"),
        ("Patient?general-practitioner:Organization.name=river", "p3"),
        ("Patient?organization.name=corner", "p2"),
        ("Observation?patient.identifier=http://clinic.example/mrn|A-2", "b3 b4"),
        ("Observation?patient.identifier=http://clinic.example/mrn|A-2&code=8867-4", "b4"),
        ("QuestionnaireResponse?subject:Patient.family=bramble", "r1 r2"),
    ]);
}

#[test]
fn chains_of_several_steps() {
    check(&[
        ("Task?requester:PractitionerRole.practitioner.name=fernsby", "t1"),
        ("Task?requester:PractitionerRole.organization.type=prov", "t1"),
        ("Task?focus:ServiceRequest.subject:Patient.name=ada", "t1"),
        ("Task?focus:ServiceRequest.requester:PractitionerRole.organization.name=river", "t1"),
        ("HealthcareService?organization.partof.name=helpers", "h1"),
        ("Task?part-of.part-of.status=requested", "t4"),
        ("Task?part-of.status=accepted", "t4"),
    ]);
}

#[test]
fn chains_that_lead_nowhere() {
    check(&[
        // Neither another server's resources nor those that are gone have parameters here.
        ("Task?owner:Organization.name=corner&status=failed", ""),
        ("Task?requester:Organization.name:missing=true", ""),
    ]);
    check_refused(&[
        ("Task?status.name=x", "status"),
        ("Task?owner:Nothing.name=x", "Nothing"),
        ("Patient?link.link.link.link.link.name=x", "chain"),
        ("Task?owner:Organization.type:exact=x", "exact"),
        ("Task?patient.birthdate=x", "birthdate"),
    ]);
}
