//! Spaces: two organisations' Patient/1 never meet.

use serde_json::{Value, json};

use crate::harness::{Client, on_both_with};

fn resources(family: &str) -> Vec<Value> {
    vec![
        json!({"resourceType": "Patient", "id": "1", "name": [{"family": family}]}),
        json!({"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient/1"}}),
    ]
}

#[test]
fn spaces_never_meet() {
    on_both_with(
        |config| config.spaces = ["north".into(), "south".into()].into(),
        async |server| {
            let spaces: [(&str, Client); 3] = [
                ("Default", server.client.clone()),
                ("North", server.space("north")),
                ("South", server.space("south")),
            ];
            for (family, client) in &spaces[..2] {
                client.store_all(&resources(family)).await;
                client.store_all(&resources(family)).await;
            }
            for (family, client) in &spaces[..2] {
                assert_eq!(client.read("Patient/1").await["name"][0]["family"], *family);
                let found = client.search("Patient").await;
                assert_eq!((found.matches.len(), found.total), (1, Some(1)), "{family}");
                assert_eq!(found.resources()[0]["name"][0]["family"], *family);
                assert_eq!(found.bundle["entry"][0]["fullUrl"], format!("{}/Patient/1", client.base));
                for other in ["Default", "North"] {
                    let own = if other == *family { "o" } else { "" };
                    client.finds(&format!("Observation?subject:Patient.family={other}"), own).await;
                    client.finds(&format!("Observation?subject.name={other}&_sort=-_lastUpdated"), own).await;
                    client
                        .finds(&format!("Patient?family={other}"), if own.is_empty() { "" } else { "1" })
                        .await;
                }
                for query in ["Observation?_include=*", "Observation?_include=Observation:subject"] {
                    let included = client.search(query).await;
                    assert_eq!(included.included, ["Patient/1"]);
                    let patient = &included.bundle["entry"][1]["resource"];
                    assert_eq!(patient["name"][0]["family"], *family);
                }
                assert_eq!(
                    client.search("Patient?_revinclude=Observation:subject").await.included,
                    ["Observation/o"]
                );
                assert_eq!(client.search("Patient?_revinclude=*").await.included, ["Observation/o"]);
                assert_eq!(client.read("Patient/_history").await["total"], 2);
                assert_eq!(client.read("Patient/1/_history").await["total"], 2);
                assert_eq!(client.read("Patient/1").await["meta"]["versionId"], "2");
                // A reference to another space is one to another server.
                client.finds(&format!("Observation?subject={}/Patient/1", client.base), "o").await;
                let (_, other) = spaces.iter().find(|(name, _)| name != family).unwrap();
                client.finds(&format!("Observation?subject={}/Patient/1", other.base), "").await;
                assert_eq!(client.read("metadata").await["implementation"]["url"], client.base);
            }
            let south = &spaces[2].1;
            south.get("Patient/1").await.expect(404);
            south.finds("Patient", "").await;
            south.get("Patient/1/_history").await.expect(404);
            // Deleting here leaves it there.
            spaces[0].1.delete("Patient/1").await.expect(204);
            spaces[1].1.get("Patient/1").await.expect(200);
            spaces[0].1.finds("Observation?subject:Patient.family=Default", "").await;
            // A space that is not configured is not there.
            server.get(&format!("{}/s/west/fhir/Patient", server.origin)).await.expect(404);
            server.get(&format!("{}/s//fhir/Patient", server.origin)).await.expect(404);
            server.get(&format!("{}/fhirx/Patient", server.origin)).await.expect(404);
        },
    );
}

#[test]
fn a_referral_stays_in_its_space() {
    on_both_with(
        |config| config.spaces = ["north".into()].into(),
        async |server| {
            let north = server.space("north");
            for client in [&server.client, &north] {
                client.store(&json!({"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order"})).await;
                let code = json!({"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]});
                client.store(&json!({"resourceType": "Task", "id": "t", "status": "accepted", "intent": "order", "code": code,
                    "focus": {"reference": "ServiceRequest/s"}})).await;
            }
            let mut task = north.read("Task/t").await;
            task["status"] = "completed".into();
            north.store(&task).await;
            assert_eq!(north.read("ServiceRequest/s").await["status"], "completed");
            assert_eq!(server.read("ServiceRequest/s").await["status"], "active");
            let timeline = |value: Value| value["parameter"][1]["valueCode"].clone();
            assert_eq!(timeline(north.read("Task/t/$timeline").await), "completed");
            assert_eq!(timeline(server.read("Task/t/$timeline").await), "accepted");
        },
    );
}
