//! token (R4 §3.1.1.4.10), and the tokens of `meta`.

use super::{check, check_refused};

#[test]
fn tokens() {
    check(&[
        ("Patient?gender=female", "p1"),
        ("Patient?gender=http://hl7.org/fhir/administrative-gender|female", "p1"),
        ("Patient?gender=http://hl7.org/fhir/administrative-gender|", "p1 p2"),
        ("Patient?gender=http://other.example|female", ""),
        ("Patient?gender=female,male", "p1 p2"),
        ("Patient?gender=female&gender=male", ""),
        // Matches are literal, but not case-sensitive.
        ("Patient?gender=FEMALE", "p1"),
        ("Patient?identifier=A-1", "p1 p3 p4"),
        ("Patient?identifier=http://clinic.example/mrn|A-1", "p1"),
        ("Patient?identifier=http://clinic.example/mrn|", "p1 p2"),
        ("Patient?identifier=http://clinic.example/mrn|A-1,http://other.example/ids|A-1", "p1 p3"),
        ("Patient?identifier=http://clinic.example/mrn|A-9,A-2", "p2"),
        ("Patient?identifier=|A-1", "p4"),
        // Separators within a value are escaped.
        (r"Patient?identifier=a\,b\|c\$d", "p4"),
        (r"Patient?identifier=http://odd.example|a\,b\|c\$d", "p4"),
        ("Patient?identifier=a,b", ""),
        ("Patient?active=true", "p1"),
        ("Patient?active=false", "p2"),
        ("Patient?deceased=true", "p2"),
        ("Patient?deceased=false", "p1 p3 p4"),
        ("Patient?phone=555-0101", "p1"),
        ("Patient?telecom=ada@mail.example", "p1"),
        ("Patient?telecom=email|ada@mail.example", "p1"),
        ("Patient?email=555-0101", ""),
        ("Organization?type=cbo", "o2"),
        ("Organization?type=http://types.example|", "o1 o2 o3"),
        ("Observation?code=http://local.example|food-1", "b3"),
        ("Observation?code=8867-4", "b1 b4"),
        ("Observation?status=final,amended", "b1 b2 b3 b5"),
        ("Observation?combo-code=8480-6", "b2"),
        ("Observation?value-concept=LA33-6", "b3"),
        ("Questionnaire?version=1.0", "q1"),
        ("Task?priority=urgent", "t1"),
        ("Task?intent=order", "t1 t2 t4 t5"),
    ]);
}

#[test]
fn modifier_not_takes_those_without_as_well() {
    check(&[
        ("Patient?gender:not=female", "p2 p3 p4"),
        ("Patient?gender:not=female,male", "p3 p4"),
        ("Patient?gender:not=female&gender:not=male", "p3 p4"),
        ("Task?status:not=failed&status:not=rejected&status:not=completed&status:not=cancelled", "t1 t2 t5"),
        ("Task?status:not=requested&intent=order", "t2 t4 t5"),
        ("Observation?code:not=http://loinc.org|8867-4", "b2 b3 b5"),
        // None of its codes may be that one.
        ("Observation?code:not=food-1", "b1 b2 b4 b5"),
        ("Patient?identifier:not=http://clinic.example/mrn|", "p3 p4"),
    ]);
}

#[test]
fn modifier_missing() {
    check(&[
        ("Patient?gender:missing=true", "p3 p4"),
        ("Patient?gender:missing=false", "p1 p2"),
        ("Patient?birthdate:missing=true", "p4"),
        ("Patient?organization:missing=true", "p3 p4"),
        ("Patient?organization:missing=false", "p1 p2"),
        ("Patient?family:missing=false", "p1 p2 p3 p4"),
        ("Patient?address:missing=true", "p2 p3 p4"),
        ("RiskAssessment?probability:missing=true", ""),
        ("Observation?value-quantity:missing=true", "b2 b3 b5"),
        ("Observation?component-code-value-quantity:missing=false", "b2"),
        ("Questionnaire?url:missing=false", "q1 q2 q3"),
        ("Patient?_tag:missing=true", "p3 p4"),
        ("Task?owner:missing=true", ""),
        ("Task?subject:missing=true&intent=order", "t4 t5"),
    ]);
}

#[test]
fn id_profile_tag_and_security() {
    check(&[
        ("Patient?_id=p1", "p1"),
        ("Patient?_id=p1,p3,none", "p1 p3"),
        ("Patient?_id=p1&_id=p2", ""),
        ("Patient?_id=o1", ""),
        ("Patient?_id=P1", ""),
        ("Patient?_id=p1,p2&gender=male", "p2"),
        ("Patient?_tag=alpha", "p1 p2"),
        ("Patient?_tag=http://tags.example|alpha", "p1"),
        ("Patient?_tag=http://tags.example|", "p1 p2"),
        ("Patient?_tag=http://tags.example|alpha&_tag=beta", ""),
        ("Patient?_tag=http://tags.example|beta&_tag=http://other-tags.example|alpha", "p2"),
        ("Patient?_tag:not=beta", "p1 p3 p4"),
        ("Patient?_security=R", "p1"),
        ("Patient?_security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R", "p1"),
        ("Patient?_profile=http://profiles.example/StructureDefinition/patient", "p1"),
        ("Patient?_profile=http://profiles.example/StructureDefinition/", ""),
        ("Organization?_profile=http://profiles.example/StructureDefinition/clinic", "o1"),
        ("Organization?_profile=http://profiles.example/StructureDefinition/clinic|1.0.0", "o1"),
        ("Organization?_profile=http://profiles.example/StructureDefinition/clinic|2.0.0", ""),
        (
            "Organization?_profile=http://profiles.example/StructureDefinition/clinic,http://profiles.example/StructureDefinition/helper",
            "o1 o2",
        ),
    ]);
}

#[test]
fn modifiers_that_do_not_go_with_the_parameter_are_refused() {
    check_refused(&[
        ("Patient?gender:exact=x", "exact"),
        ("Patient?gender:in=http://a.example/vs", "in"),
        ("Patient?family:not=x", "not"),
        ("Patient?birthdate:not=2026", "not"),
        ("Patient?organization:not=o1", "not"),
        ("Patient?organization:Nothing=o1", "Nothing"),
        ("Patient?gender:missing=x", "true or false"),
        ("Questionnaire?url:below=http://a.example", "below"),
        ("Patient?gender.name=x", "gender"),
    ]);
}
