//! Bodies: stored as received, and those that are refused.

use http::Method;
use serde_json::{Value, json};

use super::patient;
use crate::harness::{Answer, Server, on_both, on_both_with};

async fn put_text(server: &Server, path: &str, text: &str) -> Answer {
    let headers = [("Content-Type", "application/fhir+json")];
    server.send(Method::PUT, path, &headers, Some(text.as_bytes().to_vec())).await
}

#[test]
fn bodies_are_stored_as_received() {
    on_both(async |server| {
        // Order, decimals, extensions nobody knows, primitive extensions, escapes, other alphabets, long numbers.
        let text = r#"{"valueQuantity":{"unit":"mg","value":1.00,"code":"mg","system":"http://unitsofmeasure.org"},"status":"final","_status":{"extension":[{"valueDecimal":-0.0010,"url":"http://a.example/x"}]},"code":{"text":"Größe \"π\" 食 \\ \n \u0001"},"component":[{"code":{"text":"b"},"valueQuantity":{"value":12345678901234567890.123456789012345678}},{"code":{"text":"a"},"valueInteger":0}],"extension":[{"url":"http://nobody.example/knows","extension":[{"url":"z","valueString":"1"},{"url":"a","valueDecimal":100}]}],"note":[{"text":"first"},{"text":"second"}],"id":"o","resourceType":"Observation"}"#;
        put_text(server, "Observation/o", text).await.expect(201);
        let stored = server.get("Observation/o").await.text();
        let meta = r#","meta":{"versionId":"1","lastUpdated":"2026-11-22T09:00:00.000000Z"}"#;
        assert_eq!(
            stored.replacen(meta, "", 1).replace("\\u0001", "\u{1}"),
            text.replace("\\u0001", "\u{1}")
        );
        // White space between tokens is no part of a resource.
        put_text(server, "Observation/o", &text.replace("\",\"", "\" ,\n\t\"")).await.expect(200);
        assert_eq!(
            server.get("Observation/o").await.text(),
            stored.replace("\"versionId\":\"1\"", "\"versionId\":\"2\"").replace(".000000Z", ".000001Z")
        );
    });
}

#[test]
fn meta_keeps_what_is_the_clients() {
    on_both(async |server| {
        let mut body = patient("p");
        body["meta"] = json!({"tag": [{"code": "t"}], "versionId": "9", "source": "http://a.example/#1", "security": [{"code": "R"}]});
        let stored = server.store(&body).await;
        let expected = json!({"tag": [{"code": "t"}], "versionId": "1", "source": "http://a.example/#1", "security": [{"code": "R"}],
            "lastUpdated": "2026-11-22T09:00:00.000000Z"});
        assert_eq!(stored["meta"], expected);
    });
}

#[test]
fn malformed_bodies_are_refused_with_the_place() {
    on_both(async |server| {
        let deep = format!(
            "{{\"resourceType\":\"Patient\",\"id\":\"p\",\"x\":{}1{}}}",
            "[".repeat(200),
            "]".repeat(200)
        );
        for (text, expected) in [
            ("", "needed"),
            ("{", "line 1"),
            ("{\n  \"resourceType\": \"Patient\",\n  \"id\": \"p\",\n  oops\n}", "line 4"),
            ("{\"resourceType\":\"Patient\",\"id\":\"p\",\n\"active\":true,\n\"active\":false}", "line 3"),
            ("{\"resourceType\":\"Patient\",\"id\":\"p\"} {}", "line 1"),
            ("{\"resourceType\":\"Patient\",\"id\":\"p\",\"multipleBirthInteger\":01}", "line 1"),
            (deep.as_str(), "nested"),
            ("[]", "object"),
            ("null", "object"),
            ("\"Patient\"", "object"),
            ("{\"id\":\"p\"}", "resourceType"),
            ("{\"resourceType\":7,\"id\":\"p\"}", "resourceType"),
            ("{\"resourceType\":\"Person\",\"id\":\"p\"}", "type"),
            ("{\"resourceType\":\"Pateint\",\"id\":\"p\"}", "type"),
            ("\u{feff}<Patient/>", "line 1"),
        ] {
            let answer = put_text(server, "Patient/p", text).await.expect(400);
            assert!(answer.issues().contains(expected), "{expected}: {}", answer.issues());
        }
        let invalid_utf8 = b"{\"resourceType\":\"Patient\",\"id\":\"p\",\"gender\":\"\xff\"}".to_vec();
        let headers = [("Content-Type", "application/fhir+json")];
        server.send(Method::PUT, "Patient/p", &headers, Some(invalid_utf8)).await.expect(400);
        server.get("Patient/p").await.expect(404);
    });
}

#[test]
fn no_value_of_a_resource_is_told_in_an_error() {
    on_both(async |server| {
        for text in [
            r#"{"resourceType":"Patient","id":"Bramble"}"#,
            r#"{"resourceType":"Bramble","id":"p"}"#,
            r#"{"resourceType":"Patient","id":"p","gender":Bramble}"#,
            r#"{"resourceType":"Patient","id":"p","name":[{"family":"Bramble}]}"#,
        ] {
            let answer = put_text(server, "Patient/p", text).await.expect(400);
            assert!(!answer.text().contains("Bramble"), "{}", answer.text());
        }
    });
}

#[test]
fn media_types() {
    on_both(async |server| {
        let body = || Some(patient("p").to_string().into_bytes());
        for (content_type, status) in [
            ("application/fhir+json", 200),
            ("application/fhir+json;charset=utf-8", 200),
            ("application/fhir+json; charset=UTF-8; fhirVersion=4.0", 200),
            ("application/json", 200),
            ("APPLICATION/JSON+FHIR", 200),
            ("application/fhir+xml", 400),
            ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415),
            ("nonsense", 415),
        ] {
            server.store(&patient("p")).await;
            server
                .send(Method::PUT, "Patient/p", &[("Content-Type", content_type)], body())
                .await
                .expect(status);
        }
        server.send(Method::PUT, "Patient/p", &[], body()).await.expect(200);
        let hapi = "application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml+fhir;q=0.9, application/json+fhir;q=0.9";
        for (accept, format) in [
            ("application/fhir+json", "json"),
            (hapi, "json"),
            ("*/*", "json"),
            ("application/*", "json"),
            ("text/html, */*;q=0.1", "json"),
            ("application/fhir+xml", "xml"),
            ("application/xml+fhir", "xml"),
            ("text/html", ""),
            ("application/fhir+json;q=0, application/fhir+xml", "xml"),
        ] {
            let answer = server.get_with("Patient/p", &[("Accept", accept)]).await;
            if format.is_empty() {
                answer.expect(406);
                continue;
            }
            let expected = format!("application/fhir+{format}; charset=utf-8");
            assert_eq!((answer.status, answer.header("content-type")), (200, &*expected), "{accept}");
        }
    });
}

#[test]
fn bodies_too_large_are_refused() {
    on_both_with(
        |config| config.limits.body_bytes = 4096,
        async |server| {
            let mut large = patient("p");
            large["language"] = Value::from("x".repeat(5000));
            let answer = server.put("Patient/p", &large).await.expect(413);
            assert!(answer.issues().starts_with("error too-long"), "{}", answer.issues());
            server.get("Patient/p").await.expect(404);
            server.put("Patient/p", &patient("p")).await.expect(201);
        },
    );
}
