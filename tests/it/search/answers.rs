//! The searchset: what it says of itself, parts of resources, and parameters nobody knows.

use serde_json::json;

use super::people;
use crate::harness::on_both;

#[test]
fn the_bundle_says_what_it_is() {
    on_both(async |server| {
        let empty = server.search("Patient?name=x").await;
        assert_eq!((empty.matches.len(), empty.total, empty.bundle.get("entry")), (0, Some(0), None));
        server.store_all(&people()).await;
        let found = server.search("Patient?name=bramble&gender=female").await;
        assert_eq!(
            found.bundle["link"][0],
            json!({"relation": "self", "url": format!("{}/Patient?name=bramble&gender=female", server.base)})
        );
        let entry = &found.bundle["entry"][0];
        assert_eq!(entry["fullUrl"], format!("{}/Patient/p1", server.base));
        assert_eq!(entry["search"], json!({"mode": "match"}));
        assert_eq!(entry["resource"], server.read("Patient/p1").await);
        // By POST the parameters may stand in the URL as well; the self link is one for a GET.
        let headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
        let answer = server
            .send(
                http::Method::POST,
                "Patient/_search?gender=female",
                &headers,
                Some(b"name=bramble".to_vec()),
            )
            .await
            .expect(200);
        assert_eq!(
            answer.json()["link"][0]["url"],
            format!("{}/Patient?gender=female&name=bramble", server.base)
        );
        assert_eq!(answer.json()["total"], 1);
        let form = server
            .send(
                http::Method::POST,
                "Patient/_search",
                &[("Content-Type", "application/json")],
                Some(b"{}".to_vec()),
            )
            .await;
        form.expect(400);
        server.send(http::Method::POST, "Patient/_search", &[], None).await.expect(200);
    });
}

#[test]
fn the_self_link_asks_the_same_again() {
    on_both(async |server| {
        server.store_all(&people()).await;
        for query in [
            r"Patient?identifier=a\,b\|c\$d",
            "Patient?name=m%C3%BCller",
            "Patient?address=12+mill&_sort=-_id&_count=2",
            "Observation?date=ge2026-05-01T10:00:00%2B02:00",
            "Patient?name=%26%3D%23%25",
        ] {
            let first = server.search(query).await;
            let link = first.bundle["link"][0]["url"].as_str().unwrap().to_owned();
            assert_eq!(server.search(&link).await.ids(), first.ids(), "{query} → {link}");
        }
    });
}

#[test]
fn parameters_nobody_knows_are_passed_over_or_refused() {
    on_both(async |server| {
        server.store_all(&people()).await;
        for (query, matches) in [
            ("Patient?nothing=x", 4),
            ("Patient?gender=female&nothing=x", 1),
            ("Patient?nothing:missing=true", 4),
            ("Patient?_has:Observation:patient:code=x", 4),
            ("Patient?_filter=x", 4),
            ("Task?owner:Organization.nothing=x", 5),
        ] {
            let found = server.search(query).await;
            assert_eq!((found.matches.len(), found.outcomes.len()), (matches, 1), "{query}");
            let outcome = &found.outcomes[0];
            assert_eq!(outcome["issue"][0]["severity"], "warning");
            assert!(
                !found.bundle["link"][0]["url"].as_str().unwrap().contains("nothing"),
                "{query}: only what was used"
            );
            server.get_with(query, &[("Prefer", "handling=lenient")]).await.expect(200);
            let strict = server.get_with(query, &[("Prefer", "handling=strict")]).await.expect(400);
            assert!(strict.issues().starts_with("error not-supported"), "{}", strict.issues());
        }
        // These mean nothing to the search itself.
        for query in ["Patient?_format=json", "Patient?_pretty=true", "Patient?name="] {
            let found = server.search(query).await;
            assert_eq!((found.matches.len(), found.outcomes.len()), (4, 0), "{query}");
        }
    });
}

#[test]
fn elements_and_summaries() {
    on_both(async |server| {
        server.store_all(&people()).await;
        let keys = |value: &serde_json::Value| {
            value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
        };
        for (query, expected) in [
            ("Patient?_id=p3&_elements=name", "resourceType id meta name"),
            ("Patient?_id=p3&_elements=name,birthDate", "resourceType id meta birthDate name"),
            ("Patient?_id=p3&_summary=text", "resourceType id meta"),
            // What is mandatory goes along.
            ("Task?_id=t1&_elements=focus", "resourceType id meta status intent focus"),
            ("Task?_id=t1&_summary=text", "resourceType id meta status intent"),
            ("Observation?_id=b5&_elements=value", "resourceType id meta status code valueString"),
            (
                "Observation?_id=b5&_elements=value&_summary=true",
                "resourceType id meta status code valueString",
            ),
            (
                "Task?_id=t1&_summary=data",
                "resourceType id meta status intent for priority focus requester owner authoredOn basedOn",
            ),
            (
                "Task?_id=t1&_summary=false",
                "resourceType id meta status intent for priority focus requester owner authoredOn basedOn",
            ),
        ] {
            let found = server.search(query).await;
            let resource = found.resources()[0];
            assert_eq!(keys(resource), expected, "{query}");
            let marked = resource["meta"]["tag"]
                .as_array()
                .is_some_and(|tags| tags.iter().any(|tag| tag["code"] == "SUBSETTED"));
            assert_eq!(marked, !query.contains("false"), "{query}");
        }
        // What is stored has no such mark, and what is included is whole.
        assert!(server.read("Task/t1").await["meta"].get("tag").is_none());
        let included = server.search("Task?_id=t1&_elements=status&_include=Task:owner").await;
        assert_eq!(included.bundle["entry"][1]["resource"], server.read("Organization/o2").await);
    });
}
