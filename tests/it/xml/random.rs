//! Random resources, made as the definitions allow, go there and back; random bytes are refused or read, and what is
//! read goes there and back too.

use proptest::prelude::*;
use sdoh_gateway::definitions::{TypeId, TypeKind};
use sdoh_gateway::xml;
use serde_json::{Map, Value};

use super::{there_and_back, types};

const TEXTS: &[&str] = &[
    "a",
    "",
    " ",
    "<>&\"'",
    "&amp;",
    "&#10;",
    "]]>",
    "a\r\nb\tc\n",
    "é🍎\u{a0}\u{2028}\u{fffd}ｆ",
    "1.0",
    "true",
    "<!--",
];
const NUMBERS: &[&str] =
    &["0", "1", "-1", "1.00", "-0.0", "1e+3", "2.50e-7", "123456789012345678901234567890.0987654321"];
const NARRATIVES: &[&str] = &[
    "<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>",
    "<div  xmlns='http://www.w3.org/1999/xhtml'/>",
    "<div class=\"a&gt;\" xmlns='http://www.w3.org/1999/xhtml'>\r\n<p >&#160;&lt;<!-- b --><br />é</p\n></div>",
];

/// Decisions, one byte each; always the first choice when they are used up.
struct Decisions<'b>(std::slice::Iter<'b, u8>);

impl Decisions<'_> {
    fn below(&mut self, count: usize) -> usize {
        self.0.next().map_or(0, |byte| usize::from(*byte) % count)
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    fn is(&mut self) -> bool {
        self.below(4) == 1
    }

    fn resource(&mut self, depth: usize) -> Value {
        let all: Vec<TypeId> = types().resources().collect();
        // Two bytes, for there are about 150 types.
        let index = self.below(256) + 256 * self.below(256);
        let of_type = all[index % all.len()];
        let mut map = self.object(of_type, depth);
        map.insert("resourceType".to_owned(), types()[of_type].name.as_str().into());
        Value::Object(map)
    }

    fn object(&mut self, of_type: TypeId, depth: usize) -> Map<String, Value> {
        let mut map = Map::new();
        let properties = &types()[of_type].properties;
        for _ in 0..self.below(6) {
            let property = &properties[self.below(properties.len())];
            let (name, value_type) = &property.types[self.below(property.types.len())];
            let is_taken = property
                .types
                .iter()
                .any(|(name, _)| map.contains_key(name) || map.contains_key(&format!("_{name}")));
            let may_nest = depth < 6 || types()[*value_type].kind == TypeKind::Primitive;
            if is_taken || !may_nest {
                continue;
            }
            let count = if property.is_list { 1 + self.below(3) } else { 1 };
            let (values, shadows): (Vec<Value>, Vec<Value>) =
                (0..count).map(|_| self.value(*value_type, property.is_attribute, depth + 1)).unzip();
            for (name, mut list) in [(name.clone(), values), (format!("_{name}"), shadows)] {
                if list.iter().any(|value| !value.is_null()) {
                    let value = if property.is_list { Value::Array(list) } else { list.remove(0) };
                    map.insert(name, value);
                }
            }
        }
        map
    }

    /// A value, and what stands beside it.
    fn value(&mut self, of_type: TypeId, is_attribute: bool, depth: usize) -> (Value, Value) {
        match types()[of_type].kind {
            TypeKind::Resource => return (self.resource(depth), Value::Null),
            TypeKind::Complex | TypeKind::Backbone => {
                return (self.object(of_type, depth).into(), Value::Null);
            }
            TypeKind::Primitive => {}
        }
        let value = match types()[of_type].name.as_str() {
            "boolean" => self.is().into(),
            "decimal" | "integer" | "positiveInt" | "unsignedInt" => {
                serde_json::from_str(self.one(NUMBERS)).unwrap()
            }
            "xhtml" => return (self.one(NARRATIVES).into(), Value::Null),
            _ => self.one(TEXTS).into(),
        };
        match (is_attribute, self.below(8)) {
            // An empty object beside a value says nothing, and is not kept.
            (false, 1) => match self.object(of_type, depth) {
                shadow if shadow.is_empty() => (value, Value::Null),
                shadow => (value, shadow.into()),
            },
            (false, 2) => (Value::Null, self.object(of_type, depth).into()),
            _ => (value, Value::Null),
        }
    }
}

fn resource(decisions: &[u8]) -> Value {
    Decisions(decisions.iter()).resource(0)
}

/// Pieces of XML, some of them torn.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "<Patient xmlns=\"http://hl7.org/fhir\">", "</Patient>", "<name>", "</name>", "<given value='a'/>", "<given>", "</given>",
    "<text>", "</text>", "<div xmlns=\"http://www.w3.org/1999/xhtml\">", "<div>", "</div>", "<h:div xmlns:h='http://www.w3.org/1999/xhtml'>",
    "<h:p>", "</h:div>", "<contained>", "<Basic/>", "</contained>", "<extension url='u'>", "</extension>", "<valueString value='v'/>",
    "<!-- c -->", "<?p i?>", "<![CDATA[", "]]>", "&amp;", "&#9;", "&", ";", "<", ">", "/>", "'", "\"", "=", " ", "\n", "xmlns", ":",
    "é", "\u{feff}", "<?xml version='1.0'?>", "<!DOCTYPE a>", "text", "<id value='1'/>", "<active value='true' id='x'/>", "\0",
];

/// That it is refused, or read as something that goes there and back.
fn survives(text: &[u8]) {
    if let Ok(value) = xml::to_json(types(), text) {
        assert_eq!(there_and_back(&value).unwrap(), value, "{}", String::from_utf8_lossy(text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn resources_go_there_and_back(decisions in prop::collection::vec(any::<u8>(), 0..400)) {
        let value = resource(&decisions);
        prop_assert_eq!(&there_and_back(&value).unwrap(), &value);
        let pretty = xml::from_json_pretty(types(), &value).unwrap();
        prop_assert_eq!(&xml::to_json(types(), pretty.as_bytes()).unwrap(), &value);
    }

    #[test]
    fn damaged_resources(
        decisions in prop::collection::vec(any::<u8>(), 0..200),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(PIECES), 0..3usize), 1..4),
    ) {
        let mut text = xml::from_json(types(), &resource(&decisions)).unwrap().into_bytes();
        for (place, piece, removed) in damage {
            let at = place.index(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, piece.bytes());
        }
        survives(&text);
    }

    #[test]
    fn pieces_of_xml(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let text = pieces.concat();
        survives(text.as_bytes());
        survives(format!("<Patient xmlns=\"http://hl7.org/fhir\">{text}</Patient>").as_bytes());
    }

    #[test]
    fn bytes(text in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&text);
    }

    /// Any JSON at all in place of a resource's properties.
    #[test]
    fn shapes_of_json(
        decisions in prop::collection::vec(any::<u8>(), 0..100),
        name in prop::sample::select(&["id", "_id", "text", "contained", "extension", "_extension", "status", "identifier", "é"][..]),
        json in prop::sample::select(&["null", "[]", "{}", "[null]", "[[]]", "[{}]", "1", "\"a\"", "{\"div\":\"<\"}", "{\"id\":{}}"][..]),
    ) {
        let mut value = resource(&decisions);
        value[name] = serde_json::from_str(json).unwrap();
        if let Ok(text) = xml::from_json(types(), &value) {
            survives(text.as_bytes());
        }
    }
}
