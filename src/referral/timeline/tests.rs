use serde_json::json;

use super::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2 November 2026, 9:00 UTC.
const START: i64 = 1_793_610_000;

const CLINIC: &str = "Organization/riverside-clinic";
const PANTRY: &str = "Organization/corner-pantry";

fn at(seconds: i64) -> Instant {
    Instant((START + seconds) * 1_000_000)
}

/// A version: seconds since the start, who, and what the Task has besides its code.
type Row = (i64, &'static str, Value);

const REFERRAL: (&str, &str) = ("http://hl7.org/fhir/CodeSystem/task-code", "fulfill");
const QUESTIONNAIRE: (&str, &str) = ("http://hl7.org/fhir/uv/sdc/CodeSystem/temp", "complete-questionnaire");

/// The timeline as seen so many seconds after the start; a version that is null was a deletion.
fn parameters(code: (&str, &str), rows: &[Row], now: i64) -> Value {
    with_timeline(code, rows, now, |timeline| timeline.to_parameters())
}

fn with_timeline<T>(code: (&str, &str), rows: &[Row], now: i64, then: impl FnOnce(&Timeline) -> T) -> T {
    let tasks: Vec<Option<Resource>> = rows.iter().map(|(_, _, task)| version(code, task)).collect();
    let versions: Vec<Version> = rows
        .iter()
        .zip(&tasks)
        .map(|((seconds, who, _), task)| Version {
            task: task.as_ref(),
            at: at(*seconds),
            who: Some(*who).filter(|who| !who.is_empty()),
        })
        .collect();
    then(&Timeline::of("t1", &versions, at(now)).unwrap())
}

fn version((system, code): (&str, &str), elements: &Value) -> Option<Resource> {
    let mut task =
        json!({"resourceType": "Task", "id": "t1", "code": {"coding": [{"system": system, "code": code}]}});
    for (key, value) in elements.as_object()? {
        task[key] = value.clone();
    }
    Resource::new(task).ok()
}

/// A parameter or part a line, for a snapshot that can be read.
fn lines(parameters: &Value) -> String {
    let mut text = String::new();
    for parameter in parameters["parameter"].as_array().unwrap() {
        match parameter["part"].as_array() {
            None => text.push_str(&format!("{parameter}\n")),
            Some(parts) => {
                text.push_str(&format!("{}:\n", parameter["name"].as_str().unwrap()));
                parts.iter().for_each(|part| text.push_str(&format!("    {part}\n")));
            }
        }
    }
    text
}

fn procedure() -> Value {
    json!([{"type": {"text": "Resulting Activity"}, "valueReference": {"reference": "Procedure/box-of-food"}}])
}

fn full() -> Vec<Row> {
    vec![
        (0, CLINIC, json!({"status": "draft"})),
        (5 * MINUTE, CLINIC, json!({"status": "requested"})),
        (6 * MINUTE, CLINIC, json!({"status": "requested", "priority": "urgent"})),
        (7 * MINUTE, "", json!({"status": "received"})),
        (
            2 * HOUR + 7 * MINUTE,
            PANTRY,
            json!({"status": "accepted", "businessStatus": {"text": "On the list"}}),
        ),
        (DAY, PANTRY, json!({"status": "in-progress", "businessStatus": {"text": "On the list"}})),
        (DAY + HOUR, PANTRY, json!({"status": "on-hold", "statusReason": {"text": "Waiting for stock"}})),
        (
            2 * DAY,
            "courier-app",
            json!({"status": "in-progress", "statusReason": {"text": "Waiting for stock"}}),
        ),
        (2 * DAY + 3 * HOUR + 5 * MINUTE, PANTRY, json!({"status": "completed", "output": procedure()})),
    ]
}

#[test]
fn whole_life() {
    insta::assert_snapshot!(lines(&parameters(REFERRAL, &full(), 10 * DAY)));
}

#[test]
fn half_way() {
    insta::assert_snapshot!(lines(&parameters(REFERRAL, &full()[..5], DAY)));
}

#[test]
fn rejected() {
    let rows = [
        (0, CLINIC, json!({"status": "requested"})),
        (4 * HOUR, PANTRY, json!({"status": "rejected", "statusReason": {"text": "Rejected - at capacity"}})),
    ];
    insta::assert_snapshot!(lines(&parameters(REFERRAL, &rows, DAY)));
}

#[test]
fn patient() {
    let rows = [
        (0, CLINIC, json!({"status": "ready"})),
        (DAY, "Patient/p", json!({"status": "completed", "output": procedure()})),
    ];
    insta::assert_snapshot!(lines(&parameters(QUESTIONNAIRE, &rows, 2 * DAY)));
}

/// Steps and summary, a line each.
fn told(code: (&str, &str), rows: &[Row], now: i64) -> String {
    with_timeline(code, rows, now, |timeline| {
        let last = timeline.latest().unwrap();
        let ending = timeline.ended.then(|| words::spoken(last));
        let steps: Vec<String> = timeline.steps.iter().map(|step| step.sentence(ending)).collect();
        format!("{}\n{}", steps.join("\n"), timeline.summary())
    })
}

fn check(code: (&str, &str), rows: &[Row], now: i64, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(told(code, rows, now).lines().collect::<Vec<_>>(), expected);
}

fn statuses(statuses: &[&str]) -> Vec<Row> {
    let row = |(hour, status): (i64, &&str)| (hour * HOUR, CLINIC, json!({ "status": status }));
    (0..).zip(statuses).map(row).collect()
}

#[test]
fn a_draft() {
    check(
        REFERRAL,
        &statuses(&["draft"]),
        HOUR,
        "
        Not yet sent
        Not yet received
        Not yet accepted
        Work has not yet begun
        Not yet completed
        Outcome not yet known
        Draft, not yet sent.",
    );
}

#[test]
fn a_draft_thrown_away() {
    check(
        REFERRAL,
        &statuses(&["draft", "cancelled"]),
        DAY,
        "
        Never sent: it was cancelled
        Not known to have been received: it was cancelled
        Not accepted: it was cancelled
        Work did not begin: it was cancelled
        Not completed: it was cancelled
        Outcome: cancelled
        Cancelled, never sent. The loop is closed.",
    );
}

#[test]
fn cancelled_while_waiting() {
    check(
        REFERRAL,
        &statuses(&["requested", "cancelled"]),
        DAY,
        "
        Sent
        Not known to have been received: it was cancelled
        Not accepted: it was cancelled
        Work did not begin: it was cancelled
        Not completed: it was cancelled
        Outcome: cancelled, 1 hour after it was sent
        Cancelled; it was open for 1 hour. The loop is closed.",
    );
}

#[test]
fn steps_that_nobody_recorded() {
    let mut rows = statuses(&["requested", "completed"]);
    rows[1].2["output"] = procedure();
    check(
        REFERRAL,
        &rows,
        DAY,
        "
        Sent
        Received, but when was not recorded
        Accepted, but when was not recorded
        Work began, but when was not recorded
        Completed, 1 hour after it was sent
        Outcome: completed
        Completed; it was open for 1 hour. The loop is closed.",
    );
}

#[test]
fn completed_without_outcome() {
    check(
        REFERRAL,
        &statuses(&["requested", "accepted", "in-progress", "completed"]),
        DAY,
        "
        Sent
        Received, but when was not recorded
        Accepted, 1 hour after it was sent
        Work began, 1 hour after it was accepted
        Completed, 1 hour after work began
        Outcome not yet known
        Completed; it was open for 3 hours. The loop is not closed: no outcome has been recorded.",
    );
}

#[test]
fn outcome_handed_in_later() {
    let mut rows = statuses(&["requested", "accepted", "completed", "completed"]);
    rows[3].2["output"] = procedure();
    check(
        REFERRAL,
        &rows,
        DAY,
        "
        Sent
        Received, but when was not recorded
        Accepted, 1 hour after it was sent
        Work began, but when was not recorded
        Completed, 1 hour after it was accepted
        Outcome: completed, 1 hour after it was completed
        Completed; it was open for 2 hours. The loop is closed.",
    );
}

#[test]
fn corrected_after_the_end() {
    let mut rows = statuses(&["requested", "accepted", "failed", "entered-in-error"]);
    rows[2].2["output"] = procedure();
    check(
        REFERRAL,
        &rows,
        DAY,
        "
        Sent
        Received, but when was not recorded
        Accepted, 1 hour after it was sent
        Work did not begin: it was entered in error
        Not completed: it was entered in error
        Outcome: entered in error, 2 hours after it was accepted
        Entered in error; it was open for 2 hours. The loop is closed.",
    );
}

#[test]
fn deleted() {
    let mut rows = statuses(&["requested", "accepted"]);
    rows.push((3 * HOUR, CLINIC, Value::Null));
    check(
        REFERRAL,
        &rows,
        DAY,
        "
        Sent
        Received, but when was not recorded
        Accepted, 1 hour after it was sent
        Work did not begin: it was deleted
        Not completed: it was deleted
        No outcome: it was deleted
        Deleted; it was open for 3 hours. The loop was not closed.",
    );
}

#[test]
fn a_status_nobody_knows() {
    check(
        REFERRAL,
        &statuses(&["requested", "gone fishing"]),
        DAY,
        "
        Sent
        Not yet received
        Not yet accepted
        Work has not yet begun
        Not yet completed
        Outcome not yet known
        In a state FHIR does not have; open for 1 day. The loop is not closed yet.",
    );
}

#[test]
fn no_version_no_timeline() {
    assert_eq!(Timeline::of("t1", &[], at(0)), None);
}

/// R4 Parameters: each parameter has a name and one value or parts (inv-1); FHIR has no empty strings or arrays.
#[test]
fn well_formed() {
    fn check(parameter: &Value) {
        let map = parameter.as_object().unwrap();
        let values: Vec<&String> =
            map.keys().filter(|key| key.starts_with("value") || *key == "part").collect();
        assert!(map["name"].is_string() && values.len() == 1 && map.len() == 2, "{parameter}");
        assert_ne!(map[values[0]], json!(""), "{parameter}");
        for part in map.get("part").and_then(Value::as_array).into_iter().flatten() {
            check(part);
        }
    }
    let odd = json!({
        "status": 7, "statusReason": {"text": " "}, "businessStatus": "flat",
        "output": [1, {"valueQuantity": {}}, {"valueString": "ok"}],
    });
    for rows in [full(), statuses(&["draft"]), vec![(0, "", odd)], vec![(0, "", Value::Null)]] {
        let parameters = parameters(REFERRAL, &rows, DAY);
        for parameter in parameters["parameter"].as_array().unwrap() {
            check(parameter);
        }
    }
}
