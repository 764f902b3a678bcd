//! The official R4 cases of all three formats.

use std::fs;

use sdoh_gateway::fhir::json;
use sdoh_gateway::fhir::time::Instant;
use sdoh_gateway::patch::{Patch, apply_to_json, apply_to_xml};
use sdoh_gateway::xml::from_json;
use sdoh_gateway::xml::tree::{Document, Element, Node};
use serde_json::Value;

use super::types;
use crate::harness::shared;

#[test]
fn json_patch() {
    let Some(path) = shared("oracles/patch/json-patch-tests.json") else { return };
    let cases = json::parse(&fs::read(path).unwrap()).unwrap();
    let mut count = 0;
    for case in cases.as_array().unwrap() {
        let (name, patch) = (&case["comment"], case["patch"].to_string());
        let found = apply_to_json(patch.as_bytes(), &case["doc"]);
        match case.get("expected") {
            Some(expected) => assert_eq!(&found.unwrap(), expected, "{name}"),
            None => assert!(found.is_err() && case.get("error").is_some(), "{name}: {found:?}"),
        }
        count += 1;
    }
    assert_eq!(count, 16);
}

#[test]
fn xml_patch() {
    let Some(path) = shared("oracles/patch/xml-patch-tests.xml") else { return };
    let cases = Document::parse(&fs::read_to_string(path).unwrap()).unwrap();
    let mut count = 0;
    for case in children(cases.root()) {
        let name = attribute(case, "name");
        let patch = text(child(case, "patch").unwrap());
        let target = children(child(case, "target").unwrap()).next().map(text).unwrap_or_default();
        let found = apply_to_xml(patch.as_bytes(), &target);
        match child(case, "patched") {
            Some(expected) => {
                let expected = children(expected).next().unwrap();
                let found = Document::parse(&found.unwrap()).unwrap();
                assert_eq!(outline(found.root()), outline(expected), "{name}");
            }
            None => {
                assert!(found.is_err() && child(case, "error").is_some(), "{name}: {found:?}");
            }
        }
        count += 1;
    }
    assert_eq!(count, 29);
}

/// "both" in a case means that the patch can also be had by comparing, which is not done here.
#[test]
fn fhirpath_patch() {
    let Some(path) = shared("oracles/patch/fhir-patch-tests.xml") else { return };
    let cases = Document::parse(&fs::read_to_string(path).unwrap()).unwrap();
    let mut count = 0;
    for case in children(cases.root()) {
        let name = attribute(case, "name");
        let resource = |within: &str| {
            let element = children(child(case, within)?).next().unwrap();
            Some(sdoh_gateway::xml::to_json(types(), text(element).as_bytes()).unwrap())
        };
        let (input, diff) = (resource("input").unwrap(), resource("diff").unwrap());
        let patch = Patch::fhirpath(types(), &diff).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = patch.apply(types(), Instant(0), &input);
        match resource("output") {
            Some(expected) => {
                let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
                // In the order of definitions, and white space in the narrative as everywhere in XML.
                assert_eq!(canonical(&found), canonical(&expected), "{name}");
            }
            None => {
                assert!(found.is_err() && child(case, "error").is_some(), "{name}: {found:?}");
            }
        }
        count += 1;
    }
    assert_eq!(count, 33);
}

fn canonical(resource: &Value) -> String {
    let text = from_json(types(), resource).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn children(element: &Element) -> impl Iterator<Item = &Element> {
    element.children.iter().filter_map(|child| match child {
        Node::Element(element) => Some(element),
        _ => None,
    })
}

fn child<'e>(element: &'e Element, name: &str) -> Option<&'e Element> {
    children(element).find(|child| child.name.local == name)
}

fn attribute<'e>(element: &'e Element, name: &str) -> &'e str {
    element.attributes.iter().find(|(known, _)| known.local == name).map_or("", |(_, value)| value)
}

/// An element as a document of its own.
fn text(element: &Element) -> String {
    Document::of(element.detached("")).to_text()
}

/// What an element says, without white space between elements, prefixes, and the order of attributes.
fn outline(element: &Element) -> String {
    let mut attributes: Vec<String> = element
        .attributes
        .iter()
        .map(|(name, value)| format!("@{{{}}}{}={value}", name.namespace, name.local))
        .chain(
            element.declarations.iter().filter(|(p, _)| !p.is_empty()).map(|(p, uri)| format!("{p}:{uri}")),
        )
        .collect();
    attributes.sort();
    let children = element.children.iter().filter_map(|child| match child {
        Node::Element(inner) => Some(outline(inner)),
        Node::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Node::Comment(text) => Some(format!("<!--{text}-->")),
    });
    let children: Vec<String> = children.collect();
    format!(
        "{{{}}}{}[{}]({})",
        element.name.namespace,
        element.name.local,
        attributes.join(" "),
        children.join(",")
    )
}
