//! Questions by chance, and whether their answers tell more than the model allows.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::model::{Known, Name, Place};
use super::world::{SPACES, World, everybody, organization, pools, reference};
use crate::harness::{Answer, Client, entry, transaction};

const TYPES: [&str; 8] =
    ["Patient", "Condition", "Observation", "ServiceRequest", "Task", "Procedure", "Organization", "Consent"];

/// Asks one question as somebody, and judges the answer.
pub async fn ask(world: &mut World) {
    let everyone: Vec<Name> = everybody().collect();
    let who = *world.chance.of(&everyone);
    let space = *world.chance.of(&SPACES);
    let client = world.client(who, space).clone();
    if organization(who, space).is_none() {
        let path = format!("{}?_count=1", world.chance.of(&TYPES));
        client.get(&path).await.expect(404);
        return;
    }
    let asked = Asked { who, space, client };
    if world.chance.percent(2) {
        world.revoke().await;
    }
    if world.chance.percent(4) {
        return asked.export(world).await;
    }
    match world.chance.below(12) {
        0..3 => asked.read(world).await,
        3..5 => asked.count(world).await,
        5..8 => asked.search(world).await,
        8 => asked.history(world).await,
        9 => asked.batch(world).await,
        10 => asked.write(world).await,
        _ => asked.conditional(world).await,
    }
}

struct Asked {
    who: Name,
    space: &'static str,
    client: Client,
}

impl Asked {
    fn sees(&self, world: &World, place: &Place) -> bool {
        world.model.may_see(self.who, pools(self.who), place)
    }

    /// Some resource of this space, whoever may see it; now and then one that never was.
    fn any(&self, world: &mut World) -> Place {
        let here: Vec<Place> =
            world.model.known.keys().filter(|place| place.0 == self.space).cloned().collect();
        let mut place = world.chance.of(&here).clone();
        if world.chance.percent(10) {
            place.2 = format!("9{}", world.chance.below(1_000_000));
        }
        place
    }

    /// Nothing in an answer may be hidden from who asked.
    fn judge(&self, world: &World, answer: &Answer) {
        let Ok(value) = serde_json::from_slice::<Value>(&answer.body) else { return };
        let mut shown = Vec::new();
        places(&value, self.space, &mut shown);
        for place in shown {
            assert!(
                self.sees(world, &place),
                "{} was shown {place:?} by {}: {:?}",
                self.who,
                answer.asked,
                world.model.known.get(&place)
            );
        }
    }

    async fn get(&self, world: &World, path: &str) -> Answer {
        let answer = self.client.get(path).await;
        self.judge(world, &answer);
        answer
    }

    async fn read(&self, world: &mut World) {
        let place = self.any(world);
        let (type_name, id) = (&place.1, &place.2);
        let suffix =
            *world.chance.of(&["", "", "", "/_history", "/_history/1", "/$issues", "?_summary=true"]);
        let suffix = match type_name.as_str() {
            "Task" if world.chance.percent(15) => "/$timeline",
            "Patient" if world.chance.percent(15) => "/$everything",
            _ => suffix,
        };
        let answer = self.get(world, &format!("{type_name}/{id}{suffix}")).await;
        let known = world.model.known.get(&place);
        match known {
            Some(known) if self.sees(world, &place) => {
                let expected = if known.deleted && !suffix.contains("history") { 410 } else { 200 };
                if !(known.deleted && (suffix.contains('$') || suffix.contains("history"))) {
                    assert_eq!(answer.status, expected, "{} {}", self.who, answer.asked);
                }
            }
            _ => {
                assert_eq!(answer.status, 404, "{} {}: {}", self.who, answer.asked, answer.text());
                // Word for word what is said of what never was.
                let never = format!("{type_name}/no-such-id{suffix}");
                let other = self.client.get(&never).await;
                assert_eq!(other.text().replace("no-such-id", id), answer.text());
            }
        }
    }

    /// Counts and whole listings: what is hidden is not counted.
    async fn count(&self, world: &mut World) {
        let type_name = *world.chance.of(&TYPES);
        let expected = world.model.visible(self.who, pools(self.who), self.space, type_name).count() as u64;
        let query = *world.chance.of(&[
            "_summary=count",
            "_total=accurate&_count=3",
            "_total=accurate&_count=2&_sort=-_lastUpdated",
            "_total=accurate&_sort=_id&_count=4",
            "_summary=count&_lastUpdated=ge2020",
            "_history",
        ]);
        let path = match query {
            "_history" => {
                // Newest first, every version once.
                let answer = self.get(world, &format!("{type_name}/_history?_count=1000")).await.expect(200);
                let bundle = answer.json();
                let entries = bundle["entry"].as_array().map_or(0, Vec::len) as u64;
                assert_eq!(bundle["total"].as_u64(), Some(entries), "{}", answer.asked);
                return;
            }
            query => format!("{type_name}?{query}"),
        };
        let answer = self.get(world, &path).await.expect(200);
        assert_eq!(answer.json()["total"].as_u64(), Some(expected), "{} {}", self.who, answer.asked);
        if path.contains("_count") {
            self.all_pages(world, answer.json(), expected).await;
        }
    }

