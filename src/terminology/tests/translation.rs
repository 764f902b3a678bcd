//! Translation, as R4 §4.10 and the operation's definition tell it.

use serde_json::json;

use super::terminology;
use crate::definitions::strip;
use crate::terminology::Library as _;
use crate::terminology::Shelf;
use crate::terminology::translation::{Match, Wanted, by_any_map, by_map};

const OLD: &str = "http://garden.example/CodeSystem/old";
const NEW: &str = "http://garden.example/CodeSystem/new";

fn shelf() -> Shelf<'static> {
    let mut shelf = Shelf::new(terminology());
    let map = |name: &str, unmapped: serde_json::Value| {
        json!({"resourceType": "ConceptMap", "url": format!("http://garden.example/ConceptMap/{name}"), "version": "1",
            "sourceUri": "http://garden.example/ValueSet/old", "targetCanonical": "http://garden.example/ValueSet/new",
            "group": [{"source": OLD, "target": NEW, "element": [
                {"code": "a", "target": [{"code": "A", "equivalence": "equivalent"}, {"code": "AA", "equivalence": "wider"}]},
                {"code": "b", "target": [{"equivalence": "unmatched"}]},
                {"code": "c", "target": [
                    {"code": "C1", "equivalence": "equal", "dependsOn": [{"property": "http://garden.example/soil", "value": "clay"}]},
                    {"code": "C2", "equivalence": "inexact", "product": [{"property": "http://garden.example/tool", "system": NEW, "value": "T"}]},
                ]},
                {"code": "d"},
            ], "unmapped": unmapped}]})
    };
    for (name, unmapped) in [
        ("provided", json!({"mode": "provided"})),
        ("fixed", json!({"mode": "fixed", "code": "Z", "display": "Other"})),
        ("other", json!({"mode": "other-map", "url": "http://garden.example/ConceptMap/fixed"})),
        ("circle", json!({"mode": "other-map", "url": "http://garden.example/ConceptMap/circle"})),
    ] {
        shelf.add_concept_map(strip::concept_map(&map(name, unmapped)).unwrap());
    }
    shelf
}

fn told(matches: &[Match]) -> String {
    let one = |found: &Match| {
        let code = found.code.as_deref().unwrap_or("-");
        let sure = if found.is_counterpart() { "" } else { "!" };
        format!("{sure}{code} {}", found.equivalence)
    };
    matches.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn by_one_map() {
    let shelf = shelf();
    let clay = [("http://garden.example/soil".to_owned(), "clay".to_owned())];
    let plain = Wanted::default();
    for (map, wanted, expected) in [
        ("provided", Wanted { code: "a", ..plain }, "A equivalent, AA wider"),
        (
            "provided",
            Wanted { code: "a", system: Some(OLD), target_system: Some(NEW), ..plain },
            "A equivalent, AA wider",
        ),
        ("provided", Wanted { code: "a", system: Some(NEW), ..plain }, ""),
        ("provided", Wanted { code: "a", target_system: Some(OLD), ..plain }, ""),
        ("provided", Wanted { code: "b", ..plain }, "!- unmatched"),
        ("provided", Wanted { code: "c", ..plain }, "C2 inexact"),
        ("provided", Wanted { code: "c", dependencies: &clay, ..plain }, "C1 equal, C2 inexact"),
        // It is known, and known to have none.
        ("provided", Wanted { code: "d", ..plain }, ""),
        ("provided", Wanted { code: "x", ..plain }, "x equal"),
        ("fixed", Wanted { code: "x", ..plain }, "Z inexact"),
        ("other", Wanted { code: "x", ..plain }, "Z inexact"),
        ("circle", Wanted { code: "x", ..plain }, ""),
        ("provided", Wanted { code: "AA", reverse: true, ..plain }, "a narrower"),
        ("provided", Wanted { code: "AA", system: Some(NEW), reverse: true, ..plain }, "a narrower"),
        ("provided", Wanted { code: "a", reverse: true, ..plain }, ""),
    ] {
        let map = shelf.concept_map(&format!("http://garden.example/ConceptMap/{map}")).unwrap();
        assert_eq!(told(&by_map(&shelf, map, wanted)), expected, "{wanted:?}");
    }
    let map = shelf.concept_map("http://garden.example/ConceptMap/fixed|1").unwrap();
    let found = by_map(&shelf, map, Wanted { code: "c", ..plain });
    assert_eq!(found[0].products[0].value, "T");
    assert_eq!(found[0].map, "http://garden.example/ConceptMap/fixed|1");
}

#[test]
fn by_the_maps_there_are() {
    let shelf = shelf();
    let status =
        Wanted { code: "requested", system: Some("http://hl7.org/fhir/task-status"), ..Wanted::default() };
    let resource_status = Some("http://hl7.org/fhir/ValueSet/resource-status");
    for (wanted, expected) in [
        (status, "requested equivalent"),
        (Wanted { target: resource_status, ..status }, "requested equivalent"),
        (
            Wanted { source: Some("http://hl7.org/fhir/ValueSet/task-status|4.0.1"), ..status },
            "requested equivalent",
        ),
        (Wanted { target: Some("http://garden.example/ValueSet/new"), ..status }, ""),
        (
            Wanted {
                code: "M",
                system: Some("http://terminology.hl7.org/CodeSystem/v2-0001"),
                reverse: true,
                ..status
            },
            "male equal",
        ),
    ] {
        let found = told(&by_any_map(&shelf, wanted));
        assert_eq!(found.split(", ").next().unwrap(), expected, "{wanted:?}: {found}");
    }
}
