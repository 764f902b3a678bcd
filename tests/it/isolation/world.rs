//! Clinics, platforms and community organisations that refer people to each other, by chance.

use std::collections::BTreeMap;

use sdoh_gateway::access::{Coverage, Registration};
use serde_json::{Value, json};

use super::chance::Chance;
use super::model::{Known, Model, NON_COVERED, Name, Place, TaskFacts};
use crate::harness::login::registration;
use crate::harness::{Client, Server};

pub const SOURCES: [Name; 3] = ["s0", "s1", "s2"];
pub const RECIPIENTS: [Name; 5] = ["r0", "r1", "r2", "r3", "r4"];
pub const PLATFORMS: [Name; 2] = ["p0", "p1"];
/// The shared space, and one for each source.
pub const SPACES: [&str; 4] = ["", "a", "b", "c"];
/// What recipients are, as a Task's performerType says it.
pub const KINDS: [&str; 2] = ["http://example.org/kinds|food", "http://example.org/kinds|housing"];

/// All parties.
pub fn everybody() -> impl Iterator<Item = Name> {
    SOURCES.into_iter().chain(RECIPIENTS).chain(PLATFORMS)
}

/// The pools of a party.
pub fn pools(who: Name) -> &'static [&'static str] {
    match who {
        "r0" => &KINDS[..1],
        "r1" => &KINDS,
        _ => &[],
    }
}

/// The id of a party's Organization in a space: in each space other parties have the same ids.
pub fn organization(who: Name, space: &str) -> Option<String> {
    let place = everybody().position(|name| name == who)?;
    let shift = SPACES.iter().position(|name| *name == space)?;
    let is_closed = SOURCES.contains(&who) && shift > 0 && SOURCES[shift - 1] != who;
    match shift {
        _ if is_closed => None,
        0 => Some(who.to_owned()),
        shift => Some(((place + 3 * shift) % 10 + 1).to_string()),
    }
}

/// How the parties are registered.
pub fn registrations() -> Vec<Registration> {
    everybody()
        .map(|who| Registration {
            organizations: SPACES
                .into_iter()
                .filter_map(|space| {
                    let id = organization(who, space)?;
                    Some((space.to_owned(), vec![format!("Organization/{id}")]))
                })
                .collect(),
            coverage: match who {
                who if NON_COVERED.contains(&who) => Coverage::NonCovered,
                who if PLATFORMS.contains(&who) => Coverage::BusinessAssociate,
                _ => Coverage::CoveredEntity,
            },
            pools: pools(who).iter().map(|pool| (*pool).to_owned()).collect(),
            ..registration(who, "system/*.cruds")
        })
        .map(|one| Registration { organization: None, ..one })
        .chain([registration("administrator", "system/*.cruds gateway/admin")])
        .collect()
}

/// The gateway, who calls it, and what they have written.
pub struct World {
    pub model: Model,
    pub chance: Chance,
    clients: BTreeMap<(Name, &'static str), Client>,
    /// Ids of patients and all that is written by PUT, per space.
    next: BTreeMap<String, usize>,
}

impl World {
    pub async fn new(server: &Server, seed: u64) -> World {
        let mut world = World {
            model: Model::default(),
            chance: Chance(seed),
            clients: BTreeMap::new(),
            next: BTreeMap::new(),
        };
        world.log_in(server).await;
        let administrator = server.login("administrator", "system/*.cruds gateway/admin").await;
        for space in SPACES {
            for who in everybody() {
                let Some(id) = organization(who, space) else { continue };
                let body = json!({"resourceType": "Organization", "id": id, "active": true, "name": who});
                at(server, &administrator, space).store(&body).await;
                let place = (space.to_owned(), "Organization".to_owned(), id);
                world.model.known.insert(place, Known::default());
            }
        }
        world
    }

    /// Gets everybody a token that is good now.
    pub async fn log_in(&mut self, server: &Server) {
        for who in everybody() {
            let client = server.login(who, "system/*.cruds").await;
            for space in SPACES {
                self.clients.insert((who, space), at(server, &client, space));
            }
        }
    }

    /// Some time passes.
    pub async fn pass(&mut self, server: &Server, days: i64) {
        server.clock.advance(days * 86_400);
        self.model.now += days * 86_400;
        self.log_in(server).await;
        server.gateway.settle().await.unwrap();
    }

