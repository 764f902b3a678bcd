//! metadata: true in every line.

use futures_util::{StreamExt as _, stream};
use http::Method;
use serde_json::{Value, json};

use crate::harness::{Server, on_both};
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
