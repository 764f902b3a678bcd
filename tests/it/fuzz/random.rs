//! Bytes, pieces, and good texts with damage.

use std::fs;
use std::sync::OnceLock;

use proptest::prelude::*;
use sdoh_gateway::definitions::TypeGraph;
use sdoh_gateway::xml;
use serde_json::Value;

use super::checks;
use crate::harness::{embedded, root};

/// Good texts of all sorts, JSON.
fn texts() -> &'static [Vec<u8>] {
    static TEXTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let folders = ["fixtures/demo", "fixtures/xml", "fixtures/validate"];
        let mut paths: Vec<_> = folders
            .iter()
            .flat_map(|folder| fs::read_dir(root().join(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        paths.sort();
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    })
}

/// Those that are JSON.
fn whole() -> &'static [Vec<u8>] {
    static TEXTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        texts().iter().filter(|text| serde_json::from_slice::<Value>(text).is_ok()).cloned().collect()
    })
}

fn types() -> &'static TypeGraph {
    embedded().types()
}

/// The same in XML.
fn xml_texts() -> &'static [Vec<u8>] {
    static TEXTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let values = texts().iter().filter_map(|text| serde_json::from_slice(text).ok());
        let texts = values.filter_map(|value| xml::from_json_pretty(types(), &value).ok());
        texts.map(String::into_bytes).collect()
    })
}

#[rustfmt::skip]
const JSON: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "0", "-1", "1e400", "1.00", "\"\"", "\"id\"", "\"_id\":", "\"resourceType\":",
    "\"Bundle\"", "\"Task\"", "\"contained\":[", "\"extension\":[{\"url\":\"u\"}]", "\"reference\":\"#\"", "\"fullUrl\":\"urn:uuid:1\"",
    "\"meta\":{\"profile\":[\"http://hl7.org/fhir/StructureDefinition/Task\"]}", "\"div\":\"<div>\"", "\\u0000", "\\ud800", "é", "\u{feff}", " ", "\n",
];
#[rustfmt::skip]
const XML: &[&str] = &[
    "<", ">", "/>", "</", "\"", "'", "=", "&", "&#0;", "&lt;", "<!--", "-->", "<![CDATA[", "]]>", "<?x?>", "<!DOCTYPE a>", " ", "\n", "é", "\0",
    "xmlns", "xmlns:a=\"http://hl7.org/fhir\"", "a:", "<id value=\"x\"/>", "<extension url=\"u\">", "<contained>", "<Patient>", "<div>", "value=\"\"",
];
#[rustfmt::skip]
const FHIRPATH: &[&str] = &[
    "Patient", "name", "given", ".", "(", ")", "[", "]", "{", "}", "0", "1", "1.5", "'a'", "'", "`", "@2026-11-22", "@T10:00", "@", "%resource", "%ucum", "%", "$this",
    "$index", "$total", "+", "-", "*", "/", "div", "mod", "&", "|", "=", "!=", "~", "!~", "<", ">=", "and", "or", "xor", "implies", "is", "as", "in", "contains",
    "where(", "select(", "repeat(", "all(", "aggregate(", "iif(", "resolve()", "memberOf(", "conformsTo(", "extension(", "descendants()", "children()", "matches('",
    "replaceMatches('(a*)*', '$1$1')", "split('')", "join('')", "toString()", "toQuantity('mg')", "convertsToDate()", "power(99)", "round(31)", "lowBoundary(31)",
    "highBoundary()", "now()", "distinct()", "combine(", "union(", "ofType(", "type()", "defineVariable('a', ", "trace('", "htmlChecks()", "sort(", "encode('base64')", ",", " ", "\n", "//", "/*", "*/",
];
/// Values that stand where others are expected.
#[rustfmt::skip]
const VALUES: &[&str] = &[
    "null", "true", "0", "-1", "1.50", "99999999999", "\"\"", "\"é\"", "[]", "{}", "[null]", "[[]]", "[{}]", "{\"a\":1}", "\"2026-02-30\"", "\"#x\"",
    "\"Basic/1\"", "\"urn:uuid:1\"", "\"Task\"", "\"Bundle\"", "\"http://hl7.org/fhir/StructureDefinition/Task\"", "\"<div>\"",
    "{\"resourceType\":\"Basic\"}", "{\"reference\":\"#\"}", "[{\"url\":\"http://hl7.org/fhir/StructureDefinition/data-absent-reason\",\"valueCode\":\"unknown\"}]",
];
/// What profiles say, and might say wrongly.
#[rustfmt::skip]
const CLAIMS: &[&str] = &[
    "\"Patient\"", "\"Extension\"", "\"*\"", "\"0\"", "\"99999999999\"", "-1", "9", "true", "null", "[]", "{}", "\"\"", "\"a/b\"", "\"Task\"", "\"Task.input\"", "\"Task.input.value[x]\"",
    "\"Task.input.valueString\"", "\"Task.code.coding.system\"", "\"Task.input:tool.value[x]\"", "\"#Task.input\"", "\"http://garden.example/StructureDefinition/garden-task\"",
    "{\"discriminator\":[{\"type\":\"profile\",\"path\":\"resolve()\"}],\"rules\":\"closed\"}", "{\"discriminator\":[{\"type\":\"value\",\"path\":\"$this\"}],\"rules\":\"openAtEnd\",\"ordered\":true}",
    "{\"discriminator\":[{\"type\":\"type\",\"path\":\"value.ofType(\"}],\"rules\":\"open\"}",
    "[{\"code\":\"Reference\",\"targetProfile\":[\"http://garden.example/StructureDefinition/garden-task\"]}]", "[{\"code\":\"string\"},{\"code\":\"Quantity\",\"profile\":[\"x\"]}]",
    "[{\"key\":\"k\",\"severity\":\"error\",\"human\":\"h\",\"expression\":\"repeat($this | descendants()).count() > 0\"}]", "[{\"key\":\"k\",\"severity\":\"error\",\"human\":\"h\",\"expression\":\"((\"}]",
    "{\"id\":\"Task.input:tool\",\"path\":\"Task.input\",\"sliceName\":\"tool\"}", "{\"id\":\"Task.input.value[x].code\",\"path\":\"Task.input.value[x].code\",\"min\":1}",
    "{\"strength\":\"required\",\"valueSet\":\"http://hl7.org/fhir/ValueSet/all-types\"}", "{\"element\":[]}",
];

