//! `$validate` (R4 OperationDefinition Resource-validate), on both databases: 200 whatever is found, another status only
//! where nothing can be judged; and nothing is stored.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Server, issues, on_both, on_both_with};

const PATIENT: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient";

fn basic() -> Value {
    json!({"resourceType": "Basic", "code": {"text": "x"}, "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"}})
}

fn with(mut resource: Value, name: &str, value: Value) -> Value {
    resource[name] = value;
    resource
}

fn parameters(list: Value) -> Value {
    json!({"resourceType": "Parameters", "parameter": list})
}

/// Posts to a path and compares the issues: `severity code expression: text`, by how each begins. No issue is `ok`.
async fn check(server: &Server, path: &str, body: &Value, status: u16, expected: &[&str]) {
    let answer = server.post(path, body).await.expect(status);
    compare(path, &answer.json(), expected);
}

fn compare(path: &str, outcome: &Value, expected: &[&str]) {
    let found = issues(outcome);
    let found: Vec<&str> = match found.as_str() {
        "information informational : All OK" => Vec::new(),
        found => found.lines().collect(),
    };
    let fits = found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| f.starts_with(e));
    assert!(fits, "{path}\nfound    {found:#?}\nexpected {expected:#?}");
}

#[test]
fn on_a_type() {
    on_both(async |server| {
        let missing = json!({"resourceType": "Basic", "text": basic()["text"]});
        let fine: &[&str] = &[];
        for (path, body, status, expected) in [
            ("Basic/$validate", basic(), 200, fine),
            (
                "Basic/$validate",
                missing.clone(),
                200,
                &["error required Basic: 'code' is missing (line 1, column 1)"],
            ),
            ("Basic/$validate", parameters(json!([{"name": "resource", "resource": basic()}])), 200, fine),
            (
                "Basic/$validate",
                parameters(
                    json!([{"name": "mode", "valueCode": "create"}, {"name": "resource", "resource": missing}]),
                ),
                200,
                // Where the resource begins in what was sent.
                &["error required Basic: 'code' is missing (line 1, column 99)"],
            ),
            ("Basic/$validate?mode=create", basic(), 200, fine),
            // Malformed, and still judged.
            (
                "Basic/$validate",
                json!({"resourceType": "Basic", "code": []}),
                200,
                &["information invariant", "fatal structure Basic.code"],
            ),
            (
                "Task/$validate",
                basic(),
                200,
                &["error structure Task.resourceType: the resource calls itself another type"],
            ),
            // A Parameters resource of one's own.
            ("Parameters/$validate", parameters(json!([{"name": "x", "valueString": "y"}])), 200, fine),
            ("Basic/$validate?colour=red", basic(), 200, &["warning not-supported : the parameter 'colour'"]),
            // What cannot be judged.
            ("Basic/$validate", parameters(json!([])), 400, &["error required : a resource is needed"]),
            ("Basic/$validate", json!({"code": 1}), 400, &["error structure : a resource names its type"]),
            (
                "Basic/$validate?mode=update",
                basic(),
                400,
                &["error not-supported : mode 'update' is about one resource"],
            ),
            (
                "Basic/$validate?mode=delete",
                basic(),
                400,
                &["error not-supported : mode 'delete' is about one resource"],
            ),
            ("Basic/$validate?mode=guess", basic(), 400, &["error code-invalid : mode is one of"]),
            (
                "Basic/$validate?mode=create&mode=create",
                basic(),
                400,
                &["error structure : the parameter 'mode'"],
            ),
            (
                "Basic/$validate?profile=http://a.example/p",
                basic(),
                400,
                &["error not-supported : no usable profile"],
            ),
            (
                "Basic/$validate",
                parameters(
                    json!([{"name": "resource", "resource": basic()}, {"name": "resource", "resource": basic()}]),
                ),
                400,
                &["error structure : the parameter 'resource' may be given once"],
            ),
            (
                "Basic/$validate",
                parameters(json!([{"name": "resource"}])),
                400,
                &["error structure : the parameter 'resource' holds none"],
            ),
            ("Nothing/$validate", basic(), 404, &["error not-supported"]),
        ] {
            check(server, path, &body, status, expected).await;
        }
        server.finds("Basic", "").await;
        let broken = server.send(Method::POST, "Basic/$validate", &[], Some(b"{\"a\":}".to_vec())).await;
        assert_eq!(
            broken.expect(400).issues(),
            "fatal structure : this is not JSON that FHIR accepts: expected value (line 1, column 6)"
        );
        server.send(Method::PUT, "Basic/$validate", &[], Some(b"{}".to_vec())).await.expect(405);
        server.get("Basic/$validate").await.expect(400);
    });
}

