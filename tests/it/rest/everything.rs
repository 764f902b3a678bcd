//! `Patient/[id]/$everything` (R4 OperationDefinition Patient-everything).

use std::sync::Arc;

use http::Method;
use sdoh_gateway::access::{Coverage, Party, Registration, Viewer};
use sdoh_gateway::config::Config;
use sdoh_gateway::fhir::time::Clock as _;
use sdoh_gateway::gateway::RecordRequest;
use sdoh_gateway::search::{Handling, SearchRequest};
use sdoh_gateway::store::Version;
use serde_json::{Value, json};

use crate::harness::login::{registration, with_login};
use crate::harness::{Found, Server, entry, on_both, on_both_in_both_formats, on_both_with, transaction};

const FORM: &str = "http://forms.example/hunger";

fn resource(what: &str, content: Value) -> Value {
    let (type_name, id) = what.split_once('/').unwrap();
    let mut resource = json!({"resourceType": type_name, "id": id});
    resource.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
    resource
}

fn reference(to: &str) -> Value {
    json!({"reference": to})
}

/// Ada's record, and beside it that of Bob and others.
fn people() -> Vec<Value> {
    let ada = reference("Patient/ada");
    [
        ("Organization/clinic", json!({"name": "Clinic"})),
        ("Organization/pantry", json!({"name": "Pantry"})),
        ("Organization/stranger", json!({"name": "Stranger"})),
        ("Location/kitchen", json!({"managingOrganization": reference("Organization/stranger")})),
        ("Practitioner/gp", json!({})),
        ("Questionnaire/old", json!({"url": FORM, "version": "1", "status": "active"})),
        ("Questionnaire/new", json!({"url": FORM, "version": "2", "status": "active"})),
        ("Questionnaire/other", json!({"url": "http://forms.example/other", "status": "active"})),
        ("PlanDefinition/plan", json!({"url": "http://plans.example/plan", "status": "active"})),
        (
            "Patient/ada",
            json!({"birthDate": "1980-01-01", "generalPractitioner": [reference("Practitioner/gp")],
                "managingOrganization": reference("Organization/clinic"),
                "link": [{"other": reference("Patient/bob"), "type": "seealso"}]}),
        ),
        ("Patient/bob", json!({"birthDate": "1985-01-01"})),
        (
            "Condition/hunger",
            json!({"subject": ada, "onsetDateTime": "2024-03-01", "recordedDate": "2026-06-01"}),
        ),
        ("Condition/undated", json!({"subject": ada})),
        (
            "ServiceRequest/order",
            json!({"status": "active", "intent": "order", "subject": ada, "authoredOn": "2026-05-05",
                "instantiatesCanonical": ["http://plans.example/plan"],
                "locationReference": [reference("Location/kitchen")]}),
        ),
        (
            "Task/work",
            json!({"status": "requested", "intent": "order", "for": ada, "authoredOn": "2026-05-06",
                "focus": reference("ServiceRequest/order"), "owner": reference("Organization/pantry"),
                "executionPeriod": {"start": "2026-05-10"}}),
        ),
        (
            "QuestionnaireResponse/answers",
            json!({"status": "completed", "subject": ada, "authored": "2026-04-01T10:00:00Z",
                "questionnaire": format!("{FORM}|1")}),
        ),
        ("Coverage/card", json!({"status": "active", "beneficiary": ada, "payor": [ada]})),
        (
            "Observation/bobs",
            json!({"status": "final", "code": {"text": "x"}, "subject": reference("Patient/bob"),
            "performer": [reference("Organization/stranger")]}),
        ),
        ("Task/bobs", json!({"status": "requested", "intent": "order", "for": reference("Patient/bob")})),
        (
            "Task/nobodys",
            json!({"status": "requested", "intent": "order", "owner": reference("Organization/pantry")}),
        ),
    ]
    .map(|(what, content)| resource(what, content))
    .to_vec()
}

const OWN: &str = "Patient/ada Condition/hunger Condition/undated ServiceRequest/order Task/work \
                   QuestionnaireResponse/answers Coverage/card";
const AROUND: &str = "Location/kitchen Organization/clinic Organization/pantry PlanDefinition/plan Practitioner/gp \
                      Questionnaire/old";

async fn everything(server: &Server, query: &str) -> Found {
    server.search(&format!("Patient/ada/$everything?{query}")).await
}

