//! What the record tells where clients log in: who they are, whom it keeps out, and what a patient's consent lets them have.

use sdoh_gateway::access::{Coverage, Registration};
use sdoh_gateway::store::AuditFilter;
use serde_json::{Value, json};

use super::{events, of_request, own, summary};
use crate::harness::login::{Key, ask_for_token, claims, registration, with_login};
use crate::harness::{Client, Server, on_both_with};

fn clients() -> Vec<Registration> {
    let covered =
        |id: &str| Registration { coverage: Coverage::CoveredEntity, ..registration(id, "system/*.cruds") };
    vec![
        covered("clinic"),
        registration("pantry", "system/*.cruds"),
        registration("stranger", "system/Task.rs"),
        Registration { organization: None, ..registration("keeper", "system/*.cruds gateway/admin") },
    ]
}

fn with_clients(test: impl AsyncFn(&Server)) {
    on_both_with(|config| with_login(config, clients()), test);
}

async fn get(client: &Client, name: &str, path: &str, status: u16) {
    client.get_with(path, &[("X-Request-Id", name)]).await.expect(status);
}

#[test]
fn who_is_kept_out() {
    with_clients(async |server| {
        let keeper = server.login("keeper", "system/*.cruds gateway/admin").await;
        get(server, "nobody", "Task/t", 401).await;
        let wrong = server.client.with_token("no.such.token");
        get(&wrong, "wrong", "Task?patient=p1", 401).await;
        let stranger = server.login("stranger", "system/Task.rs").await;
        get(&stranger, "beyond", "Patient/p1", 403).await;
        get(&stranger, "hidden", "Task/t", 404).await;
        for (name, expected) in [
            ("nobody", "rest#read R 4 | 110152* 110153 | 2:Task/t 24:GET /fhir/Task/t"),
            ("wrong", "rest#search-type E 4 | 110153* 110152 | 24:GET /fhir/Task?patient=p1"),
            (
                "beyond",
                "rest#read R 4 | 110152 110153 IRCP* | 1:Patient/p1 2:Patient/p1 24:GET /fhir/Patient/p1",
            ),
            ("hidden", "rest#read R 4 | 110152 110153 IRCP* | 2:Task/t 24:GET /fhir/Task/t"),
        ] {
            let told = of_request(&keeper, name, 1).await;
            assert_eq!(summary(&told[0]), expected, "{name}");
        }
        let told = of_request(&keeper, "beyond", 1).await;
        assert_eq!(told[0]["agent"][0]["who"]["identifier"]["value"], "stranger");
        assert_eq!(told[0]["agent"][2]["who"]["reference"], "Organization/stranger");
        assert_eq!(told[0]["outcomeDesc"], "403 Forbidden");
    });
}

#[test]
fn who_logs_in_and_who_fails_to() {
    with_clients(async |server| {
        let keeper = server.login("keeper", "system/*.cruds gateway/admin").await;
        let other = Key::es384("other");
        let forged = other.sign(&claims(server, "pantry"));
        ask_for_token(server, &forged, "system/Task.rs").await.expect(401);
        ask_for_token(server, "nonsense", "system/Task.rs").await.expect(401);
        let told = events(&keeper, "type=110114", |found| found.len() == 3).await;
        let mut told: Vec<(String, String)> = told
            .iter()
            .map(|event| {
                let who = &event["agent"][0]["who"];
                let who = who["identifier"]["value"].as_str().or(who["display"].as_str()).unwrap();
                (who.to_owned(), event["outcome"].as_str().unwrap().to_owned())
            })
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                ("anyone who reaches the open gateway".to_owned(), "4".to_owned()),
                ("keeper".into(), "0".into()),
                ("pantry".into(), "4".into()),
            ]
        );
    });
}

#[test]
fn only_who_sees_everything_sees_the_record() {
    with_clients(async |server| {
        let keeper = server.login("keeper", "system/*.cruds gateway/admin").await;
        let clinic = server.login("clinic", "system/*.cruds").await;
        clinic.store(&json!({"resourceType": "Patient", "id": "p1"})).await;
        let found = events(&keeper, "patient=p1", |found| !found.is_empty()).await;
        let path = format!("AuditEvent/{}", found[0]["id"].as_str().unwrap());
        keeper.get(&path).await.expect(200);
        clinic.get(&path).await.expect(404);
        assert_eq!(own(&clinic, "patient=p1").await, [Value::Null; 0]);
        clinic.put(&path, &found[0]).await.expect(403);
    });
}

