//! metadata: true in every line.

use futures_util::{StreamExt as _, stream};
use http::Method;
use serde_json::{Value, json};

use crate::harness::{Server, on_both, on_both_in_both_formats};
use sdoh_gateway::definitions::SearchKind;

async fn statement(server: &Server) -> Value {
    server.get("metadata").await.expect(200).json()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn the_statement_is_that_of_an_instance() {
    on_both(async |server| {
        let statement = statement(server).await;
        assert_eq!(statement["kind"], "instance");
        assert_eq!(statement["fhirVersion"], "4.0.1");
        assert_eq!(statement["implementation"]["url"], server.base);
        assert_eq!(list(&statement, "rest").len(), 1);
        // A role is claimed only once all its SHALLs hold; XML is among those.
        assert!(statement.get("instantiates").is_none());
        let types: Vec<&str> =
            list(&statement["rest"][0], "resource").iter().map(|r| r["type"].as_str().unwrap()).collect();
        assert_eq!(types.len(), 146, "every R4 resource type");
        for name in ["Task", "ServiceRequest", "Binary", "Parameters"] {
            assert!(types.contains(&name), "{name}");
        }
    });
}

#[test]
fn every_interaction_it_claims_is_there() {
    on_both(async |server| {
        let statement = statement(server).await;
        let work = list(&statement["rest"][0], "resource").iter().map(|resource| async move {
            let name = resource["type"].as_str().unwrap();
            let claimed: Vec<&str> =
                list(resource, "interaction").iter().map(|i| i["code"].as_str().unwrap()).collect();
            let body = json!({"resourceType": name, "id": "x"});
            for interaction in claimed {
                let accept = [("Accept", "application/fhir+json")];
                let path = format!("{name}/x");
                server.put_with(&path, &accept, &body).await;
                match interaction {
                    "read" => server.get_with(&path, &accept).await.expect(200),
                    "vread" => server.get_with(&format!("{path}/_history/1"), &accept).await.expect(200),
                    "update" => server.put_with(&path, &accept, &body).await.expect(200),
                    "patch" => {
                        let headers = [accept[0], ("Content-Type", "application/json-patch+json")];
                        server.send(Method::PATCH, &path, &headers, Some("[]".into())).await.expect(200)
                    }
                    "delete" => server.delete(&path).await.expect(204),
                    "history-instance" => server.get(&format!("{path}/_history")).await.expect(200),
                    "history-type" => server.get(&format!("{name}/_history")).await.expect(200),
                    "create" => server.post_with(name, &accept, &body).await.expect(201),
                    "search-type" => server.get(&format!("{name}?_id=x")).await.expect(200),
                    other => panic!("{name} claims {other}"),
                };
            }
        });
        stream::iter(work).buffer_unordered(8).collect::<Vec<()>>().await;
        for interaction in list(&statement["rest"][0], "interaction") {
            match interaction["code"].as_str().unwrap() {
                kind @ ("batch" | "transaction") => {
                    server.post("", &json!({"resourceType": "Bundle", "type": kind})).await.expect(200)
                }
                "history-system" => server.get("_history").await.expect(200),
                "search-system" => server.get("?_type=Task,Patient").await.expect(200),
                other => panic!("the server claims {other}"),
            };
        }
    });
}

/// A value each kind of parameter takes.
fn sample(kind: SearchKind) -> &'static str {
    match kind {
        SearchKind::Date => "gt2026-01-01",
        SearchKind::Number => "1.5",
        SearchKind::Quantity => "5.4|http://unitsofmeasure.org|mg",
        SearchKind::Uri => "http://a.example/x",
        SearchKind::Reference => "Patient/x",
        _ => "x",
    }
}