#[test]
fn on_a_resource() {
    on_both(async |server| {
        server.store(&with(basic(), "id", "b".into())).await;
        server.store(&json!({"resourceType": "Basic", "id": "bad"})).await;
        server.store(&with(basic(), "id", "gone".into())).await;
        server.delete("Basic/gone").await;
        let fine: &[&str] = &[];
        // The stored one.
        for (path, status, expected) in [
            ("Basic/b/$validate", 200, fine),
            (
                "Basic/bad/$validate",
                200,
                &["information invariant", "error required Basic: 'code' is missing"],
            ),
            (
                "Basic/b/$validate?mode=profile&profile=http://hl7.org/fhir/StructureDefinition/Basic",
                200,
                fine,
            ),
            ("Basic/b/$validate?mode=delete", 200, fine),
            ("Basic/gone/$validate?mode=delete", 200, &["error not-found : there is no Basic/gone"]),
            ("Basic/b/$validate?mode=update", 400, &["error required : a resource is needed"]),
            ("Basic/none/$validate", 404, &["error not-found"]),
            ("Basic/gone/$validate", 410, &["error deleted"]),
        ] {
            compare(path, &server.get(path).await.expect(status).json(), expected);
        }
        // One that is sent.
        for (path, body, status, expected) in [
            ("Basic/b/$validate?mode=update", with(basic(), "id", "b".into()), 200, fine),
            ("Basic/b/$validate", with(basic(), "id", "b".into()), 200, fine),
            (
                "Basic/b/$validate?mode=update",
                with(basic(), "id", "c".into()),
                200,
                &["error value Basic.id: the resource's id has to be the one in the URL: b"],
            ),
            ("Basic/b/$validate?mode=update", basic(), 200, &["error value Basic.id"]),
            (
                "Basic/new/$validate?mode=update",
                with(basic(), "id", "new".into()),
                200,
                &["information not-found : there is no Basic/new now"],
            ),
            // The content of a deletion is not looked at.
            ("Basic/b/$validate?mode=delete", json!({"resourceType": "Basic"}), 200, fine),
            ("Basic/b/$validate", parameters(json!([{"name": "mode", "valueCode": "delete"}])), 200, fine),
            ("Basic/b/$validate", parameters(json!([])), 200, fine),
        ] {
            check(server, path, &body, status, expected).await;
        }
        let stale = [("If-Match", "W/\"7\"")];
        let answer =
            server.post_with("Basic/b/$validate?mode=update", &stale, &with(basic(), "id", "b".into())).await;
        compare("If-Match", &answer.expect(200).json(), &["error conflict : Basic/b is at version 1, not 7"]);
        assert_eq!(server.read("Basic/b").await["meta"]["versionId"], "1", "nothing is stored");
    });
}

