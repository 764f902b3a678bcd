//! Events as AuditEvents, in the shapes of IHE's Basic Audit Log Patterns (BALP 1.1): RESTful activities, privacy
//! disclosure, authorization by consent; and of DICOM's (PS3.15 A.5) where BALP has none.
//!
//! BALP wants an AuditEvent for each resource and each patient, so one event comes to several. A success that meets all of
//! its pattern names it in `meta.profile`; what was refused has no pattern of its own, and has the shape of what was asked.

mod agents;
mod codes;
mod entities;
mod shape;

use serde_json::{Map, Value, json};

use super::{Entity, Event, EventId, Kind, Outcome, Page};

use agents::agents;
use entities::entities;
use shape::{Shape, shape_of};

/// `meta.source` begins with this where an AuditEvent is the gateway's own.
pub const SOURCE: &str = "urn:sdoh-gateway:audit:";
const PROFILES: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";

/// Where an event was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Recorder<'r> {
    /// The machine or instance that wrote the chain.
    pub node: &'r str,
    /// FHIR base of the event's space.
    pub base: &'r str,
}

/// One AuditEvent to be: a part of an event.
#[derive(Clone, Copy)]
struct Part<'e> {
    event: &'e Event,
    /// Where one resource each is told.
    entity: Option<&'e Entity>,
    /// Where the event concerns Patients: one of them.
    patient: Option<&'e str>,
}

/// The AuditEvents that an event, which stands in a line of a page, comes to. Their ids are [`EventId`]s.
pub fn audit_events(event: &Event, page: &Page, line: usize, recorder: Recorder<'_>) -> Vec<Value> {
    let parts = parts_of(event).into_iter().enumerate();
    parts
        .map(|(number, part)| {
            let id = EventId { seq: page.seq, line, part: number };
            audit_event(part, id, page, recorder)
        })
        .collect()
}

fn parts_of(event: &Event) -> Vec<Part<'_>> {
    let each_by_itself = matches!(
        event.kind,
        Kind::Create | Kind::Update | Kind::Patch | Kind::Delete | Kind::Read | Kind::VersionRead
    );
    if !each_by_itself || event.entities.is_empty() {
        return by_patient(event, None, event.all_patients());
    }
    let of_entity =
        |entity| by_patient(event, Some(entity), entity.patients.iter().map(String::as_str).collect());
    event.entities.iter().flat_map(of_entity).collect()
}

fn by_patient<'e>(event: &'e Event, entity: Option<&'e Entity>, patients: Vec<&'e str>) -> Vec<Part<'e>> {
    match patients.is_empty() {
        true => vec![Part { event, entity, patient: None }],
        false => patients.into_iter().map(|id| Part { event, entity, patient: Some(id) }).collect(),
    }
}

fn audit_event(part: Part<'_>, id: EventId, page: &Page, recorder: Recorder<'_>) -> Value {
    let event = part.event;
    let shape = shape_of(event);
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| drop(map.insert(name.to_owned(), value));
    put("resourceType", "AuditEvent".into());
    put("id", id.to_string().into());
    put("meta", meta(part, &shape, page));
    put("type", shape.kind.to_value());
    if let Some(subtype) = &shape.subtype {
        put("subtype", json!([subtype.to_value()]));
    }
    put("action", shape.action.into());
    put("recorded", event.at.to_fhir().into());
    put("outcome", outcome_code(event).into());
    if !event.reason.is_empty() {
        put("outcomeDesc", event.reason.as_str().into());
    }
    if let Some(purpose) = &event.purpose {
        put(
            "purposeOfEvent",
            json!([codes::of("http://terminology.hl7.org/CodeSystem/v3-ActReason", purpose)]),
        );
    }
    put("agent", agents(event, &shape, recorder).into());
    put("source", source(recorder));
    let entities = entities(part, &shape);
    if !entities.is_empty() {
        put("entity", entities.into());
    }
    Value::Object(map)
}

fn meta(part: Part<'_>, shape: &Shape, page: &Page) -> Value {
    let mut meta = json!({
        "versionId": "1",
        "lastUpdated": page.seq.to_fhir(),
        "source": format!("{SOURCE}{}:{}", page.chain, page.number),
    });
    let profile = match (shape.profile, part.patient) {
        _ if !part.event.outcome.is_success() || !agents::are_all_known(part.event) => None,
        (Some(shape::Profile::WithOrWithoutPatient(name)), None) => Some(format!("{PROFILES}{name}")),
        (Some(shape::Profile::WithOrWithoutPatient(name)), Some(_)) => {
            Some(format!("{PROFILES}Patient{name}"))
        }
        (Some(shape::Profile::WithPatient(name)), Some(_)) => Some(format!("{PROFILES}{name}")),
        (Some(shape::Profile::WithPatient(_)) | None, _) => None,
    };
    if let Some(profile) = profile {
        meta["profile"] = json!([profile]);
    }
    meta
}

/// Value set audit-event-outcome: success, minor failure, serious failure. What the patient forbids is serious.
fn outcome_code(event: &Event) -> &'static str {
    match (event.outcome, &event.kind) {
        (Outcome::Success, _) => "0",
        (Outcome::Refused, Kind::Decision) | (Outcome::Failed, _) => "8",
        (Outcome::Refused, _) => "4",
    }
}

fn source(recorder: Recorder<'_>) -> Value {
    let kind = codes::coding(
        "http://terminology.hl7.org/CodeSystem/security-source-type",
        "4",
        "Application Server",
    );
    json!({"site": recorder.node, "observer": agents::gateway(recorder), "type": [kind]})
}
