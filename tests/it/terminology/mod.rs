//! The operations of terminology, over HTTP.

mod capabilities;
mod expand;
mod lookup;
mod server;
mod subsumes;
mod translate;
mod validate_code;

use serde_json::{Value, json};

use crate::harness::{Answer, Client};

/// The code system of the garden's tools.
pub const TOOLS: &str = "http://garden.example/CodeSystem/tools";

/// Puts the garden's tools, and a value set of those for digging, into a space.
pub async fn plant(client: &Client) {
    let tools: Value =
        serde_json::from_str(include_str!("../../../fixtures/terminology/tools.json")).unwrap();
    client.store(&tools).await;
    client.store(&diggers()).await;
}

pub fn diggers() -> Value {
    json!({
        "resourceType": "ValueSet", "id": "diggers", "url": "http://garden.example/ValueSet/diggers",
        "version": "3", "name": "Diggers", "status": "draft",
        "compose": {"include": [
            {"system": TOOLS, "filter": [{"property": "concept", "op": "is-a", "value": "digger"}]}
        ]}
    })
}

/// A Parameters resource: a name and a `value[x]` or resource each.
pub fn parameters(list: &[(&str, &str, Value)]) -> Value {
    let parameter = |(name, kind, value): &(&str, &str, Value)| json!({"name": name, *kind: value});
    json!({"resourceType": "Parameters", "parameter": list.iter().map(parameter).collect::<Vec<_>>()})
}

/// What came out, a line a parameter: `name value`; of parts, those.
pub fn out(answer: &Answer) -> String {
    let value = answer.json();
    assert_eq!(value["resourceType"], "Parameters", "{}", answer.text());
    lines(&value["parameter"]).join("\n")
}

fn lines(parameters: &Value) -> Vec<String> {
    let line = |parameter: &Value| {
        let name = parameter["name"].as_str().unwrap();
        if parameter.get("part").is_some() {
            return format!("{name} ({})", lines(&parameter["part"]).join(", "));
        }
        let (_, value) = parameter.as_object().unwrap().iter().find(|(key, _)| *key != "name").unwrap();
        match value {
            Value::String(text) => format!("{name} {text}"),
            Value::Object(coding) if coding.contains_key("code") => {
                format!(
                    "{name} {}|{}",
                    coding.get("system").and_then(Value::as_str).unwrap_or_default(),
                    coding["code"].as_str().unwrap()
                )
            }
            Value::Object(resource) => format!("{name} {}", resource["resourceType"].as_str().unwrap_or("?")),
            other => format!("{name} {other}"),
        }
    };
    parameters.as_array().into_iter().flatten().map(line).collect()
}

/// Escapes a value of a query.
pub fn escaped(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}
