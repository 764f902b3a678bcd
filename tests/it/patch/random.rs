//! Nothing panics, whatever is sent; and what is done can be undone.

use proptest::prelude::*;
use sdoh_gateway::fhir::time::Instant;
use sdoh_gateway::patch::{Patch, apply_to_json, apply_to_xml};
use serde_json::{Map, Value, json};

use super::types;

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9i32..99).prop_map(Value::from),
        "[a-c/~ ]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-c/~0]{0,2}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The pointers of all that is in a document, the whole document first.
fn pointers(document: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut inner = |step: String, value: &Value| {
        let step = step.replace('~', "~0").replace('/', "~1");
        found.extend(pointers(value).into_iter().map(|rest| format!("/{step}{rest}")));
    };
    match document {
        Value::Object(map) => map.iter().for_each(|(name, value)| inner(name.clone(), value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| inner(index.to_string(), value));
        }
        _ => {}
    }
    found
}

fn patched(document: &Value, operations: Value) -> Value {
    apply_to_json(operations.to_string().as_bytes(), document)
        .unwrap_or_else(|error| panic!("{operations}: {error}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn json_patches_can_be_undone(document in document(), value in document(), at in any::<prop::sample::Index>()) {
        let pointer = at.get(&pointers(&document)).clone();
        let there = document.pointer(&pointer).unwrap().clone();
        prop_assert_eq!(&patched(&document, json!([{"op": "test", "path": pointer, "value": there}])), &document);
        let replaced = patched(&document, json!([
            {"op": "replace", "path": pointer, "value": value},
            {"op": "test", "path": pointer, "value": value},
        ]));
        prop_assert_eq!(replaced.pointer(&pointer), Some(&value));
        prop_assert_eq!(&patched(&replaced, json!([{"op": "replace", "path": pointer, "value": there}])), &document);
        // In an object of its own, so that nothing is replaced.
        let around = json!({"a": document, "c": []});
        for operations in [
            json!([{"op": "add", "path": "/b", "value": value}, {"op": "remove", "path": "/b"}]),
            json!([{"op": "add", "path": "/c/0", "value": value}, {"op": "remove", "path": "/c/0"}]),
            json!([{"op": "copy", "from": format!("/a{pointer}"), "path": "/b"}, {"op": "test", "path": "/b", "value": there}, {"op": "remove", "path": "/b"}]),
            json!([{"op": "move", "from": format!("/a{pointer}"), "path": "/c/-"}, {"op": "test", "path": "/c/0", "value": there}, {"op": "move", "from": "/c/0", "path": format!("/a{pointer}")}]),
        ] {
            prop_assert_eq!(&patched(&around, operations), &around);
        }
    }

    #[test]
    fn json_patches_never_panic(
        document in document(),
        operations in prop::collection::vec(
            (prop::sample::select(vec!["add", "remove", "replace", "move", "copy", "test", ""]),
             "(/[a-c0-9~-]{0,2}){0,3}", "(/[a-c0-9~-]{0,2}){0,3}", document()),
            0..6,
        ),
    ) {
        let operations: Vec<Value> = operations
            .into_iter()
            .map(|(op, path, from, value)| json!({"op": op, "path": path, "from": from, "value": value}))
            .collect();
        let _ = apply_to_json(Value::from(operations).to_string().as_bytes(), &document);
    }

    #[test]
    fn xml_patches_never_panic(
        operations in prop::collection::vec(
            (prop::sample::select(vec!["add", "replace", "remove"]),
             "(/?(f:)?[ab*@]?(\\[[12@a='.]{1,4}\\])?(text\\(\\)|comment\\(\\)|@x|namespace::p)?){0,3}|[ -;=?-~é]{0,12}",
             prop::sample::select(vec!["", " pos='before'", " pos='prepend'", " pos='after'", " type='@x'", " ws='both'", " type='namespace::p'"]),
             prop::sample::select(vec!["", "t", "<a/>", "<b x='1'><a/>t</b>", "<!--c-->", "<h:a xmlns:h='urn:h' h:x=''/>"])),
            1..5,
        ),
    ) {
        let operations: String = operations
            .into_iter()
            .map(|(name, selector, more, inside)| {
                let selector = selector.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
                format!("<{name} sel=\"{selector}\"{more}>{inside}</{name}>")
            })
            .collect();
        let document = "<a xmlns='http://hl7.org/fhir' x='1'><a>t<b x='2'/></a><b/><b xmlns:p='urn:p'>u<!--c--></b></a>";
        // What comes of it is XML.
        if let Ok(patched) = apply_to_xml(format!("<diff>{operations}</diff>").as_bytes(), document) {
            sdoh_gateway::xml::tree::Document::parse(&patched).unwrap();
        }
    }

    #[test]
    fn fhirpath_patches_never_panic(
        operations in prop::collection::vec(
            (prop::sample::select(vec!["add", "insert", "delete", "replace", "move"]),
             prop::sample::select(vec!["Task", "Task.note", "Task.note[0]", "Task.note.text", "Task.status", "Task.input.value",
                "Task.input[0]", "Task.status.extension", "Task.contained[0].name.given", "Task.descendants()", "1", "Task.id | Task.note"]),
             prop::sample::select(vec!["note", "text", "value", "valueString", "extension", "given", "id", "resourceType"]),
             prop::sample::select(vec![
                json!({"valueString": "x"}), json!({"valueAnnotation": {"text": "x"}}), json!({"resource": {"resourceType": "Patient"}}),
                json!({"part": [{"name": "text", "valueString": "x"}]}), json!({"part": []}), json!({"_valueCode": {"id": "x"}}), json!({"valueBoolean": 1}),
             ]),
             0u8..4, 0u8..4),
            0..6,
        ),
    ) {
        let operations: Vec<Value> = operations
            .into_iter()
            .map(|(kind, path, name, mut value, a, b)| {
                value["name"] = "value".into();
                json!({"name": "operation", "part": [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path},
                    {"name": "name", "valueString": name}, value, {"name": "index", "valueInteger": a},
                    {"name": "source", "valueInteger": a}, {"name": "destination", "valueInteger": b}]})
            })
            .collect();
        let task = json!({"resourceType": "Task", "id": "t", "status": "draft", "_status": {"extension": [{"url": "http://a.example", "valueCode": "x"}]},
            "contained": [{"resourceType": "Patient", "name": [{"given": ["a", "b"], "_given": [null, {"id": "g"}]}]}],
            "note": [{"text": "a"}, {"text": "b"}], "input": [{"type": {"text": "i"}, "valueString": "v"}]});
        let parameters = json!({"resourceType": "Parameters", "parameter": operations});
        if let Ok(patch) = Patch::fhirpath(types(), &parameters) {
            let _ = patch.apply(types(), Instant(0), &task);
        }
    }
}