#[test]
fn a_record_and_what_it_refers_to() {
    on_both_in_both_formats(async |server| {
        server.store_all(&people()).await;
        let found = everything(server, "").await;
        assert_eq!(found.matches.join(" "), OWN);
        assert_eq!(found.included.join(" "), AROUND);
        assert_eq!((found.total, found.next), (Some(7), None));
        let posted = server.send(Method::POST, "Patient/ada/$everything", &[], None).await.expect(200);
        let posted = Found::new(&posted);
        assert_eq!(
            (posted.matches.join(" "), posted.included.join(" ")),
            (OWN.to_owned(), AROUND.to_owned())
        );
        // What was deleted is gone.
        server.delete("Condition/undated").await.expect(204);
        server.delete("Practitioner/gp").await.expect(204);
        let found = everything(server, "").await;
        assert!(!found.matches.contains(&"Condition/undated".to_owned()));
        assert!(!found.included.contains(&"Practitioner/gp".to_owned()));
    });
}

#[test]
fn parts_of_a_record() {
    on_both(async |server| {
        server.store_all(&people()).await;
        for (query, own, around) in [
            ("_type=Patient", "ada", ""),
            ("_type=Condition,Task", "hunger undated work", ""),
            ("_type=Condition&_type=Task", "hunger undated work", ""),
            ("_type=Observation", "", ""),
            ("_type=Organization", "", "clinic pantry"),
            ("_type=Task,Organization", "work", "clinic pantry"),
            ("_type=Questionnaire", "", "old"),
            // What care was given, by the best date each has; what has none may be of that time.
            (
                "start=2026-05-01&end=2026-05-31",
                "ada undated order work card",
                "clinic gp kitchen pantry plan",
            ),
            ("start=2026-05-07", "ada undated work card", "clinic gp pantry"),
            ("end=2026-05-05", "ada hunger undated order answers card", "clinic gp kitchen old plan"),
            (
                "end=2026-05",
                "ada hunger undated order work answers card",
                "clinic gp kitchen old pantry plan",
            ),
            ("end=2020", "ada undated card", "clinic gp"),
            ("start=2026-05&_type=ServiceRequest", "order", ""),
            (
                "start=2026-04-01T11:00:00%2B01:00&end=2026-04-01T10:00:00Z&_type=QuestionnaireResponse",
                "answers",
                "",
            ),
            ("start=2026-04-01T10:00:01Z&_type=QuestionnaireResponse", "", ""),
        ] {
            let found = everything(server, query).await;
            assert_eq!(found.ids().join(" "), own, "{query}");
            let mut names: Vec<&str> =
                found.included.iter().map(|name| name.split_once('/').unwrap().1).collect();
            names.sort_unstable();
            assert_eq!(names.join(" "), around, "{query}");
            assert_eq!(found.total, Some(found.matches.len() as u64), "{query}");
        }
        let parameters = json!({"resourceType": "Parameters", "parameter": [
            {"name": "_type", "valueCode": "Task"}, {"name": "_type", "valueCode": "Condition"},
            {"name": "start", "valueDate": "2026-01-01"}, {"name": "_count", "valueInteger": 1}]});
        let first = Found::new(&server.post("Patient/ada/$everything", &parameters).await.expect(200));
        assert_eq!(first.matches, ["Condition/undated"]);
        assert_eq!(server.search(&first.next.unwrap()).await.matches, ["Task/work"]);
    });
}

#[test]
fn what_has_changed_since() {
    on_both(async |server| {
        server.store_all(&people()).await;
        let since = everything(server, "").await.bundle["meta"]["lastUpdated"].as_str().unwrap().to_owned();
        assert_eq!(everything(server, &format!("_since={since}")).await.total, Some(0));
        server.clock.advance(60);
        server.store(&people().into_iter().find(|one| one["id"] == "order").unwrap()).await;
        let found = everything(server, &format!("_since={since}")).await;
        assert_eq!(found.matches, ["ServiceRequest/order"]);
        // However old they are.
        assert_eq!(found.included, ["Location/kitchen", "PlanDefinition/plan"]);
        assert_eq!(
            everything(server, "_since=2026-11-22T10:00:30%2B01:00").await.matches,
            ["ServiceRequest/order"]
        );
    });
}

