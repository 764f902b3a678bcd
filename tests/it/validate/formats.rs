//! How `validate` writes what it finds.

use std::collections::BTreeSet;

use serde_json::Value;

use super::run;

fn output(format: &str, files: &[&str]) -> String {
    let mut arguments = vec!["validate", "--format", format, "--severity", "error"];
    arguments.extend(files);
    run(&arguments, "").expect(1).out
}

/// File, line and column; the line itself with what is meant underlined; rule and profile; nothing of what is fine.
#[test]
fn human() {
    insta::assert_snapshot!(
        "human",
        output("human", &["task.json", "broken.json", "broken.xml", "lines.ndjson"])
    );
}

#[test]
fn json() {
    insta::assert_snapshot!("json", output("json", &["task.json", "broken.xml", "lines.ndjson"]));
}

#[test]
fn outcome() {
    insta::assert_snapshot!("outcome", output("outcome", &["task.json", "lines.ndjson"]));
}

#[test]
fn sarif() {
    let text = output("sarif", &["task.json", "broken.xml", "lines.ndjson"]);
    let log: Value = serde_json::from_str(&text).unwrap();
    insta::assert_json_snapshot!("sarif", log);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len(), "rules told twice");
    for result in run["results"].as_array().unwrap() {
        assert!(ids.contains(result["ruleId"].as_str().unwrap()), "{result}");
    }
}

/// Nothing found is a log all the same; what could not be read is told in it.
#[test]
fn sarif_of_little() {
    let log: Value = serde_json::from_str(
        &run(&["validate", "--format", "sarif", "--severity", "error", "task.json"], "").expect(0).out,
    )
    .unwrap();
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    let ran = run(&["validate", "--format", "sarif", "a b.json"], "").expect(2);
    let log: Value = serde_json::from_str(&ran.out).unwrap();
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notification = &invocation["toolExecutionNotifications"][0];
    assert_eq!(notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a%20b.json");
}

/// A pipe is no terminal: no colours, no progress bar; only the summary is on standard error.
#[test]
fn plain_where_nobody_looks() {
    let ran = run(&["validate", "folder", "lines.ndjson"], "").expect(1);
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{}{}", ran.out, ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.starts_with("7 resources in 4 files: 4 valid, 3 invalid; "), "{}", ran.err);
}

/// Values of a resource must not steer the terminal.
#[test]
fn nothing_reaches_the_terminal_that_could_steer_it() {
    let input = "{\"resourceType\": \"Basic\", \"wrong\": \"\u{9b}31m\u{202e}\"}\n{\"resourceType\": \"Basic\u{7f}\", \"\u{9b}0m\": 1}";
    let ran = run(&["validate", "-"], input).expect(1);
    assert!(!ran.out.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'), "{:?}", ran.out);
}