    async fn all_pages(&self, world: &World, mut bundle: Value, expected: u64) {
        let mut found = bundle["entry"].as_array().map_or(0, Vec::len) as u64;
        for _ in 0..200 {
            let links = bundle["link"].as_array().cloned().unwrap_or_default();
            let Some(next) = links.iter().find(|link| link["relation"] == "next") else { break };
            bundle = self.get(world, next["url"].as_str().unwrap()).await.expect(200).json();
            found += bundle["entry"].as_array().map_or(0, Vec::len) as u64;
        }
        assert_eq!(found, expected, "{}: pages", self.who);
    }

    /// Searches by what is in hidden resources: they must not match, nor be matched through, nor come along.
    async fn search(&self, world: &mut World) {
        let place = self.any(world);
        let (type_name, id) = (&place.1, &place.2);
        let number = world.chance.below(20);
        let name = *world.chance.of(&["Ash", "Birch", "Cedar"]);
        let own = organization(self.who, self.space).unwrap_or_default();
        let other = *world.chance.of(&["s0", "s1", "r0", "r1", "p0"]);
        let other = organization(other, self.space).unwrap_or_default();
        let query = match world.chance.below(16) {
            0 => format!("{type_name}?_id={id}"),
            1 => format!("Patient?identifier=http://example.org/people|{number}"),
            2 => format!("Patient?name={name}&_revinclude=Condition:subject&_revinclude=Task:patient"),
            3 => format!("Task?owner=Organization/{other}&_include=Task:focus&_include=Task:patient"),
            4 => format!("Task?requester=Organization/{other}&_sort=-_lastUpdated&_include=*"),
            5 => format!(
                "Task?owner=Organization/{own}&_include=Task:focus&_include:iterate=ServiceRequest:subject"
            ),
            6 => format!("Condition?patient.identifier=http://example.org/people|{number}"),
            7 => format!("Observation?subject:Patient.name={name}"),
            8 => format!("ServiceRequest?patient.birthdate=1980-01-02&requester=Organization/{other}"),
            9 => "Task?focus:ServiceRequest.status=active&_include=Task:focus".to_owned(),
            10 => format!("Task?patient:Patient.family={name}&status=requested,accepted"),
            11 => format!("Patient?_has:Task:patient:owner=Organization/{other}"),
            12 => format!(
                "Organization?_id={other}&_revinclude=Task:owner&_revinclude=ServiceRequest:requester"
            ),
            13 => format!("Procedure?subject=Patient/{id}&_include=Procedure:subject"),
            14 => format!("Condition?_sort=subject&_include=Condition:subject&subject=Patient/{id}"),
            _ => "Task?owner:missing=true&_include=Task:patient&_include=Task:focus".to_owned(),
        };
        let answer = self.get(world, &query).await;
        assert!(answer.status == 200 || query.contains("_has"), "{}: {}", answer.asked, answer.text());
        if query == format!("{type_name}?_id={id}") {
            let there = world.model.known.get(&place).is_some_and(|known| !known.deleted);
            let expected = there && self.sees(world, &place);
            let found = answer.json()["entry"].as_array().map_or(0, Vec::len);
            assert_eq!(found, usize::from(expected), "{} {type_name} {}", self.who, answer.asked);
        }
    }

    async fn history(&self, world: &mut World) {
        let path =
            *world.chance.of(&["_history?_count=50", "Task/_history?_count=50", "Patient/_history?_at=2026"]);
        self.get(world, path).await.expect(200);
    }