fn consent(status: &str) -> Value {
    let coding = |system: &str, code: &str| json!({"coding": [{"system": format!("http://terminology.hl7.org/CodeSystem/{system}"), "code": code}]});
    json!({
        "resourceType": "Consent", "id": "c1", "status": status, "scope": coding("consentscope", "patient-privacy"),
        "category": [coding("v3-ActCode", "IDSCL")], "patient": {"reference": "Patient/p1"},
        "dateTime": "2026-11-01", "organization": [{"reference": "Organization/clinic"}],
        "sourceAttachment": {"title": "signed"}, "policy": [{"uri": "http://example.org/policy"}],
    })
}

#[test]
fn what_the_patient_allows() {
    with_clients(async |server| {
        let keeper = server.login("keeper", "system/*.cruds gateway/admin").await;
        let clinic = server.login("clinic", "system/*.cruds").await;
        let pantry = server.login("pantry", "system/*.cruds").await;
        let order = json!({
            "resourceType": "ServiceRequest", "id": "s1", "status": "active", "intent": "order",
            "subject": {"reference": "Patient/p1"}, "requester": {"reference": "Organization/clinic"},
            "supportingInfo": [{"reference": "Consent/c1"}], "code": {"text": "Groceries"},
        });
        let task = json!({
            "resourceType": "Task", "id": "t1", "status": "requested", "intent": "order",
            "focus": {"reference": "ServiceRequest/s1"}, "for": {"reference": "Patient/p1"},
            "requester": {"reference": "Organization/clinic"}, "owner": {"reference": "Organization/pantry"},
        });
        let patient = json!({"resourceType": "Patient", "id": "p1"});
        clinic.store_all(&[patient, consent("active"), order, task]).await;
        // What was decided, and by which Consent.
        let decided = events(&keeper, "type=110113&patient=p1", |found| !found.is_empty()).await;
        assert_eq!(
            summary(&decided[0]),
            "110113#AuthZ-Consent E 0 | 110150 IRCP* PROV authserver | 1:Patient/p1 Consent:Consent/c1/_history/1 Task:Task/t1"
        );
        assert_eq!(decided[0]["agent"][1]["who"]["reference"], "Organization/pantry");
        assert!(decided[0]["outcomeDesc"].as_str().unwrap().starts_with("Permitted: "));
        // What is disclosed is on disk before it is answered.
        get(&pantry, "pulled", "Task/t1", 200).await;
        let pages = server.gateway.store().audit_pages_until(None, AuditFilter::default(), 5).await.unwrap();
        assert!(pages.iter().any(|page| page.events.contains("\"pulled\"")), "not on disk yet");
        let told = of_request(&keeper, "pulled", 2).await;
        assert_eq!(
            summary(&told[0]),
            "rest#read R 0 PatientRead | 110152 110153 IRCP* | 1:Patient/p1 2:Task/t1/_history/1"
        );
        assert_eq!(
            summary(&told[1]),
            "110106#disclose R 0 PrivacyDisclosure.Source | 110153 110152* | 1:Patient/p1 Task:Task/t1/_history/1"
        );
        assert_eq!(told[1]["purposeOfEvent"][0]["coding"][0]["code"], "COC");
        get(&pantry, "searched", "Task?_include=Task:focus", 200).await;
        let told = of_request(&keeper, "searched", 2).await;
        assert!(
            summary(&told[1])
                .ends_with("Task:Task/t1/_history/1 ServiceRequest:ServiceRequest/s1/_history/1"),
            "{}",
            summary(&told[1])
        );
        // Its own, and what is nobody's, is not disclosed to it; nor is anything to who is covered.
        pantry.store(&json!({"resourceType": "Patient", "id": "own"})).await;
        get(&pantry, "own", "Patient/own", 200).await;
        get(&clinic, "covered", "Task/t1", 200).await;
        for name in ["own", "covered"] {
            of_request(&keeper, name, 1).await;
        }
        // The patient takes it back.
        clinic.store(&consent("inactive")).await;
        get(&pantry, "too-late", "Task/t1", 404).await;
        let decided = events(&keeper, "type=110113&patient=p1&outcome=8", |found| !found.is_empty()).await;
        assert_eq!(decided.len(), 1);
        let expected = "110113#AuthZ-Consent E 8 | 110150 IRCP* PROV authserver | 1:Patient/p1";
        assert!(summary(&decided[0]).starts_with(expected), "{}", summary(&decided[0]));
        assert!(of_request(&keeper, "too-late", 1).await[0]["outcome"] == "4");
        for event in own(&keeper, "patient=p1").await {
            let outcome = keeper.post("AuditEvent/$validate", &event).await.expect(200).json();
            assert!(!outcome.to_string().contains("\"error\""), "{outcome:#}\n{event:#}");
        }
    });
}
