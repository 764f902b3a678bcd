use std::sync::LazyLock;

use serde_json::json;

use super::*;
use crate::definitions::Definitions;
use crate::patch::PatchErrorKind;

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| Definitions::embedded().unwrap());

/// An operation: its type, its path, and further parts.
fn operation(kind: &str, path: &str, more: Value) -> Value {
    let mut parts =
        vec![json!({"name": "type", "valueCode": kind}), json!({"name": "path", "valueString": path})];
    parts.extend(more.as_array().unwrap().iter().cloned());
    json!({"name": "operation", "part": parts})
}

fn apply(resource: Value, operations: Value) -> Result<Value, PatchError> {
    let parameters = json!({"resourceType": "Parameters", "parameter": operations});
    let types = DEFINITIONS.types();
    FhirPathPatch::of(types, &parameters)?.apply(types, Instant(0), resource)
}

#[track_caller]
fn check(resource: Value, operations: Value, expected: Result<Value, &str>) {
    let found = apply(resource, operations.clone());
    assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned), "{operations}");
}

fn task() -> Value {
    json!({"resourceType": "Task", "status": "accepted",
        "note": [{"text": "a"}, {"text": "b"}],
        "input": [{"type": {"text": "x"}, "valueString": "1"}]})
}

#[test]
fn add() {
    let name = |name: &str| json!({"name": "name", "valueString": name});
    for (path, more, pointer, expected) in [
        (
            "Task",
            json!([name("description"), {"name": "value", "valueString": "d"}]),
            "/description",
            json!("d"),
        ),
        // A list begins with its first item, and goes on at its end.
        (
            "Task",
            json!([name("partOf"), {"name": "value", "valueReference": {"reference": "Task/x"}}]),
            "/partOf",
            json!([{"reference": "Task/x"}]),
        ),
        (
            "Task",
            json!([name("note"), {"name": "value", "valueAnnotation": {"text": "c"}}]),
            "/note/2",
            json!({"text": "c"}),
        ),
        // The type of a choice is that of the value, or in the name.
        (
            "Task.note[0]",
            json!([name("author"), {"name": "value", "valueString": "me"}]),
            "/note/0/authorString",
            json!("me"),
        ),
        (
            "Task.note[0]",
            json!([name("authorReference"), {"name": "value", "valueReference": {"reference": "Patient/p"}}]),
            "/note/0/authorReference/reference",
            json!("Patient/p"),
        ),
        // A string does where there is one sort of text only.
        (
            "Task",
            json!([name("priority"), {"name": "value", "valueString": "urgent"}]),
            "/priority",
            json!("urgent"),
        ),
        // An element that a parameter cannot have is made of parts, these of others.
        (
            "Task",
            json!([name("restriction"), {"name": "value", "part": [{"name": "repetitions", "valuePositiveInt": 2},
                {"name": "recipient", "valueReference": {"reference": "Patient/p"}},
                {"name": "period", "part": [{"name": "end", "valueDateTime": "2026"}]}]}]),
            "/restriction",
            json!({"repetitions": 2, "recipient": [{"reference": "Patient/p"}], "period": {"end": "2026"}}),
        ),
        (
            "Task",
            json!([name("output"), {"name": "value", "part": [{"name": "type", "valueCodeableConcept": {"text": "t"}}, {"name": "value", "valueBoolean": true}]}]),
            "/output/0",
            json!({"type": {"text": "t"}, "valueBoolean": true}),
        ),
        (
            "Task",
            json!([name("extension"), {"name": "value", "part": [{"name": "url", "valueUri": "http://a.example"}, {"name": "value", "valueCode": "x"}]}]),
            "/extension/0",
            json!({"url": "http://a.example", "valueCode": "x"}),
        ),
        // A primitive has its extensions beside it.
        (
            "Task.status",
            json!([name("extension"), {"name": "value", "part": [{"name": "url", "valueUri": "http://a.example"}, {"name": "value", "valueCode": "x"}]}]),
            "/_status/extension/0/valueCode",
            json!("x"),
        ),
        (
            "Task",
            json!([name("contained"), {"name": "value", "resource": {"resourceType": "Patient", "id": "p"}}]),
            "/contained/0/id",
            json!("p"),
        ),
    ] {
        let patched = apply(task(), json!([operation("add", path, more.clone())]));
        let patched = patched.unwrap_or_else(|error| panic!("{more}: {error}"));
        assert_eq!(patched.pointer(pointer), Some(&expected), "{patched}");
    }
    for (path, more, expected) in [
        (
            "Task",
            json!([name("status"), {"name": "value", "valueCode": "x"}]),
            "Task has 'status' already: replace it",
        ),
        ("Task", json!([name("colour"), {"name": "value", "valueCode": "x"}]), "Task has no 'colour'"),
        (
            "Task",
            json!([name("lastModified"), {"name": "value", "valueBoolean": true}]),
            "the value is boolean; what is needed is dateTime",
        ),
        (
            "Task",
            json!([name("note"), {"name": "value", "valueString": "x"}]),
            "the value is string; what is needed is Annotation",
        ),
        (
            "Task.input[0]",
            json!([name("value"), {"name": "value", "valueBoolean": true}]),
            "Task.input has 'value' already: replace it",
        ),
        (
            "Task.note",
            json!([name("time"), {"name": "value", "valueDateTime": "2026"}]),
            "the path names 2 elements: one is needed, say by an index as in name[0]",
        ),
        (
            "Task.owner",
            json!([name("display"), {"name": "value", "valueString": "x"}]),
            "the path names nothing in this resource",
        ),
        (
            "'Task'",
            json!([name("x"), {"name": "value", "valueString": "x"}]),
            "the path names something that is not an element of this resource",
        ),
        (
            "Task",
            json!([name("restriction"), {"name": "value", "part": [{"name": "colour", "valueCode": "x"}]}]),
            "Task.restriction has no 'colour'",
        ),
    ] {
        check(task(), json!([operation("add", path, more)]), Err(&format!("operation[0] (add): {expected}")));
    }
}

