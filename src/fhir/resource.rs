//! A resource: a JSON object with a `resourceType`, kept as it came.

use std::fmt;

use serde_json::{Map, Value};

use super::Id;

/// One FHIR resource as ordered JSON. Only what the server owns (`id`, `meta.versionId`, `meta.lastUpdated`) is ever
/// changed; the rest is stored and returned as received.
#[derive(Clone, PartialEq)]
pub struct Resource(Value);

/// Why a JSON value is no resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAResource {
    /// The document is not a JSON object.
    #[error("a resource is a JSON object")]
    NotAnObject,
    /// `resourceType` is absent or not a string.
    #[error("a resource names its type in the property 'resourceType'")]
    NoType,
}

impl Resource {
    /// Takes a JSON value that has the outer shape of a resource.
    pub fn new(value: Value) -> Result<Resource, NotAResource> {
        let Value::Object(map) = &value else { return Err(NotAResource::NotAnObject) };
        match map.get("resourceType") {
            Some(Value::String(_)) => Ok(Resource(value)),
            _ => Err(NotAResource::NoType),
        }
    }

    /// The resource's type as it names itself, say `Task`.
    pub fn type_name(&self) -> &str {
        self.text("resourceType").unwrap_or_default()
    }

    /// The logical id, when there is one.
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }

    /// A top-level property that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A top-level property.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The literal reference in a top-level property of type Reference, say `focus`.
    pub fn reference(&self, name: &str) -> Option<&str> {
        self.get(name)?.get("reference")?.as_str()
    }

    /// The canonicals in `meta.profile`.
    pub fn profiles(&self) -> impl Iterator<Item = &str> {
        let profiles = self.0.get("meta").and_then(|meta| meta.get("profile")).and_then(Value::as_array);
        profiles.into_iter().flatten().filter_map(Value::as_str)
    }

    /// The JSON.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// The JSON, given away.
    pub fn into_value(self) -> Value {
        self.0
    }

    /// Gives the resource the server's identity: `id`, `meta.versionId` and `meta.lastUpdated`; whatever the client
    /// had there is dropped (R4 §3.1.0.8). Properties that exist keep their place; new ones come where FHIR has them.
    pub fn stamp(&mut self, id: &Id, version: u64, last_updated: &str) {
        let Value::Object(map) = &mut self.0 else { return };
        let after_type = map.keys().position(|key| key == "resourceType").map_or(0, |at| at + 1);
        match map.get_mut("id") {
            Some(present) => *present = Value::String(id.to_string()),
            None => {
                // Clients that write `resourceType` last get the id beside their first property instead.
                let at = if after_type == map.len() { 0 } else { after_type };
                map.shift_insert(at, "id".to_owned(), Value::String(id.to_string()));
            }
        }
        if !matches!(map.get("meta"), Some(Value::Object(_))) {
            map.shift_remove("meta");
            let after_id = map.keys().position(|key| key == "id").map_or(0, |at| at + 1);
            map.shift_insert(after_id, "meta".to_owned(), Value::Object(Map::new()));
        }
        if let Some(Value::Object(meta)) = map.get_mut("meta") {
            let version = Value::String(version.to_string());
            let last_updated = Value::String(last_updated.to_owned());
            match meta.get_mut("versionId") {
                Some(present) => *present = version,
                None => drop(meta.shift_insert(0, "versionId".to_owned(), version)),
            }
            match meta.get_mut("lastUpdated") {
                Some(present) => *present = last_updated,
                None => drop(meta.shift_insert(1, "lastUpdated".to_owned(), last_updated)),
            }
        }
    }

    /// The resource as compact JSON text.
    pub fn to_json(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for Resource {
    /// Type and id only: resources end up in logs, their content must not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.type_name(), self.id().unwrap_or("?"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn stamps() {
        let id = Id::parse("t1").unwrap();
        for (before, after) in [
            (
                json!({"resourceType": "Task", "status": "draft"}),
                r#"{"resourceType":"Task","id":"t1","meta":{"versionId":"2","lastUpdated":"now"},"status":"draft"}"#,
            ),
            (
                json!({"status": "draft", "resourceType": "Task"}),
                r#"{"id":"t1","meta":{"versionId":"2","lastUpdated":"now"},"status":"draft","resourceType":"Task"}"#,
            ),
            (
                json!({"resourceType": "Task", "meta": {"profile": ["p"], "versionId": "9"}, "id": "x"}),
                r#"{"resourceType":"Task","meta":{"profile":["p"],"lastUpdated":"now","versionId":"2"},"id":"t1"}"#,
            ),
        ] {
            let mut resource = Resource::new(before).unwrap();
            resource.stamp(&id, 2, "now");
            let after: Value = serde_json::from_str(after).unwrap();
            assert_eq!(resource.as_value(), &after);
            resource.stamp(&id, 3, "later");
            assert_eq!(resource.as_value()["meta"]["versionId"], "3");
        }
    }
}