#[test]
fn pages_of_a_record() {
    on_both_in_both_formats(async |server| {
        server.store_all(&people()).await;
        for (query, expected) in [("", OWN), ("_type=Condition,Task,Coverage&", "hunger undated work card")] {
            for count in [1, 2, 3, 7] {
                let (mut seen, mut pages) = (Vec::new(), 0);
                let mut next = Some(format!("Patient/ada/$everything?{query}_count={count}"));
                while let Some(url) = next {
                    let page = server.search(&url).await;
                    assert!(page.matches.len() <= count, "{url}");
                    if page.matches.contains(&"Task/work".to_owned()) && query.is_empty() {
                        assert!(page.included.contains(&"Organization/pantry".to_owned()), "{url}");
                    }
                    seen.extend(page.matches);
                    (next, pages) = (page.next, pages + 1);
                }
                let names: Vec<&str> = match query {
                    "" => seen.iter().map(String::as_str).collect(),
                    _ => seen.iter().map(|name| name.split_once('/').unwrap().1).collect(),
                };
                assert_eq!(names.join(" "), expected, "{query} by {count}");
                assert_eq!(pages, names.len().div_ceil(count), "{query} by {count}");
            }
        }
        let none = everything(server, "_count=0").await;
        assert_eq!((none.matches.len(), none.included.len(), none.total), (0, 0, Some(7)));
        assert_eq!(everything(server, "_count=0&_type=Task,Organization").await.total, Some(1));
        // What changes meanwhile comes later, not never.
        let first = everything(server, "_count=4").await;
        server.store(&people().into_iter().find(|one| one["id"] == "hunger").unwrap()).await;
        let second = server.search(&first.next.unwrap()).await;
        assert_eq!(second.matches.last().unwrap(), "Condition/hunger");
        assert_eq!(first.total, None);
    });
}

#[test]
fn what_is_refused() {
    on_both_in_both_formats(async |server| {
        server.store_all(&people()).await;
        server.delete("Patient/bob").await.expect(204);
        for (path, status, issue) in [
            ("Patient/nobody/$everything", 404, "error not-found"),
            ("Patient/bob/$everything", 410, "error deleted"),
            ("Patient/$everything", 400, "error required"),
            ("Group/ada/$everything", 404, "error not-supported"),
            ("$everything", 404, "error not-supported"),
            ("Patient/ada/$everything?_type=Pateint", 400, "error value"),
            ("Patient/ada/$everything?_since=soon", 400, "error value"),
            ("Patient/ada/$everything?start=2026-13-01", 400, "error value"),
            ("Patient/ada/$everything?_count=-1", 400, "error value"),
            ("Patient/ada/$everything?_after=x", 400, "error value"),
        ] {
            let answer = server.get(path).await.expect(status);
            assert!(answer.issues().starts_with(issue), "{path}: {}", answer.issues());
        }
        let strict = [("Prefer", "handling=strict")];
        server.get_with("Patient/ada/$everything?colour=red", &strict).await.expect(400);
        let found = everything(server, "colour=red&_type=Patient").await;
        assert_eq!((found.matches.len(), found.outcomes.len()), (1, 1));
        server.send(Method::PUT, "Patient/ada/$everything", &[], None).await.expect(405);
        let text = [("Content-Type", "text/plain")];
        server.send(Method::POST, "Patient/ada/$everything", &text, Some("x".into())).await.expect(415);
        server.post("Patient/ada/$everything", &json!({"resourceType": "Patient"})).await.expect(400);
    });
}

#[test]
fn of_its_own_space() {
    on_both_with(
        |config| config.spaces = ["other".to_owned()].into(),
        async |server| {
            server.store_all(&people()).await;
            let other = server.space("other");
            other.store(&resource("Patient/ada", json!({}))).await;
            other
                .store(&resource(
                    "Condition/elsewhere",
                    json!({"subject": reference("Patient/ada"),
                "recorder": reference("Practitioner/gp")}),
                ))
                .await;
            let found = other.search("Patient/ada/$everything").await;
            assert_eq!(found.matches, ["Patient/ada", "Condition/elsewhere"]);
            assert!(found.included.is_empty());
            assert_eq!(everything(server, "").await.total, Some(7));
            let batch = transaction("batch", vec![entry("GET Patient/ada/$everything?_type=Task", None)]);
            let answer = server.post("", &batch).await.expect(200).json();
            assert_eq!(answer["entry"][0]["resource"]["total"], 1, "{answer}");
        },
    );
}