#[test]
fn lists() {
    let text = |text: &str| json!({"name": "value", "valueAnnotation": {"text": text}});
    let index = |index: u32| json!({"name": "index", "valueInteger": index});
    let from_to = |from: u32, to: u32| json!([{"name": "source", "valueInteger": from}, {"name": "destination", "valueInteger": to}]);
    for (operations, expected) in [
        (json!([operation("insert", "Task.note", json!([index(0), text("x")]))]), "x a b"),
        (json!([operation("insert", "Task.note", json!([index(2), text("x")]))]), "a b x"),
        (json!([operation("move", "Task.note", from_to(1, 0))]), "b a"),
        (json!([operation("move", "Task.note", from_to(1, 1))]), "a b"),
        (json!([operation("delete", "Task.note.where(text = 'a')", json!([]))]), "b"),
        (json!([operation("delete", "Task.note[7]", json!([]))]), "a b"),
        // A list that is not there can be begun.
        (
            json!([
                operation("delete", "Task.note[1]", json!([])),
                operation("delete", "Task.note[0]", json!([])),
                operation("insert", "Task.note", json!([index(0), text("x")]))
            ]),
            "x",
        ),
        (json!([operation("replace", "Task.note[1]", json!([text("x")]))]), "a x"),
    ] {
        let patched = apply(task(), operations).unwrap();
        let texts: Vec<&str> =
            patched["note"].as_array().unwrap().iter().map(|note| note["text"].as_str().unwrap()).collect();
        assert_eq!(texts.join(" "), expected);
    }
    for (operation, expected) in [
        (
            operation("insert", "Task.note", json!([index(3), text("x")])),
            "(insert): the list has 2 items: nothing can be put there",
        ),
        (
            operation("insert", "Task.note[0]", json!([index(0), text("x")])),
            "(insert): the path has to name a list as a whole, say Patient.name",
        ),
        (
            operation("insert", "Task.status", json!([index(0), {"name": "value", "valueCode": "x"}])),
            "(insert): what the path names does not repeat: it is no list",
        ),
        (
            operation("insert", "Task.owner", json!([index(0), {"name": "value", "valueReference": {}}])),
            "(insert): what the path names does not repeat: it is no list",
        ),
        (
            operation("insert", "Task.partOf", json!([index(1), {"name": "value", "valueReference": {}}])),
            "(insert): the list has 0 items: nothing can be put there",
        ),
        (
            operation("move", "Task.note", from_to(0, 2)),
            "(move): the list has 2 items: nothing can be moved so",
        ),
        (operation("move", "Task.partOf", from_to(0, 0)), "(move): the path names nothing in this resource"),
        (
            operation("delete", "Task.note", json!([])),
            "(delete): the path names 2 elements: one is needed, say by an index as in name[0]",
        ),
        (
            operation("delete", "Task", json!([])),
            "(delete): the whole resource is not removed by a patch: delete it",
        ),
    ] {
        check(task(), json!([operation]), Err(&format!("operation[0] {expected}")));
    }
}