/// XML as well as JSON: the places are those in the XML.
#[test]
fn in_xml() {
    on_both(async |server| {
        let basic = "<Basic xmlns=\"http://hl7.org/fhir\">\n <id value=\"x\"/>\n <subject><reference value=\"#a\"/></subject></Basic>";
        let parameters = format!(
            "<Parameters xmlns=\"http://hl7.org/fhir\"><parameter><name value=\"resource\"/>\n<resource>{basic}</resource></parameter></Parameters>"
        );
        let headers = [("Content-Type", "application/fhir+xml"), ("Accept", "application/fhir+json")];
        for (body, line) in [(basic.to_owned(), 3), (parameters, 4)] {
            let answer =
                server.send(Method::POST, "Basic/$validate", &headers, Some(body.into_bytes())).await;
            let issues = answer.expect(200).issues();
            let place = format!(
                "error invariant Basic.subject: no contained resource has that id (line {line}, column 2)"
            );
            assert!(issues.contains(&place), "{issues}");
        }
    });
}

/// A profile asked for is judged by, also by its version.
#[test]
fn profiles() {
    on_both(async |server| {
        let patient = json!({"resourceType": "Patient", "text": basic()["text"]});
        for profile in [PATIENT.to_owned(), format!("{PATIENT}|6.1.0")] {
            for (path, body) in [
                (format!("Patient/$validate?profile={}", crate::ask::url(&profile)), patient.clone()),
                (
                    "Patient/$validate".to_owned(),
                    parameters(json!([
                        {"name": "resource", "resource": patient}, {"name": "profile", "valueUri": profile}])),
                ),
            ] {
                let outcome = server.post(&path, &body).await.expect(200).json();
                let rules: Vec<&Value> = outcome["issue"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|issue| issue["severity"] == "error")
                    .map(|issue| &issue["details"]["coding"][0]["system"])
                    .collect();
                assert!(!rules.is_empty(), "{outcome}");
                let by_profile =
                    rules.iter().all(|rule| rule.as_str().is_some_and(|rule| rule.starts_with(&profile)));
                assert!(by_profile, "{path}: {outcome}");
            }
        }
    });
}

/// What the resource refers to in the store is looked at; each space has its own.
#[test]
fn references_lead_into_the_store() {
    on_both_with(
        |config| config.spaces = ["other".to_owned()].into(),
        async |server| {
            // A profile that asks for a patient of US Core: this one has no name.
            let order = |reference: &str| {
                json!({
                "resourceType": "ServiceRequest", "status": "active", "intent": "order", "code": {"text": "food"},
                "subject": {"reference": reference}, "text": basic()["text"]})
            };
            server.store(&json!({"resourceType": "Patient", "id": "p"})).await;
            let profile = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-servicerequest";
            let path = format!("ServiceRequest/$validate?profile={profile}");
            let target = |outcome: &Value| {
                let issues = outcome["issue"].as_array().unwrap();
                issues.iter().any(|issue| issue["details"]["coding"][0]["code"] == "target")
            };
            let base = &server.base;
            for (reference, expected) in [
                ("Patient/p", true),
                (&*format!("{base}/Patient/p"), true),
                ("Patient/unknown", false),
                ("http://b.example/Patient/p", false),
            ] {
                let outcome = server.post(&path, &order(reference)).await.expect(200).json();
                assert_eq!(target(&outcome), expected, "{reference}: {outcome}");
            }
            let outcome = server.space("other").post(&path, &order("Patient/p")).await.expect(200).json();
            assert!(!target(&outcome), "{outcome}");
        },
    );
}

