//! `Task/{id}/_history` and `Task/{id}/$timeline`: who, when, why, and the time between.

use serde_json::{Value, json};

use super::{order, output, set, task};
use crate::harness::on_both;

fn named<'v>(parameters: &'v Value, name: &str) -> Vec<&'v Value> {
    parameters["parameter"].as_array().unwrap().iter().filter(|parameter| parameter["name"] == name).collect()
}

/// The value of a part.
fn part(parameter: &Value, name: &str) -> String {
    let parts = parameter["part"].as_array().unwrap();
    let Some(part) = parts.iter().find(|part| part["name"] == name) else { return String::new() };
    let value = part.as_object().unwrap().iter().find(|(key, _)| key.starts_with("value")).unwrap().1;
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => map
            .get("value")
            .or(map.get("reference"))
            .map(Value::to_string)
            .unwrap_or_default()
            .replace('"', ""),
        other => other.to_string(),
    }
}

#[test]
fn the_timeline_tells_the_story_and_the_time_between() {
    on_both(async |server| {
        server.store_all(&[task("t", "requested"), order("s")]).await;
        for (minutes, status) in
            [(2, "received"), (118, "accepted"), (60, "in-progress"), (30, "on-hold"), (30, "in-progress")]
        {
            server.clock.advance(minutes * 60);
            let mut changed = server.read("Task/t").await;
            changed["status"] = status.into();
            if status == "on-hold" {
                changed["statusReason"] = json!({"text": "waiting for stock"});
            } else {
                changed.as_object_mut().unwrap().shift_remove("statusReason");
            }
            server.store(&changed).await;
        }
        let half = server.read("Task/t/$timeline").await;
        assert_eq!(named(&half, "closed")[0]["valueBoolean"], false);
        server.clock.advance(26 * 3600);
        let mut done = server.read("Task/t").await;
        done["status"] = "completed".into();
        done["output"] = output();
        server.store(&done).await;

        let timeline = server.read("Task/t/$timeline").await;
        assert_eq!(timeline["resourceType"], "Parameters");
        assert_eq!(named(&timeline, "status")[0]["valueCode"], "completed");
        assert_eq!(named(&timeline, "closed")[0]["valueBoolean"], true);
        assert_eq!(named(&timeline, "task")[0]["valueReference"]["reference"], "Task/t");
        let steps: Vec<(String, String, String)> = named(&timeline, "step")
            .into_iter()
            .map(|step| (part(step, "name"), part(step, "when"), part(step, "sincePrevious")))
            .collect();
        let expected = [
            ("sent", "2026-11-22T09:00:00", ""),
            ("received", "2026-11-22T09:02:00", "120"),
            ("accepted", "2026-11-22T11:00:00", "7080"),
            ("in-progress", "2026-11-22T12:00:00", "3600"),
            ("completed", "2026-11-23T15:00:00", "97200"),
            ("outcome", "2026-11-23T15:00:00", ""),
        ];
        assert_eq!(steps.len(), expected.len(), "{steps:?}");
        for (step, (name, when, since)) in steps.iter().zip(expected) {
            assert!(step.0 == name && step.1.starts_with(when), "{step:?}");
            assert_eq!(step.2, since, "{name}");
        }
        let changes: Vec<String> =
            named(&timeline, "change").into_iter().map(|change| part(change, "status")).collect();
        assert_eq!(
            changes,
            ["requested", "received", "accepted", "in-progress", "on-hold", "in-progress", "completed"]
        );
        let held = named(&timeline, "change")[4];
        assert_eq!(part(held, "reason"), "waiting for stock");
        let outcome = named(&timeline, "step")[5];
        assert_eq!(part(outcome, "output"), "Procedure/x");
        // The same by POST.
        assert_eq!(
            server.post("Task/t/$timeline", &json!({"resourceType": "Parameters"})).await.expect(200).json(),
            timeline
        );
    });
}

#[test]
fn the_history_keeps_each_status_with_when_and_why() {
    on_both(async |server| {
        server.store(&task("t", "requested")).await;
        server.clock.advance(3600);
        let mut rejected = task("t", "rejected");
        rejected["statusReason"] = json!({"text": "full"});
        server.store(&rejected).await;
        let history = server.read("Task/t/_history").await;
        let lines: Vec<String> = history["entry"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                let task = &entry["resource"];
                format!("{} {} {}", task["meta"]["lastUpdated"], task["status"], task["statusReason"]["text"])
            })
            .collect();
        assert_eq!(
            lines,
            [
                r#""2026-11-22T10:00:00.000000Z" "rejected" "full""#,
                r#""2026-11-22T09:00:00.000000Z" "requested" null"#
            ]
        );
    });
}

#[test]
fn timelines_of_what_is_gone_or_never_was() {
    on_both(async |server| {
        server.get("Task/none/$timeline").await.expect(404);
        server.get("ServiceRequest/s/$timeline").await.expect(404);
        server.store(&task("t", "requested")).await;
        set(server, "t", "rejected").await.expect(200);
        server.delete("Task/t").await.expect(204);
        let timeline = server.read("Task/t/$timeline").await;
        assert!(timeline.to_string().contains("rejected"), "{timeline}");
    });
}
