//! The official R4 suite for FHIRPath, and the expressions of published packages. Both stand beside the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sdoh_gateway::definitions::{Definitions, TypeGraph, TypeKind};
use sdoh_gateway::fhir::time::Instant;
use sdoh_gateway::fhirpath::{
    Bundled, Collection, Decimal, Dialect, Environment, Expression, Node, SemanticError, System,
    TypeOfReference,
};
use serde_json::Value;

/// 2026-11-22T17:47:00Z.
const NOW: Instant = Instant(1_795_369_620_000_000);

/// Packages whose examples are used.
const EXAMPLES: &[&str] = &["hl7.fhir.us.sdoh-clinicalcare-3.0.0.tgz", "hl7.fhir.us.core-7.0.0.tgz"];

/// Official cases we do not pass, with the reason.
const MISSES: &[(&str, &str)] = &[];

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if !path.exists() {
        println!("skipped: no ../shared");
        return None;
    }
    Some(path)
}

/// The JSON files of a package, by name.
fn package(name: &str) -> Option<Vec<(String, Value)>> {
    let bytes = std::fs::read(shared("fhir-packages")?.join(name)).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let Some(file) = path.strip_prefix("package/").filter(|file| !file.contains('/')) else { continue };
        if ["StructureDefinition-", "SearchParameter-"].iter().any(|prefix| file.starts_with(prefix)) {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).unwrap();
            files.push((file.to_owned(), sdoh_gateway::fhir::json::parse(&text).unwrap()));
        }
    }
    Some(files)
}