/// What is referred to and not there is told, with its place; it may come later.
#[test]
fn what_is_not_there_is_told() {
    on_both(async |server| {
        server.store(&with(basic(), "id", "here".into())).await;
        server.store(&with(basic(), "id", "gone".into())).await;
        server.delete("Basic/gone").await;
        let task = json!({
            "resourceType": "Task", "status": "draft", "intent": "order", "text": basic()["text"],
            "focus": {"reference": "Basic/here"}, "for": {"reference": "http://b.example/Patient/1"},
            "owner": {"reference": "#o"}, "contained": [{"resourceType": "Organization", "id": "o", "name": "O"}],
            "input": [
                {"type": {"text": "a"}, "valueReference": {"reference": "Basic/gone"}},
                {"type": {"text": "b"}, "valueReference": {"reference": format!("{}/Basic/never", server.base)}}]});
        let issues = server.post("Task/$validate", &task).await.expect(200).issues();
        let told: Vec<&str> = issues
            .lines()
            .filter(|line| line.contains("not here"))
            .map(|line| line.split(" (line").next().unwrap())
            .collect();
        assert_eq!(
            told,
            [
                "warning not-found Task.input[0].value.ofType(Reference): refers to Basic/gone, which is not here",
                "warning not-found Task.input[1].value.ofType(Reference): refers to Basic/never, which is not here",
            ]
        );
    });
}

/// A response is held against its Questionnaire, which is found in the store by its canonical.
#[test]
fn questionnaires_are_found_in_the_store() {
    on_both(async |server| {
        let form = |version: &str, kind: &str| {
            json!({
            "resourceType": "Questionnaire", "id": format!("q{version}"), "url": "http://a.example/q,1", "version": version,
            "status": "active", "item": [{"linkId": "a", "type": kind, "text": "A"}]})
        };
        server.store_all(&[form("1", "string"), form("2", "boolean")]).await;
        for (version, expected) in [("|1", 0), ("|2", 1), ("", 1), ("|3", 0)] {
            let response = json!({
                "resourceType": "QuestionnaireResponse", "status": "completed", "text": basic()["text"],
                "questionnaire": format!("http://a.example/q,1{version}"),
                "item": [{"linkId": "a", "text": "A", "answer": [{"valueString": "x"}]}]});
            let outcome = server.post("QuestionnaireResponse/$validate", &response).await.expect(200).json();
            let errors =
                outcome["issue"].as_array().unwrap().iter().filter(|issue| issue["severity"] == "error");
            assert_eq!(errors.count(), expected, "{version}: {outcome}");
        }
    });
}

/// What the rules of the referral would say to an update is told.
#[test]
fn an_update_that_would_be_refused() {
    on_both(async |server| {
        let task = |status: &str| {
            json!({
            "resourceType": "Task", "id": "t", "status": status, "intent": "order", "text": basic()["text"],
            "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}})
        };
        server.store(&task("rejected")).await;
        let refusal = server.put("Task/t", &task("accepted")).await.expect(409).json();
        let outcome = server.post("Task/t/$validate?mode=update", &task("accepted")).await.expect(200).json();
        let told: Vec<&Value> = outcome["issue"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|issue| issue["severity"] == "error")
            .collect();
        assert_eq!(told.len(), 1, "{outcome}");
        let text = |value: &Value| value.as_str().unwrap().split(" (line").next().unwrap().to_owned();
        assert_eq!(text(&told[0]["diagnostics"]), text(&refusal["issue"][0]["diagnostics"]));
        assert_eq!(server.read("Task/t").await["status"], "rejected");
    });
}

#[test]
fn in_a_batch_and_in_the_capability_statement() {
    on_both(async |server| {
        let bundle = json!({"resourceType": "Bundle", "type": "batch", "entry": [
            {"request": {"method": "POST", "url": "Basic/$validate"}, "resource": {"resourceType": "Basic"}}]});
        let answer = server.post("", &bundle).await.expect(200).json();
        assert_eq!(answer["entry"][0]["response"]["status"], "200 OK");
        assert!(issues(&answer["entry"][0]["resource"]).contains("error required Basic: 'code' is missing"));
        let statement = server.get("metadata").await.expect(200).json();
        for resource in statement["rest"][0]["resource"].as_array().unwrap() {
            let operations = resource["operation"].as_array().unwrap();
            let validate = operations.iter().find(|operation| operation["name"] == "validate").unwrap();
            assert_eq!(validate["definition"], "http://hl7.org/fhir/OperationDefinition/Resource-validate");
        }
    });
}