#[test]
fn replace_and_delete() {
    let value = |value: Value| json!([value]);
    for (operation, pointer, expected) in [
        (
            operation("replace", "Task.status", value(json!({"name": "value", "valueCode": "failed"}))),
            "/status",
            Some(json!("failed")),
        ),
        // Another type of a choice has another name.
        (
            operation(
                "replace",
                "Task.input[0].value",
                value(json!({"name": "value", "valueBoolean": true})),
            ),
            "/input/0",
            Some(json!({"type": {"text": "x"}, "valueBoolean": true})),
        ),
        (
            operation(
                "replace",
                "Task.input[0].value",
                value(json!({"name": "value", "valueString": "2", "_valueString": {"id": "e"}})),
            ),
            "/input/0",
            Some(json!({"type": {"text": "x"}, "valueString": "2", "_valueString": {"id": "e"}})),
        ),
        (
            operation("delete", "Task.input[0].value", json!([])),
            "/input/0",
            Some(json!({"type": {"text": "x"}})),
        ),
        // What is left empty goes as well.
        (operation("delete", "Task.input[0].type.text", json!([])), "/input/0/type", None),
        (operation("delete", "Task.owner", json!([])), "/owner", None),
    ] {
        let patched = apply(task(), json!([operation.clone()])).unwrap();
        assert_eq!(patched.pointer(pointer), expected.as_ref(), "{operation}");
    }
    check(
        task(),
        json!([operation("replace", "Task.owner", value(json!({"name": "value", "valueReference": {}})))]),
        Err("operation[0] (replace): the path names nothing in this resource"),
    );
}

#[test]
fn a_primitive_keeps_its_own_extensions_only() {
    let patient = json!({"resourceType": "Patient", "birthDate": "2000", "_birthDate": {"id": "x"},
        "name": [{"given": ["a", "b"], "_given": [null, {"id": "y"}]}]});
    let operations = json!([
        operation("replace", "Patient.birthDate", json!([{"name": "value", "valueDate": "2001"}])),
        operation("delete", "Patient.name[0].given[0]", json!([])),
        operation("delete", "Patient.name.given.id", json!([])),
    ]);
    check(
        patient,
        operations,
        Ok(json!({"resourceType": "Patient", "birthDate": "2001", "name": [{"given": ["b"]}]})),
    );
}

#[test]
fn what_is_no_patch() {
    let parameters = |parameter: Value| json!({"resourceType": "Parameters", "parameter": parameter});
    for (parameters, expected) in [
        (json!({"resourceType": "Task"}), "a FHIRPath Patch is a Parameters resource"),
        (parameters(json!({})), "'parameter' is a list"),
        (parameters(json!([{"name": "x"}])), "Parameters.parameter[0]: each parameter is called 'operation'"),
        (parameters(json!([{"name": "operation"}])), "Parameters.parameter[0]: the part 'type' is needed"),
        (
            parameters(json!([operation("upsert", "Task", json!([]))])),
            "Parameters.parameter[0]: 'type' is one of add, insert, delete, replace and move",
        ),
        (
            parameters(json!([operation("delete", "Task.where(", json!([]))])),
            "Parameters.parameter[0]: the part 'path' is not a FHIRPath expression",
        ),
        (
            parameters(json!([operation("replace", "Task.status", json!([]))])),
            "Parameters.parameter[0]: the part 'value' is needed",
        ),
        (
            parameters(json!([operation(
                "move",
                "Task.note",
                json!([{"name": "source", "valueInteger": -1}, {"name": "destination", "valueInteger": 0}])
            )])),
            "Parameters.parameter[0]: the part 'source' has a number as its value, 0 or more",
        ),
        (
            parameters(json!([operation(
                "delete",
                "Task.note",
                json!([{"name": "path", "valueString": "Task"}])
            )])),
            "Parameters.parameter[0]: a part of an operation is given twice",
        ),
        (
            parameters(json!([operation(
                "add",
                "Task",
                json!([{"name": "value", "valueCode": "x", "part": []}])
            )])),
            "Parameters.parameter[0]: a part has a value, or a resource, or parts",
        ),
    ] {
        let error = FhirPathPatch::of(DEFINITIONS.types(), &parameters).unwrap_err();
        assert_eq!((error.message.as_str(), error.kind), (expected, PatchErrorKind::Malformed));
    }
}
