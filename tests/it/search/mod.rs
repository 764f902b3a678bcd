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
    }
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
