//! What a community organisation receives is what the patient consents to, for as long as they do: pulled as much as pushed.

use sdoh_gateway::access::{Coverage, Registration};
use serde_json::{Value, json};

use crate::harness::login::{registration, with_login};
use crate::harness::{Client, Server, on_both_with};

/// A clinic that HIPAA covers, a pantry and a shelter that it does not, and a hospital that it does.
fn parties() -> Vec<Registration> {
    let covered =
        |id: &str| Registration { coverage: Coverage::CoveredEntity, ..registration(id, "system/*.cruds") };
    vec![
        covered("clinic"),
        covered("hospital"),
        registration("pantry", "system/*.cruds"),
        registration("shelter", "system/*.cruds"),
    ]
}

fn story(test: impl AsyncFn(&Server, &Client, &Client)) {
    on_both_with(
        |config| with_login(config, parties()),
        async |server| {
            let clinic = server.login("clinic", "system/*.cruds").await;
            let pantry = server.login("pantry", "system/*.cruds").await;
            test(server, &clinic, &pantry).await;
        },
    );
}

fn reference(name: &str) -> Value {
    json!({"reference": name})
}

/// The patient, the reason, the order and the Task of a referral.
fn referral(owner: &str) -> [Value; 4] {
    [
        json!({"resourceType": "Patient", "id": "rosa", "name": [{"family": "Sorrel"}]}),
        json!({
            "resourceType": "Condition", "id": "need", "subject": reference("Patient/rosa"),
            "code": {"text": "not enough food"},
        }),
        json!({
            "resourceType": "ServiceRequest", "id": "order", "status": "active", "intent": "order",
            "subject": reference("Patient/rosa"), "requester": reference("Organization/clinic"),
            "reasonReference": [reference("Condition/need")], "supportingInfo": [reference("Consent/signed")],
        }),
        json!({
            "resourceType": "Task", "id": "task", "status": "requested", "intent": "order",
            "focus": reference("ServiceRequest/order"), "for": reference("Patient/rosa"),
            "requester": reference("Organization/clinic"), "owner": reference(owner),
        }),
    ]
}

/// A signed document, as the guide's own example: no rules in code.
fn consent() -> Value {
    let concept = |system: &str, code: &str| {
        let system = format!("http://terminology.hl7.org/CodeSystem/{system}");
        json!({"coding": [{"system": system, "code": code}]})
    };
    json!({
        "resourceType": "Consent", "id": "signed", "status": "active",
        "scope": concept("consentscope", "patient-privacy"), "category": [concept("v3-ActCode", "IDSCL")],
        "patient": reference("Patient/rosa"), "dateTime": "2026-11-20",
        "organization": [reference("Organization/clinic")], "policy": [{"uri": "http://example.org/policy"}],
        "sourceAttachment": {"title": "signed"},
    })
}

const SHOWN: [&str; 4] = ["Task/task", "ServiceRequest/order", "Patient/rosa", "Condition/need"];

async fn sees(client: &Client, names: &[&str], status: u16) {
    for name in names {
        client.get(name).await.expect(status);
    }
    let found = client.search("Task?_include=Task:focus&_include=Task:patient").await;
    assert_eq!(found.matches.len(), usize::from(status == 200));
    assert_eq!(found.included.is_empty(), status != 200);
}

fn tags(task: &Value) -> Vec<&str> {
    let tags = task["meta"]["tag"].as_array().into_iter().flatten();
    tags.filter_map(|tag| tag["code"].as_str()).collect()
}

#[test]
fn consent_lets_in_and_revocation_shuts_out() {
    story(async |_, clinic, pantry| {
        let [patient, need, order, task] = referral("Organization/pantry");
        clinic.store_all(&[patient, need, order]).await;
        // Without consent nobody but the clinic sees it, and the clinic is told with the write.
        let prefer = [("Prefer", "return=OperationOutcome")];
        let told = clinic.put_with("Task/task", &prefer, &task).await.expect(201).issues();
        assert!(told.contains("Denied: ") && told.contains("Organization/pantry"), "{told}");
        assert!(clinic.get("Task/task/$issues").await.expect(200).issues().contains("Denied: "));
        sees(pantry, &SHOWN, 404).await;
        clinic.store(&consent()).await;
        sees(pantry, &SHOWN, 200).await;
        // What the referral does not reach is none of its business.
        let other = json!({
            "resourceType": "Condition", "id": "other", "subject": reference("Patient/rosa"), "code": {"text": "x"},
        });
        clinic.store(&other).await;
        pantry.get("Condition/other").await.expect(404);
        let mut accepted = pantry.read("Task/task").await;
        accepted["status"] = "accepted".into();
        pantry.put("Task/task", &accepted).await.expect(200);
        // The patient changes their mind.
        let mut revoked = consent();
        revoked["status"] = "inactive".into();
        clinic.store(&revoked).await;
        sees(pantry, &SHOWN, 404).await;
        pantry.get("Task/task/_history").await.expect(404);
        pantry.get("Task/task/$timeline").await.expect(404);
        pantry.put("Task/task", &accepted).await.expect(404);
        // The clinic learns why nothing more comes of it.
        let marked = clinic.read("Task/task").await;
        assert_eq!((tags(&marked), &marked["status"]), (vec!["consent-withheld"], &json!("accepted")));
        assert!(clinic.get("Task/task/$issues").await.expect(200).issues().contains("Denied: "));
        // And changes it again.
        clinic.store(&consent()).await;
        sees(pantry, &SHOWN, 200).await;
        assert!(tags(&clinic.read("Task/task").await).is_empty());
    });
}

