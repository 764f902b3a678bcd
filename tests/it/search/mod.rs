//! Searches: what is asked, and by R4 §3.1.1 what is found; over invented people (`fixtures/search/people.json`).

mod answers;
mod chains;
mod dates;
mod includes;
mod numbers;
mod paging;
mod plans;
mod references;
mod sorting;
mod spec_tables;
mod strings;
mod system;
mod tokens;

use sdoh_gateway::fhir::Resource;
use sdoh_gateway::fhir::time::Period;
use sdoh_gateway::search::{Candidate, Handling, SearchRequest};
use sdoh_gateway::store::DEFAULT_SPACE;
use serde_json::Value;

use crate::harness::{Server, on_both, root};

/// The invented people and what belongs to them.
pub fn people() -> Vec<Value> {
    let text = std::fs::read(root().join("fixtures/search/people.json")).unwrap();
    let Value::Array(people) = sdoh_gateway::fhir::json::parse(&text).unwrap() else { panic!("an array") };
    people
}

/// Stores the people, then asks each query and compares the ids of the matches, by GET and by POST.
fn check(table: &[(&str, &str)]) {
    on_both(async |server| {
        server.store_all(&people()).await;
        check_on(server, table).await;
    });
}

async fn check_on(server: &Server, table: &[(&str, &str)]) {
    for (query, ids) in table {
        let query = query.replace("{base}", &server.base);
        server.finds(&query, ids).await;
        let mut by_post = server.search_by_post(&query).await.ids();
        by_post.sort();
        let mut expected: Vec<&str> = ids.split_whitespace().collect();
        expected.sort_unstable();
        assert_eq!(by_post, expected, "POST {query}");
        if let Some(met) = met_without_store(server, &query).await {
            assert_eq!(met, expected, "{query}, without the store");
        }
    }
}

/// The ids of those that meet a search by their entries alone; `None` for chains.
async fn met_without_store(server: &Server, query: &str) -> Option<Vec<String>> {
    let (type_name, query) = query.split_once('?')?;
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(&value.replace('+', " "))))
        .collect();
    if pairs.iter().any(|(name, _)| name.contains('.')) {
        return None;
    }
    let gateway = &server.gateway;
    let (definitions, registry) = (gateway.definitions(), gateway.registry());
    let search =
        SearchRequest::parse(definitions, registry, &server.base, type_name, &pairs, Handling::Lenient)
            .unwrap();
    let mut met = Vec::new();
    for stored in server.search(type_name).await.resources() {
        let resource = Resource::new(stored.clone()).unwrap();
        let entries = gateway.entries(DEFAULT_SPACE, &resource);
        let updated = stored["meta"]["lastUpdated"].as_str().and_then(Period::parse).map(|period| period.low);
        let candidate = Candidate { id: resource.id().unwrap(), updated, entries: &entries };
        if search.criteria.iter().any(|criteria| criteria.are_met_by(candidate)) {
            met.push(candidate.id.to_owned());
        }
    }
    met.sort();
    Some(met)
}

/// Searches that are refused, with what the answer says.
fn check_refused(table: &[(&str, &str)]) {
    on_both(async |server| {
        for (query, expected) in table {
            let answer = server.get(query).await.expect(400);
            assert!(answer.issues().contains(expected), "{query}: {}", answer.issues());
        }
    });
}
