//! What `validate` reads, and how it ends: 0 all valid, 1 something invalid, 2 something could not be looked at.

use serde_json::Value;

use super::run;

/// Runs `validate --format json`, and tells of each resource: `file resource valid`, and of each error below it where it
/// is and by which rule.
fn check(arguments: &[&str], input: &str, code: i32, expected: &[&str]) {
    let mut all = vec!["validate", "--format", "json", "--severity", "error"];
    all.extend(arguments);
    let ran = run(&all, input).expect(code);
    let mut found = Vec::new();
    for line in ran.lines() {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let valid = if line["valid"] == true { "valid" } else { "invalid" };
        found.push(format!("{} {} {valid}", text(&line["file"]), text(&line["resource"])));
        for issue in line["issues"].as_array().unwrap() {
            let place = format!("{}:{}", issue["line"], issue["column"]);
            let (expression, rule) = (text(&issue["expression"]), text(&issue["rule"]));
            found.push(format!("  {place} {} {expression} {rule}", text(&issue["severity"])));
        }
    }
    assert_eq!(found, expected, "{arguments:?}\n{}", ran.err);
}

const GOOD: &str = r#"{"resourceType":"Basic","id":"g","code":{"text":"g"}}"#;

#[test]
fn files() {
    check(&["task.json"], "", 0, &["task.json Task/food valid"]);
    check(&["task.xml"], "", 0, &["task.xml Task/food valid"]);
    check(
        &["broken.json", "task.json"],
        "",
        1,
        &[
            "broken.json Task/broken invalid",
            "  1:1 error Task cardinality",
            "  4:3 error Task.status binding",
            "  5:3 fatal Task.priority -",
            "  8:30 error Task.input[0].value.ofType(date) format",
            "task.json Task/food valid",
        ],
    );
    check(
        &["broken.xml"],
        "",
        1,
        &[
            "broken.xml Task/broken invalid",
            "  1:1 error Task cardinality",
            "  3:3 error Task.status binding",
            "  5:35 error Task.input[0].value.ofType(date) format",
        ],
    );
}

#[test]
fn lines_are_resources_and_keep_their_numbers() {
    check(
        &["lines.ndjson"],
        "",
        1,
        &[
            "lines.ndjson Basic/one valid",
            "lines.ndjson Basic/two invalid",
            "  3:1 error Basic cardinality",
            "lines.ndjson - invalid",
            "  4:23 fatal - -",
            "lines.ndjson Basic/four valid",
        ],
    );
}

/// Directories with all below them, in order; what is no FHIR by its name is not looked at.
#[test]
fn directories() {
    check(
        &["folder"],
        "",
        1,
        &[
            "folder/a.json Task/food valid",
            "folder/c.ndjson Basic/c valid",
            "folder/inner/b.xml Task/broken invalid",
            "  1:1 error Task cardinality",
            "  3:3 error Task.status binding",
            "  5:35 error Task.input[0].value.ofType(date) format",
        ],
    );
}

#[test]
fn standard_input() {
    let pretty = "\n{\n  \"resourceType\": \"Basic\",\n  \"code\": 1}";
    let lines = format!("{GOOD}\n\n{{\"resourceType\":\"Basic\"\n{GOOD}");
    for (input, code, expected) in [
        (GOOD, 0, &["- Basic/g valid"][..]),
        (pretty, 1, &["- Basic invalid", "  4:3 fatal Basic.code -"]),
        (&lines, 1, &["- Basic/g valid", "- - invalid", "  3:23 fatal - -", "- Basic/g valid"]),
        ("<Basic xmlns='http://hl7.org/fhir'><code><text value='x'/></code></Basic>", 0, &["- Basic valid"]),
        ("<Basic>", 1, &["- - invalid", "  1:1 fatal - -"]),
        ("", 1, &["- - invalid", "  1:1 fatal - -"]),
        ("[]", 1, &["- - invalid", "  1:1 fatal - -"]),
        (" \n {\"id\": \"x\"}", 1, &["- - invalid", "  2:2 fatal - -"]),
        ("\u{feff}{\"resourceType\":\n \"Nonsense\"}", 1, &["- Nonsense invalid", "  1:1 fatal Nonsense -"]),
        ("{\"resourceType\": \"Basic\",\n \"x\": }", 1, &["- - invalid", "  2:7 fatal - -"]),
        ("\0\0", 1, &["- - invalid", "  1:1 fatal - -"]),
    ] {
        check(&["-"], input, code, expected);
    }
}