#[test]
fn nobody_consents_for_the_patient_to_itself() {
    story(async |server, clinic, pantry| {
        clinic.store_all(&referral("Organization/pantry")).await;
        pantry.store(&consent()).await;
        sees(pantry, &SHOWN, 404).await;
        // Nor for its friends.
        let shelter = server.login("shelter", "system/*.cruds").await;
        let mut other = consent();
        other["id"] = "other".into();
        shelter.store(&other).await;
        sees(pantry, &SHOWN, 404).await;
    });
}

#[test]
fn consent_that_ends_and_begins_again() {
    story(async |server, clinic, _| {
        let mut consent = consent();
        consent["provision"] = json!({"period": {"start": "2026-11-01", "end": "2026-12-01"}});
        clinic.store_all(&referral("Organization/pantry")).await;
        clinic.store(&consent).await;
        let pantry = server.login("pantry", "system/*.cruds").await;
        sees(&pantry, &SHOWN, 200).await;
        server.clock.advance(14 * 86_400);
        let (clinic, pantry) =
            (server.login("clinic", "system/*.cruds").await, server.login("pantry", "system/*.cruds").await);
        // At once; that it is told does not take long.
        sees(&pantry, &SHOWN, 404).await;
        server.gateway.settle().await.unwrap();
        assert_eq!(tags(&clinic.read("Task/task").await), ["consent-withheld"]);
        consent["provision"]["period"]["end"] = "2027-12-01".into();
        clinic.store(&consent).await;
        sees(&pantry, &SHOWN, 200).await;
    });
}

#[test]
fn covered_entities_need_none_but_for_what_is_sensitive() {
    story(async |server, clinic, _| {
        let [patient, mut need, order, task] = referral("Organization/hospital");
        clinic.store_all(&[patient, need.clone(), order, task]).await;
        let hospital = server.login("hospital", "system/*.cruds").await;
        sees(&hospital, &SHOWN, 200).await;
        let system = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
        need["meta"] = json!({"security": [{"system": system, "code": "SUD"}]});
        clinic.store(&need).await;
        hospital.get("Condition/need").await.expect(404);
        sees(&hospital, &SHOWN[..3], 200).await;
        // The patient says no to all of it.
        let mut refusal = consent();
        refusal["provision"] = json!({"type": "deny"});
        clinic.store(&refusal).await;
        sees(&hospital, &SHOWN, 404).await;
    });
}

#[test]
fn a_reference_gives_nothing_that_its_author_cannot_see() {
    story(async |server, clinic, pantry| {
        let hospital = server.login("hospital", "system/*.cruds").await;
        clinic.store_all(&referral("Organization/hospital")).await;
        // A Task of one's own about somebody else's patient, given to a friend or to oneself.
        for owner in ["Organization/pantry", "Organization/shelter"] {
            let task = json!({
                "resourceType": "Task", "id": "grab", "status": "requested", "intent": "order",
                "focus": reference("ServiceRequest/order"), "for": reference("Patient/rosa"),
                "requester": reference("Organization/pantry"), "owner": reference(owner),
                "input": [{"type": {"text": "x"}, "valueReference": reference("Condition/need")}],
            });
            pantry.store(&task).await;
            for name in &SHOWN {
                pantry.get(name).await.expect(404);
            }
        }
        // Its end is no end of the clinic's order.
        let mut done = pantry.read("Task/grab").await;
        done["status"] = "completed".into();
        pantry.put("Task/grab", &done).await.expect(200);
        assert_eq!(clinic.read("ServiceRequest/order").await["status"], "active");
        // Nor may it speak for another, nor give away what it was given.
        let mut forged = done.clone();
        forged["id"] = "forged".into();
        forged["requester"] = reference("Organization/clinic");
        pantry.put("Task/forged", &forged).await.expect(403);
        let mut output = hospital.read("Task/task").await;
        output["owner"] = reference("Organization/pantry");
        hospital.put("Task/task", &output).await.expect(403);
        // What is there only later belongs to who creates it.
        let early = json!({
            "resourceType": "Task", "id": "early", "status": "requested", "intent": "order",
            "focus": reference("ServiceRequest/later"), "for": reference("Patient/later"),
            "requester": reference("Organization/pantry"), "owner": reference("Organization/pantry"),
        });
        pantry.store(&early).await;
        clinic.store(&json!({"resourceType": "Patient", "id": "later"})).await;
        pantry.get("Patient/later").await.expect(404);
    });
}
