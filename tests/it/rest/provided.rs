//! What the gateway provides itself: definitions of its search parameters and operations, beside what is stored.

use serde_json::{Value, json};

use crate::harness::{Answer, Found, Server, on_both, on_both_in_both_formats};

/// The errors and warnings of a resource's own validation, but for names: parameters are called as they are by FHIR.
async fn findings(server: &Server, resource: &Value) -> String {
    let path = format!("{}/$validate", resource["resourceType"].as_str().unwrap());
    let outcome: Answer = server.post(&path, resource).await.expect(200);
    let issues = outcome.issues();
    let wrong =
        issues.lines().filter(|line| !line.starts_with("information") && !line.contains("name.matches"));
    wrong.collect::<Vec<_>>().join("\n")
}

#[test]
fn search_parameters() {
    on_both_in_both_formats(async |server| {
        for (query, ids) in [
            ("url=http://hl7.org/fhir/SearchParameter/Resource-id", "Resource-id"),
            ("code=_lastUpdated", "Resource-lastUpdated"),
            ("name=_tag", "Resource-tag"),
            ("base=Task&code=owner", "Task-owner"),
            ("base=Task&type=date", "Task-authored-on Task-modified Task-period"),
            ("base=Resource&code:not=_tag&type=token", "Resource-id Resource-security"),
            ("_id=Task-owner,nothing", "Task-owner"),
            ("url=http://hl7.org/fhir/SearchParameter/nothing", ""),
            ("_lastUpdated=gt2000", ""),
            (
                "component=http://hl7.org/fhir/SearchParameter/clinical-code&code=code-value-quantity",
                "Observation-code-value-quantity",
            ),
        ] {
            server.finds(&format!("SearchParameter?{query}"), ids).await;
            let mut posted = server.search_by_post(&format!("SearchParameter?{query}")).await.ids();
            posted.sort();
            assert_eq!(posted.join(" "), ids, "POST {query}");
        }
        let read = server.get("SearchParameter/clinical-patient").await.expect(200);
        assert_eq!((read.header("etag"), read.header("last-modified")), ("", ""));
        let parameter = read.json();
        assert_eq!(parameter["url"], "http://hl7.org/fhir/SearchParameter/clinical-patient");
        assert_eq!((&parameter["code"], &parameter["type"]), (&"patient".into(), &"reference".into()));
        assert!(parameter["base"].as_array().unwrap().contains(&"Observation".into()));
        assert_eq!(parameter["target"], json!(["Patient", "Group"]));
        let part = server.read("SearchParameter/clinical-patient?_elements=url").await;
        assert!(part.get("expression").is_none() && part["url"] == parameter["url"]);
        let summary = server.search("SearchParameter?_id=clinical-patient&_summary=true").await;
        assert!(summary.resources()[0].get("expression").is_none());
        for path in ["SearchParameter/nothing", "SearchParameter/clinical-patient/_history/1"] {
            server.get(path).await.expect(404);
        }
    });
}

#[test]
fn all_of_them_are_valid() {
    on_both(async |server| {
        let mut resources = server.search("SearchParameter?_count=5000").await.bundle["entry"].take();
        let operations = server.search("OperationDefinition").await.bundle["entry"].take();
        resources.as_array_mut().unwrap().extend(operations.as_array().unwrap().clone());
        let resources = resources.as_array().unwrap();
        assert!(resources.len() > 1300, "{}", resources.len());
        for entry in resources {
            let resource = &entry["resource"];
            assert_eq!(findings(server, resource).await, "", "{resource}");
        }
    });
}

