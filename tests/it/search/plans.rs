//! By which way the databases go: an `EXPLAIN` of searches over a store that is not small.

use sdoh_gateway::access::Viewer;
use sdoh_gateway::config::Config;
use sdoh_gateway::search::{Handling, SearchRequest};
use sdoh_gateway::store::{DEFAULT_SPACE, Kind, Page, SortKey};
use serde_json::{Value, json};

use crate::harness::{Server, entry, on_both_with, transaction};

/// What finds by an entry: never by looking at all resources of a type.
const SELECTIVE: &[&str] = &[
    "Task?owner=Organization/o7&_sort=-_lastUpdated&_include=Task:focus&_count=20",
    "Task?owner=o7",
    "Task?owner=Organization/o7,Organization/o8",
    "Task?owner:identifier=http://ids.example/org|i7",
    "Task?owner:Organization.type=http://types.example|t77",
    "Task?owner.name=corner 77",
    "Task?focus:ServiceRequest.requester:Organization.name=corner 77",
    "Task?identifier=http://ids.example/task|n77",
    "Task?identifier=http://ids.example/task|n77&status=requested",
    "Task?status:not=requested&status:not=failed&owner=o7",
    "Task?authored-on=2026-05-07",
    "Task?authored-on=ge2026-05-07&authored-on=lt2026-05-08&owner=o7",
    "Task?owner=o7&authored-on=lt2026&_sort=authored-on",
    "Task?_id=n7,n8",
    "Task?_id=n7",
    "Task?_id=n7&owner=o7",
    "Task?_id=n7,n8&_sort=-_lastUpdated",
    "Task?_profile=http://profiles.example/p7",
    "Task?_tag=http://tags.example|t7",
    "Organization?name=corner 77",
    "Organization?name:exact=Corner 77",
    "Organization?identifier=http://ids.example/org|i77",
    "Observation?value-quantity=77||/min",
    "Observation?code-value-quantity=c77$gt70",
    "Observation?combo-code-value-quantity=c77$gt70",
    "?_type=Task,Organization&_id=n7,o7",
    "?_profile=http://profiles.example/p7",
    "?_type=Task,Observation&identifier=http://ids.example/task|n77&_sort=-_lastUpdated",
];

/// What can only be known of each resource of the type, by its entries.
const WHOLE_TYPE: &[&str] = &[
    "Task",
    "Task?_sort=-_lastUpdated",
    "Task?_sort=authored-on,-_id",
    "Task?status=requested",
    "Task?status:not=requested",
    "Task?authored-on=ne2026",
    "Task?owner:missing=true",
    "Organization?name:contains=orner",
    "Task?_lastUpdated=ge2026-11-22&_lastUpdated=lt2026-11-23",
    "Task?requester:PractitionerRole.practitioner.name=x",
    "?_type=Task,Organization&_lastUpdated=ge2026-11-22",
    "?_type=Task,Organization&_sort=-_id",
];

fn resources(n: usize) -> [Value; 3] {
    let task = json!({"resourceType": "Task", "id": format!("n{n}"), "status": (["requested", "accepted"][n % 2]), "intent": "order",
        "meta": {"profile": [format!("http://profiles.example/p{}", n % 100)], "tag": [{"system": "http://tags.example", "code": format!("t{}", n % 100)}]},
        "identifier": [{"system": "http://ids.example/task", "value": format!("n{n}")}],
        "owner": {"reference": format!("Organization/o{}", n % 100), "identifier": {"system": "http://ids.example/org", "value": format!("i{}", n % 100)}},
        "focus": {"reference": format!("ServiceRequest/s{n}")}, "authoredOn": format!("2026-05-{:02}T10:00:00Z", n % 28 + 1)});
    let organization = json!({"resourceType": "Organization", "id": format!("o{n}"), "name": format!("Corner {n}"),
        "type": [{"coding": [{"system": "http://types.example", "code": format!("t{n}")}]}],
        "identifier": [{"system": "http://ids.example/org", "value": format!("i{n}")}]});
    let observation = json!({"resourceType": "Observation", "id": format!("b{n}"), "status": "final",
        "code": {"coding": [{"code": format!("c{n}")}]}, "valueQuantity": {"value": n, "unit": "/min"}});
    [task, organization, observation]
}

