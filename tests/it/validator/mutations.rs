//! Examples broken mechanically, each in one place: the validator says so, and says where.

use std::collections::{BTreeMap, BTreeSet};

use sdoh_gateway::definitions::structure::BindingStrength;
use sdoh_gateway::definitions::{Definitions, ElementDefinition, StructureDefinition, TypeKind};
use sdoh_gateway::fhir::{Issue, Resource};
use sdoh_gateway::terminology::Membership;
use serde_json::{Value, json};

use super::examples::examples;
use super::spots::{Spot, spots};
use super::validator;

/// A broken resource: the kind of breakage, and where the error is expected.
struct Mutation {
    kind: &'static str,
    at: String,
    resource: Value,
}

struct Mutator<'m> {
    definitions: &'m Definitions,
    original: &'m Value,
    spots: Vec<Spot>,
    found: Vec<Mutation>,
}

impl Mutator<'_> {
    fn add(&mut self, kind: &'static str, at: &str, change: impl FnOnce(&mut Value)) {
        let mut resource = self.original.clone();
        change(&mut resource);
        if resource != *self.original {
            self.found.push(Mutation { kind, at: at.to_owned(), resource });
        }
    }

    /// What can be broken without a profile.
    fn by_type(&mut self) {
        let types = self.definitions.types();
        let mut owners = BTreeSet::new();
        for spot in self.spots.clone() {
            if owners.insert(spot.owner.clone()) && !spot.owner.0.contains("/_") {
                self.add("unknown element", &spot.owner.1, |resource| {
                    at(resource, &spot.owner.0)["unheardOf"] = json!("x");
                });
            }
            let is_object = self.original.pointer(&spot.pointer).is_some_and(Value::is_object);
            let is_number = self.original.pointer(&spot.pointer).is_some_and(Value::is_number);
            let other = if is_object || is_number { json!("x") } else { json!({"x": 1}) };
            self.add("wrong type", &spot.expression, |resource| *at(resource, &spot.pointer) = other);
            if spot.index.is_none() {
                let list = |resource: &mut Value| {
                    let value = at(resource, &spot.pointer).take();
                    *at(resource, &spot.pointer) = json!([value, value]);
                };
                self.add("a single one twice", &spot.expression, list);
            }
            if types[spot.type_id].kind == TypeKind::Primitive
                && let Some(bad) = misformed(&types[spot.type_id].name)
            {
                self.add("wrong format", &spot.expression, |resource| *at(resource, &spot.pointer) = bad);
            }
        }
    }

    /// What a profile asks for besides.
    fn by_profile(&mut self, profile: &StructureDefinition) {
        for element in profile.elements.iter().skip(1) {
            let is_plain = !element.is_in_slice();
            let own: Vec<Spot> =
                self.spots.iter().filter(|spot| spot.path == element.path).cloned().collect();
            for spot in own {
                if is_plain && element.min > 0 && spot.index.is_none_or(|index| index == 0) {
                    self.drop_all(&spot, "required element dropped");
                }
                if is_plain && element.max == "1" && spot.index == Some(0) {
                    self.add("a single one twice", &spot.owner.1, |resource| {
                        let list = at(resource, spot.pointer.strip_suffix("/0").unwrap());
                        let item = list[0].clone();
                        list.as_array_mut().unwrap().push(item);
                    });
                }
                if is_plain {
                    self.code(element, &spot);
                    self.target(element, &spot);
                }
            }
        }
        self.slices(profile);
    }

    fn drop_all(&mut self, spot: &Spot, kind: &'static str) {
        let (owner, name) = (spot.owner.clone(), spot.name.clone());
        self.add(kind, &owner.1, |resource| {
            let object = at(resource, &owner.0).as_object_mut().unwrap();
            object.shift_remove(&name);
            object.shift_remove(&format!("_{name}"));
        });
    }

    fn code(&mut self, element: &ElementDefinition, spot: &Spot) {
        let Some(binding) = element.binding.as_ref().filter(|own| own.strength == BindingStrength::Required)
        else {
            return;
        };
        let Some(value_set) = &binding.value_set else { return };
        let (code, system) = ("no-such-code", "http://pantry.example.org/codes");
        let value = match self.definitions.types()[spot.type_id].name.as_str() {
            "code" => json!(code),
            "Coding" => json!({"system": system, "code": code}),
            "CodeableConcept" => json!({"coding": [{"system": system, "code": code}]}),
            _ => return,
        };
        // Only where every code is known can one be wrong.
        let system = (!value.is_string()).then_some(system);
        if validator().terminology().contains(value_set, system, code) != Membership::NotMember {
            return;
        }
        self.add("code outside the value set", &spot.expression, |resource| {
            *at(resource, &spot.pointer) = value
        });
    }

    fn target(&mut self, element: &ElementDefinition, spot: &Spot) {
        let targets: Vec<&String> =
            element.types.iter().flat_map(|of_type| &of_type.target_profile).collect();
        let is_reference = self.definitions.types()[spot.type_id].name == "Reference";
        if !is_reference || targets.is_empty() || targets.iter().any(|target| target.ends_with("/Resource")) {
            return;
        }
        self.add("wrong reference target", &spot.expression, |resource| {
            *at(resource, &spot.pointer) = json!({"reference": "Basic/b1"});
        });
    }

    /// Slices told apart by a pattern of their own or of a child.
    fn slices(&mut self, profile: &StructureDefinition) {
        for slice in profile
            .elements
            .iter()
            .filter(|element| element.slice_name.is_some() && element.id.matches(':').count() == 1)
        {
            let below: Vec<&ElementDefinition> = profile
                .elements
                .iter()
                .filter(|child| child.id.starts_with(&format!("{}.", slice.id)))
                .collect();
            let Some((sign, pattern)) =
                below.iter().find_map(|child| Some((*child, child.values.get("patternCodeableConcept")?)))
            else {
                continue;
            };
            let items: Vec<Spot> =
                self.spots.iter().filter(|spot| spot.path == slice.path).cloned().collect();
            // What tells slices apart cannot be broken: the item is then in none, which an open slicing allows.
            let sliced = profile.elements.iter().find(|element| element.path == slice.path);
            let slicing = sliced.and_then(|element| element.slicing.as_ref());
            let tells = |child: &ElementDefinition| {
                let name = child.path.rsplit('.').next().unwrap().trim_end_matches("[x]");
                slicing.is_some_and(|slicing| slicing.discriminator.iter().any(|by| by.path == name))
            };
            for item in items {
                let name = sign.path.rsplit('.').next().unwrap();
                let own = self.original.pointer(&format!("{}/{name}", item.pointer));
                if sign.path.matches('.').count() != slice.path.matches('.').count() + 1
                    || !own.is_some_and(|own| has(own, pattern))
                {
                    continue;
                }
                for child in below.iter().filter(|child| {
                    child.id != sign.id
                        && !tells(child)
                        && child.path.matches('.').count() == sign.path.matches('.').count()
                }) {
                    self.slice_child(child, &item);
                }
            }
        }
    }

    fn slice_child(&mut self, child: &ElementDefinition, item: &Spot) {
        let own =
            self.spots.iter().find(|spot| spot.path == child.path && spot.owner.0 == item.pointer).cloned();
        let Some(own) = own else { return };
        if child.min > 0 {
            self.drop_all(&own, "slice without what it needs");
        }
        let is_choice = child.path.ends_with("[x]");
        if is_choice && child.types.iter().all(|of_type| of_type.code != "boolean") {
            let stem = child.path.rsplit('.').next().unwrap().trim_end_matches("[x]");
            let at_value = format!("{}.{stem}.ofType(boolean)", item.expression);
            self.add("slice with another type", &at_value, |resource| {
                let object = at(resource, &item.pointer).as_object_mut().unwrap();
                object.shift_remove(&own.name);
                object.insert(format!("{stem}Boolean"), json!(true));
            });
        }
    }
}

