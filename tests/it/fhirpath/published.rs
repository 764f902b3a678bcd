//! The invariants and search parameters that official packages publish: they parse, and hold on the examples.

use std::collections::{BTreeMap, BTreeSet};

use sdoh_gateway::definitions::TypeKind;
use sdoh_gateway::fhirpath::{Bundled, Environment, Expression, Node, SemanticError, TypeOfReference};
use serde_json::Value;

use super::NOW;
use crate::harness;
use crate::harness::embedded;

/// Packages whose examples are used.
const EXAMPLES: &[&str] = &["hl7.fhir.us.sdoh-clinicalcare-3.0.0", "hl7.fhir.us.core-7.0.0"];

fn examples() -> Option<Vec<Value>> {
    let all: Option<Vec<Vec<Value>>> =
        EXAMPLES.iter().map(|package| harness::examples(package, "package/example")).collect();
    Some(all?.concat())
}

/// The definitions of one sort in a package.
fn definitions(package: &str, resource_type: &str) -> Option<Vec<Value>> {
    let mut all = harness::examples(package, "package")?;
    all.retain(|value| value["resourceType"] == resource_type);
    Some(all)
}

/// For error messages.
fn name(resource: &Value) -> String {
    format!("{}/{}", resource["resourceType"], resource["id"])
}

/// Invariants of the types, by the path of their element.
type Invariants = BTreeMap<String, Vec<(String, Expression)>>;

/// Is told of each evaluation: key, path, result.
type Found<'f> = &'f mut dyn FnMut(&str, &str, Result<Option<bool>, String>);

/// Evaluates every invariant that applies to a node or to what is below it.
fn visit<'a>(
    node: &Node<'a>,
    root: &Node<'a>,
    invariants: &'a Invariants,
    children: &'a Expression,
    environment: &Environment<'a>,
    found: Found<'_>,
) {
    let types = environment.types;
    let element = node.element().unwrap();
    let is_resource = element.type_id.is_some_and(|id| types[id].kind == TypeKind::Resource);
    let mut environment = environment.clone();
    if is_resource {
        environment.resource = Some(node.clone());
        let is_contained = element.property.is_some_and(|property| property.name == "contained");
        environment.root_resource = Some(if is_contained { root.clone() } else { node.clone() });
    }
    let mut seen = BTreeSet::new();
    let paths = [element.property.map(|property| property.path.as_str()), element.type_name(types)];
    for path in paths.into_iter().flatten() {
        for (key, expression) in invariants.get(path).into_iter().flatten() {
            if seen.insert(key) {
                let result = expression.evaluate_bool(node, &environment).map_err(|error| error.to_string());
                found(key, path, result);
            }
        }
    }
    let own_root = environment.root_resource.clone().unwrap_or_else(|| root.clone());
    for child in children.evaluate(node, &environment).unwrap() {
        visit(&child, &own_root, invariants, children, &environment, found);
    }
}

