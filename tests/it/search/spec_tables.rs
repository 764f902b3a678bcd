//! Every search parameter and include of `spec/01-server-union.tsv` and `spec/09-us-core-searches.tsv`, asked with values
//! of the published examples: by GET and by POST, and by an index.

use std::collections::BTreeMap;

use sdoh_gateway::definitions::SearchKind;
use sdoh_gateway::fhir::Resource;
use sdoh_gateway::store::DEFAULT_SPACE;
use serde_json::Value;

use super::plans::{goes_by_index, with_indexes};
use crate::ask::{asks, url};
use crate::harness::{Format, Server, entry, examples, on_both_with, spec_rows, transaction};

/// The values of each resource's parameters: `[(resource, {parameter: value})]` of one type.
type Samples = BTreeMap<String, Vec<(String, BTreeMap<String, String>)>>;

fn load() -> Option<Vec<Value>> {
    let mut resources = examples("hl7.fhir.us.sdoh-clinicalcare-3.0.0", "package/example")?;
    resources.extend(examples("hl7.fhir.us.core-7.0.0", "package/example")?);
    Some(resources)
}

async fn store(server: &Server, resources: &[Value]) -> Samples {
    let entries = resources.iter().map(|resource| {
        let place =
            format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap());
        entry(&format!("PUT {place}"), Some(resource.clone()))
    });
    server.post("", &transaction("batch", entries.collect())).await.expect(200);
    let mut samples = Samples::new();
    for resource in resources {
        let resource = Resource::new(resource.clone()).unwrap();
        let entries = server.gateway.entries(DEFAULT_SPACE, &resource);
        let mut values = BTreeMap::new();
        for ask in asks(server.gateway.registry(), &entries) {
            // The test kit's strings are beginnings.
            let name = ask.name.trim_end_matches(":exact").to_owned();
            // A whole code says more than its system alone.
            if values.get(&name).is_none_or(|known: &String| known.ends_with("%7C")) {
                let pairs: Vec<String> = ask.values.iter().map(|value| url(value)).collect();
                values.insert(name.clone(), pairs.join(&format!("&{name}=")));
            }
        }
        let id = resource.id().unwrap().to_owned();
        values.insert("_id".into(), id.clone());
        values.insert("_lastUpdated".into(), "ge2026-01-01".into());
        samples.entry(resource.type_name().to_owned()).or_default().push((id, values));
    }
    samples
}

/// The searches of the tables: type and parameters.
fn table() -> Option<Vec<(String, Vec<String>)>> {
    let mut table: Vec<(String, Vec<String>)> = Vec::new();
    for row in spec_rows("01-server-union.tsv")? {
        if row[1] == "searchParam" {
            table.push((row[0].clone(), vec![row[2].clone()]));
        }
    }
    for row in spec_rows("09-us-core-searches.tsv")? {
        table.push((row[0].clone(), row[3].split('+').map(str::to_owned).collect()));
    }
    table.sort();
    table.dedup();
    Some(table)
}

#[test]
fn every_search_of_the_tables_finds_by_get_and_post_and_by_an_index() {
    let (Some(resources), Some(table)) = (load(), table()) else { return };
    on_both_with(with_indexes, async |server| {
        let samples = store(server, &resources).await;
        let (mut with_data, mut without) = (0, Vec::new());
        for (type_name, parameters) in &table {
            let found = samples
                .get(type_name)
                .into_iter()
                .flatten()
                .find(|(_, values)| parameters.iter().all(|parameter| values.contains_key(parameter)));
            let query = match found {
                Some((_, values)) => {
                    with_data += 1;
                    let pairs = parameters.iter().map(|name| format!("{name}={}", values[name]));
                    pairs.collect::<Vec<_>>().join("&")
                }
                None => {
                    without.push(format!("{type_name}?{}", parameters.join("+")));
                    let pairs =
                        parameters.iter().map(|name| format!("{name}={}", invented(server, type_name, name)));
                    pairs.collect::<Vec<_>>().join("&")
                }
            };
            let query = format!("{type_name}?{query}");
            let by_get = server.search(&query).await;
            let by_post = server.search_by_post(&query).await;
            assert_eq!(by_get.matches, by_post.matches, "{query}");
            let in_xml = server.speaking(Format::Xml);
            for other in [in_xml.search(&query).await, in_xml.search_by_post(&query).await] {
                assert_eq!(by_get.bundle["entry"], other.bundle["entry"], "{query} in XML");
            }
            assert_eq!(by_get.outcomes, Vec::<Value>::new(), "{query}");
            if let Some((id, _)) = found {
                assert!(by_get.ids().contains(id), "{query} does not find {id}");
            }
            for sort in ["", "&_sort=-_lastUpdated", "&_sort=_id"] {
                goes_by_index(server, &format!("{query}{sort}")).await;
            }
        }
        println!("{with_data} searches with data; without any in the examples: {without:?}");
        assert!(with_data * 10 > table.len() * 8, "{with_data} of {}", table.len());
    });
}

/// A value of the right form for a parameter no example has.
fn invented(server: &Server, type_name: &str, name: &str) -> String {
    let registry = server.gateway.registry();
    let key = registry.find(type_name, name).unwrap_or_else(|| panic!("{type_name} has no {name}"));
    match registry[key].kind {
        SearchKind::Date => "ge2026-01-01".into(),
        SearchKind::Composite => "x$y".into(),
        _ => "x".into(),
    }
}

#[test]
fn every_include_of_the_tables_brings_what_it_names() {
    let (Some(resources), Some(rows)) = (load(), spec_rows("01-server-union.tsv")) else { return };
    let mut includes: Vec<(String, String)> = rows
        .into_iter()
        .filter(|row| row[1] == "include")
        .map(|row| (row[0].clone(), row[2].clone()))
        .collect();
    assert!(includes.len() >= 11, "{}", includes.len());
    for target in ["PractitionerRole:endpoint", "PractitionerRole:practitioner"] {
        includes.push(("PractitionerRole".into(), target.into()));
    }
    for target in ["PractitionerRole", "Practitioner", "Patient", "RelatedPerson"] {
        includes.push(("CareTeam".into(), format!("CareTeam:participant:{target}")));
    }
    on_both_with(with_indexes, async |server| {
        store(server, &resources).await;
        let mut empty = Vec::new();
        for (type_name, include) in &includes {
            let found = server.search(&format!("{type_name}?_include={include}")).await;
            assert_eq!(found.outcomes, Vec::<Value>::new(), "{include}");
            if found.included.is_empty() {
                empty.push(include);
            }
        }
        println!("includes for which the examples have nothing: {empty:?}");
        assert!(empty.len() < includes.len() / 2, "{empty:?}");
        let backwards = server.search("Patient?_revinclude=Provenance:target").await;
        assert_eq!(backwards.outcomes, Vec::<Value>::new());
    });
}
