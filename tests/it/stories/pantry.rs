//! §4.3: the CBO polls, accepts, works, completes; or refuses; and tells its capacity.

use serde_json::json;

use super::{REFERRALS, cast, change, complete, history, refer, status};
use crate::harness::on_both_in_both_formats;

#[test]
fn the_pantry_accepts_works_and_completes() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        let (order, task) = refer(server, "pantry").await;
        let poll = format!("{REFERRALS}&owner=Organization/pantry");
        let found = server.search(&poll).await;
        assert_eq!(found.matches, [task.as_str()]);
        let seen = found.resources()[0].clone();
        for place in [
            &seen["focus"],
            &seen["requester"],
            &seen["for"],
            &server.read(&order).await["supportingInfo"][0],
        ] {
            server.get(place["reference"].as_str().unwrap()).await.expect(200);
        }
        change(server, &task, json!({"status": "accepted"})).await;
        change(server, &task, json!({"status": "in-progress"})).await;
        assert_eq!(status(server, &order).await, "active");
        let procedure = complete(server, &order, &task).await;
        // The clinic sees what came of it, and the order is closed though the pantry never touched it.
        let seen = server.search(&format!("{REFERRALS}&requester=PractitionerRole/role&subject=ada")).await;
        let output = &seen.resources()[0]["output"][0]["valueReference"]["reference"];
        assert_eq!(output.as_str(), Some(procedure.as_str()));
        let condition = server.read(&procedure).await["reasonReference"][0]["reference"].clone();
        server.get(condition.as_str().unwrap()).await.expect(200);
        assert_eq!(history(server, &order, "status").await, ["completed", "active"]);
        assert_eq!(
            history(server, &task, "status").await,
            ["completed", "in-progress", "accepted", "requested"]
        );
    });
}

#[test]
fn the_pantry_rejects_with_a_reason_and_the_order_stays_open() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        let (order, task) = refer(server, "pantry").await;
        change(
            server,
            &task,
            json!({"status": "rejected", "statusReason": {"text": "Rejected - at capacity"}}),
        )
        .await;
        assert_eq!(status(server, &order).await, "active");
        let timeline = server.read(&format!("{task}/$timeline")).await.to_string();
        assert!(timeline.contains("Rejected - at capacity"), "{timeline}");
        // Referred once more, now with success: the order closes.
        let second =
            format!("Task/{}", server.post("Task", &super::task(&order, "pantry")).await.expect(201).id());
        change(server, &second, json!({"status": "accepted"})).await;
        complete(server, &order, &second).await;
        assert_eq!(status(server, &order).await, "completed");
    });
}

#[test]
fn the_pantry_tells_its_capacity() {
    on_both_in_both_formats(async |server| {
        cast(server).await;
        let service = |code: &str| {
            json!({"extension": [{"extension": [{"url": "capacityStatus", "valueCodeableConcept": super::concept(super::CODES, code)}],
                "url": format!("{}SDOHCC-ExtensionHealthcareServiceCapacityStatus", super::SDOHCC)}],
                "active": true, "providedBy": {"reference": "Organization/pantry"}, "name": "Services", "resourceType": "HealthcareService"})
        };
        assert!(server.search("HealthcareService?organization=pantry").await.matches.is_empty());
        server.post("HealthcareService", &service("no-capacity")).await.expect(201);
        let found = server.search("HealthcareService?organization=pantry").await;
        let place = found.matches[0].clone();
        let extension = service("waitlist")["extension"].clone();
        change(server, &place, json!({"extension": extension})).await;
        let code = |v: &serde_json::Value| {
            v["extension"][0]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"].clone()
        };
        assert_eq!(code(&server.read(&place).await), "waitlist");
    });
}