fn at<'v>(resource: &'v mut Value, pointer: &str) -> &'v mut Value {
    resource.pointer_mut(pointer).unwrap()
}

/// A text that is no value of a primitive type.
fn misformed(type_name: &str) -> Option<Value> {
    Some(match type_name {
        "date" | "dateTime" | "instant" => json!("2026-13-45"),
        "time" => json!("25:00"),
        "code" => json!(" x "),
        "id" => json!("a b"),
        "uri" | "url" | "canonical" => json!("a b"),
        "string" | "markdown" => json!(""),
        "positiveInt" | "unsignedInt" => json!(-1),
        "integer" => json!(1.5),
        "base64Binary" => json!("?"),
        "xhtml" => json!("<div><script/></div>"),
        _ => return None,
    })
}

fn has(value: &Value, pattern: &Value) -> bool {
    match (value, pattern) {
        (Value::Object(own), Value::Object(parts)) => {
            parts.iter().all(|(name, part)| own.get(name).is_some_and(|own| has(own, part)))
        }
        (Value::Array(own), Value::Array(parts)) => {
            parts.iter().all(|part| own.iter().any(|own| has(own, part)))
        }
        (own, part) => own == part,
    }
}

#[test]
fn broken_examples_are_told() {
    let Some(examples) = examples("hl7.fhir.us.sdoh-clinicalcare-3.0.0", "package/example/") else { return };
    let definitions = Definitions::embedded().unwrap();
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    for (name, resource) in &examples {
        let original = resource.as_value();
        let spots = spots(definitions.types(), original);
        let mut mutator = Mutator { definitions: &definitions, original, spots, found: Vec::new() };
        mutator.by_type();
        let claimed = original.pointer("/meta/profile").and_then(Value::as_array).into_iter().flatten();
        for profile in claimed.filter_map(|canonical| definitions.structure(canonical.as_str()?)) {
            mutator.by_profile(profile);
        }
        for Mutation { kind, at, resource } in mutator.found {
            let Ok(resource) = Resource::new(resource) else { continue };
            let issues = validator().validate(&resource);
            let is_told =
                issues.iter().any(|issue| issue.is_error() && issue.expression.as_ref() == Some(&at));
            let count = counts.entry(kind).or_default();
            count.1 += 1;
            count.0 += usize::from(is_told);
            if !is_told {
                let errors: Vec<String> =
                    issues.iter().filter(|issue| Issue::is_error(issue)).map(super::line).collect();
                missed.push(format!("{name}: {kind} at {at}: {errors:?}"));
            }
        }
    }
    let (told, all) = counts.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    counts
        .iter()
        .for_each(|(kind, (told, all))| println!("{kind:30} {told:6} of {all:6} told where they are"));
    println!("{told} of {all} in all; missed: {missed:#?}");
    assert!(told * 100 >= all * 99, "{told} of {all}");
}
