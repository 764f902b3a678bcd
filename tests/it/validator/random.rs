//! No JSON makes the validator panic.

use proptest::prelude::*;
use sdoh_gateway::fhir::Resource;
use serde_json::Value;

use super::validator;

/// JSON of any shape, under names that FHIR uses now and then.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["2026-11-22", "2026-1", "urn:oid:1.", "text/plain", "é", "Task", "Bundle"])
            .prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "resourceType",
        "id",
        "_id",
        "meta",
        "profile",
        "extension",
        "url",
        "valueString",
        "_valueString",
        "value",
        "code",
        "coding",
        "system",
        "status",
        "_status",
        "input",
        "type",
        "entry",
        "resource",
        "contained",
        "name",
        "given",
        "_given",
        "note",
        "text",
        "div",
        "authoredOn",
        "",
        "_",
        "ä",
    ]);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|pairs| pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Value>()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_json_makes_it_panic(
        resource_type in prop::sample::select(vec!["Task", "Patient", "Bundle", "Questionnaire", "Parameters", "X"]),
        mut value in any_json(),
    ) {
        if let Some(object) = value.as_object_mut() {
            object.insert("resourceType".to_owned(), resource_type.into());
            drop(validator().validate(&Resource::new(value).unwrap()));
        }
    }
}
