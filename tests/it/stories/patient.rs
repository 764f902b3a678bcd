//! §4.6: a Task for the patient, with a questionnaire.

use serde_json::json;

use super::{SDOHCC, cast, change, concept};
use crate::harness::on_both_in_both_formats;

#[test]
fn the_patient_answers_a_questionnaire() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        server.store(&json!({"resourceType": "Questionnaire", "id": "food", "url": "http://forms.example/food", "title": "Food", "status": "active",
            "item": [{"linkId": "1", "type": "string", "text": "Enough?"}]})).await;
        // The client takes the entry's fullUrl for the questionnaire's canonical.
        let url = server.search("Questionnaire?_sort=title").await.bundle["entry"][0]["fullUrl"]
            .as_str()
            .unwrap()
            .to_owned();
        let task = json!({"meta": {"profile": [format!("{SDOHCC}SDOHCC-TaskForPatient")]}, "status": "ready", "intent": "order", "priority": "routine",
            "code": concept("http://hl7.org/fhir/uv/sdc/CodeSystem/temp", "complete-questionnaire"), "for": {"reference": "Patient/ada"},
            "requester": {"reference": "PractitionerRole/role"}, "owner": {"reference": "Patient/ada"},
            "input": [{"type": concept("http://hl7.org/fhir/uv/sdc/CodeSystem/temp", "questionnaire"), "valueCanonical": url}], "resourceType": "Task"});
        let answer = server.post("Task", &task).await.expect(201);
        assert_eq!(answer.json()["input"][0]["valueCanonical"], url, "stored as received");
        let task = format!("Task/{}", answer.id());
        let poll = format!(
            "Task?patient=ada&_profile={SDOHCC}SDOHCC-TaskForPatient&_include=Task:part-of&owner:Patient=ada"
        );
        assert_eq!(server.search(&poll).await.matches, [task.as_str()]);
        change(server, &task, json!({"status": "in-progress"})).await;
        let response = json!({"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "http://forms.example/food",
            "subject": {"reference": "Patient/ada"}, "authored": "2026-11-22T10:00:00Z", "meta": {"profile": ["http://profiles.example/qr"]}});
        let response = format!(
            "QuestionnaireResponse/{}",
            server.post("QuestionnaireResponse", &response).await.expect(201).id()
        );
        let output = json!([{"type": concept(super::CODES, "questionnaire-response"), "valueReference": {"reference": response}}]);
        change(server, &task, json!({"status": "completed", "output": output})).await;
        // Completed is the end of it.
        let mut again = server.read(&task).await;
        again["status"] = "in-progress".into();
        server.put(&task, &again).await.expect(409);
        // The demo's poll, with what was derived from the answers.
        server.post("Observation", &json!({"resourceType": "Observation", "status": "final", "code": {"text": "food"}, "derivedFrom": [{"reference": response}]})).await.expect(201);
        let found = server.search("QuestionnaireResponse?_profile=http://profiles.example/qr&_revinclude=Observation:derived-from&_sort=-authored&_count=3").await;
        assert_eq!((found.matches, found.included.len()), (vec![response], 1));
        assert_eq!(
            server.search("Questionnaire?url=http://forms.example/food").await.matches,
            ["Questionnaire/food"]
        );
    });
}
