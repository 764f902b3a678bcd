use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::definitions::package::Package;
use crate::definitions::strip::{Definition, strip};
use crate::definitions::structure::{Binding, ElementType, Slicing, StructureDefinition};
use crate::definitions::{Definitions, ElementDefinition, PackageId};

fn embedded() -> &'static Definitions {
    static DEFINITIONS: OnceLock<Definitions> = OnceLock::new();
    DEFINITIONS.get_or_init(|| Definitions::embedded().unwrap())
}

/// The snapshots of profiles that are given as resources.
fn snapshots(profiles: &[Value]) -> (Vec<StructureDefinition>, Vec<String>) {
    let id = PackageId { name: "example.garden".to_owned(), version: "1.0.0".to_owned() };
    let mut definitions: Vec<Definition> =
        profiles.iter().map(|profile| strip(profile).unwrap().unwrap()).collect();
    definitions.iter_mut().for_each(|definition| definition.default_version(&id.version));
    let mut packages = [Package { id, dependencies: Vec::new(), definitions }];
    let errors = complete(&mut packages, Some(embedded()));
    let [package] = packages;
    let structures = package.definitions.into_iter().map(|definition| match definition {
        Definition::Structure(structure) => *structure,
        other => panic!("{other:?}"),
    });
    (structures.collect(), errors.iter().map(ToString::to_string).collect())
}

/// An element in a line.
fn line(element: &ElementDefinition) -> String {
    let mut line = format!("{} {}..{}", element.id, element.min, element.max);
    let mut add = |separator: &str, text: String| {
        if !text.is_empty() {
            line.push_str(separator);
            line.push_str(&text);
        }
    };
    add(" ", element.types.iter().map(of_type).collect::<Vec<_>>().join("|"));
    add(" content of ", element.content_reference.clone().unwrap_or_default());
    add(" ", element.binding.as_ref().map(binding).unwrap_or_default());
    for (name, value) in &element.values {
        add(" ", format!("{name}={value}"));
    }
    add(" by ", element.slicing.as_ref().map(slicing).unwrap_or_default());
    let keys: Vec<&str> = element.constraints.iter().map(|constraint| constraint.key.as_str()).collect();
    add(" constraints ", keys.join(" "));
    add(" at most ", element.max_length.map(|length| format!("{length} characters")).unwrap_or_default());
    for (is_so, text) in [(element.must_support, "must support"), (element.is_modifier, "modifier")] {
        add(", ", if is_so { text.to_owned() } else { String::new() });
    }
    line
}

fn of_type(of_type: &ElementType) -> String {
    let mut text = of_type.code.clone();
    if !of_type.profile.is_empty() {
        text.push_str(&format!("({})", of_type.profile.join(" ")));
    }
    if !of_type.target_profile.is_empty() {
        text.push_str(&format!("->{}", of_type.target_profile.join(" ")));
    }
    text
}

fn binding(binding: &Binding) -> String {
    let strength = serde_json::to_value(binding.strength).unwrap();
    format!("{} {}", strength.as_str().unwrap(), binding.value_set.as_deref().unwrap_or("-"))
}

fn slicing(slicing: &Slicing) -> String {
    let by = slicing.discriminator.iter().map(|by| format!("{} {}, ", by.kind, by.path));
    let ordered = if slicing.ordered { "ordered, " } else { "" };
    format!("{}{ordered}{}", by.collect::<String>(), slicing.rules)
}

/// Each expected entry is called `<profile> <start of ids>`, or `<profile> <id>=`.
fn check(fixture: &str) {
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    let (structures, errors) = snapshots(fixture["profiles"].as_array().unwrap());
    assert_eq!(errors, Vec::<String>::new());
    for (wanted, expected) in fixture["expected"].as_object().unwrap() {
        let (profile, start) = wanted.split_once(' ').unwrap();
        let structure = structures.iter().find(|structure| structure.url.ends_with(&format!("/{profile}")));
        let is_wanted = |element: &&ElementDefinition| match start.strip_suffix('=') {
            Some(id) => element.id == id,
            None => element.id.starts_with(start),
        };
        let elements = structure.unwrap().elements.iter().filter(is_wanted);
        assert_eq!(json!(elements.map(line).collect::<Vec<_>>()), *expected, "{wanted}");
    }
}

#[test]
fn choices() {
    check(include_str!("../../../fixtures/snapshot/choices.json"));
}

#[test]
fn slices() {
    check(include_str!("../../../fixtures/snapshot/slices.json"));
}

#[test]
fn unfolding() {
    check(include_str!("../../../fixtures/snapshot/unfolding.json"));
}