    /// An export is of what its client may see, and nobody else's.
    async fn export(&self, world: &mut World) {
        let type_name = *world.chance.of(&TYPES);
        let level = *world.chance.of(&["", "", "Patient/"]);
        let asynchronous = [("Prefer", "respond-async")];
        let path = format!("{level}$export?_type={type_name}");
        let answer = self.client.get_with(&path, &asynchronous).await;
        if level == "Patient/" && answer.status == 400 {
            // Not of the compartment.
            return;
        }
        let status = answer.expect(202).header("content-location").to_owned();
        let manifest = loop {
            let answer = self.client.get(&status).await;
            if answer.status == 200 {
                break answer.json();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        let mut found = 0;
        for file in manifest["output"].as_array().unwrap() {
            let url = file["url"].as_str().unwrap();
            let lines = self.client.get(url).await.expect(200).text();
            for line in lines.lines() {
                let mut shown = Vec::new();
                places(&serde_json::from_str(line).unwrap(), self.space, &mut shown);
                assert!(
                    shown.iter().all(|place| self.sees(world, place)),
                    "{}: {path} gave {shown:?}",
                    self.who
                );
            }
            assert_eq!(file["count"], lines.lines().count());
            found += lines.lines().count();
            for other in everybody().filter(|other| *other != self.who) {
                if organization(other, self.space).is_some() {
                    world.client(other, self.space).get(url).await.expect(404);
                }
            }
        }
        if level.is_empty() {
            let expected = world.model.visible(self.who, pools(self.who), self.space, type_name).count();
            assert_eq!(found, expected, "{}: {path}", self.who);
        }
    }

    async fn batch(&self, world: &mut World) {
        let mut entries = Vec::new();
        for _ in 0..4 {
            let place = self.any(world);
            let url = match world.chance.below(3) {
                0 => format!("GET {}?_id={}", place.1, place.2),
                _ => format!("GET {}/{}", place.1, place.2),
            };
            entries.push(entry(&url, None));
        }
        let answer = self.client.post("", &transaction("batch", entries)).await.expect(200);
        self.judge(world, &answer);
    }

    /// Writes over what is hidden: it is not there.
    async fn write(&self, world: &mut World) {
        let place = self.any(world);
        if self.sees(world, &place) || !world.model.known.contains_key(&place) {
            return;
        }
        let path = format!("{}/{}", place.1, place.2);
        let body = json!({"resourceType": place.1, "id": place.2, "status": "draft"});
        match world.chance.below(5) {
            0 => drop(self.client.put(&path, &body).await.expect(404)),
            1 => {
                let headers = [("Content-Type", "application/json-patch+json")];
                let patch = b"[{\"op\":\"add\",\"path\":\"/language\",\"value\":\"en\"}]".to_vec();
                self.client.send(Method::PATCH, &path, &headers, Some(patch)).await.expect(404);
            }
            2 => drop(self.client.put_with(&path, &[("If-Match", "W/\"1\"")], &body).await.expect(412)),
            3 => drop(self.client.delete(&path).await.expect(204)),
            _ => {
                // What refers to it is told the same as what refers to nothing.
                let about = |id: &str| {
                    json!({
                        "resourceType": "Observation", "status": "final", "code": {"text": "x"},
                        "subject": {"reference": format!("{}/{id}", place.1)},
                    })
                };
                let headers = [("Prefer", "return=OperationOutcome")];
                let hidden =
                    self.client.post_with("Observation", &headers, &about(&place.2)).await.expect(201);
                let never =
                    self.client.post_with("Observation", &headers, &about("no-such-id")).await.expect(201);
                assert_eq!(never.text().replace("no-such-id", &place.2), hidden.text());
                for answer in [hidden, never] {
                    let location = answer.header("location").to_owned();
                    let id = location.split("/Observation/").nth(1).unwrap().split('/').next().unwrap();
                    let made = (self.space.to_owned(), "Observation".to_owned(), id.to_owned());
                    let known = Known { creator: Some(self.who), ..Known::default() };
                    world.model.known.insert(made, known);
                }
            }
        }
    }

    /// Conditions find nothing that is hidden.
    async fn conditional(&self, world: &mut World) {
        let place = self.any(world);
        if place.1 == "Organization" || !world.model.known.contains_key(&place) {
            return;
        }
        let sees = self.sees(world, &place) && !world.model.known[&place].deleted;
        let headers = [("If-None-Exist", &*format!("_id={}", place.2))];
        if place.1 != "Observation" {
            return;
        }
        let body = json!({
            "resourceType": "Observation", "status": "final", "code": {"text": "x"},
            "subject": reference(&("".into(), "Patient".into(), "1".into())),
        });
        let answer = self.client.post_with("Observation", &headers, &body).await;
        self.judge_created(world, &answer, sees);
    }

    fn judge_created(&self, world: &mut World, answer: &Answer, sees: bool) {
        assert_eq!(answer.status, if sees { 200 } else { 201 }, "{} {}", self.who, answer.asked);
        if !sees {
            let id = answer.json()["id"].as_str().unwrap().to_owned();
            let made = (self.space.to_owned(), "Observation".to_owned(), id);
            world.model.known.insert(made, Known { creator: Some(self.who), ..Known::default() });
        }
    }
}

/// Every resource that stands in an answer, Bundles in Bundles too, and every one that its URLs name.
fn places(value: &Value, space: &str, found: &mut Vec<Place>) {
    let text = |name: &str| value[name].as_str();
    if let (Some(type_name), Some(id)) = (text("resourceType"), text("id"))
        && !matches!(type_name, "Bundle" | "OperationOutcome" | "Parameters")
    {
        found.push((space.to_owned(), type_name.to_owned(), id.to_owned()));
    }
    for entry in value["entry"].as_array().into_iter().flatten() {
        places(&entry["resource"], space, found);
        for url in [&entry["fullUrl"], &entry["response"]["location"]] {
            let path = url.as_str().and_then(|url| url.split("/fhir/").nth(1));
            let mut parts = path.into_iter().flat_map(|path| path.split('/'));
            if let (Some(type_name), Some(id)) = (parts.next(), parts.next()) {
                found.push((space.to_owned(), type_name.to_owned(), id.to_owned()));
            }
        }
    }
}
