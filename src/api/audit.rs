//! What a request did, for the record: the one place where it is told, whether a request came by itself or in a Bundle.
//!
//! What is written is recorded with the write. This is of what was shown, and of what was refused.

use http::header::HeaderName;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use crate::access::{Coverage, Principal, Viewer};
use crate::audit::{Actor, Entity, Event, Kind, Origin, Outcome};
use crate::auth::GrantError;
use crate::consent::Purpose;
use crate::fhir::{Id, Reference};
use crate::gateway::{Space, actor_of};

use super::answer::Shown;
use super::request::{Request, decode_form};
use super::server::Peer;
use super::{Answer, Api, ApiError, Interaction};

/// Names a request, for whoever looks for what came of it (R4 §3.1.0.1.10).
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest name a client may give its request.
const LONGEST_ID: usize = 64;
/// As many of the Patients that a query names as are kept by name; the query itself tells the others.
const MOST_PATIENTS: usize = 100;
/// As much of what was asked as is kept, in bytes.
const LONGEST_QUERY: usize = 16 << 10;

/// Where a request comes from. It keeps the name its client gave it, if that can stand in a header, else it gets one.
pub(super) fn origin(headers: &HeaderMap, peer: Option<&Peer>) -> Origin {
    let given = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let given = given
        .filter(|id| (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
    let address = peer.map(|peer| peer.address.ip());
    let request = given.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
    Origin { request, address }
}

/// Tells what was shown, or refused. What a caller may have only by what its patient allows is told as disclosed, and is on
/// disk when this returns.
///
/// Errors: it cannot be written, and so nothing is answered.
pub(super) async fn note(
    api: &Api,
    request: &Request,
    mut answer: Result<Answer, ApiError>,
) -> Result<Answer, ApiError> {
    let Some(mut kind) = kind_of(&request.interaction) else { return answer };
    if request.method == Method::HEAD {
        return answer;
    }
    let (status, shown) = match &mut answer {
        Ok(answer) => (answer.status, std::mem::take(&mut answer.shown)),
        Err(error) => (error.status(), Vec::new()),
    };
    let outcome = Outcome::of_status(status.as_u16());
    if outcome.is_success() && is_told_elsewhere(&kind) {
        if shown.is_empty() {
            return answer;
        }
        // A conditional create shows what is there already.
        kind = Kind::Read;
    }
    // Who has it already is given nothing.
    let is_given = |shown: &&Shown| shown.is_disclosed && status != StatusCode::NOT_MODIFIED;
    let disclosed = shown.iter().filter(is_given).map(|shown| shown.entity.clone()).collect();
    let disclosed = disclosure(event(api, request, Kind::Disclosure), &request.viewer, disclosed);
    let mut event = event(api, request, kind);
    event.outcome = outcome;
    event.entities = shown.into_iter().map(|shown| shown.entity).collect();
    if !outcome.is_success() {
        event.reason = status.to_string();
        event.entities.extend(named(&request.interaction));
    }
    // Of one resource that was read there is no more to say.
    if !(outcome.is_success() && matches!(event.kind, Kind::Read | Kind::VersionRead)) {
        event.query = asked(request);
        event.patients = patients_asked_for(request);
    }
    match disclosed {
        Some(disclosed) => api.gateway.write_down(vec![event, disclosed]).await?,
        None => api.gateway.note(event).await,
    }
    answer
}

/// Whether what others hold goes to a caller only as a disclosure: to all who are not covered by HIPAA.
pub(super) fn needs_disclosure(principal: &Principal) -> bool {
    principal.client().is_some_and(|client| client.coverage == Coverage::NonCovered)
}

/// What is disclosed to a caller: these, for the coordination of care.
pub(super) fn disclosure(event: Event, viewer: &Viewer, entities: Vec<Entity>) -> Option<Event> {
    let party = viewer.party().filter(|_| !entities.is_empty())?;
    Some(Event {
        kind: Kind::Disclosure,
        entities,
        recipient: Some(party.creator.clone()),
        purpose: Some(Purpose::COORDINATION_OF_CARE.to_string()),
        ..event
    })
}

/// Notes that somebody was not let in. Of one who comes too often no more is said than before.
pub(super) async fn note_refusal(
    api: &Api,
    head: &Parts,
    origin: Origin,
    (space, principal, interaction): (&Space, &Principal, &Interaction),
    error: &ApiError,
) {
    let status = error.status();
    let Some(kind) = kind_of(interaction).filter(|_| status != StatusCode::TOO_MANY_REQUESTS) else { return };
    let (at, actor) = (api.gateway.clock().now(), actor_of(principal, space));
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let event = Event {
        outcome: Outcome::of_status(status.as_u16()),
        space: space.name.clone(),
        query: cut(format!("{} {target}", head.method)),
        entities: named(interaction).into_iter().collect(),
        reason: status.to_string(),
        ..Event::new(at, kind, actor, origin)
    };
    api.gateway.note(event).await;
}

/// Notes that a client has logged in, or has not; who it says it is, nobody knows where it has not.
pub(super) async fn note_login(
    api: &Api,
    origin: Origin,
    client: Option<String>,
    refused: Option<&GrantError>,
) {
    let actor = client.map_or(Actor::Anyone, |id| Actor::Client { id, organization: None });
    let event = Event::new(api.gateway.clock().now(), Kind::Login, actor, origin);
    let (outcome, reason) = match refused {
        None => (Outcome::Success, String::new()),
        Some(GrantError::TooOften(_)) => return,
        Some(error @ GrantError::Unavailable(_)) => (Outcome::Failed, error.code().to_owned()),
        Some(error) => (Outcome::Refused, format!("{}: {error}", error.code())),
    };
    api.gateway.note(Event { outcome, reason, ..event }).await;
}

/// An event of a request that is under way.
pub(super) fn event(api: &Api, request: &Request, kind: Kind) -> Event {
    let at = api.gateway.clock().now();
    let actor = actor_of(&request.principal, &request.space);
    Event { space: request.space.name.clone(), ..Event::new(at, kind, actor, request.origin.clone()) }
}

/// What an interaction is in the record; `None` for what shows and changes nothing.
fn kind_of(interaction: &Interaction) -> Option<Kind> {
    Some(match interaction {
        Interaction::Capabilities => return None,
        Interaction::Bundle => Kind::Bundle,
        Interaction::Search { type_name: Some(_) } => Kind::Search,
        Interaction::Search { type_name: None } => Kind::SystemSearch,
        Interaction::Create { .. } => Kind::Create,
        Interaction::Read { .. } => Kind::Read,
        Interaction::VersionRead { .. } => Kind::VersionRead,
        Interaction::Update { .. } | Interaction::ConditionalUpdate { .. } => Kind::Update,
        Interaction::Patch { .. } | Interaction::ConditionalPatch { .. } => Kind::Patch,
        Interaction::Delete { .. } | Interaction::ConditionalDelete { .. } => Kind::Delete,
        Interaction::History { id: Some(_), .. } => Kind::InstanceHistory,
        Interaction::History { type_name: Some(_), .. } => Kind::TypeHistory,
        Interaction::History { .. } => Kind::SystemHistory,
        Interaction::Operation { .. }
        | Interaction::ExportStatus { .. }
        | Interaction::CancelExport { .. } => Kind::Operation,
        Interaction::ExportFile { .. } => Kind::Export,
    })
}

/// Writes are told by the committer, files of exports page by page while they are read.
fn is_told_elsewhere(kind: &Kind) -> bool {
    matches!(kind, Kind::Create | Kind::Update | Kind::Patch | Kind::Delete | Kind::Bundle | Kind::Export)
}

/// The resource a refused request was about.
fn named(interaction: &Interaction) -> Option<Entity> {
    match interaction {
        Interaction::Read { type_name, id } | Interaction::VersionRead { type_name, id, .. } => {
            Some(Entity::named(type_name, id))
        }
        Interaction::Update { type_name, id }
        | Interaction::Patch { type_name, id }
        | Interaction::Delete { type_name, id } => Some(Entity::named(type_name, id.as_str())),
        Interaction::History { type_name: Some(type_name), id: Some(id) }
        | Interaction::Operation { type_name: Some(type_name), id: Some(id), .. } => {
            Some(Entity::named(type_name, id))
        }
        _ => None,
    }
}

/// The request as it was sent: its line, and where it was a form, that.
pub(super) fn asked(request: &Request) -> String {
    let mut asked = format!("{} {}", request.method, request.target);
    if is_form(request) {
        asked.push_str("\n\n");
        asked.push_str(&String::from_utf8_lossy(&request.text));
    }
    cut(asked)
}

fn cut(mut asked: String) -> String {
    asked.truncate(asked.floor_char_boundary(LONGEST_QUERY));
    asked
}

fn is_form(request: &Request) -> bool {
    matches!(request.interaction, Interaction::Search { .. }) && !request.text.is_empty()
}

/// Ids of the Patients that a query names.
fn patients_asked_for(request: &Request) -> Vec<String> {
    let mut patients = Vec::new();
    let form =
        if is_form(request) { decode_form(&String::from_utf8_lossy(&request.text)) } else { Vec::new() };
    let is_of_patient = matches!(&request.interaction, Interaction::Search { type_name } if type_name.as_deref() == Some("Patient"));
    for (name, value) in request.query.iter().chain(&form) {
        let means_patient =
            name == "patient" || name.ends_with(":Patient") || (is_of_patient && name == "_id");
        for value in value.split(',') {
            let id = match Reference::parse(value).local(&request.space.base) {
                Some(("Patient", id)) => id,
                Some(_) => continue,
                None if means_patient && Id::is_valid(value) => value,
                None => continue,
            };
            if patients.len() < MOST_PATIENTS && !patients.iter().any(|patient| patient == id) {
                patients.push(id.to_owned());
            }
        }
    }
    patients
}
