//! `$validate-code` of ValueSet (R4 §4.9.19.2) and of CodeSystem (R4 §4.8.16.3).

use serde_json::{Value, json};

use super::{TOOLS, diggers, out, parameters, plant};
use crate::harness::{issues, on_both};

const GENDER: &str = "http://hl7.org/fhir/administrative-gender";
const GENDERS: &str = "ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/administrative-gender";

#[test]
fn in_value_sets_by_get() {
    on_both(async |server| {
        plant(server).await;
        let diggers = "ValueSet/diggers/$validate-code";
        for (path, expected) in [
            (
                format!("{GENDERS}&code=male&system={GENDER}"),
                format!("result true\ndisplay Male\ncode male\nsystem {GENDER}\nversion 4.0.1"),
            ),
            // The value set implies the system.
            (
                format!("{GENDERS}&code=male"),
                format!("result true\ndisplay Male\ncode male\nsystem {GENDER}\nversion 4.0.1"),
            ),
            (
                format!("{GENDERS}&coding={GENDER}%7Cmale"),
                format!("result true\ndisplay Male\ncode male\nsystem {GENDER}\nversion 4.0.1"),
            ),
            (
                format!("{GENDERS}&code=male&system={GENDER}&display=MALE"),
                format!("result true\ndisplay Male\ncode male\nsystem {GENDER}\nversion 4.0.1"),
            ),
            (
                format!("{GENDERS}&code=male&system={GENDER}&display=Man"),
                format!(
                    "result true\nmessage the display given is none the code has\ndisplay Male\ncode male\nsystem {GENDER}\nversion 4.0.1"
                ),
            ),
            (
                format!("{GENDERS}&code=m&system={GENDER}"),
                "result false\nmessage the code is not in the value set".to_owned(),
            ),
            (
                format!("{GENDERS}&code=male&system=http://other.example"),
                "result false\nmessage the code is not in the value set".to_owned(),
            ),
            (
                format!("{diggers}?code=dibber"),
                format!(
                    "result true\nmessage the code is no longer in use\ndisplay Dibber\ncode dibber\nsystem {TOOLS}\nversion 2.0"
                ),
            ),
            (
                format!("{diggers}?code=shears&system={TOOLS}"),
                "result false\nmessage the code is not in the value set".to_owned(),
            ),
        ] {
            assert_eq!(out(&server.get(&path).await.expect(200)), expected, "{path}");
        }
    });
}

#[test]
fn what_cannot_be_told_is_not_refused() {
    on_both(async |server| {
        let path = "ValueSet/$validate-code?url=http://hl7.org/fhir/us/core/ValueSet/us-core-procedure-code\
            &system=http://snomed.info/sct&code=410606002";
        let answer = server.get(path).await.expect(200);
        let lines = out(&answer);
        assert_eq!(
            lines,
            "result false\nmessage it cannot be told whether the code is in the value set: code system \
             http://snomed.info/sct is not at hand\ncode 410606002\nsystem http://snomed.info/sct\n\
             x-caused-by-unknown-system http://snomed.info/sct\nissues OperationOutcome"
        );
        let parameters = answer.json()["parameter"].as_array().unwrap().clone();
        let outcome = &parameters.iter().find(|p| p["name"] == "issues").unwrap()["resource"];
        assert_eq!(
            issues(outcome),
            "information not-found : code system http://snomed.info/sct is not at hand"
        );
    });
}

