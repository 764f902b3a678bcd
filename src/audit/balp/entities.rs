//! What it was done to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::{Entity, Event};
use super::Part;
use super::codes::Code;
use super::shape::{Matter, Shape};

const PERSON: Code = Code::new("http://terminology.hl7.org/CodeSystem/audit-entity-type", "1", "Person");
const OBJECT: Code =
    Code::new("http://terminology.hl7.org/CodeSystem/audit-entity-type", "2", "System Object");
const REQUEST: Code = Code::new(
    "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
    "XrequestId",
    "X-Request-Id",
);
const PATIENT_ROLE: Code = Code::new("http://terminology.hl7.org/CodeSystem/object-role", "1", "Patient");
const RESOURCE_ROLE: Code =
    Code::new("http://terminology.hl7.org/CodeSystem/object-role", "4", "Domain Resource");
const QUERY_ROLE: Code = Code::new("http://terminology.hl7.org/CodeSystem/object-role", "24", "Query");
const RESOURCE_TYPES: &str = "http://hl7.org/fhir/resource-types";

/// The entities of an AuditEvent: Patient, request, and what its pattern has. Of several resources, those that concern its
/// Patient or nobody.
pub(super) fn entities(part: Part<'_>, shape: &Shape) -> Vec<Value> {
    let event = part.event;
    let mut entities = Vec::new();
    if let Some(patient) = part.patient {
        let what = json!({"reference": format!("Patient/{patient}")});
        entities.push(json!({"what": what, "type": PERSON.to_value(), "role": PATIENT_ROLE.to_value()}));
    }
    if !event.origin.request.is_empty() {
        let what = json!({"identifier": {"value": event.origin.request}});
        entities.push(json!({"what": what, "type": REQUEST.to_value()}));
    }
    if let Some(consent) = &event.consent {
        let kind = json!({"system": RESOURCE_TYPES, "code": "Consent"});
        entities.push(json!({"what": {"reference": consent}, "type": kind}));
    }
    match (shape.matter, part.entity) {
        (Matter::Resource, Some(entity)) if !entity.id.is_empty() => {
            let kind = OBJECT.to_value();
            entities.push(json!({"what": what(entity), "type": kind, "role": RESOURCE_ROLE.to_value()}));
            // A success is told by the resource itself.
            entities.extend(query(event));
        }
        _ => {
            entities.extend(query(event));
            let concerns = |entity: &&Entity| match part.patient {
                Some(patient) => entity.patients.is_empty() || entity.patients.iter().any(|id| id == patient),
                None => true,
            };
            let shown = event.entities.iter().filter(concerns).filter(|entity| !entity.id.is_empty());
            entities.extend(shown.map(|entity| {
                let kind = json!({"system": RESOURCE_TYPES, "code": &*entity.type_name});
                json!({"what": what(entity), "type": kind, "role": RESOURCE_ROLE.to_value()})
            }));
        }
    }
    entities
}

fn what(entity: &Entity) -> Value {
    let Entity { type_name, id, version, .. } = entity;
    match version {
        0 => json!({"reference": format!("{type_name}/{id}")}),
        version => json!({"reference": format!("{type_name}/{id}/_history/{version}")}),
    }
}

fn query(event: &Event) -> Option<Value> {
    (!event.query.is_empty()).then(|| {
        let query = STANDARD.encode(&event.query);
        json!({"type": OBJECT.to_value(), "role": QUERY_ROLE.to_value(), "query": query})
    })
}