#[test]
fn every_search_parameter_and_include_it_claims_is_there() {
    on_both(async |server| {
        let statement = statement(server).await;
        let registry = server.gateway.registry();
        let mut queries = Vec::new();
        for parameter in list(&statement["rest"][0], "searchParam") {
            let (code, kind) = (parameter["name"].as_str().unwrap(), parameter["type"].as_str().unwrap());
            queries.push(format!("?{code}={}", if kind == "date" { "gt2026-01-01" } else { "x" }));
        }
        assert_eq!(queries.len(), 6, "{queries:?}");
        for resource in list(&statement["rest"][0], "resource") {
            let name = resource["type"].as_str().unwrap();
            for parameter in list(resource, "searchParam") {
                let code = parameter["name"].as_str().unwrap();
                let value = match registry.find(name, code) {
                    Some(key) if !registry[key].parts.is_empty() => {
                        let parts = registry[key].parts.iter().map(|part| sample(registry[*part].kind));
                        parts.collect::<Vec<_>>().join("$")
                    }
                    Some(key) => sample(registry[key].kind).to_owned(),
                    None => sample(if code == "_lastUpdated" { SearchKind::Date } else { SearchKind::Token })
                        .to_owned(),
                };
                queries.push(format!("{name}?{code}={value}"));
            }
            queries.extend(
                list(resource, "searchInclude")
                    .iter()
                    .map(|i| format!("{name}?_include={}", i.as_str().unwrap())),
            );
            queries.extend(
                list(resource, "searchRevInclude")
                    .iter()
                    .map(|i| format!("{name}?_revinclude={}", i.as_str().unwrap())),
            );
        }
        assert!(queries.len() > 3000, "{}", queries.len());
        let strict = [("Prefer", "handling=strict")];
        let work = queries.iter().map(|query| async { server.get_with(query, &strict).await.expect(200) });
        stream::iter(work).buffer_unordered(8).for_each(async |_| ()).await;
    });
}

#[test]
fn every_operation_it_claims_is_there_and_defined() {
    on_both_in_both_formats(async |server| {
        let statement = statement(server).await;
        let rest = &statement["rest"][0];
        let mut claimed: Vec<(Option<&str>, &Value)> =
            list(rest, "operation").iter().map(|o| (None, o)).collect();
        for resource in list(rest, "resource") {
            let operations = list(resource, "operation").iter();
            claimed.extend(operations.map(|operation| (resource["type"].as_str(), operation)));
        }
        assert_eq!(claimed.len(), 3 + 1 + 1 + 1 + 6 + 2 * 146);
        let mut definitions = std::collections::BTreeSet::new();
        for (type_name, operation) in claimed {
            let name = operation["name"].as_str().unwrap();
            let url = operation["definition"].as_str().unwrap();
            // Those on every resource are looked at on a few.
            if matches!(name, "validate" | "issues")
                && !matches!(type_name, Some("Task" | "Basic" | "Binary"))
            {
                continue;
            }
            let found = server.search(&format!("OperationDefinition?url={url}")).await;
            assert_eq!(found.matches.len(), 1, "{url}");
            let definition = found.resources()[0];
            definitions.insert(found.matches[0].clone());
            assert_eq!(definition["code"], name, "{url}");
            let on = definition["resource"][0].as_str();
            assert!(on == type_name || on == Some("Resource"), "{url}");
            let mut paths = Vec::new();
            if definition["system"] == true {
                paths.push(format!("${name}"));
            }
            if definition["type"] == true {
                paths.push(format!("{}/${name}", type_name.unwrap()));
            }
            if definition["instance"] == true {
                let type_name = type_name.unwrap();
                server.store(&json!({"resourceType": type_name, "id": "x"})).await;
                paths.push(format!("{type_name}/x/${name}"));
            }
            for path in paths {
                // Found, be it to ask for a parameter.
                let asked = server.get(&path).await;
                assert!(matches!(asked.status, 200 | 400 | 422), "{path}: {}", asked.status);
                let parameters = json!({"resourceType": "Parameters"});
                let posted = server.post(&path, &parameters).await;
                assert!(matches!(posted.status, 200 | 400 | 422), "POST {path}: {}", posted.status);
            }
        }
        // None is served that is not claimed.
        let all = server.search("OperationDefinition").await;
        assert_eq!(all.matches.len(), definitions.len());
    });
}