    /// A party's client in a space.
    pub fn client(&self, who: Name, space: &'static str) -> &Client {
        &self.clients[&(who, space)]
    }

    /// Writes a resource as a party. In a source's own space ids are small numbers, the same in each; in the shared one the
    /// server chooses.
    pub async fn write(&mut self, who: Name, space: &'static str, mut body: Value, known: Known) -> Place {
        let type_name = body["resourceType"].as_str().unwrap().to_owned();
        let client = self.client(who, space).clone();
        let id = match space {
            "" => {
                let answer = client.post(&type_name, &body).await.expect(201);
                answer.json()["id"].as_str().unwrap().to_owned()
            }
            space => {
                let next = self.next.entry(format!("{space} {type_name}")).or_default();
                *next += 1;
                body["id"] = next.to_string().into();
                client.store(&body).await;
                body["id"].as_str().unwrap().to_owned()
            }
        };
        let place = (space.to_owned(), type_name, id);
        self.model.known.insert(place.clone(), Known { creator: Some(who), ..known });
        place
    }

    /// A referral by chance, of a source to a recipient, to a platform that refers it on, or to whoever takes it.
    pub async fn refer(&mut self) {
        let number = self.chance.below(SOURCES.len());
        let source = SOURCES[number];
        let space = if self.chance.percent(60) { SPACES[number + 1] } else { "" };
        let plain = Known::default;
        let name = *self.chance.of(&["Ash", "Birch", "Cedar"]);
        let number = self.chance.below(20);
        let identifier = json!([{"system": "http://example.org/people", "value": number.to_string()}]);
        let body = json!({
            "resourceType": "Patient", "name": [{"family": name}], "identifier": identifier, "birthDate": "1980-01-02",
        });
        let patient = self.write(source, space, body, plain()).await;
        let about = |type_name: &str, mut body: Value| {
            body["resourceType"] = type_name.into();
            body["subject"] = reference(&patient);
            body
        };
        let body = about("Condition", json!({"code": {"text": "food insecurity"}}));
        let mut condition = self.write(source, space, body, plain()).await;
        if self.chance.percent(15) {
            let label =
                json!([{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "SUD"}]);
            let code = json!({"text": "something sensitive"});
            let body = about("Condition", json!({"meta": {"security": label}, "code": code}));
            condition = self.write(source, space, body, Known { sensitive: true, ..plain() }).await;
        }
        let mut consent = None;
        if self.chance.percent(60) {
            let active = self.chance.percent(90);
            let body = consent_of(&patient, source, space, active);
            consent = Some(self.write(source, space, body, Known { active, ..plain() }).await);
        }
        // Of the same patient, and not for whom the patient is referred to.
        let body = about("Observation", json!({"status": "final", "code": {"text": "something else"}}));
        self.write(source, space, body, plain()).await;
        let body = about(
            "ServiceRequest",
            json!({
                "status": "active", "intent": "order", "reasonReference": [reference(&condition)],
                "requester": party(source, space),
            }),
        );
        let mut body = body;
        let mut shows = vec![patient.clone(), condition.clone()];
        if let Some(consent) = &consent {
            body["supportingInfo"] = json!([reference(consent)]);
            shows.push(consent.clone());
        }
        let order = self.write(source, space, body, Known { shows, ..plain() }).await;
        let target = match self.chance.below(10) {
            0..6 => Some(*self.chance.of(&RECIPIENTS)),
            6..9 => Some(*self.chance.of(&PLATFORMS)),
            _ => None,
        };
        let offered = target.is_none().then(|| *self.chance.of(&KINDS));
        let facts = TaskFacts {
            requester: Some(source),
            owner: target,
            offered,
            ended: None,
            consent: consent.clone(),
        };
        let task = self.task(source, space, &patient, &order, facts).await;
        match target {
            Some(platform) if PLATFORMS.contains(&platform) => {
                let recipient = *self.chance.of(&RECIPIENTS);
                let facts = TaskFacts {
                    requester: Some(platform),
                    owner: Some(recipient),
                    consent,
                    ..TaskFacts::default()
                };
                let part = self.task(platform, space, &patient, &order, facts).await;
                self.proceed(recipient, space, &patient, &part).await;
            }
            Some(recipient) => self.proceed(recipient, space, &patient, &task).await,
            None => {}
        }
    }

