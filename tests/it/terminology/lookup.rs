//! `CodeSystem/$lookup` (R4 §4.8.16.1).

use serde_json::json;

use super::{TOOLS, out, parameters, plant};
use crate::harness::on_both;

#[test]
fn lookups() {
    on_both(async |server| {
        plant(server).await;
        let path = |rest: &str| format!("CodeSystem/$lookup?system={TOOLS}&code={rest}");
        for (path, expected) in [
            (
                path("spade"),
                "name Tools\nversion 2.0\ndisplay Spade\ndesignation (language es, value Pala)\n\
                designation (language en-GB, use http://garden.example/CodeSystem/uses|short, value Digger)\n\
                property (code parent, value digger)\nproperty (code handle, value long)\n\
                property (code maker, value Thorn and Daughters)",
            ),
            (
                path("cutter"),
                "name Tools\nversion 2.0\ndisplay Cutting tool\nproperty (code parent, value tool)\n\
                property (code child, value shears)",
            ),
            (
                path("tool&property=notSelectable"),
                "name Tools\nversion 2.0\ndisplay Tool\n\
                property (code notSelectable, value true)",
            ),
            (
                path("spade&property=lang.es&property=parent"),
                "name Tools\nversion 2.0\ndisplay Spade\n\
                designation (language es, value Pala)\nproperty (code parent, value digger)",
            ),
            (
                path("fork&property=tines&version=2.0"),
                "name Tools\nversion 2.0\ndisplay Garden fork\nproperty (code tines, value 4)",
            ),
            (
                path("dibber&property=inactive"),
                "name Tools\nversion 2.0\ndisplay Dibber\nproperty (code inactive, value true)",
            ),
            (
                "CodeSystem/$lookup?system=urn:ietf:bcp:47&code=en-US".to_owned(),
                "name urn:ietf:bcp:47\ndisplay en-US",
            ),
            (
                "CodeSystem/$lookup?coding=urn:iso:std:iso:3166%7CUS".to_owned(),
                "name urn:iso:std:iso:3166\ndisplay United States",
            ),
        ] {
            assert_eq!(out(&server.get(&path).await.expect(200)), expected, "{path}");
        }
        let kin = server.get(&path("shears&property=kin")).await.expect(200).json();
        assert_eq!(
            kin["parameter"][3]["part"][1],
            json!({"name": "value", "valueCoding": {"system": TOOLS, "code": "spade"}})
        );
        let post = parameters(&[("coding", "valueCoding", json!({"system": TOOLS, "code": "bucket"}))]);
        assert_eq!(
            out(&server.post("CodeSystem/$lookup", &post).await.expect(200)),
            "name Tools\nversion 2.0\ndisplay Bucket"
        );
        for (path, status, expected) in [
            (path("barrow"), 404, format!("there is no such code in code system {TOOLS} here")),
            (path("spade&version=1.0"), 422, format!("code system {TOOLS}|1.0 is not at hand")),
            (
                "CodeSystem/$lookup?system=http://loinc.org&code=1".to_owned(),
                422,
                "code system http://loinc.org is not at hand".to_owned(),
            ),
            (
                "CodeSystem/$lookup?system=urn:ietf:bcp:47&code=e".to_owned(),
                404,
                "there is no such code in code system urn:ietf:bcp:47 here".to_owned(),
            ),
            (
                "CodeSystem/$lookup?code=spade".to_owned(),
                400,
                "a code has no meaning without its 'system'".to_owned(),
            ),
            (format!("CodeSystem/$lookup?system={TOOLS}"), 400, "'code' is missing".to_owned()),
        ] {
            let answer = server.get(&path).await.expect(status);
            assert!(answer.issues().ends_with(&format!(": {expected}")), "{path}: {}", answer.issues());
        }
        server.get("CodeSystem/tools/$lookup?code=spade").await.expect(404);
    });
}
