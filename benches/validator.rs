//! How fast resources are validated, on one core, warm: `cargo bench --bench validator`.
//!
//! The figures are of the published examples in `../shared`; without them nothing is measured.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use sdoh_gateway::definitions::Definitions;
use sdoh_gateway::fhir::{Resource, json, time};
use sdoh_gateway::fhirpath::{self, Environment};
use sdoh_gateway::validator::{Rule, Validator};
use serde_json::{Value, json};

const SDOHCC: &str = "hl7.fhir.us.sdoh-clinicalcare-3.0.0";
const US_CORE: &str = "hl7.fhir.us.core-7.0.0";
/// How long each thing is measured.
const ENOUGH: Duration = Duration::from_millis(1500);

fn main() {
    let started = Instant::now();
    let definitions = Arc::new(Definitions::embedded().expect("the definitions inside the binary"));
    let validator = Validator::new(Arc::clone(&definitions));
    let Some(sdohcc) = examples(SDOHCC) else { return };
    let Some(us_core) = examples(US_CORE) else { return };
    let first = sdohcc.iter().find(|(name, _)| name.starts_with("Task-")).expect("a Task");
    validator.validate(&resource(first.1));
    println!("definitions to first verdict: {} ms", started.elapsed().as_millis());
    for (name, texts) in [
        ("SDOHCC Task", chosen(&sdohcc, "Task-")),
        ("US Core Patient", chosen(&us_core, "Patient-")),
        ("SDOHCC, all", chosen(&sdohcc, "")),
        ("US Core, all", chosen(&us_core, "")),
    ] {
        measure(&validator, name, &texts);
    }
    println!("resident, examples included: {} MB", resident());
    invariants(&validator, &definitions, &sdohcc);
    bundles(&validator, first.1);
}

fn resource(text: &[u8]) -> Resource {
    Resource::new(json::parse(text).expect("JSON")).expect("a resource")
}

fn examples(package: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../shared/fhir-packages/{package}.tgz"));
    let Ok(file) = File::open(path) else {
        println!("skipped: no examples of {package} in ../shared");
        return None;
    };
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(GzDecoder::new(file)).entries().expect("a package") {
        let mut entry = entry.expect("a package");
        let name = entry.path().expect("a path").to_string_lossy().into_owned();
        let Some(name) = name.strip_prefix("package/example/").filter(|name| name.ends_with(".json")) else {
            continue;
        };
        let mut text = Vec::new();
        entry.read_to_end(&mut text).expect("a file");
        // As a client sends it: without white space.
        let value: Value = serde_json::from_slice(&text).expect("JSON");
        found.insert(name.to_owned(), value.to_string().into_bytes());
    }
    Some(found)
}

fn chosen<'t>(examples: &'t BTreeMap<String, Vec<u8>>, start: &str) -> Vec<&'t [u8]> {
    examples.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, text)| text.as_slice()).collect()
}

/// Seconds that one round takes, warm.
fn seconds(mut round: impl FnMut()) -> f64 {
    round();
    let (started, mut rounds) = (Instant::now(), 0u32);
    while started.elapsed() < ENOUGH {
        round();
        rounds += 1;
    }
    started.elapsed().as_secs_f64() / f64::from(rounds)
}

fn measure(validator: &Validator, name: &str, texts: &[&[u8]]) {
    let resources: Vec<Resource> = texts.iter().map(|text| resource(text)).collect();
    let parsing = seconds(|| texts.iter().for_each(|text| drop(black_box(json::parse(text)))));
    let checking =
        seconds(|| resources.iter().for_each(|resource| drop(black_box(validator.validate(resource)))));
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    println!(
        "{name}: {:.0} resources/s ({} examples, {} bytes each at the mean); {:.1} times as long as to parse them",
        texts.len() as f64 / checking,
        texts.len(),
        bytes / texts.len(),
        checking / parsing,
    );
}

/// Each invariant that the SDOHCC profiles state, on each example that claims the profile.
fn invariants(validator: &Validator, definitions: &Definitions, examples: &BTreeMap<String, Vec<u8>>) {
    let mut times: Vec<(f64, String)> = Vec::new();
    for text in examples.values() {
        let resource = resource(text);
        let value = resource.as_value();
        let claimed = value.pointer("/meta/profile").and_then(Value::as_array).into_iter().flatten();
        for profile in
            claimed.filter_map(Value::as_str).filter(|profile| profile.contains("sdoh-clinicalcare"))
        {
            let Some(Ok(compiled)) = validator.profile(profile) else { continue };
            let node = fhirpath::Node::resource(definitions.types(), value);
            let mut environment = Environment::new(definitions.types(), time::Instant(1_795_000_000_000_000));
            environment.resource = Some(node.clone());
            for rule in &compiled.root().rules {
                let Rule::Invariant(invariant) = rule else { continue };
                let evaluate = || drop(black_box(invariant.expression.evaluate_bool(&node, &environment)));
                (0..100).for_each(|_| evaluate());
                let started = Instant::now();
                (0..1000).for_each(|_| evaluate());
                times.push((started.elapsed().as_secs_f64() * 1000.0, invariant.key.clone()));
            }
        }
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (Some(median), Some(slowest)) = (times.get(times.len() / 2), times.last()) else { return };
    println!(
        "SDOHCC invariants: {:.2} µs at the median of {}; slowest {:.2} µs ({})",
        median.0,
        times.len(),
        slowest.0,
        slowest.1
    );
}

/// Bundles of Tasks that refer to each other.
fn bundles(validator: &Validator, task: &[u8]) {
    let task: Value = serde_json::from_slice(task).expect("JSON");
    for count in [100, 1000, 10_000] {
        let entries: Vec<Value> = (0..count)
            .map(|number| {
                let mut task = task.clone();
                task["id"] = format!("t{number}").into();
                task["partOf"] = json!([{"reference": format!("Task/t{}", number / 2)}]);
                json!({"fullUrl": format!("https://pantry.example.org/fhir/Task/t{number}"), "resource": task})
            })
            .collect();
        let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": entries});
        let bundle = Resource::new(bundle).expect("a Bundle");
        let taken = seconds(|| drop(black_box(validator.validate(&bundle))));
        println!("Bundle of {count}: {:.1} µs an entry", taken * 1e6 / f64::from(count));
    }
}

/// Megabytes of memory in use.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) / 1024
}