    /// A patient changes their mind.
    pub async fn revoke(&mut self) {
        let consents = self.model.known.iter().filter(|(place, known)| place.1 == "Consent" && known.active);
        let consents: Vec<(Place, Name)> =
            consents.map(|(place, known)| (place.clone(), known.creator.unwrap())).collect();
        if consents.is_empty() {
            return;
        }
        let (place, source) = self.chance.of(&consents).clone();
        let space = SPACES.into_iter().find(|space| *space == place.0).unwrap();
        let client = self.client(source, space).clone();
        let path = format!("Consent/{}", place.2);
        let mut body = client.read(&path).await;
        body["status"] = "inactive".into();
        client.put(&path, &body).await.expect(200);
        self.model.known.get_mut(&place).unwrap().active = false;
    }

    async fn task(
        &mut self,
        who: Name,
        space: &'static str,
        patient: &Place,
        order: &Place,
        facts: TaskFacts,
    ) -> Place {
        let mut body = json!({
            "resourceType": "Task", "status": "requested", "intent": "order", "for": reference(patient),
            "focus": reference(order), "requester": party(who, space), "authoredOn": "2026-11-22T08:00:00Z",
        });
        if let Some(owner) = facts.owner {
            body["owner"] = party(owner, space);
        }
        if let Some((system, code)) = facts.offered.and_then(|kind| kind.split_once('|')) {
            body["performerType"] = json!([{"coding": [{"system": system, "code": code}]}]);
        }
        let shows = vec![patient.clone(), order.clone()];
        self.write(who, space, body, Known { shows, task: Some(facts), ..Known::default() }).await
    }

    /// The owner works on a Task, by chance up to its end.
    async fn proceed(&mut self, owner: Name, space: &'static str, patient: &Place, task: &Place) {
        let client = self.client(owner, space).clone();
        let path = format!("Task/{}", task.2);
        if !self.model.may_see(owner, pools(owner), task) {
            client.get(&path).await.expect(404);
            return;
        }
        let steps: &[&str] = match self.chance.below(4) {
            0 => return,
            1 => &["rejected"],
            2 => &["accepted"],
            _ => &["accepted", "in-progress", "completed"],
        };
        for status in steps {
            let mut body = client.read(&path).await;
            body["status"] = (*status).into();
            let mut output = None;
            if *status == "completed" {
                let procedure = json!({
                    "resourceType": "Procedure", "status": "completed", "subject": reference(patient),
                    "code": {"text": "food box"},
                });
                let procedure = self.write(owner, space, procedure, Known::default()).await;
                body["output"] =
                    json!([{"type": {"text": "what was done"}, "valueReference": reference(&procedure)}]);
                output = Some(procedure);
            }
            client.put(&path, &body).await.expect(200);
            let now = self.model.now;
            let known = self.model.known.get_mut(task).unwrap();
            known.shows.extend(output);
            if matches!(*status, "rejected" | "completed") {
                known.task.as_mut().unwrap().ended = Some(now);
            }
        }
    }
}

fn at(server: &Server, client: &Client, space: &str) -> Client {
    match space {
        "" => client.clone(),
        space => client.at(&format!("{}/s/{space}/fhir", server.origin)),
    }
}

/// A reference to a resource in its own space.
pub fn reference(place: &Place) -> Value {
    json!({"reference": format!("{}/{}", place.1, place.2)})
}

fn party(who: Name, space: &str) -> Value {
    json!({"reference": format!("Organization/{}", organization(who, space).unwrap())})
}

/// A Consent as SDOHCC has them: a signed document, for the referral that names it.
fn consent_of(patient: &Place, source: Name, space: &str, is_active: bool) -> Value {
    let coding = |system: &str, code: &str| {
        let system = format!("http://terminology.hl7.org/CodeSystem/{system}");
        json!({"coding": [{"system": system, "code": code}]})
    };
    json!({
        "resourceType": "Consent", "status": if is_active { "active" } else { "rejected" },
        "scope": coding("consentscope", "patient-privacy"), "category": [coding("v3-ActCode", "IDSCL")],
        "patient": reference(patient), "dateTime": "2026-11-01", "organization": [party(source, space)],
        "sourceAttachment": {"title": "signed"}, "policy": [{"uri": "http://example.org/policy"}],
    })
}
