//! reference (R4 §3.1.1.4.12).

use serde_json::json;

use super::check;
use crate::harness::on_both;

#[test]
fn references() {
    check(&[
        ("Task?owner=o2", "t1 t5"),
        ("Task?owner=Organization/o2", "t1"),
        ("Task?owner=Practitioner/o2", "t5"),
        ("Task?owner:Organization=o2", "t1"),
        ("Task?owner:Practitioner=o2", "t5"),
        ("Task?owner:Organization=Organization/o2", "t1"),
        ("Task?owner:Practitioner=Organization/o2", ""),
        ("Task?owner={base}/Organization/o2", "t1"),
        ("Task?owner=http://elsewhere.example/fhir/Organization/o2", "t4"),
        ("Task?owner=http://nowhere.example/fhir/Organization/o2", ""),
        ("Task?owner=Organization/o1,Organization/o2", "t1 t2"),
        ("Task?owner=o1&owner=o2", ""),
        ("Task?owner=ORGANIZATION/o2", ""),
        ("Task?owner=Organization/O2", ""),
        ("Task?subject=p2", "t2 t3"),
        ("Task?patient=Patient/p2", "t2 t3"),
        ("Task?patient=p1", "t1"),
        ("Task?patient:Patient=p1", "t1"),
        ("Task?output=Observation/b1", "t3"),
        ("Task?focus=ServiceRequest/s1", "t1"),
        ("Task?part-of=Task/t1", "t2"),
        // The target need not be there.
        ("Task?requester=Organization/gone", "t5"),
        ("Observation?subject=Patient/p1", "b1 b2"),
        ("Observation?patient=http://elsewhere.example/fhir/Patient/p1", "b5"),
        ("Group?member=Patient/p2", "g1"),
        ("Task?owner=Organization/o2&status=requested", "t1"),
    ]);
}

#[test]
fn references_to_versions() {
    check(&[
        ("ServiceRequest?supporting-info=Consent/c1", "s1 s2"),
        ("ServiceRequest?supporting-info=Consent/c1/_history/2", "s1"),
        ("ServiceRequest?supporting-info=Consent/c1/_history/1", ""),
        ("ServiceRequest?supporting-info={base}/Consent/c1/_history/2", "s1"),
        ("ServiceRequest?supporting-info={base}/Consent/c1", "s1 s2"),
    ]);
}

#[test]
fn canonicals() {
    check(&[
        ("QuestionnaireResponse?questionnaire=http://forms.example/food", "r1 r2"),
        ("QuestionnaireResponse?questionnaire=http://forms.example/food|1.0", "r1"),
        ("QuestionnaireResponse?questionnaire=http://forms.example/food|2.0", ""),
        ("QuestionnaireResponse?questionnaire=http://forms.example/foo", ""),
    ]);
}

/// The recorded clients take the URL at which a Questionnaire is read for its canonical.
#[test]
fn canonicals_that_are_urls_of_this_server() {
    on_both(async |server| {
        for (id, canonical) in
            [("a", format!("{}/Questionnaire/q", server.base)), ("b", "Questionnaire/q".into())]
        {
            server.store(&json!({"resourceType": "QuestionnaireResponse", "id": id, "status": "completed", "questionnaire": canonical})).await;
        }
        server.store(&json!({"resourceType": "Questionnaire", "id": "q", "status": "active"})).await;
        for query in
            [&format!("questionnaire={}/Questionnaire/q", server.base), "questionnaire=Questionnaire/q"]
        {
            server.finds(&format!("QuestionnaireResponse?{query}"), "a b").await;
        }
        let found = server.search("QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire").await;
        assert_eq!(found.included, ["Questionnaire/q"]);
    });
}

#[test]
fn modifier_identifier() {
    check(&[
        // The identifier within the reference, not that of its target.
        ("Task?owner:identifier=http://ids.example/org|pantry", "t3"),
        ("Task?owner:identifier=pantry", "t3"),
        ("Task?owner:identifier=http://ids.example/org|", "t3"),
        ("Task?owner:identifier=http://other.example|pantry", ""),
        ("Task?owner:identifier=riverside", ""),
    ]);
}