/// What is done to a text: where, what is put in, how much is taken out.
type Damage = Vec<(prop::sample::Index, &'static str, usize)>;

fn damage(pieces: &'static [&'static str]) -> impl Strategy<Value = Damage> {
    prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(pieces), 0..12usize), 1..5)
}

fn damaged(text: impl AsRef<[u8]>, damage: &Damage) -> Vec<u8> {
    let mut text = text.as_ref().to_vec();
    for (place, piece, removed) in damage {
        let at = place.index(text.len() + 1);
        let end = (at + removed).min(text.len());
        text.splice(at..end, piece.bytes());
    }
    text
}

/// What is done to a JSON value: where, how, and what takes a place.
type Changes = Vec<(prop::sample::Index, How, &'static str)>;

#[derive(Debug, Clone, Copy)]
enum How {
    Replace,
    Remove,
    /// In a list, once more.
    Repeat,
}

fn changes(values: &'static [&'static str]) -> impl Strategy<Value = Changes> {
    let how = prop::sample::select(&[How::Replace, How::Replace, How::Remove, How::Repeat][..]);
    prop::collection::vec((any::<prop::sample::Index>(), how, prop::sample::select(values)), 1..5)
}

/// A JSON text whose values are changed here and there: still JSON.
fn changed(text: impl AsRef<[u8]>, changes: &Changes) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(text.as_ref()).unwrap();
    for (place, how, new) in changes {
        let mut places = Vec::new();
        list(&value, String::new(), &mut places);
        if places.is_empty() {
            break;
        }
        let (around, name) = place.get(&places).rsplit_once('/').unwrap();
        match (value.pointer_mut(around).unwrap(), how) {
            (Value::Array(items), How::Repeat) => {
                let item = items[name.parse::<usize>().unwrap()].clone();
                items.push(item);
            }
            (Value::Array(items), How::Remove) => drop(items.remove(name.parse().unwrap())),
            (Value::Array(items), How::Replace) => {
                items[name.parse::<usize>().unwrap()] = serde_json::from_str(new).unwrap()
            }
            (Value::Object(map), How::Remove) => drop(map.shift_remove(name)),
            (Value::Object(map), _) => drop(map.insert(name.to_owned(), serde_json::from_str(new).unwrap())),
            _ => {}
        }
    }
    value.to_string().into_bytes()
}

/// All places in a value, as JSON Pointers. Names of FHIR need no escapes.
fn list(value: &Value, place: String, places: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(name, value)| (format!("{place}/{name}"), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (format!("{place}/{index}"), value)).collect()
        }
        _ => Vec::new(),
    };
    for (place, value) in inner {
        places.push(place.clone());
        list(value, place, places);
    }
}

fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(of), 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json(text in pieces(JSON), bytes in prop::collection::vec(any::<u8>(), 0..100), of in any::<prop::sample::Index>(), damage in damage(JSON)) {
        checks::json(text.as_bytes());
        checks::json(&bytes);
        checks::json(&damaged(of.get(texts()), &damage));
    }

    #[test]
    fn xml_texts_damaged(of in any::<prop::sample::Index>(), damage in damage(XML)) {
        checks::xml(&damaged(of.get(xml_texts()), &damage));
    }

    #[test]
    fn fhirpath(text in pieces(FHIRPATH), of in prop::sample::select(super::large::EXPRESSIONS), damage in damage(FHIRPATH)) {
        checks::fhirpath(text.as_bytes());
        checks::fhirpath(&damaged(of, &damage));
    }

    #[test]
    fn validate(of in any::<prop::sample::Index>(), damage_json in damage(JSON), damage_xml in damage(XML), changes in changes(VALUES)) {
        checks::validate(&changed(of.get(whole()), &changes));
        checks::validate(&damaged(of.get(texts()), &damage_json));
        checks::validate(&damaged(of.get(xml_texts()), &damage_xml));
    }

    #[test]
    fn packages(kind in 0..3u8, bytes in prop::collection::vec(any::<u8>(), 0..600), changes in changes(CLAIMS), flips in damage(&["\0", "\u{7f}", "a", "0"])) {
        checks::package(&[&[kind], bytes.as_slice()].concat());
        let definition = changed(garden(), &changes);
        checks::package(&[&[2], definition.as_slice()].concat());
        // Broken in the compressed archive, and in the archive.
        checks::package(&[&[0], damaged(checks::archive(&definition), &flips).as_slice()].concat());
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*checks::archive(&definition)), &mut unpacked).unwrap();
        checks::package(&[&[1], damaged(&unpacked, &flips).as_slice()].concat());
    }
}

proptest! {
    // Each loads all definitions anew.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(ProptestConfig::default().cases / 10) })]

    #[test]
    fn profiles(changes in changes(CLAIMS)) {
        checks::profile(&changed(garden(), &changes));
    }
}

/// A profile of a package of our own.
fn garden() -> &'static [u8] {
    include_bytes!("../../../fixtures/packages/garden/package/StructureDefinition-garden-task.json")
}
