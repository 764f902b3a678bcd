//! transaction: all entries or none (R4 §3.1.0.11.2).

use serde_json::{Value, json};

use super::batch::{carry_out, statuses};
use super::patient;
use crate::harness::{Found, entry, on_both, transaction};

const P: &str = "urn:uuid:0c3201bd-1cbf-4d64-b04d-cd9187a4c6e0";
const O: &str = "urn:uuid:3c1b9a3e-4a55-4dc1-8f2f-9f3a1c1d2e3f";

fn named(full_url: &str, what: &str, resource: Value) -> Value {
    let mut entry = entry(what, Some(resource));
    entry["fullUrl"] = full_url.into();
    entry
}

#[test]
fn placeholders_are_resolved_wherever_they_stand() {
    on_both(async |server| {
        let observation = json!({
            "resourceType": "Observation",
            "status": "final",
            "text": {"status": "generated", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"{P}\">Ada</a> {P}</div>")},
            "contained": [{"resourceType": "Specimen", "id": "s", "subject": {"reference": P}}],
            "extension": [
                {"url": "http://a.example/who", "valueReference": {"reference": P}},
                {"url": "http://a.example/uri", "valueUri": P},
                {"url": "http://a.example/text", "valueString": P},
                {"url": "http://a.example/deep", "extension": [{"url": "x", "valueReference": {"reference": P, "display": P}}]}
            ],
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": P}],
            "code": {"text": "weight"},
            "subject": {"reference": P},
            "performer": [{"reference": O}, {"reference": P}, {"reference": "urn:uuid:not-in-this-bundle"}],
            "hasMember": [{"reference": O}]
        });
        let entries = vec![named(O, "POST Observation", observation), named(P, "POST Patient", patient("x"))];
        let answers = carry_out(server, "transaction", entries).await;
        assert_eq!(statuses(&answers), [201, 201]);
        let place = |n: usize| {
            let resource = &answers[n]["resource"];
            format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap())
        };
        let (o, p) = (place(0), place(1));
        let stored = server.read(&o).await;
        assert_eq!(stored["subject"]["reference"], p);
        assert_eq!(stored["performer"][0]["reference"], o);
        assert_eq!(stored["performer"][1]["reference"], p);
        assert_eq!(stored["performer"][2]["reference"], "urn:uuid:not-in-this-bundle");
        assert_eq!(stored["hasMember"][0]["reference"], o);
        assert_eq!(stored["contained"][0]["subject"]["reference"], p);
        assert_eq!(stored["extension"][0]["valueReference"]["reference"], p);
        assert_eq!(stored["extension"][1]["valueUri"], p);
        assert_eq!(stored["extension"][3]["extension"][0]["valueReference"]["reference"], p);
        assert!(
            stored["text"]["div"].as_str().unwrap().contains(&format!("<a href=\"{p}\">Ada</a>")),
            "{}",
            stored["text"]["div"]
        );
        // Text is text.
        assert_eq!(stored["extension"][2]["valueString"], P);
        assert_eq!(stored["extension"][3]["extension"][0]["valueReference"]["display"], P);
        assert_eq!(stored["identifier"][0]["value"], P);
        server.finds(&format!("Observation?subject={p}"), o.split_once('/').unwrap().1).await;
    });
}

#[test]
fn http_full_urls_are_placeholders_as_well() {
    on_both(async |server| {
        let task = |focus: &str| json!({"resourceType": "Task", "id": "t", "status": "draft", "intent": "order", "focus": {"reference": focus}});
        for focus in ["ServiceRequest/77", "http://ehr.example/r4/ServiceRequest/77"] {
            let entries = vec![
                named(
                    "http://ehr.example/r4/ServiceRequest/77",
                    "POST ServiceRequest",
                    json!({"resourceType": "ServiceRequest", "id": "77", "status": "active"}),
                ),
                named("http://ehr.example/r4/Task/t", "PUT Task/t", task(focus)),
            ];
            let answers = carry_out(server, "transaction", entries).await;
            let id = answers[0]["resource"]["id"].as_str().unwrap().to_owned();
            assert_ne!(id, "77");
            assert_eq!(
                server.read("Task/t").await["focus"]["reference"],
                format!("ServiceRequest/{id}"),
                "{focus}"
            );
        }
        // What the transaction does not hold stays as it is.
        let alone = vec![named(
            "http://ehr.example/r4/Task/t",
            "PUT Task/t",
            task("http://ehr.example/r4/ServiceRequest/78"),
        )];
        carry_out(server, "transaction", alone).await;
        assert_eq!(
            server.read("Task/t").await["focus"]["reference"],
            "http://ehr.example/r4/ServiceRequest/78"
        );
    });
}