#[test]
fn no_indexed_search_scans_resources() {
    on_both_with(with_indexes, async |server| {
        for start in (0..1200).step_by(400) {
            let entries = (start..start + 400).flat_map(resources).map(|resource| {
                let place = format!(
                    "{}/{}",
                    resource["resourceType"].as_str().unwrap(),
                    resource["id"].as_str().unwrap()
                );
                entry(&format!("PUT {place}"), Some(resource))
            });
            server.post("", &transaction("transaction", entries.collect())).await.expect(200);
        }
        for analyzed in [false, true] {
            if analyzed {
                server.gateway.store().analyze().await.unwrap();
            } else if server.kind() == Kind::Postgres {
                // It would plan for empty tables.
                continue;
            }
            for query in SELECTIVE.iter().chain(WHOLE_TYPE) {
                let plan = plan(server, query).await;
                let scans = scans(server.kind(), &plan);
                assert!(scans.is_empty(), "{query} scans {scans:?}:\n{}", plan.join("\n"));
            }
            for query in SELECTIVE {
                let plan = plan(server, query).await;
                let walks = plan.iter().enumerate().any(|(at, line)| match server.kind() {
                    Kind::Sqlite => line.contains("resource_by_seq (space=? AND type=?)"),
                    // The orders by time are for what is known by its time.
                    Kind::Postgres => {
                        line.contains("_by_seq on ")
                            && !plan[at + 1].contains("seq ")
                            && !plan[at + 1].contains("id =")
                    }
                });
                assert!(!walks, "{query} walks through its type:\n{}", plan.join("\n"));
            }
        }
    });
}

/// Keeps PostgreSQL from reading small tables whole, to filter or to merge, merely because they are small.
pub fn with_indexes(config: &mut Config) {
    let url = config.database_url.expose().to_owned();
    if url.starts_with("postgres") {
        config.database_url =
            (url + "?options=-c%20enable_seqscan%3Doff%20-c%20enable_mergejoin%3Doff").into();
    }
}

/// Fails when the database would read a table whole.
pub async fn goes_by_index(server: &Server, query: &str) {
    let plan = plan(server, query).await;
    let scans = scans(server.kind(), &plan);
    assert!(scans.is_empty(), "{query} scans {scans:?}:\n{}", plan.join("\n"));
}

/// The database's plan for a search.
async fn plan(server: &Server, query: &str) -> Vec<String> {
    let (type_name, query_string) = query.split_once('?').unwrap_or((query, ""));
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs: Vec<(String, String)> = query_string
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let gateway = &server.gateway;
    let (definitions, registry) = (gateway.definitions(), gateway.registry());
    let search = match type_name {
        "" => SearchRequest::parse_system(definitions, registry, &server.base, &pairs, Handling::Strict),
        _ => SearchRequest::parse(definitions, registry, &server.base, type_name, &pairs, Handling::Strict),
    }
    .unwrap();
    let sort: Vec<SortKey> = search.sort.iter().map(|sort| SortKey::new(registry, sort)).collect();
    let page = Page { space: DEFAULT_SPACE, criteria: &search.criteria, sort: &sort, after: None, count: 20 };
    gateway.store().explain(&Viewer::Everything, &page).await.unwrap()
}

fn scans(kind: Kind, plan: &[String]) -> Vec<String> {
    match kind {
        Kind::Sqlite => sqlite_scans(plan),
        Kind::Postgres => postgres_scans(plan),
    }
}

/// `SCAN` of anything but the results of a part of the statement.
fn sqlite_scans(plan: &[String]) -> Vec<String> {
    let results = ["p", "m", "t", "probe"];
    let scanned = plan.iter().filter_map(|line| line.strip_prefix("SCAN "));
    scanned
        .filter(|rest| !results.contains(&rest.split(' ').next().unwrap()) && !rest.starts_with('('))
        .map(str::to_owned)
        .collect()
}

/// A sequential scan, or one of an index without a condition on it.
fn postgres_scans(plan: &[String]) -> Vec<String> {
    let mut scans = Vec::new();
    for (at, line) in plan.iter().enumerate() {
        let is_scan = line.contains(" Scan ") && line.contains(" on ") && !line.contains("Subquery Scan");
        // Its index scans have lines of their own.
        let is_scan = is_scan && !line.contains("Bitmap Heap Scan");
        let next = plan.get(at + 1).map(String::as_str).unwrap_or_default();
        if is_scan && (line.contains("Seq Scan") || !next.contains("Index Cond")) {
            scans.push(line.trim().to_owned());
        }
    }
    scans
}