#[test]
fn every_search_parameter_it_claims_is_defined() {
    on_both(async |server| {
        let statement = statement(server).await;
        let served = server.search("SearchParameter?_count=5000").await;
        let urls: Vec<&str> = served.resources().iter().map(|p| p["url"].as_str().unwrap()).collect();
        let served: std::collections::BTreeSet<&str> = urls.into_iter().collect();
        let rest = &statement["rest"][0];
        let of_types = list(rest, "resource").iter().flat_map(|resource| list(resource, "searchParam"));
        let claimed: std::collections::BTreeSet<&str> = of_types
            .chain(list(rest, "searchParam"))
            .map(|parameter| parameter["definition"].as_str().unwrap())
            .collect();
        assert_eq!(claimed, served);
    });
}

#[test]
fn every_condition_it_claims_is_heeded() {
    on_both(async |server| {
        let statement = statement(server).await;
        let work = list(&statement["rest"][0], "resource").iter().map(|resource| async move {
            let name = resource["type"].as_str().unwrap();
            let (path, found) = (format!("{name}/x"), format!("{name}?_id=x"));
            let json = ("Accept", "application/fhir+json");
            let body = json!({"resourceType": name, "id": "x"});
            assert_eq!(resource["updateCreate"], true);
            server.put_with(&path, &[json], &body).await.expect(201);
            assert_eq!(resource["versioning"], "versioned-update");
            server.put_with(&path, &[json, ("If-Match", "W/\"7\"")], &body).await.expect(412);
            assert_eq!(resource["readHistory"], true);
            server.get_with(&format!("{path}/_history/1"), &[json]).await.expect(200);
            assert_eq!(resource["conditionalRead"], "full-support");
            for condition in
                [("If-None-Match", "W/\"1\""), ("If-Modified-Since", "Sun, 22 Nov 2026 09:00:00 GMT")]
            {
                server.get_with(&path, &[json, condition]).await.expect(304);
            }
            assert_eq!(resource["conditionalCreate"], true);
            server.post_with(name, &[json, ("If-None-Exist", "_id=x")], &body).await.expect(200);
            assert_eq!(resource["conditionalUpdate"], true);
            server.put_with(&found, &[json], &body).await.expect(200);
            assert_eq!(resource["conditionalDelete"], "single");
            server
                .put_with(&format!("{name}/y"), &[json], &json!({"resourceType": name, "id": "y"}))
                .await
                .expect(201);
            server.delete(&format!("{name}?_id=x,y")).await.expect(412);
            server.delete(&found).await.expect(204);
            server.get_with(&path, &[json]).await.expect(410);
        });
        stream::iter(work).buffer_unordered(8).collect::<Vec<()>>().await;
    });
}

#[test]
fn every_format_it_claims_is_written_and_read() {
    on_both(async |server| {
        let statement = statement(server).await;
        for format in list(&statement, "format") {
            let format = format.as_str().unwrap();
            server.get(&format!("Patient?_format={}", format.replace('+', "%2B"))).await.expect(200);
        }
        for format in list(&statement, "patchFormat") {
            let format = format.as_str().unwrap();
            server.store(&json!({"resourceType": "Patient", "id": "x", "active": true})).await;
            let patch = match format {
                "application/json-patch+json" => "[]",
                "application/xml-patch+xml" => {
                    r#"<diff><replace sel="Patient/active/@value">false</replace></diff>"#
                }
                "application/fhir+json" => r#"{"resourceType": "Parameters"}"#,
                "application/fhir+xml" => r#"<Parameters xmlns="http://hl7.org/fhir"/>"#,
                other => panic!("{other}"),
            };
            let sent = [("Content-Type", format)];
            server.send(Method::PATCH, "Patient/x", &sent, Some(patch.into())).await.expect(200);
        }
    });
}
