//! XML beside JSON (R4 §2.6.1, §3.1.0.1.11): the same resources, errors and Bundles in either.

use http::Method;
use serde_json::{Value, json};

use super::patient;
use crate::harness::{Format, Server, entry, on_both, transaction};

const ADA: &str = r#"<?xml version="1.0"?>
<Patient xmlns="http://hl7.org/fhir">
  <id value="p"/>
  <extension url="http://example.org/nickname"><valueString value="Addie"/></extension>
  <active value="true"/>
  <name><family value="Bramble"/><given value="Ada"/></name>
</Patient>"#;

async fn put(server: &Server, path: &str, content_type: &str, text: &str) -> crate::harness::Answer {
    let headers = [("Content-Type", content_type), ("Accept", "application/fhir+xml")];
    server.send(Method::PUT, path, &headers, Some(text.as_bytes().to_vec())).await
}

#[test]
fn what_is_put_in_xml_is_read_in_json_and_back() {
    on_both(async |server| {
        let answer = put(server, "Patient/p", "application/fhir+xml", ADA).await.expect(201);
        assert!(answer.text().starts_with("<?xml"), "{}", answer.text());
        let stored = server.read("Patient/p").await;
        assert_eq!(stored["name"], json!([{"family": "Bramble", "given": ["Ada"]}]));
        assert_eq!(stored["extension"][0]["valueString"], "Addie");
        assert_eq!(server.speaking(Format::Xml).read("Patient/p").await, stored);
        let xml = server.get("Patient/p?_format=xml").await.expect(200).text();
        assert!(xml.contains(r#"<name><family value="Bramble"/><given value="Ada"/></name>"#), "{xml}");
        let pretty =
            server.get("Patient/p?_format=application/fhir+xml&_pretty=true").await.expect(200).text();
        assert!(pretty.contains("\n    <family value=\"Bramble\"/>\n"), "{pretty}");
        let pretty = server.get("Patient/p?_pretty=true").await.expect(200).text();
        assert!(pretty.contains("\n      \"family\": \"Bramble\""), "{pretty}");
        server.get("Patient/p?_format=text/turtle").await.expect(406);
    });
}

#[test]
fn what_is_wrong_is_told_in_the_format_asked_for() {
    on_both(async |server| {
        let cases: &[(&str, u16, &str)] = &[
            ("<Patient xmlns=\"http://hl7.org/fhir\">\n  <nom value=\"x\"/></Patient>", 400, "line 2"),
            ("<Patient>", 400, "not XML that FHIR accepts"),
            (
                "<!DOCTYPE x [<!ENTITY a \"b\">]><Patient xmlns=\"http://hl7.org/fhir\"/>",
                400,
                "document type",
            ),
            (r#"<Patient xmlns="http://hl7.org/fhir"><id value="other"/></Patient>"#, 400, "in the URL"),
            (r#"<Group xmlns="http://hl7.org/fhir"><id value="p"/></Group>"#, 400, ""),
            ("", 400, "resource is needed"),
        ];
        for (text, status, expected) in cases {
            let answer = put(server, "Patient/p", "application/fhir+xml", text).await;
            assert_eq!(answer.status, *status, "{text}: {}", answer.text());
            assert!(answer.text().starts_with("<?xml"), "{}", answer.text());
            let said = answer.json().to_string();
            assert!(said.contains(expected), "{text}: {said}");
        }
        for (path, status) in [("Patient/none", 404), ("Nothing/1", 404), ("Patient?_count=many", 400)] {
            let answer = server.speaking(Format::Xml).get(path).await.expect(status);
            assert_eq!(answer.json()["resourceType"], "OperationOutcome", "{path}");
        }
    });
}

#[test]
fn what_xml_cannot_say_is_left_out_and_told() {
    on_both(async |server| {
        let mut odd = patient("odd");
        odd["shoeSize"] = json!(43);
        odd["gender"] = json!("female");
        server.put("Patient/odd", &odd).await.expect(201);
        let answer = server.speaking(Format::Xml).get("Patient/odd").await.expect(200);
        assert!(answer.header("warning").starts_with("299 - \"1 properties"), "{}", answer.header("warning"));
        let seen = answer.json();
        assert_eq!((&seen["gender"], &seen["shoeSize"]), (&json!("female"), &Value::Null));
        // One such resource does not spoil a search.
        server.store(&patient("fine")).await;
        server.speaking(Format::Xml).finds("Patient?family=Bramble", "odd fine").await;
    });
}

#[test]
fn bundles_metadata_and_heads() {
    on_both(async |server| {
        let xml = server.speaking(Format::Xml);
        let sent = transaction(
            "transaction",
            vec![entry("POST Patient", Some(patient("x"))), entry("GET Patient?family=Bramble", None)],
        );
        let answer = xml.post("", &sent).await.expect(200).json();
        assert_eq!(answer["entry"][0]["response"]["status"], "201 Created");
        assert_eq!(answer["entry"][1]["resource"]["entry"][0]["search"]["mode"], "match");
        let statement = xml.get("metadata").await.expect(200).json();
        assert_eq!(statement, server.get("metadata").await.json());
        for format in ["application/fhir+json", "application/fhir+xml"] {
            assert!(statement["format"].as_array().unwrap().contains(&json!(format)));
        }
        let history = xml.get("Patient/_history").await.expect(200).json();
        assert_eq!(history["entry"].as_array().unwrap().len(), 1);
        let head = xml.send(Method::HEAD, "metadata", &[], None).await.expect(200);
        assert_eq!(
            (head.header("content-type"), head.body.len()),
            ("application/fhir+xml; charset=utf-8", 0)
        );
    });
}

#[test]
fn xml_for_a_binary_is_a_resource_or_its_content() {
    on_both(async |server| {
        let resource = r#"<Binary xmlns="http://hl7.org/fhir"><id value="b"/><contentType value="text/plain"/><data value="aGk="/></Binary>"#;
        put(server, "Binary/b", "application/fhir+xml", resource).await.expect(201);
        assert_eq!(server.get("Binary/b").await.expect(200).text(), "hi");
        assert_eq!(server.speaking(Format::Xml).get("Binary/b").await.expect(200).json()["data"], "aGk=");
        put(server, "Binary/c", "text/xml", "<note/>").await.expect(201);
        let content = server.get("Binary/c").await.expect(200);
        assert_eq!((content.header("content-type"), &*content.text()), ("text/xml", "<note/>"));
    });
}