#[test]
fn examples_meet_the_invariants() {
    let types = embedded().types();
    let mut invariants = Invariants::new();
    let Some(structures) = definitions("hl7.fhir.r4.core-4.0.1", "StructureDefinition") else { return };
    for value in structures.iter().filter(|value| value["derivation"] != "constraint") {
        for element in value["snapshot"]["element"].as_array().into_iter().flatten() {
            for constraint in element["constraint"].as_array().into_iter().flatten() {
                let Some(text) = constraint["expression"].as_str() else { continue };
                if constraint["severity"] != "error" {
                    continue;
                }
                let key = constraint["key"].as_str().unwrap().to_owned();
                let path = element["path"].as_str().unwrap().to_owned();
                invariants.entry(path).or_default().push((key, Expression::parse(text).unwrap()));
            }
        }
    }
    let children = Expression::parse("children()").unwrap();
    let (mut count, mut open, mut broken) = (0, 0, Vec::new());
    for resource in examples().unwrap_or_default() {
        let resolver = Bundled::new(&resource, None);
        let environment = Environment { resolver: Some(&resolver), ..Environment::new(types, NOW) };
        let node = Node::resource(types, &resource);
        visit(&node, &node, &invariants, &children, &environment, &mut |key, path, result| {
            count += 1;
            match result {
                Ok(Some(true)) => {}
                // `ref-1` of a reference that has only an identifier: neither met nor broken.
                Ok(None) => open += 1,
                result => broken.push(format!("{}: {key} at {path}: {result:?}", name(&resource))),
            }
        });
    }
    println!("{count} invariants evaluated, {open} without answer");
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn search_parameters_evaluate() {
    let types = embedded().types();
    let mut parameters: BTreeMap<String, Vec<Expression>> = BTreeMap::new();
    for package in ["hl7.fhir.r4.core-4.0.1", "hl7.fhir.us.core-7.0.0", "hl7.fhir.uv.sdc-3.0.0"] {
        let Some(definitions) = definitions(package, "SearchParameter") else { return };
        for value in &definitions {
            let Some(text) = value["expression"].as_str() else { continue };
            for base in value["base"].as_array().unwrap() {
                let expression = Expression::parse(text).unwrap();
                parameters.entry(base.as_str().unwrap().to_owned()).or_default().push(expression);
            }
        }
    }
    let resolver = TypeOfReference(types);
    let (mut count, mut found) = (0, 0);
    for resource in examples().unwrap_or_default() {
        let environment = Environment { resolver: Some(&resolver), ..Environment::new(types, NOW) };
        let node = Node::resource(types, &resource);
        for base in [node.type_name(types), "DomainResource", "Resource"] {
            for expression in parameters.get(base).into_iter().flatten() {
                let result = expression.evaluate(&node, &environment);
                let result = result
                    .unwrap_or_else(|error| panic!("{}: {}: {error}", name(&resource), expression.text()));
                count += 1;
                found += result.len();
                for node in result.iter().filter_map(Node::element) {
                    // A composite's expression may be the resource itself.
                    let is_known = node.property.is_some() || node.value == Some(&resource);
                    assert!(node.type_id.is_some() && is_known, "{}", expression.text());
                }
            }
        }
    }
    println!("{count} expressions evaluated, {found} values found");
    assert!(found > 0);
}

#[test]
fn expressions_parse() {
    let types = embedded().types();
    let mut seen = BTreeSet::new();
    for package in [
        "hl7.fhir.r4.core-4.0.1",
        "hl7.fhir.us.core-3.1.1",
        "hl7.fhir.us.core-6.1.0",
        "hl7.fhir.us.core-7.0.0",
        "hl7.fhir.us.sdoh-clinicalcare-2.2.0",
        "hl7.fhir.us.sdoh-clinicalcare-3.0.0",
        "hl7.fhir.uv.sdc-3.0.0",
        "hl7.fhir.uv.subscriptions-backport.r4-1.1.0",
    ] {
        let Some(structures) = definitions(package, "StructureDefinition") else { return };
        let Some(parameters) = definitions(package, "SearchParameter") else { return };
        for value in structures.iter().chain(&parameters) {
            let mut texts = Vec::new();
            texts.extend(value["expression"].as_str());
            for component in value["component"].as_array().into_iter().flatten() {
                texts.extend(component["expression"].as_str());
            }
            for part in ["snapshot", "differential"] {
                for element in value[part]["element"].as_array().into_iter().flatten() {
                    for constraint in element["constraint"].as_array().into_iter().flatten() {
                        texts.extend(constraint["expression"].as_str());
                    }
                }
            }
            for text in texts {
                let expression = match Expression::parse(text) {
                    Ok(expression) => expression,
                    Err(error) => panic!("{package} {}: {text}: {error}", name(value)),
                };
                let found = expression.check(types, types.find("Resource").unwrap());
                assert!(!found.contains(&SemanticError::Pattern), "{text}");
                seen.insert(text.to_owned());
            }
        }
    }
    println!("{} expressions parse", seen.len());
}
