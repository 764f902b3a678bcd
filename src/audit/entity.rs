//! A resource that something was done to.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::patients_of;

/// A resource that something was done to, and whom it concerns. Stored as `Type/id/version patient,patient`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Resource type.
    pub type_name: Arc<str>,
    /// Logical id; empty for the type as a whole.
    pub id: Arc<str>,
    /// Version; 0 where none is meant.
    pub version: u64,
    /// Ids of the Patients it concerns.
    pub patients: Vec<String>,
}

impl Entity {
    /// A version of a resource, with the Patients its text speaks of. `own_base` is where its space is served.
    pub fn new(type_name: &Arc<str>, id: &Arc<str>, version: u64, body: &str, own_base: &str) -> Entity {
        let mut patients = patients_of(body, own_base);
        if &**type_name == "Patient" && !patients.iter().any(|patient| **patient == **id) {
            patients.insert(0, id.to_string());
        }
        Entity { type_name: Arc::clone(type_name), id: Arc::clone(id), version, patients }
    }

    /// A resource as it is stored; its text tells id and version. `None` where it does not.
    pub fn of_text(type_name: &Arc<str>, body: &str, own_base: &str) -> Option<Entity> {
        let Stored { id, meta } = serde_json::from_str(body).ok()?;
        let version = meta.version_id.parse().unwrap_or_default();
        Some(Entity::new(type_name, &id.into(), version, body, own_base))
    }

    /// A resource of which only the name is known.
    pub fn named(type_name: &str, id: &str) -> Entity {
        let patients =
            if type_name == "Patient" && !id.is_empty() { vec![id.to_owned()] } else { Vec::new() };
        Entity { type_name: type_name.into(), id: id.into(), version: 0, patients }
    }
}

/// What a stored resource has of the server's.
#[derive(Deserialize)]
struct Stored {
    id: String,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(rename = "versionId", default)]
    version_id: String,
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.type_name)?;
        if !self.id.is_empty() {
            write!(f, "/{}", self.id)?;
        }
        if self.version > 0 {
            write!(f, "/{}", self.version)?;
        }
        for (index, patient) in self.patients.iter().enumerate() {
            f.write_char(if index == 0 { ' ' } else { ',' })?;
            f.write_str(patient)?;
        }
        Ok(())
    }
}

/// A text is no entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no Type/id/version")]
pub struct NoEntity;

impl FromStr for Entity {
    type Err = NoEntity;

    fn from_str(text: &str) -> Result<Entity, NoEntity> {
        let (name, patients) = text.split_once(' ').unwrap_or((text, ""));
        let mut parts = name.split('/');
        let type_name = parts.next().filter(|name| !name.is_empty()).ok_or(NoEntity)?;
        let id = parts.next().unwrap_or_default();
        let version = parts.next().map_or(Ok(0), str::parse).map_err(|_| NoEntity)?;
        if parts.next().is_some() {
            return Err(NoEntity);
        }
        let patients = patients.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
        Ok(Entity { type_name: type_name.into(), id: id.into(), version, patients })
    }
}

impl Serialize for Entity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Types, ids and numbers: nothing to escape, and one write instead of many.
        let mut text = String::with_capacity(64);
        write!(text, "{self}").map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Entity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entity, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_text() {
        for text in ["Task", "Task/1", "Task/1/3", "Task/1/3 p", "Task/1/3 p,q", "Patient/p p"] {
            assert_eq!(text.parse::<Entity>().unwrap().to_string(), text);
        }
        for text in ["", "Task/1/x", "Task/1/2/3", " p"] {
            assert_eq!(text.parse::<Entity>(), Err(NoEntity), "{text}");
        }
    }

    #[test]
    fn a_patient_concerns_itself() {
        let body = r#"{"resourceType":"Patient","id":"p","link":[{"other":{"reference":"Patient/q"}}]}"#;
        let entity = Entity::new(&"Patient".into(), &"p".into(), 1, body, "http://gw/fhir");
        assert_eq!(entity.to_string(), "Patient/p/1 p,q");
        let stored =
            r#"{"resourceType":"Task","id":"t","meta":{"versionId":"3"},"for":{"reference":"Patient/p"}}"#;
        let entity = Entity::of_text(&"Task".into(), stored, "http://gw/fhir").unwrap();
        assert_eq!(entity.to_string(), "Task/t/3 p");
        assert_eq!(Entity::of_text(&"Task".into(), "{}", ""), None);
        assert_eq!(Entity::named("Patient", "p").to_string(), "Patient/p p");
        assert_eq!(Entity::named("Task", "").to_string(), "Task");
    }
}
