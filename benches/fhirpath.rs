//! What each SDOHCC invariant costs on the examples of its profile, and all search parameters on an example of each
//! type, in microseconds: `cargo bench --bench fhirpath`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use sdoh_gateway::definitions::structure::StructureDefinition;
use sdoh_gateway::definitions::types::TypeGraph;
use sdoh_gateway::fhir::time::Instant as Moment;
use sdoh_gateway::fhirpath::{Collection, Environment, Expression, Node, TypeOfReference};
use serde_json::Value;

/// Evaluations measured together, so that the clock does not count.
const BATCH: u32 = 200;
/// Measurements of each expression on each resource.
const SAMPLES: usize = 15;

fn files(package: &str) -> Vec<(String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fhir-packages").join(package);
    let Ok(bytes) = std::fs::read(path) else { return Vec::new() };
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let is_example = name.starts_with("package/example/");
        let kinds = ["package/StructureDefinition-", "package/SearchParameter-"];
        if name.ends_with(".json") && (is_example || kinds.iter().any(|kind| name.starts_with(kind))) {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).unwrap();
            files.extend(sdoh_gateway::fhir::json::parse(&text).ok().map(|value| (name, value)));
        }
    }
    files
}

fn main() {
    let core = files("hl7.fhir.r4.core-4.0.1.tgz");
    let guide = files("hl7.fhir.us.sdoh-clinicalcare-3.0.0.tgz");
    if core.is_empty() || guide.is_empty() {
        println!("skipped: no ../shared");
        return;
    }
    let parameters: Vec<Value> = core
        .iter()
        .filter(|(_, value)| value["resourceType"] == "SearchParameter")
        .map(|(_, value)| value.clone())
        .collect();
    let is_type = |value: &Value| value["derivation"] != "constraint" && value["kind"] != "logical";
    let definitions: Vec<StructureDefinition> = core
        .into_iter()
        .filter(|(_, value)| value["resourceType"] == "StructureDefinition" && is_type(value))
        .map(|(_, mut value)| {
            value["elements"] = value["snapshot"]["element"].take();
            serde_json::from_value(value).unwrap()
        })
        .collect();
    let types = TypeGraph::new(definitions.iter());
    let (profiles, examples): (Vec<_>, Vec<_>) =
        guide.into_iter().partition(|(_, value)| value["resourceType"] == "StructureDefinition");
    let mut all = BTreeMap::new();
    for (_, profile) in &profiles {
        let instances: Vec<&Value> = examples
            .iter()
            .map(|(_, example)| example)
            .filter(|example| {
                let claimed = example["meta"]["profile"].as_array();
                claimed.is_some_and(|claimed| claimed.contains(&profile["url"]))
            })
            .collect();
        for element in profile["differential"]["element"].as_array().into_iter().flatten() {
            for constraint in element["constraint"].as_array().into_iter().flatten() {
                let Some(text) = constraint["expression"].as_str() else { continue };
                let key = (constraint["key"].as_str().unwrap(), profile["name"].as_str().unwrap());
                let times = measure(&types, element["path"].as_str().unwrap(), text, &instances);
                all.insert(key, times);
            }
        }
    }
    println!("{:<20} {:<40} {:>9} {:>9} {:>9}", "invariant", "profile", "resources", "median µs", "most µs");
    for ((key, profile), mut times) in all {
        times.sort();
        let micros = |time: Option<&Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e6);
        let (median, most) = (micros(times.get(times.len() / 2)), micros(times.last()));
        println!("{key:<20} {profile:<40} {:>9} {median:>9.3} {most:>9.3}", times.len());
    }
    println!("\n{:<20} {:>11} {:>9} {:>9}", "indexing", "parameters", "values", "µs");
    for name in ["Condition", "Consent", "Observation", "Organization", "Patient", "ServiceRequest", "Task"] {
        let example =
            examples.iter().map(|(_, example)| example).find(|example| example["resourceType"] == name);
        let expressions: Vec<Expression> = parameters
            .iter()
            .filter(|parameter| parameter["base"].as_array().is_some_and(|base| base.contains(&name.into())))
            .filter_map(|parameter| Expression::parse(parameter["expression"].as_str()?).ok())
            .collect();
        let resolver = TypeOfReference(&types);
        let environment = Environment { resolver: Some(&resolver), ..Environment::new(&types, Moment(0)) };
        let Some(node) = example.map(|example| Node::resource(&types, example)) else { continue };
        let values = || -> usize {
            expressions
                .iter()
                .map(|expression| expression.evaluate(&node, &environment).map_or(0, |c| c.len()))
                .sum()
        };
        let start = Instant::now();
        for _ in 0..1000 {
            black_box(values());
        }
        let micros = start.elapsed().as_secs_f64() * 1e6 / 1000.0;
        println!("{name:<20} {:>11} {:>9} {micros:>9.3}", expressions.len(), values());
    }
}

/// The median time of one evaluation, for each resource.
fn measure(types: &TypeGraph, path: &str, text: &str, instances: &[&Value]) -> Vec<Duration> {
    let expression = Expression::parse(text).unwrap();
    let path = Expression::parse(path).unwrap();
    let resolver = TypeOfReference(types);
    let mut medians = Vec::new();
    for instance in instances {
        let environment = Environment { resolver: Some(&resolver), ..Environment::new(types, Moment(0)) };
        let focus: Collection<'_> = path.evaluate(&Node::resource(types, instance), &environment).unwrap();
        for node in &focus {
            let mut samples: Vec<Duration> = (0..SAMPLES)
                .map(|_| {
                    let start = Instant::now();
                    for _ in 0..BATCH {
                        black_box(expression.evaluate_bool(black_box(node), &environment)).unwrap();
                    }
                    start.elapsed() / BATCH
                })
                .collect();
            samples.sort();
            medians.extend(samples.get(SAMPLES / 2));
        }
    }
    medians
}
