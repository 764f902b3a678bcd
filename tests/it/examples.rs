//! The published examples: each can be PUT, is read back equal, and is found by everything it is indexed by.
//!
//! On SQLite all of them; on PostgreSQL those of SDOHCC and US Core, and all of them in the long tier.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use sdoh_gateway::fhir::Resource;
use sdoh_gateway::fhir::id::Id;
use sdoh_gateway::store::{DEFAULT_SPACE, Kind};
use serde_json::Value;

use crate::ask::{Ask, asks, url};
use crate::harness::{Server, examples, is_long, on_kinds};

/// Requests under way at once.
const AT_ONCE: usize = 16;
/// Beyond so many matches they are counted rather than fetched.
const MANY: usize = 60;
/// The types of the R4 examples that define things rather than record them.
const DEFINITIONAL: [&str; 6] =
    ["CodeSystem", "ConceptMap", "OperationDefinition", "SearchParameter", "StructureDefinition", "ValueSet"];

const EVERYWHERE: &[Kind] = &[Kind::Sqlite, Kind::Postgres];

fn large() -> &'static [Kind] {
    if is_long() { EVERYWHERE } else { &[Kind::Sqlite] }
}

fn name(resource: &Value) -> String {
    format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap())
}

fn has_valid_id(resource: &Value) -> bool {
    resource["id"].as_str().is_some_and(Id::is_valid)
}

/// Without what belongs to the server.
fn without_server_owned(mut resource: Value) -> Value {
    if let Some(Value::Object(meta)) = resource.get_mut("meta") {
        meta.shift_remove("versionId");
        meta.shift_remove("lastUpdated");
        if meta.is_empty() {
            resource.as_object_mut().unwrap().shift_remove("meta");
        }
    }
    resource
}

fn put_read_find(kinds: &[Kind], resources: &[Value]) {
    on_kinds(
        kinds,
        |_| (),
        async |server| {
            put_and_read(server, resources).await;
            find(server, resources).await;
        },
    );
}

async fn put_and_read(server: &Server, resources: &[Value]) {
    let work = resources.iter().map(|resource| async move {
        let name = name(resource);
        let accept = [("Accept", "application/fhir+json")];
        server.put_with(&name, &accept, resource).await.expect(201);
        let read = server.get_with(&name, &accept).await.expect(200);
        assert_eq!(read.header("etag"), "W/\"1\"", "{name}");
        assert_eq!(without_server_owned(read.json()), without_server_owned(resource.clone()), "{name}");
    });
    stream::iter(work).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

async fn find(server: &Server, resources: &[Value]) {
    // For each type and parameter, which ids each value must find.
    let mut expected: BTreeMap<(String, String), BTreeMap<Vec<String>, BTreeSet<String>>> = BTreeMap::new();
    for resource in resources {
        let resource = Resource::new(resource.clone()).unwrap();
        let entries = server.gateway.entries(DEFAULT_SPACE, &resource);
        for Ask { name, values } in asks(server.gateway.registry(), &entries) {
            let by_value = expected.entry((resource.type_name().to_owned(), name)).or_default();
            by_value.entry(values).or_default().insert(resource.id().unwrap().to_owned());
        }
    }
    let mut searches = Vec::new();
    for ((type_name, name), by_value) in expected {
        // Values that few have are asked for together, with commas between.
        let (alone, together): (Vec<_>, Vec<_>) =
            by_value.into_iter().partition(|(values, ids)| values.len() != 1 || ids.len() > 5);
        for (values, ids) in alone {
            searches.push((format!("{type_name}?{}", Ask { name: name.clone(), values }.query()), ids));
        }
        for chunk in together.chunks(20) {
            let values: Vec<String> = chunk.iter().map(|(values, _)| url(&values[0])).collect();
            let ids = chunk.iter().flat_map(|(_, ids)| ids.clone()).collect();
            searches.push((format!("{type_name}?{name}={}", values.join(",")), ids));
        }
    }
    assert!(!searches.is_empty());
    println!("{} resources, {} searches", resources.len(), searches.len());
    let work = searches.iter().map(|(query, ids)| ask(server, query, ids));
    stream::iter(work).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

async fn ask(server: &Server, query: &str, ids: &BTreeSet<String>) {
    if ids.len() > MANY {
        let found = server.search(&format!("{query}&_summary=count")).await;
        assert!(found.total >= Some(ids.len() as u64), "{query}: {:?} of {}", found.total, ids.len());
        return;
    }
    let answer = server.get(&format!("{query}&_count=5000")).await.expect(200);
    // Parsing whole resources takes long; their URLs are enough.
    let text = answer.text();
    let found: BTreeSet<&str> = text
        .split(&format!("\"fullUrl\":\"{}/", server.base))
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().rsplit('/').next().unwrap())
        .collect();
    let missed: Vec<&String> = ids.iter().filter(|id| !found.contains(id.as_str())).collect();
    assert!(missed.is_empty(), "{query} does not find {missed:?}");
    assert!(!text.ends_with(r#""mode":"outcome"}}]}"#), "{query} is not all understood");
}

#[test]
fn all_73_sdohcc_examples_can_be_put_read_and_found() {
    let Some(resources) = examples("hl7.fhir.us.sdoh-clinicalcare-3.0.0", "package/example") else { return };
    assert_eq!(resources.len(), 73);
    put_read_find(EVERYWHERE, &resources);
}

#[test]
fn all_us_core_examples_can_be_put_read_and_found() {
    let Some(resources) = examples("hl7.fhir.us.core-7.0.0", "package/example") else { return };
    assert_eq!(resources.len(), 214);
    put_read_find(EVERYWHERE, &resources);
}

#[test]
fn all_738_non_definitional_r4_examples_can_be_put_read_and_found() {
    let Some(all) = examples("hl7.fhir.r4.examples-4.0.1", "package") else { return };
    let mut resources = of_kind(all, false);
    assert_eq!(resources.len(), 738);
    // Two files hold an ImplementationGuide/fhir.
    let mut seen = BTreeSet::new();
    let (first, again): (Vec<Value>, Vec<Value>) = resources.drain(..).partition(|r| seen.insert(name(r)));
    assert_eq!(again.len(), 1);
    put_read_find(large(), &first);
    put_read_find(&[Kind::Sqlite], &again);
}

#[test]
fn every_definitional_r4_example_with_a_valid_id_can_be_put_read_and_found() {
    let Some(all) = examples("hl7.fhir.r4.examples-4.0.1", "package") else { return };
    let (valid, invalid): (Vec<Value>, Vec<Value>) = of_kind(all, true).into_iter().partition(has_valid_id);
    assert_eq!((valid.len(), invalid.len()), (4562, 1));
    put_read_find(large(), &valid);
}

fn of_kind(resources: Vec<Value>, definitional: bool) -> Vec<Value> {
    let is_definitional = |r: &Value| DEFINITIONAL.contains(&r["resourceType"].as_str().unwrap());
    resources.into_iter().filter(|resource| is_definitional(resource) == definitional).collect()
}