#[test]
fn profiles() {
    let order = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-ServiceRequest|3.0.0";
    let ran = run(
        &["validate", "--format", "json", "--severity", "error", "--profile", order, "-"],
        r#"{
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "subject": {"reference": "Patient/p"}}"#,
    );
    let ran = ran.expect(1);
    let issues = ran.lines()[0]["issues"].clone();
    assert!(issues.as_array().unwrap().iter().all(|issue| issue["profile"] == order), "{issues}");
    // One that is for another type.
    let patient = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient";
    check(
        &["--profile", patient, "task.json"],
        "",
        1,
        &["task.json Task/food invalid", "  1:1 error Task profile"],
    );
}

#[test]
fn packages() {
    let garden = "../packages/garden";
    let task = "http://garden.example/StructureDefinition/garden-task";
    run(&["validate", "--profile", task, "task.json"], "").expect(2).says("load its package with --ig");
    let ran = run(&["validate", "--ig", garden, "--profile", task, "--format", "json", "task.json"], "");
    assert_ne!(ran.code, Some(2), "{}", ran.err);
}

#[test]
fn what_cannot_be_looked_at() {
    for (arguments, named) in [
        (&["nowhere.json"][..], "nowhere.json: No such file"),
        (&["nowhere.json", "task.json"], "1 resource in 1 file: 1 valid"),
        (&["nowhere.json", "broken.json"], "1 could not be read"),
        (&["--ig", "task.json", "task.json"], "task.json: invalid gzip header"),
        (&["--ig", "nowhere.tgz", "task.json"], "nowhere.tgz: No such file"),
        (&["--profile", "us-core-patient", "task.json"], "did you mean\n  http://hl7.org/fhir/us/core/"),
        (&["--profile", "http://a.example/x", "task.json"], "no definition has that URL"),
        (&["--jobs", "0", "task.json"], "--jobs"),
        (&["--format", "prose", "task.json"], "human, json, sarif, outcome"),
        (&[], "FILE|DIR|-"),
    ] {
        let all: Vec<&str> = ["validate"].iter().chain(arguments).copied().collect();
        run(&all, "").expect(2).says(named);
    }
    let empty = tempfile::tempdir().unwrap();
    run(&["validate", empty.path().to_str().unwrap()], "").expect(2).says("no .json, .xml or .ndjson files");
}

/// Whatever the number of threads, the output is in the order of the input.
#[test]
fn many_at_once_keep_their_order() {
    let input: Vec<String> = (0..3000)
        .map(|number| match number % 7 {
            0 => format!(r#"{{"resourceType":"Basic","id":"r{number}"}}"#),
            _ => format!(
                r#"{{"resourceType":"Basic","id":"r{number}","code":{{"text":"{}"}}}}"#,
                "x".repeat(900)
            ),
        })
        .collect();
    let input = input.join("\n");
    let one = run(&["validate", "--format", "json", "--jobs", "1", "-"], &input).expect(1);
    let four = run(&["validate", "--format", "json", "--jobs", "4", "-"], &input).expect(1);
    assert!(one.out == four.out);
    let ids: Vec<String> =
        one.lines().iter().map(|line| line["resource"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..3000).map(|number| format!("Basic/r{number}")).collect::<Vec<_>>());
    four.says("3000 resources in 1 file: 2571 valid, 429 invalid; 429 errors");
}
