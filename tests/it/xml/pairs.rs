//! `fixtures/xml`: the same resource in both forms, written from R4 §2.6.1 and §2.6.2.

use std::fs;
use std::path::{Path, PathBuf};

use sdoh_gateway::fhir::json;
use sdoh_gateway::xml;
use serde_json::Value;

use super::{there_and_back, types};

/// The XML and the JSON of each pair in a folder.
fn pairs(folder: &str) -> Vec<(PathBuf, Vec<u8>, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    let pair = |path: PathBuf| {
        let value = json::parse(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        (path.clone(), fs::read(path).unwrap(), value)
    };
    paths.into_iter().map(pair).collect()
}

#[test]
fn the_same_in_both_forms() {
    let pairs = pairs("fixtures/xml");
    assert!(!pairs.is_empty());
    for (path, text, value) in pairs {
        let path = path.display();
        assert_eq!(xml::to_json(types(), &text).unwrap(), value, "{path}");
        let pretty = xml::from_json_pretty(types(), &value).unwrap();
        assert_eq!(pretty, String::from_utf8(text).unwrap(), "{path}");
        assert_eq!(there_and_back(&value).unwrap(), value, "{path}");
    }
}

/// What senders may write otherwise than we do.
#[test]
fn read_leniently() {
    let pairs = pairs("fixtures/xml/read-only");
    assert!(!pairs.is_empty());
    for (path, text, value) in pairs {
        let path = path.display();
        let found = xml::to_json(types(), &text).unwrap();
        assert_eq!(found, value, "{path}");
        // In the order of the text, the type first.
        assert_eq!(found.to_string(), value.to_string(), "{path}");
        assert_eq!(there_and_back(&value).unwrap(), value, "{path}");
    }
}

#[test]
fn order_of_writing() {
    for (value, expected) in [
        (
            r#"{"status":"draft","_intent":{"id":"i"},"resourceType":"Task","intent":"order","id":"1"}"#,
            r#"<Task xmlns="http://hl7.org/fhir"><id value="1"/><status value="draft"/><intent id="i" value="order"/></Task>"#,
        ),
        (
            r#"{"resourceType":"Basic","extension":[{"valueUri":"urn:x","extension":[{"url":"v"}],"url":"u","id":"e"}]}"#,
            r#"<Basic xmlns="http://hl7.org/fhir"><extension id="e" url="u"><extension url="v"/><valueUri value="urn:x"/></extension></Basic>"#,
        ),
        (r#"{"resourceType":"Basic"}"#, r#"<Basic xmlns="http://hl7.org/fhir"/>"#),
    ] {
        let text = xml::from_json(types(), &json::parse(value.as_bytes()).unwrap()).unwrap();
        assert_eq!(text, format!(r#"<?xml version="1.0" encoding="UTF-8"?>{expected}"#));
    }
}

/// What a narrative in JSON may have that XML does not: it means the same afterwards.
#[test]
fn narratives_made_fit() {
    for (before, after) in [
        ("<div>a</div>", "<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"),
        (
            " <div xmlns='http://www.w3.org/1999/xhtml'>a&nbsp;b</div>\n",
            "<div xmlns='http://www.w3.org/1999/xhtml'>a\u{a0}b</div>",
        ),
    ] {
        let patient =
            |div| serde_json::json!({"resourceType": "Patient", "text": {"status": "generated", "div": div}});
        assert_eq!(there_and_back(&patient(before)).unwrap(), patient(after));
    }
}