#[test]
fn operation_definitions() {
    on_both_in_both_formats(async |server| {
        for (query, ids) in [
            ("code=everything", "Patient-everything"),
            ("base=http://hl7.org/fhir/OperationDefinition/Patient-everything", "Patient-everything"),
            ("url=http://hl7.org/fhir/us/core/OperationDefinition/docref", "DocumentReference-docref"),
            (&format!("url={}/OperationDefinition/Task-timeline", server.base), "Task-timeline"),
            ("name=TaskTime", "Task-timeline"),
            ("system=true", "export"),
            ("code=export&instance=true", "Group-export"),
            ("code=validate-code", "CodeSystem-validate-code ValueSet-validate-code"),
        ] {
            server.finds(&format!("OperationDefinition?{query}"), ids).await;
        }
        let everything = server.read("OperationDefinition/Patient-everything").await;
        let inputs = everything["parameter"].as_array().unwrap().iter().filter(|p| p["use"] == "in");
        let names: Vec<&str> = inputs.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["start", "end", "_since", "_type", "_count"]);
    });
}

#[test]
fn what_is_stored_comes_first() {
    on_both(async |server| {
        let provided = server.read("SearchParameter/Task-owner").await;
        let mut own = provided.clone();
        own["description"] = "Ours".into();
        server.store(&own).await;
        own["id"] = "another".into();
        server.store(&own).await;
        assert_eq!(server.read("SearchParameter/Task-owner").await["description"], "Ours");
        server.finds_in_order("SearchParameter?code=owner&base=Task", "Task-owner another").await;
        server
            .finds_in_order(
                "SearchParameter?url=http://hl7.org/fhir/SearchParameter/Task-owner&_sort=-_id",
                "another Task-owner",
            )
            .await;
        server.delete("SearchParameter/another").await.expect(204);
        server.get("SearchParameter/another").await.expect(410);
        server.delete("SearchParameter/Task-owner").await.expect(204);
        assert_eq!(server.read("SearchParameter/Task-owner").await["description"], provided["description"]);
        server.finds("SearchParameter?code=owner&base=Task", "Task-owner").await;
        // Only what is stored is looked at by what writes, and by searches of the system.
        let exists = [("If-None-Exist", "code=owner&base=Task")];
        own.as_object_mut().unwrap().remove("id");
        server.post_with("SearchParameter", &exists, &own).await.expect(201);
        assert_eq!(server.search("?_type=SearchParameter").await.matches.len(), 1);
    });
}

#[test]
fn pages_of_both() {
    on_both(async |server| {
        for n in 0..5 {
            let id = format!("own{n}");
            server
                .store(&json!({"resourceType": "SearchParameter", "id": id, "url": format!("http://own.example/{id}"),
                    "name": "Own", "status": "draft", "description": "Own", "code": "own", "base": ["Task"], "type": "date"}))
                .await;
        }
        let query = "SearchParameter?base=Task&type=date";
        let whole = server.search(query).await;
        assert_eq!((whole.matches.len(), whole.total), (8, Some(8)));
        assert_eq!(whole.ids()[..5], ["own0", "own1", "own2", "own3", "own4"]);
        for count in 1..=9 {
            let (mut seen, mut pages) = (Vec::new(), 0);
            let mut next = Some(format!("{query}&_count={count}"));
            while let Some(url) = next {
                let page: Found = server.search(&url).await;
                assert!(page.next.is_none() || page.matches.len() == count, "{url}");
                seen.extend(page.matches);
                (next, pages) = (page.next, pages + 1);
            }
            assert_eq!(seen, whole.matches, "by {count}");
            assert_eq!(pages, 8_usize.div_ceil(count), "by {count}");
        }
        for (query, matches, total) in [
            ("_summary=count", 0, Some(8)),
            ("_count=2&_total=accurate", 2, Some(8)),
            ("_count=6", 6, Some(8)),
            ("_count=2", 2, None),
            ("_total=none", 8, None),
        ] {
            let found = server.search(&format!("SearchParameter?base=Task&type=date&{query}")).await;
            assert_eq!((found.matches.len(), found.total), (matches, total), "{query}");
        }
        let last = server.search(&format!("{query}&_count=7&_total=accurate")).await.next.unwrap();
        assert_eq!(server.search(&last).await.total, Some(8));
        server.get("SearchParameter?_after=provided:x").await.expect(400);
        server.get("Task?_after=provided:1").await.expect(400);
        assert_eq!(server.search("SearchParameter?_after=provided:99999").await.matches.len(), 0);
    });
}