#[test]
fn a_long_record() {
    on_both(async |server| {
        server.store(&resource("Patient/ada", json!({}))).await;
        let observation = |n: usize| {
            let content = json!({"status": "final", "code": {"text": "x"}, "subject": reference("Patient/ada"),
                "performer": [reference(&format!("Practitioner/p{}", n % 300))]});
            entry(&format!("PUT Observation/o{n}"), Some(resource(&format!("Observation/o{n}"), content)))
        };
        let practitioner = |n: usize| {
            entry(&format!("PUT Practitioner/p{n}"), Some(resource(&format!("Practitioner/p{n}"), json!({}))))
        };
        let entries = (0..300).map(practitioner).chain((0..1200).map(observation));
        server.post("", &transaction("transaction", entries.collect())).await.expect(200);
        let first = everything(server, "").await;
        assert_eq!((first.matches.len(), first.included.len(), first.total), (1000, 300, None));
        let second = server.search(&first.next.unwrap()).await;
        assert_eq!((second.matches.len(), second.next), (201, None));
    });
}

#[test]
fn as_far_as_the_scopes_go() {
    let clinic = |config: &mut Config| with_login(config, vec![registration("clinic", "system/*.cruds")]);
    on_both_with(clinic, async |server| {
        server.login("clinic", "system/*.cruds").await.store_all(&people()).await;
        for (scope, query, own, around) in [
            ("system/*.rs", "_type=Patient,Practitioner", "Patient/ada", "Practitioner/gp"),
            ("system/Patient.r", "", "Patient/ada", ""),
            ("system/Patient.r", "_type=Task,Practitioner", "", ""),
            ("system/Patient.r system/Task.r", "", "Patient/ada Task/work", ""),
            ("system/Patient.r system/Organization.r", "", "Patient/ada", "Organization/clinic"),
            // That the Task refers to the pantry is not for it to know.
            ("system/Patient.r system/Organization.r", "_type=Organization", "", "Organization/clinic"),
        ] {
            let client = server.login("clinic", scope).await;
            let found = client.search(&format!("Patient/ada/$everything?{query}")).await;
            let names = (found.matches.join(" "), found.included.join(" "));
            assert_eq!(names, (own.to_owned(), around.to_owned()), "{scope} {query}");
            assert_eq!(found.total, Some(found.matches.len() as u64), "{scope} {query}");
            let count = client.search(&format!("Patient/ada/$everything?{query}&_count=0")).await.total;
            assert_eq!(count, found.total, "{scope} {query}");
        }
        let client = server.login("clinic", "system/Task.rs").await;
        client.get("Patient/ada/$everything").await.expect(403);
    });
}

#[test]
fn as_far_as_a_party_may_see() {
    let pantry =
        Registration { coverage: Coverage::CoveredEntity, ..registration("pantry", "system/*.cruds") };
    on_both_with(
        |config| config.clients.push(pantry.clone()),
        async |server| {
            server.store_all(&people()).await;
            let viewer = |organization: &str| {
                Viewer::Party(Arc::new(Party {
                    creator: organization.to_owned(),
                    names: vec![organization.to_owned()],
                    now: server.clock.now(),
                }))
            };
            let (gateway, space) = (&server.gateway, server.gateway.space("").unwrap());
            let request = RecordRequest {
                patient: "ada".to_owned(),
                types: Vec::new(),
                readable: None,
                since: None,
                start: None,
                end: None,
                count: 100,
                after: None,
            };
            let names = |versions: &[Version]| {
                let names =
                    versions.iter().map(|version| format!("{}/{}", version.key.type_name, version.key.id));
                names.collect::<Vec<_>>().join(" ")
            };
            // The Task it owns, what that reaches, and what belongs to nobody.
            let pantry = viewer("Organization/pantry");
            let found = gateway.record(&pantry, space, &request).await.unwrap();
            assert_eq!(names(&found.matches), "Patient/ada ServiceRequest/order Task/work");
            let around = "Organization/clinic Organization/pantry Location/kitchen Practitioner/gp PlanDefinition/plan";
            assert_eq!(names(&found.included), around);
            assert_eq!(found.total, Some(3));
            let all = [("_type".to_owned(), "Patient,Task,Condition,Observation".to_owned())];
            let (definitions, registry) = (gateway.definitions(), gateway.registry());
            let search =
                SearchRequest::parse_system(definitions, registry, &space.base, &all, Handling::Strict)
                    .unwrap();
            let found = gateway.search(&pantry, space, &search).await.unwrap();
            assert_eq!(names(&found.matches), "Patient/ada Task/work");
            // One that has no part in anything.
            let stranger = viewer("Organization/stranger");
            let found = gateway.record(&stranger, space, &request).await.unwrap();
            assert_eq!((found.matches.len(), found.included.len(), found.total), (0, 0, Some(0)));
            assert_eq!(gateway.search(&stranger, space, &search).await.unwrap().total, Some(0));
        },
    );
}