#[test]
fn the_order_is_delete_create_update_read() {
    on_both(async |server| {
        server.store(&patient("old")).await;
        let mut renamed = patient("q");
        renamed["name"] = json!([{"family": "Later"}]);
        let entries = vec![
            entry("GET Patient/q", None),
            entry("GET Patient?name=later,bramble&_sort=_id", None),
            entry("PUT Patient/q", Some(renamed)),
            entry("POST Patient", Some(patient("x"))),
            entry("DELETE Patient/old", None),
            entry("GET Patient/old", None),
            entry("GET Patient/none", None),
        ];
        let answers = carry_out(server, "transaction", entries).await;
        assert_eq!(statuses(&answers), [200, 200, 201, 201, 204, 410, 404]);
        assert_eq!(answers[0]["resource"]["name"][0]["family"], "Later");
        let created = answers[3]["resource"]["id"].as_str().unwrap();
        let mut expected = [created, "q"];
        expected.sort_unstable();
        assert_eq!(Found::of(answers[1]["resource"].clone(), "nested").ids(), expected);
        // Versions are numbered in that order too.
        let moment = |n: usize| answers[n]["response"]["lastModified"].as_str().unwrap();
        assert!(moment(4) < moment(3) && moment(3) < moment(2), "{answers:?}");
    });
}

#[test]
fn one_bad_entry_undoes_all() {
    on_both(async |server| {
        server.store(&patient("p")).await;
        let mut stale = entry("PUT Patient/q", Some(patient("q")));
        stale["request"]["ifMatch"] = "W/\"9\"".into();
        let mut exists = entry("POST Patient", Some(patient("x")));
        exists["request"]["ifNoneExist"] = "shoe-size=43".into();
        let twice = vec![entry("PUT Patient/q", Some(patient("q"))), entry("DELETE Patient/q", None)];
        let same_name = vec![
            named(P, "POST Patient", patient("x")),
            named(P, "POST Observation", json!({"resourceType": "Observation"})),
        ];
        for (bad, status, place) in [
            (vec![entry("PUT Patient/q", Some(patient("not-q")))], 400, "entry[2]"),
            (vec![entry("POST Patient", None)], 400, "entry[2]"),
            (vec![entry("POST Pateint", Some(patient("x")))], 400, "entry[2]"),
            (vec![entry("POST Patient", Some(json!({"resourceType": "Observation"})))], 400, "entry[2]"),
            (vec![entry("FROB Patient/q", Some(patient("q")))], 400, "entry[2]"),
            (vec![json!({"resource": patient("q")})], 400, "entry[2]"),
            (vec![entry("PUT Patient/bad_id", Some(patient("bad_id")))], 400, "entry[2]"),
            (vec![entry("POST /", Some(transaction("batch", Vec::new())))], 400, "entry[2]"),
            (vec![stale], 412, ""),
            (vec![exists], 400, "entry[2]"),
            (twice, 400, ""),
            (same_name, 400, "entry[3]"),
        ] {
            let mut entries =
                vec![entry("POST Patient", Some(patient("x"))), entry("DELETE Patient/p", None)];
            entries.extend(bad.clone());
            let answer = server.post("", &transaction("transaction", entries)).await;
            assert_eq!(answer.status, status, "{bad:?}: {}", answer.text());
            assert!(answer.issues().contains(place), "{bad:?}: {}", answer.issues());
            server.finds("Patient", "p").await;
            assert_eq!(server.read("Patient/_history").await["total"], 1, "{bad:?}");
        }
    });
}

#[test]
fn urls_may_be_absolute_and_of_a_version() {
    on_both(async |server| {
        let entries = vec![
            entry(&format!("PUT {}/Patient/a", server.base), Some(patient("a"))),
            entry("PUT http://elsewhere.example/fhir/Patient/b/_history/3", Some(patient("b"))),
            entry("PUT /Patient/c", Some(patient("c"))),
        ];
        let answers = carry_out(server, "transaction", entries).await;
        assert_eq!(statuses(&answers), [201, 201, 201]);
        server.finds("Patient", "a b c").await;
    });
}

#[test]
fn prefer_holds_for_the_entries() {
    on_both(async |server| {
        let bundle = transaction("transaction", vec![entry("PUT Patient/p", Some(patient("p")))]);
        for (prefer, has_resource) in [("return=minimal", false), ("return=representation", true)] {
            let answer = server.post_with("", &[("Prefer", prefer)], &bundle).await.expect(200).json();
            let entry = &answer["entry"][0];
            assert_eq!(entry.get("resource").is_some(), has_resource, "{prefer}");
            assert!(entry["response"]["location"].is_string());
        }
    });
}

#[test]
fn a_large_transaction_is_one() {
    on_both(async |server| {
        let entries = (0..1000).map(|n| {
            let mut body = patient(&format!("n{n}"));
            body["link"] =
                json!([{"other": {"reference": format!("Patient/n{}", (n + 1) % 1000)}, "type": "seealso"}]);
            entry(&format!("PUT Patient/n{n}"), Some(body))
        });
        carry_out(server, "transaction", entries.collect()).await;
        assert_eq!(server.search("Patient").await.total, Some(1000));
        server.finds("Patient?link=Patient/n500", "n499").await;
    });
}
