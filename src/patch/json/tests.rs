use serde_json::json;

use super::*;

#[track_caller]
fn check(document: Value, patch: Value, expected: Result<Value, &str>) {
    let found = JsonPatch::of(patch).and_then(|patch| patch.apply(document));
    assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
}

/// What the examples in RFC 6902's appendix do, said of a referral.
#[test]
fn operations() {
    let task = || json!({"status": "accepted", "note": [{"text": "a"}, {"text": "b"}], "for": {"reference": "Patient/p"}});
    for (patch, expected) in [
        (json!([]), task()),
        (
            json!([{"op": "add", "path": "/note/1", "value": {"text": "x"}}]),
            json!({"status": "accepted", "note": [{"text": "a"}, {"text": "x"}, {"text": "b"}], "for": {"reference": "Patient/p"}}),
        ),
        (
            json!([{"op": "add", "path": "/note/2", "value": 1}, {"op": "add", "path": "/note/-", "value": null}]),
            json!({"status": "accepted", "note": [{"text": "a"}, {"text": "b"}, 1, null], "for": {"reference": "Patient/p"}}),
        ),
        // An object's member is replaced by add.
        (
            json!([{"op": "add", "path": "/status", "value": "failed"}, {"op": "remove", "path": "/note"}]),
            json!({"status": "failed", "for": {"reference": "Patient/p"}}),
        ),
        (
            json!([{"op": "move", "from": "/note/0", "path": "/note/1"}]),
            json!({"status": "accepted", "note": [{"text": "b"}, {"text": "a"}], "for": {"reference": "Patient/p"}}),
        ),
        (
            json!([{"op": "copy", "from": "/for", "path": "/requester"}, {"op": "move", "from": "/note/1/text", "path": "/note/0/text"},
                {"op": "remove", "path": "/note/1"}]),
            json!({"status": "accepted", "note": [{"text": "b"}], "for": {"reference": "Patient/p"}, "requester": {"reference": "Patient/p"}}),
        ),
        (json!([{"op": "move", "from": "/note", "path": ""}]), json!([{"text": "a"}, {"text": "b"}])),
        (json!([{"op": "move", "from": "/status", "path": "/status"}]), task()),
        (
            json!([{"op": "replace", "path": "", "value": {"a": 1}}, {"op": "test", "path": "", "value": {"a": 1.0}}]),
            json!({"a": 1}),
        ),
    ] {
        check(task(), patch, Ok(expected));
    }
}

#[test]
fn what_cannot_be_applied_says_which_operation_and_where() {
    let document = || json!({"a": [1, 2], "b": {"c": "d"}});
    for (patch, expected) in [
        (
            json!([{"op": "test", "path": "/a/0", "value": 1}, {"op": "test", "path": "/b/c", "value": "x"}]),
            "operation[1] (test): what is at /b/c is something else",
        ),
        (json!([{"op": "remove", "path": "/x/y"}]), "operation[0] (remove): there is nothing at /x"),
        (
            json!([{"op": "replace", "path": "/b/x", "value": 1}]),
            "operation[0] (replace): there is nothing at /b/x",
        ),
        (
            json!([{"op": "replace", "path": "/a/-", "value": 1}]),
            "operation[0] (replace): there is nothing at /a/-",
        ),
        (json!([{"op": "remove", "path": "/a/2"}]), "operation[0] (remove): there is nothing at /a/2"),
        (
            json!([{"op": "add", "path": "/a/3", "value": 1}]),
            "operation[0] (add): /a/3 is no place in a list of 2 items",
        ),
        (
            json!([{"op": "add", "path": "/a/01", "value": 1}]),
            "operation[0] (add): /a/01 is no place in a list of 2 items",
        ),
        (
            json!([{"op": "add", "path": "/b/c/d", "value": 1}]),
            "operation[0] (add): /b/c is neither an object nor a list",
        ),
        (json!([{"op": "copy", "from": "/x", "path": "/y"}]), "operation[0] (copy): there is nothing at /x"),
        (json!([{"op": "move", "from": "/x", "path": "/x"}]), "operation[0] (move): there is nothing at /x"),
    ] {
        check(document(), patch, Err(expected));
    }
}

#[test]
fn what_is_no_patch() {
    for (patch, expected) in [
        (json!({}), "the patch: a JSON Patch is an array of operations (RFC 6902)"),
        (json!([1]), "the patch: operation[0]: an operation is an object"),
        (json!([{"op": "remove"}]), "the patch: operation[0]: 'path' is needed, a JSON Pointer"),
        (
            json!([{"op": "remove", "path": "status"}]),
            "the patch: operation[0]: 'path': a pointer is empty or begins with '/' (RFC 6901): say '/status'",
        ),
        (json!([{"op": "add", "path": "/a"}]), "the patch: operation[0]: 'value' is needed"),
        (json!([{"op": "copy", "path": "/a"}]), "the patch: operation[0]: 'from' is needed, a JSON Pointer"),
        (
            json!([{"op": "spam", "path": "/a"}]),
            "the patch: operation[0]: 'op' is one of add, remove, replace, move, copy and test",
        ),
        (
            json!([{"op": "move", "from": "/a", "path": "/a/b"}]),
            "the patch: operation[0]: nothing can be moved into itself",
        ),
        (
            json!([{"op": "remove", "path": ""}]),
            "the patch: operation[0]: the whole resource is not removed by a patch: delete it",
        ),
    ] {
        check(json!({}), patch, Err(expected));
    }
    let twice = JsonPatch::parse(br#"[{"op":"remove","op":"add","path":"/a","value":1}]"#).unwrap_err();
    assert_eq!(twice.kind, PatchErrorKind::Malformed);
}

#[test]
fn growth_is_bounded() {
    // Each copy doubles what there is.
    let doubling: Vec<Value> =
        (0..64).map(|n| json!({"op": "copy", "from": "/a", "path": format!("/a/{n}")})).collect();
    let found = JsonPatch::of(doubling.into()).unwrap().apply(json!({"a": {}})).unwrap_err();
    assert_eq!(found.kind, PatchErrorKind::TooCostly, "{found}");
    let deepening: Vec<Value> =
        (0..8).map(|n| json!({"op": "copy", "from": "", "path": "/a".repeat((1 << n) - 1) + "/a"})).collect();
    let found = JsonPatch::of(deepening.into()).unwrap().apply(json!({"b": 1})).unwrap_err();
    assert_eq!(
        (found.kind, &*found.message),
        (PatchErrorKind::NotApplicable, "nested more than 96 levels deep")
    );
    let many = vec![json!({"op": "test", "path": "", "value": 1}); MAX_OPERATIONS + 1];
    assert_eq!(JsonPatch::of(many.into()).unwrap_err().kind, PatchErrorKind::TooCostly);
}