#[test]
fn elements() {
    check(include_str!("../../../fixtures/snapshot/elements.json"));
}

/// A profile on Patient, or what `change` makes of it.
fn profile(elements: Value, change: Value) -> Value {
    let mut profile = json!({
        "resourceType": "StructureDefinition", "url": "http://garden.example/p", "version": "1", "name": "P",
        "kind": "resource", "abstract": false, "type": "Patient", "derivation": "constraint",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "differential": {"element": elements},
    });
    for (name, value) in change.as_object().into_iter().flatten() {
        profile[name] = value.clone();
    }
    profile
}

fn element(path: &str, facts: Value) -> Value {
    let mut element = Map::from_iter([("path".to_owned(), json!(path))]);
    element.extend(facts.as_object().cloned().unwrap_or_default());
    Value::Object(element)
}

#[test]
fn errors_name_structure_and_element() {
    let slicing =
        json!({"slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}});
    let deep = format!("Patient{}", ".extension".repeat(50));
    for (elements, change, expected) in [
        (
            json!([element("Patient.wings", json!({}))]),
            json!({}),
            "Patient.wings: the base has no such element",
        ),
        (json!([element("Plant.name", json!({}))]), json!({}), "Plant.name: the base has no such element"),
        (json!([element("", json!({}))]), json!({}), ": the base has no such element"),
        (
            json!([element("Patient.name.family.wings", json!({}))]),
            json!({}),
            "Patient.name.family.wings: the base has no such element",
        ),
        (
            json!([element("Patient.deceasedString", json!({}))]),
            json!({}),
            "Patient.deceasedString: the base has no such element",
        ),
        (
            json!([element("Patient.name", json!({"max": "many"}))]),
            json!({}),
            "Patient.name: its max is neither a number nor '*'",
        ),
        (
            json!([element("Patient.name", json!({"type": [{"code": "Address"}]}))]),
            json!({}),
            "Patient.name: the base does not allow the type 'Address'",
        ),
        (
            json!([element("Patient.name", json!({"sliceName": "maiden"}))]),
            json!({}),
            "Patient.name: it has slices, but nothing says how they are told apart",
        ),
        (
            json!([
                element("Patient.name", slicing.clone()),
                element("Patient.name", json!({"sliceName": "maiden", "sliceIsConstraining": true})),
            ]),
            json!({}),
            "Patient.name:maiden: the base has no such slice, though sliceIsConstraining says it has",
        ),
        (
            json!([element(
                "Observation.category",
                json!({"sliceName": "VSCat", "sliceIsConstraining": false})
            )]),
            json!({"type": "Observation", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/vitalsigns"}),
            "Observation.category:VSCat: the base has such a slice, though sliceIsConstraining says it has not",
        ),
        (json!([element(&deep, json!({}))]), json!({}), &format!("{deep}: more than 40 levels")),
        (
            json!([]),
            json!({"baseDefinition": "http://nowhere.example/x|2"}),
            "its base 'http://nowhere.example/x|2' is not known: the package that has it is missing",
        ),
        (json!([]), json!({"baseDefinition": "http://garden.example/p"}), "it builds on itself"),
        (json!([]), json!({"baseDefinition": null}), "it has no baseDefinition"),
        (json!([]), json!({"type": "Task"}), "it is about 'Task', its base about 'Patient'"),
    ] {
        let (structures, errors) = snapshots(&[profile(elements, change)]);
        assert_eq!(errors, [format!("http://garden.example/p|1: {expected}")]);
        assert_eq!(structures, []);
    }
}

#[test]
fn a_carried_snapshot_stays_where_none_can_be_generated() {
    let wings = element("Patient.wings", json!({"min": 0, "max": "1"}));
    let carried =
        json!({"snapshot": {"element": [element("Patient", json!({"min": 0, "max": "*"})), wings]}});
    let (structures, errors) = snapshots(&[profile(json!([wings]), carried)]);
    assert_eq!(errors.len(), 1);
    assert_eq!(structures[0].elements[1].id, "Patient.wings");
}

#[test]
fn profiles_that_cannot_be_built_take_others_along() {
    let url = |number: usize| format!("http://garden.example/{number}");
    let on = |number: usize, base: usize| {
        profile(json!([]), json!({"url": url(number), "baseDefinition": url(base)}))
    };
    let (structures, errors) = snapshots(&[on(1, 2), on(2, 3), on(3, 1)]);
    assert_eq!(structures, []);
    assert_eq!(errors[0], format!("{}|1: its base '{}' has no snapshot", url(1), url(2)));
    assert_eq!(errors[2], format!("{}|1: it builds on itself", url(3)));
    let end = profile(json!([element("Patient.name", json!({"min": 3}))]), json!({"url": url(2000)}));
    let mut chain: Vec<Value> = (0..2000).map(|number| on(number, number + 1)).collect();
    chain.push(end);
    let (structures, errors) = snapshots(&chain);
    assert_eq!(errors, Vec::<String>::new());
    assert!(structures[0].elements.iter().any(|element| element.id == "Patient.name" && element.min == 3));
}

/// Slicing an element doubles what is below it; doing so level after level must not go on.
#[test]
fn growth_is_limited() {
    let mut path = "Questionnaire".to_owned() + &".item".repeat(30);
    let mut elements = Vec::new();
    while path != "Questionnaire" {
        let by = json!([{"type": "value", "path": "linkId"}]);
        elements.push(element(&path, json!({"slicing": {"discriminator": by, "rules": "open"}})));
        for name in ["a", "b", "c"] {
            elements.push(element(&path, json!({"sliceName": name})));
        }
        path = path.rsplit_once('.').unwrap().0.to_owned();
    }
    let of_type = json!({"type": "Questionnaire", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Questionnaire"});
    let step = profile(json!(elements), of_type);
    let again = |number: usize, base: &str| {
        let change = json!({"url": format!("http://garden.example/{number}"), "baseDefinition": base});
        let mut profile = step.clone();
        for (name, value) in change.as_object().unwrap() {
            profile[name] = value.clone();
        }
        profile
    };
    let (_, errors) =
        snapshots(&[step.clone(), again(1, "http://garden.example/p"), again(2, "http://garden.example/1")]);
    assert!(
        errors
            .iter()
            .all(|error| error.contains("more than 20000 elements") || error.contains("no snapshot"))
    );
}

/// A chain of profiles that each need the next one deep inside: the deepest the stack gets.
#[test]
fn depth_is_limited() {
    let url = |number: usize| format!("http://garden.example/{number}");
    let chain: Vec<Value> = (0..30)
        .map(|number| {
            let path = "Questionnaire".to_owned() + &".item".repeat(33);
            let resource = format!("{path}.extension");
            let of_type = json!([{"code": "Extension", "profile": [url(number + 1)]}]);
            let elements = json!([
                element(&resource, json!({"sliceName": "x", "type": of_type})),
                element(&format!("{resource}.value[x]"), json!({"min": 1})),
            ]);
            let base = "http://hl7.org/fhir/StructureDefinition/Questionnaire";
            profile(elements, json!({"url": url(number), "type": "Questionnaire", "baseDefinition": base}))
        })
        .collect();
    let _ = snapshots(&chain);
}

proptest! {
    /// Whatever a differential says, there is a snapshot or an error.
    #[test]
    fn no_panic(
        changes in prop::collection::vec(
            (
                prop::collection::vec(
                    prop::sample::select(vec![
                        "Patient", "Observation", "name", "contact", "extension", "value[x]", "valueString", "url",
                        "link", "multipleBirthInteger", "deceased[x]", "", ".", ":", "a:b", "generalPractitioner",
                    ]),
                    0..5,
                ),
                prop::option::of(prop::sample::select(vec!["a", "a/b", "/", "", "deceasedBoolean", "x.y"])),
                prop::option::of(any::<bool>()),
                prop::option::of(0u32..3),
                prop::option::of(prop::sample::select(vec!["0", "1", "*", "-1", "99999999999"])),
                prop::option::of(prop::sample::select(vec!["Extension", "HumanName", "Reference", "boolean", "", "http://x"])),
                any::<bool>(),
                any::<bool>(),
            ),
            0..8,
        )
    ) {
        let elements = changes.into_iter().map(|(path, slice, constrains, min, max, code, has_id, is_sliced)| {
            let path = format!("Patient.{}", path.join("."));
            let mut facts = json!({"sliceName": slice, "sliceIsConstraining": constrains, "min": min, "max": max});
            if has_id {
                facts["id"] = json!(format!("{path}:{}", slice.unwrap_or_default()));
            }
            if let Some(code) = code {
                facts["type"] = json!([{"code": code, "profile": [code]}]);
            }
            if is_sliced {
                facts["slicing"] = json!({"discriminator": [{"type": "type", "path": "$this"}], "rules": "open"});
            }
            element(&path, facts)
        });
        let (structures, errors) = snapshots(&[profile(json!(elements.collect::<Vec<_>>()), json!({}))]);
        prop_assert_eq!(structures.len() + errors.len(), 1);
    }
}
