//! What a kick-off may ask for, and what it may not.

use serde_json::json;

use super::{ASYNC, condition, exported, files, kick_off, names, patient};
use crate::harness::{Format, on_both};

#[test]
fn parameters() {
    on_both(async |server| {
        server.store_all(&[patient("a"), condition("c", "a")]).await;
        let strict = [("Prefer", "respond-async, handling=strict")];
        let lenient = [("Prefer", "respond-async, handling=lenient")];
        for (query, expected, reason) in [
            ("_outputFormat=application/fhir%2Bndjson", 202, ""),
            ("_outputFormat=application/fhir+ndjson", 202, ""),
            ("_outputFormat=ndjson", 202, ""),
            ("_outputFormat=application%2Fndjson", 202, ""),
            ("_outputFormat=text/csv", 400, "_outputFormat"),
            ("_type=Patient&_type=Condition", 202, ""),
            ("_type=Unheard", 400, "_type"),
            ("_since=2026-01-01T00:00:00Z", 202, ""),
            ("_since=2026-01-01T00:00:00%2B01:00", 202, ""),
            ("_since=yesterday", 400, "_since"),
            ("_typeFilter=Patient?active=true", 400, "parameter"),
            ("whatever=1", 400, "parameter"),
            ("patient=Patient/a", 400, "parameter"),
        ] {
            for headers in [&ASYNC[..1], &strict] {
                let answer = server.get_with(&format!("$export?{query}"), headers).await.expect(expected);
                if expected == 400 {
                    assert!(answer.issues().contains(reason), "{}", answer.issues());
                }
            }
            let passed = if query.starts_with("_since=y") { 400 } else { 202 };
            server.get_with(&format!("$export?{query}"), &lenient).await.expect(passed);
        }
        // Outside of every Patient's compartment.
        server.get_with("Patient/$export?_type=Organization", ASYNC).await.expect(400);
        server.get_with("Patient/$export?patient=Task/1", ASYNC).await.expect(400);
        // Nothing of what was asked for is not everything.
        let answer = server.get_with("$export?_type=Unheard", &lenient).await.expect(202);
        assert_eq!(files(server, answer.header("content-location")).await, Vec::<serde_json::Value>::new());
    });
}

#[test]
fn by_post_in_either_format() {
    on_both(async |server| {
        server.store_all(&[patient("a"), patient("b"), condition("c", "a")]).await;
        let body = json!({"resourceType": "Parameters", "parameter": [
            {"name": "_type", "valueString": "Patient"},
            {"name": "_outputFormat", "valueString": "application/fhir+ndjson"},
            {"name": "_since", "valueInstant": "2020-01-01T00:00:00Z"},
            {"name": "patient", "valueReference": {"reference": "Patient/b"}},
        ]});
        for format in [Format::Json, Format::Xml] {
            let client = server.speaking(format);
            let answer = client.post_with("Patient/$export", &ASYNC[..1], &body).await.expect(202);
            let status = answer.header("content-location").to_owned();
            assert_eq!(names(&files(&client, &status).await), "Patient/b");
        }
        server.post_with("Patient/$export", ASYNC, &patient("x")).await.expect(400);
    });
}

#[test]
fn elements() {
    on_both(async |server| {
        server.store_all(&[patient("a"), condition("c", "a")]).await;
        let mut whole = server.read("Condition/c").await;
        let status = kick_off(server, "$export?_elements=Patient.gender,id").await;
        for resource in files(server, &status).await {
            assert_eq!(resource["meta"]["tag"][0]["code"], "SUBSETTED");
            assert!(resource.get("name").is_none());
        }
        let status = kick_off(server, "$export?_elements=Patient.gender&_type=Condition").await;
        assert_eq!(files(server, &status).await, [whole.take()]);
        assert_eq!(exported(server, "$export?_elements=Patient.name").await, "Condition/c Patient/a");
    });
}
