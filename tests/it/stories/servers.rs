//! §4.7: the reference servers among themselves, with the gateway in the place of either.

use serde_json::{Value, json};

use super::{SDOHCC, cast, change, concept, refer, status};
use crate::harness::on_both_in_both_formats;

const EHR: &str = "http://ehr.example/fhir";

#[test]
fn tasks_that_point_at_another_server_are_accepted() {
    on_both_in_both_formats(async |server| {
        let task = json!({"resourceType": "Task", "status": "requested", "intent": "order", "meta": {"profile": [format!("{SDOHCC}SDOHCC-TaskForReferralManagement")]},
            "code": concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"), "focus": {"reference": format!("{EHR}/ServiceRequest/7")},
            "for": {"reference": format!("{EHR}/Patient/p")}, "requester": {"reference": format!("{EHR}/PractitionerRole/r")}, "owner": {"reference": "Organization/cp"}});
        let answer = server.post("Task", &task).await.expect(201);
        assert_eq!(answer.json()["focus"]["reference"], format!("{EHR}/ServiceRequest/7"));
        let id = answer.id();
        // What it points at is copied here under the ids it has there, the order last.
        for body in [
            json!({"resourceType": "Organization", "id": "cp", "name": "Helpers Together"}),
            json!({"resourceType": "Patient", "id": "p", "name": [{"family": "Bramble"}]}),
            json!({"resourceType": "PractitionerRole", "id": "r", "organization": {"reference": "Organization/o"}, "practitioner": {"reference": "Practitioner/d"}}),
            json!({"resourceType": "ServiceRequest", "id": "7", "status": "active", "intent": "order", "subject": {"reference": "Patient/p"}}),
        ] {
            let place =
                format!("{}/{}", body["resourceType"].as_str().unwrap(), body["id"].as_str().unwrap());
            server.put(&place, &body).await.expect(201);
        }
        // They are others than those the Task points at.
        server.finds(&format!("Task?focus={EHR}/ServiceRequest/7"), &id).await;
        server.finds("Task?focus=ServiceRequest/7", "").await;
        server.finds("Task?focus=7", "").await;
        change(server, &format!("Task/{id}"), json!({"status": "accepted"})).await;
        change(server, &format!("Task/{id}"), json!({"status": "completed"})).await;
        assert_eq!(status(server, "ServiceRequest/7").await, "active");
    });
}

#[test]
fn the_order_comes_with_its_subject() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        let (order, _) = refer(server, "pantry").await;
        let id = order.split_once('/').unwrap().1;
        let found = server.search(&format!("ServiceRequest?_id={id}&_include=ServiceRequest:subject")).await;
        assert_eq!((found.matches, found.included), (vec![order.clone()], vec!["Patient/ada".to_owned()]));
    });
}

#[test]
fn received_is_kept_and_counts_as_requested() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        let (order, task) = refer(server, "pantry").await;
        // The EHR's server writes it after it has handed the Task over.
        let stored = change(server, &task, json!({"status": "received"})).await;
        assert_eq!(stored["status"], "received");
        // A comma list that was escaped as if it were one id.
        let id = task.split_once('/').unwrap().1;
        server.finds(&format!("Task?_id={id}"), id).await;
        server.finds(&format!(r"Task?_id={id}\,other"), "").await;
        let issues = |value: Value| value["issue"][0]["severity"].clone();
        change(server, &task, json!({"status": "accepted"})).await;
        assert_ne!(issues(server.read(&format!("{task}/$issues")).await), "error");
        // The outcome is put under the id it has on the other server.
        server.put("Procedure/77", &json!({"resourceType": "Procedure", "id": "77", "status": "completed", "subject": {"reference": "Patient/ada"}})).await.expect(201);
        change(server, &task, json!({"status": "completed", "output": [{"type": {"text": "done"}, "valueReference": {"reference": "Procedure/77"}}]})).await;
        assert_eq!(status(server, &order).await, "completed");
    });
}
