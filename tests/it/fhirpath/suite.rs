//! The official R4 suite for FHIRPath.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sdoh_gateway::definitions::TypeGraph;
use sdoh_gateway::fhirpath::{Collection, Decimal, Dialect, Environment, Expression, Node, System};
use serde_json::Value;

use super::NOW;
use crate::harness::embedded;
use crate::harness::shared;

/// Official cases we do not pass, with the reason.
const MISSES: &[(&str, &str)] = &[];

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
    let types = embedded().types();
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
