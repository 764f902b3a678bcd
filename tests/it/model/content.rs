//! What steps speak of, as FHIR.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::step::{Change, Content, Language, Patch};

/// System of the numbers that resources are found by.
const NUMBERS: &str = "http://ids.example";

/// Texts that are hard to write in one format or the other.
const TEXTS: &[&str] = &[
    "Bramble",
    "<>&\"'",
    "&amp;&#10;",
    "]]>",
    "a\tb\nc\r\nd",
    "é🍎\u{a0}\u{2028}ｆ",
    "{\"a\\b\"}",
    "<!-- -->",
];

/// Numbers whose digits matter.
const DECIMALS: &[&str] = &["1", "1.00", "0.10", "-3.50", "2.50e-7", "123456789012345678.0987654321"];

/// The narrative some have.
const DIV: &str = "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a&#160;b<br/>&amp; c</p></div>";

/// A resource. `link` is what it refers to.
pub fn resource(of_type: &str, content: &Content, id: Option<&str>, link: Option<&str>) -> Value {
    let pick = |of: &[&'static str]| of[usize::from(content.text) % of.len()];
    let mut map = Map::new();
    map.insert("resourceType".into(), of_type.into());
    if let Some(id) = id {
        map.insert("id".into(), id.into());
    }
    if content.has_meta {
        map.insert("meta".into(), json!({"versionId": "77", "lastUpdated": "2001-02-03T04:05:06Z", "tag": [{"system": "http://tags.example", "code": "kept"}]}));
    }
    if content.text.is_multiple_of(5) {
        map.insert("text".into(), json!({"status": "generated", "div": DIV}));
    }
    map.insert("identifier".into(), json!([{"system": NUMBERS, "value": content.number.to_string()}]));
    let (flag, link_name, more) = match of_type {
        "Patient" => {
            (json!(content.flag), "managingOrganization", ("name", json!([{"family": pick(TEXTS)}])))
        }
        "Organization" => (json!(content.flag), "partOf", ("name", json!(pick(TEXTS)))),
        _ => {
            map.insert("code".into(), json!({"text": pick(TEXTS)}));
            let decimal: Value = serde_json::from_str(pick(DECIMALS)).unwrap();
            let quantity = json!({"value": decimal, "unit": "kg"});
            (status(content.flag).into(), "subject", ("valueQuantity", quantity))
        }
    };
    map.insert(flag_of(of_type).into(), flag);
    map.insert(more.0.into(), more.1);
    if let Some(link) = link {
        map.insert(link_name.into(), json!({"reference": link}));
    }
    Value::Object(map)
}

/// The element that a flag is kept in.
fn flag_of(of_type: &str) -> &'static str {
    if of_type == "Observation" { "status" } else { "active" }
}

fn status(flag: bool) -> &'static str {
    if flag { "final" } else { "preliminary" }
}

/// The reference of a resource, where it has one.
pub fn link_of(resource: &mut Value) -> Option<&mut Value> {
    let names = ["managingOrganization", "partOf", "subject"];
    let map = resource.as_object_mut()?;
    let name = names.into_iter().find(|name| map.contains_key(*name))?;
    map.get_mut(name)?.get_mut("reference")
}

/// The number of a resource.
pub fn number_of(resource: &Value) -> &str {
    resource["identifier"][0]["value"].as_str().unwrap()
}

/// The query that finds a number.
pub fn number_query(number: u8) -> String {
    format!("identifier={NUMBERS}|{number}")
}

/// What a patch makes of a resource; nothing where it cannot be applied.
pub fn patched(of_type: &str, change: Change, resource: &Value) -> Option<Value> {
    let mut patched = resource.clone();
    match change {
        Change::Flag(flag) if of_type == "Observation" => patched["status"] = status(flag).into(),
        Change::Flag(flag) => patched["active"] = flag.into(),
        Change::Number(number) => patched["identifier"][0]["value"] = number.to_string().into(),
        Change::Impossible => return None,
    }
    Some(patched)
}

/// Content type and text of a patch; a FHIRPath Patch is a resource and may be sent in either format.
pub enum PatchBody {
    Text(&'static str, String),
    Resource(Value),
}

/// A patch as it is sent.
pub fn patch_body(of_type: &str, patch: Patch) -> PatchBody {
    let flag_path = flag_of(of_type);
    let flag = |flag: bool| if of_type == "Observation" { json!(status(flag)) } else { json!(flag) };
    match patch.language {
        Language::Json => {
            let operation = match patch.change {
                Change::Flag(value) => {
                    json!({"op": "replace", "path": format!("/{flag_path}"), "value": flag(value)})
                }
                Change::Number(value) => {
                    json!({"op": "replace", "path": "/identifier/0/value", "value": value.to_string()})
                }
                Change::Impossible => {
                    json!({"op": "test", "path": "/identifier/0/value", "value": "none has this"})
                }
            };
            PatchBody::Text("application/json-patch+json", json!([operation]).to_string())
        }
        Language::Xml => {
            let (path, value) = match patch.change {
                Change::Flag(value) => (format!("f:{flag_path}"), flag(value).to_string().replace('"', "")),
                Change::Number(value) => ("f:identifier[1]/f:value".to_owned(), value.to_string()),
                Change::Impossible => ("f:identifier[2]/f:value".to_owned(), "x".to_owned()),
            };
            let diff = format!(
                "<diff xmlns:f=\"http://hl7.org/fhir\"><replace sel=\"f:{of_type}/{path}/@value\">{value}</replace></diff>"
            );
            PatchBody::Text("application/xml-patch+xml", diff)
        }
        Language::FhirPath => {
            let (path, name, value) = match patch.change {
                Change::Flag(value) if of_type == "Observation" => (flag_path, "valueCode", flag(value)),
                Change::Flag(value) => (flag_path, "valueBoolean", flag(value)),
                Change::Number(value) => ("identifier[0].value", "valueString", value.to_string().into()),
                Change::Impossible => ("identifier[1].value", "valueString", "x".into()),
            };
            PatchBody::Resource(
                json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
                    {"name": "type", "valueCode": "replace"},
                    {"name": "path", "valueString": format!("{of_type}.{path}")},
                    {"name": "value", name: value},
                ]}]}),
            )
        }
    }
}

/// A patch as an entry of a Bundle has it (R4 §3.1.0.11.1).
pub fn patch_resource(of_type: &str, patch: Patch) -> Value {
    match patch_body(of_type, patch) {
        PatchBody::Resource(parameters) => parameters,
        PatchBody::Text(content_type, text) => {
            json!({"resourceType": "Binary", "contentType": content_type, "data": STANDARD.encode(text)})
        }
    }
}
