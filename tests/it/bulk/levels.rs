//! Whose resources: all, those of all Patients, those of a Group's members.

use serde_json::{Value, json};

use super::{condition, exported, group, kick_off, member, patient};
use crate::harness::{Server, on_both};

/// Three Patients, two of them in a Group, and what does and does not belong to them.
async fn fill(server: &Server) {
    let mut left = member("c");
    left["inactive"] = Value::Bool(true);
    let other = json!({"entity": {"reference": "Practitioner/d"}});
    server
        .store_all(&[
            patient("a"),
            patient("b"),
            patient("c"),
            condition("ca", "a"),
            condition("cb", "b"),
            condition("cc", "c"),
            // Asserted by the one of the other.
            json!({"resourceType": "Condition", "id": "cca", "subject": {"reference": "Patient/c"}, "asserter": {"reference": "Patient/a"}}),
            json!({"resourceType": "Condition", "id": "own-base", "subject": {"reference": format!("{}/Patient/a", server.base)}}),
            json!({"resourceType": "Condition", "id": "elsewhere", "subject": {"reference": "http://other.example/fhir/Patient/a"}}),
            json!({"resourceType": "Observation", "id": "of-group", "status": "final", "code": {"text": "x"}, "subject": {"reference": "Group/g"}}),
            json!({"resourceType": "Organization", "id": "o", "name": "Pantry"}),
            json!({"resourceType": "Practitioner", "id": "d"}),
            group(&[member("a"), member("b"), left, other]),
        ])
        .await;
}

#[test]
fn who_belongs() {
    on_both(async |server| {
        fill(server).await;
        for (path, expected) in [
            (
                "$export",
                "Condition/ca Condition/cb Condition/cc Condition/cca Condition/elsewhere Condition/own-base \
                 Group/g Observation/of-group Organization/o Patient/a Patient/b Patient/c Practitioner/d",
            ),
            (
                "Patient/$export",
                "Condition/ca Condition/cb Condition/cc Condition/cca Condition/own-base Group/g Patient/a \
                 Patient/b Patient/c",
            ),
            (
                "Group/g/$export",
                "Condition/ca Condition/cb Condition/cca Condition/own-base Group/g Patient/a Patient/b",
            ),
            ("Group/g/$export?_type=Condition&patient=Patient/b", "Condition/cb"),
            ("Group/g/$export?patient=Patient/c", ""),
            (
                "Patient/$export?patient=Patient/c&_type=Patient,Condition",
                "Condition/cc Condition/cca Patient/c",
            ),
        ] {
            assert_eq!(exported(server, path).await, expected, "{path}");
        }
        server.delete("Group/g").await.expect(204);
        server.get_with("Group/g/$export", super::ASYNC).await.expect(404);
    });
}

#[test]
fn a_group_is_as_it_was() {
    on_both(async |server| {
        fill(server).await;
        let status = kick_off(server, "Group/g/$export?_type=Patient,Condition").await;
        server.store(&group(&[member("c")])).await;
        // What was in is changed to belong to nobody; it was in then.
        server.store(&condition("cb", "nobody")).await;
        server.store(&condition("cc", "a")).await;
        let all = super::files(server, &status).await;
        assert_eq!(
            super::names(&all),
            "Condition/ca Condition/cb Condition/cca Condition/own-base Patient/a Patient/b"
        );
        assert_eq!(
            exported(server, "Group/g/$export?_type=Condition,Patient").await,
            "Condition/cca Patient/c"
        );
    });
}

#[test]
fn a_large_group() {
    on_both(async |server| {
        let ids: Vec<String> = (0..300).map(|n| format!("p{n}")).collect();
        let of = |ids: &[String]| group(&ids.iter().map(|id| member(id)).collect::<Vec<_>>());
        server.store_all(&[patient("p0"), patient("p299"), patient("out")]).await;
        server.store_all(&[condition("in", "p299"), condition("out", "out"), of(&ids)]).await;
        assert_eq!(exported(server, "Group/g/$export").await, "Condition/in Group/g Patient/p0 Patient/p299");
    });
}