/// The example resources of a package.
fn examples(name: &str) -> Option<Vec<(String, Value)>> {
    let bytes = std::fs::read(shared("fhir-packages")?.join(name)).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        if path.ends_with(".json") && (path.contains("/example/") || name.contains("examples")) {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).unwrap();
            let resource =
                sdoh_gateway::fhir::json::parse(&text).ok().filter(|v| v["resourceType"].is_string());
            files.extend(resource.map(|value| (path, value)));
        }
    }
    Some(files)
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
fn published_examples_meet_the_invariants() {
    let types = R4.types();
    let mut invariants = Invariants::new();
    let Some(files) = package("hl7.fhir.r4.core-4.0.1.tgz") else { return };
    for (_, value) in files {
        if value["resourceType"] != "StructureDefinition" || value["derivation"] == "constraint" {
            continue;
        }
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
    for (file, resource) in EXAMPLES.iter().flat_map(|name| examples(name).unwrap()) {
        let resolver = Bundled::new(&resource, None);
        let environment = Environment { resolver: Some(&resolver), ..Environment::new(types, NOW) };
        let node = Node::resource(types, &resource);
        visit(&node, &node, &invariants, &children, &environment, &mut |key, path, result| {
            count += 1;
            match result {
                Ok(Some(true)) => {}
                // `ref-1` of a reference that has only an identifier: neither met nor broken.
                Ok(None) => open += 1,
                result => broken.push(format!("{file}: {key} at {path}: {result:?}")),
            }
        });
    }
    println!("{count} invariants evaluated, {open} without answer");
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn published_search_parameters_evaluate() {
    let types = R4.types();
    let mut parameters: BTreeMap<String, Vec<Expression>> = BTreeMap::new();
    for name in ["hl7.fhir.r4.core-4.0.1.tgz", "hl7.fhir.us.core-7.0.0.tgz", "hl7.fhir.uv.sdc-3.0.0.tgz"] {
        let Some(files) = package(name) else { return };
        for (file, value) in files {
            let Some(text) = value["expression"].as_str().filter(|_| file.starts_with("SearchParameter-"))
            else {
                continue;
            };
            for base in value["base"].as_array().unwrap() {
                let expression = Expression::parse(text).unwrap();
                parameters.entry(base.as_str().unwrap().to_owned()).or_default().push(expression);
            }
        }
    }
    let resolver = TypeOfReference(types);
    let (mut count, mut found) = (0, 0);
    for (file, resource) in EXAMPLES.iter().flat_map(|name| examples(name).unwrap()) {
        let environment = Environment { resolver: Some(&resolver), ..Environment::new(types, NOW) };
        let node = Node::resource(types, &resource);
        for base in [node.type_name(types), "DomainResource", "Resource"] {
            for expression in parameters.get(base).into_iter().flatten() {
                let result = expression.evaluate(&node, &environment);
                let result = result.unwrap_or_else(|error| panic!("{file}: {}: {error}", expression.text()));
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

static R4: LazyLock<Definitions> = LazyLock::new(|| Definitions::embedded().unwrap());

/// Type and text of a node, as the suite writes them.
fn shown(node: &Node<'_>, types: &TypeGraph) -> (String, String) {
    let name = node.type_name(types).to_owned();
    let text = match node {
        Node::System(System::Date(_) | System::DateTime(_)) => format!("@{}", node.text().unwrap()),
        Node::System(System::Time(_)) => format!("@T{}", node.text().unwrap()),
        _ => node.text().unwrap_or_default().into_owned(),
    };
    match node {
        Node::System(System::Quantity(_)) => (name, text),
        Node::System(_) => (name[..1].to_lowercase() + &name[1..], text),
        _ if matches!(name.as_str(), "date" | "dateTime" | "instant") => (name, format!("@{text}")),
        _ => (name, text),
    }
}

fn is_same(expected: &(Option<String>, String), found: &(String, String)) -> bool {
    let same_text = expected.1 == found.1
        || match (Decimal::parse(&expected.1), Decimal::parse(&found.1)) {
            (Some(a), Some(b)) => a == b && a.scale() == b.scale(),
            _ => false,
        };
    same_text && expected.0.as_ref().is_none_or(|name| *name == found.0)
}

struct Case {
    name: String,
    input: Option<String>,
    expression: String,
    invalid: Option<String>,
    is_predicate: bool,
    outputs: Vec<(Option<String>, String)>,
}

fn cases(path: &Path) -> Vec<Case> {
    let cases: Value = serde_json::from_slice(&std::fs::read(path.join("cases.json")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let case = |value: &Value| Case {
        name: format!("{}/{}", value["group"].as_str().unwrap(), value["name"].as_str().unwrap()),
        input: text(&value["input"]),
        expression: value["expr"].as_str().unwrap().to_owned(),
        invalid: text(&value["invalid"]),
        is_predicate: value["predicate"] == true,
        outputs: value["outputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|output| (text(&output[0]), output[1].as_str().unwrap().to_owned()))
            .collect(),
    };
    cases.as_array().unwrap().iter().map(case).collect()
}

/// What went otherwise than the case says.
fn run(case: &Case, input: Option<&Value>, types: &TypeGraph) -> Result<(), String> {
    let expression = match (Expression::parse(&case.expression), case.invalid.as_deref()) {
        (Err(_), Some(_)) => return Ok(()),
        (Err(error), None) => return Err(error.to_string()),
        (Ok(_), Some("syntax")) => return Err("parsed".to_owned()),
        (Ok(expression), _) => expression,
    };
    let focus: Collection<'_> = input.map(|value| Node::resource(types, value)).into_iter().collect();
    let context = focus.iter().find_map(|node| node.element()?.type_id);
    let semantic = context.map(|context| expression.check(types, context)).unwrap_or_default();
    if case.invalid.as_deref() == Some("semantic") && !semantic.is_empty() {
        return Ok(());
    }
    if case.invalid.is_none()
        && let Some(error) = semantic.first()
    {
        return Err(format!("check: {error}"));
    }
    let environment = Environment { dialect: Dialect::Strict, ..Environment::new(types, NOW) };
    let result = expression.evaluate(&focus, &environment);
    let result = match (result, case.invalid.is_some()) {
        (Err(_), true) => return Ok(()),
        (Ok(_), true) => return Err("no error".to_owned()),
        (Err(error), false) => return Err(error.to_string()),
        (Ok(result), false) => result,
    };
    if case.is_predicate {
        let answer = expression.evaluate_bool(&focus, &environment).unwrap();
        return if answer.is_some_and(|answer| answer.to_string() == case.outputs[0].1) {
            Ok(())
        } else {
            Err(format!("{answer:?}"))
        };
    }
    let found: Vec<_> = result.iter().map(|node| shown(node, types)).collect();
    let same =
        found.len() == case.outputs.len() && case.outputs.iter().zip(&found).all(|(a, b)| is_same(a, b));
    if same { Ok(()) } else { Err(format!("{found:?} instead of {:?}", case.outputs)) }
}

#[test]
fn official_suite() {
    let Some(path) = shared("oracles/fhirpath") else { return };
    let types = R4.types();
    let cases = cases(&path);
    let names: BTreeSet<&String> = cases.iter().filter_map(|case| case.input.as_ref()).collect();
    let inputs: BTreeMap<&String, Value> = names
        .into_iter()
        .map(|name| (name, std::fs::read(path.join("inputs").join(name)).unwrap()))
        .map(|(name, text)| (name, sdoh_gateway::fhir::json::parse(&text).unwrap()))
        .collect();
    let mut missed = Vec::new();
    for case in &cases {
        let input = case.input.as_ref().map(|name| &inputs[name]);
        if let Err(why) = run(case, input, types) {
            println!("missed: {}: {}: {why}", case.name, case.expression);
            missed.push(case.name.as_str());
        }
    }
    println!("{} of {} cases pass", cases.len() - missed.len(), cases.len());
    let argued: Vec<&str> = MISSES.iter().map(|(name, _)| *name).collect();
    assert_eq!(missed, argued);
    assert_eq!(cases.len(), 935);
}

#[test]
fn published_expressions_parse() {
    let types = R4.types();
    let mut seen = BTreeSet::new();
    for name in [
        "hl7.fhir.r4.core-4.0.1.tgz",
        "hl7.fhir.us.core-3.1.1.tgz",
        "hl7.fhir.us.core-6.1.0.tgz",
        "hl7.fhir.us.core-7.0.0.tgz",
        "hl7.fhir.us.sdoh-clinicalcare-2.2.0.tgz",
        "hl7.fhir.us.sdoh-clinicalcare-3.0.0.tgz",
        "hl7.fhir.uv.sdc-3.0.0.tgz",
        "hl7.fhir.uv.subscriptions-backport.r4-1.1.0.tgz",
    ] {
        let Some(files) = package(name) else { return };
        for (file, value) in files {
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
                    Err(error) => panic!("{name} {file}: {text}: {error}"),
                };
                let found = expression.check(types, types.find("Resource").unwrap());
                assert!(!found.contains(&SemanticError::Pattern), "{text}");
                seen.insert(text.to_owned());
            }
        }
    }
    println!("{} expressions parse; {} types", seen.len(), types.ids().count());
}