#[test]
fn in_value_sets_by_post() {
    on_both(async |server| {
        plant(server).await;
        let url = ("url", "valueUri", json!("http://garden.example/ValueSet/diggers"));
        let coding = |code: &str| json!({"system": TOOLS, "code": code});
        let concept =
            |codes: &[&str]| json!({"coding": codes.iter().map(|code| coding(code)).collect::<Vec<_>>()});
        let snomed = json!({"system": "http://snomed.info/sct", "code": "1"});
        let spade = "result true";
        let no = "result false";
        let inline = json!({"resourceType": "ValueSet", "status": "active", "compose": {"include": [
            {"system": TOOLS}, {"system": "http://snomed.info/sct"}]}});
        for (list, expected) in [
            (vec![url.clone(), ("coding", "valueCoding", coding("spade"))], spade),
            (vec![url.clone(), ("coding", "valueCoding", coding("bucket"))], no),
            (
                vec![url.clone(), ("codeableConcept", "valueCodeableConcept", concept(&["bucket", "spade"]))],
                spade,
            ),
            (
                vec![
                    url.clone(),
                    ("codeableConcept", "valueCodeableConcept", concept(&["bucket", "shears"])),
                ],
                no,
            ),
            (vec![("valueSet", "resource", diggers()), ("coding", "valueCoding", coding("spade"))], spade),
            (
                vec![
                    ("valueSet", "resource", inline.clone()),
                    ("codeableConcept", "valueCodeableConcept", json!({"coding": [snomed, coding("spade")]})),
                ],
                spade,
            ),
            (
                vec![("valueSet", "resource", inline.clone()), ("coding", "valueCoding", coding("tool"))],
                spade,
            ),
            (
                vec![
                    ("valueSet", "resource", inline.clone()),
                    ("coding", "valueCoding", coding("tool")),
                    ("abstract", "valueBoolean", json!(false)),
                ],
                no,
            ),
            (
                vec![
                    ("valueSet", "resource", inline),
                    ("coding", "valueCoding", coding("tool")),
                    ("abstract", "valueBoolean", json!(true)),
                ],
                spade,
            ),
            (
                vec![
                    url.clone(),
                    ("valueSetVersion", "valueString", json!("3")),
                    ("coding", "valueCoding", coding("spade")),
                ],
                spade,
            ),
        ] {
            let answer = server.post("ValueSet/$validate-code", &parameters(&list)).await.expect(200);
            assert_eq!(out(&answer).lines().next(), Some(expected), "{list:?}");
        }
        for (list, status, expected) in [
            (vec![url.clone()], 400, "exactly one of 'code', 'coding' and 'codeableConcept' is needed"),
            (
                vec![url.clone(), ("code", "valueCode", json!("x")), ("coding", "valueCoding", coding("x"))],
                400,
                "exactly one of 'code', 'coding' and 'codeableConcept' is needed",
            ),
            (
                vec![url.clone(), ("coding", "valueCoding", json!({"system": TOOLS}))],
                400,
                "there is no code to validate",
            ),
            (
                vec![url.clone(), ("codeableConcept", "valueCodeableConcept", json!({"text": "x"}))],
                400,
                "there is no code to validate",
            ),
            (
                vec![url.clone(), ("coding", "valueString", json!("spade"))],
                400,
                "'coding' takes a coding: by GET it is 'system|code'",
            ),
            (
                vec![url, ("valueSetVersion", "valueString", json!("9")), ("code", "valueCode", json!("x"))],
                404,
                "there is no value set http://garden.example/ValueSet/diggers|9 here",
            ),
            (
                vec![("code", "valueCode", json!("x"))],
                400,
                "the value set is missing: name it by 'url' or 'context', or send it as 'valueSet'",
            ),
        ] {
            let answer = server.post("ValueSet/$validate-code", &parameters(&list)).await.expect(status);
            assert!(answer.issues().ends_with(&format!(": {expected}")), "{}", answer.issues());
        }
    });
}

#[test]
fn in_code_systems() {
    on_both(async |server| {
        plant(server).await;
        let sent: Value =
            serde_json::from_str(include_str!("../../../fixtures/terminology/tools.json")).unwrap();
        let path = "CodeSystem/$validate-code";
        for (path, expected) in [
            (format!("{path}?url={GENDER}&code=male"), "result true"),
            (format!("{path}?url={GENDER}&code=Male"), "result false"),
            (format!("{path}?url={GENDER}&version=4.0.1&code=male"), "result true"),
            (format!("{path}?url={TOOLS}&code=spade"), "result true"),
            (format!("{path}?url={TOOLS}&coding=http://other.example%7Cspade"), "result false"),
            (format!("{path}?coding={TOOLS}%7Cspade"), "result true"),
            ("CodeSystem/tools/$validate-code?code=spade".to_owned(), "result true"),
            ("CodeSystem/tools/$validate-code?code=barrow".to_owned(), "result false"),
            (format!("{path}?url=urn:ietf:bcp:47&code=en-US"), "result true"),
            (format!("{path}?url=urn:ietf:bcp:47&code=en_US"), "result false"),
        ] {
            let answer = server.get(&path).await.expect(200);
            assert_eq!(out(&answer).lines().next(), Some(expected), "{path}");
        }
        let list = [
            ("codeSystem", "resource", sent),
            ("code", "valueCode", json!("fork")),
            ("display", "valueString", json!("Spade")),
        ];
        let answer = server.post(path, &parameters(&list)).await.expect(200);
        assert_eq!(
            out(&answer),
            format!(
                "result true\nmessage the display given is none the code has\ndisplay Garden fork\ncode fork\nsystem {TOOLS}\nversion 2.0"
            )
        );
        let unknown = server.get(&format!("{path}?url=http://loinc.org&code=1")).await.expect(200);
        assert!(out(&unknown).contains("x-caused-by-unknown-system http://loinc.org"), "{}", out(&unknown));
        server.get(&format!("{path}?code=x")).await.expect(400);
        server.get("CodeSystem/nobody/$validate-code?code=x").await.expect(404);
    });
}
