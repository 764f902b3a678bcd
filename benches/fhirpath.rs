//! What each SDOHCC invariant costs on the examples of its profile, and all search parameters on an example of each
//! type, in microseconds: `cargo bench --bench fhirpath`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use sdoh_gateway::definitions::Definitions;
use sdoh_gateway::definitions::types::TypeGraph;
use sdoh_gateway::fhir::time::Instant as Moment;
use sdoh_gateway::fhirpath::{Collection, Environment, Expression, Node, TypeOfReference};
use serde_json::Value;

/// Evaluations measured together, so that the clock does not count.
const BATCH: u32 = 200;
/// Measurements of each expression on each resource.
const SAMPLES: usize = 15;

/// The examples of a package.
fn examples(package: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fhir-packages").join(package);
    let Ok(bytes) = std::fs::read(path) else { return Vec::new() };
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let mut examples = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        if name.starts_with("package/example/") && name.ends_with(".json") {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).unwrap();
            examples.extend(sdoh_gateway::fhir::json::parse(&text).ok());
        }
    }
    examples
}

fn main() {
    let examples = examples("hl7.fhir.us.sdoh-clinicalcare-3.0.0.tgz");
    if examples.is_empty() {
        println!("skipped: no ../shared");
        return;
    }
    let definitions = Definitions::embedded().unwrap();
    invariants(&definitions, &examples);
    indexing(&definitions, &examples);
}

fn invariants(definitions: &Definitions, examples: &[Value]) {
    println!("{:<20} {:<40} {:>9} {:>9} {:>9}", "invariant", "profile", "resources", "median µs", "most µs");
    let mut all = BTreeMap::new();
    let is_ours = |url: &str| url.starts_with("http://hl7.org/fhir/us/sdoh-clinicalcare/");
    for profile in
        definitions.structures().filter(|profile| is_ours(&profile.url) && profile.version == "3.0.0")
    {
        let claims = |example: &&Value| {
            let claimed = example["meta"]["profile"].as_array();
            claimed.is_some_and(|claimed| claimed.contains(&profile.url.as_str().into()))
        };
        let instances: Vec<&Value> = examples.iter().filter(claims).collect();
        for element in &profile.elements {
            for constraint in &element.constraints {
                let Some(text) = constraint.expression.as_deref() else { continue };
                if ["SDOH", "us-core"].iter().any(|prefix| constraint.key.starts_with(prefix)) {
                    let times = measure(definitions.types(), &element.path, text, &instances);
                    all.insert((constraint.key.as_str(), profile.name.as_str()), times);
                }
            }
        }
    }
    for ((key, profile), mut times) in all {
        times.sort();
        let micros = |time: Option<&Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e6);
        let (median, most) = (micros(times.get(times.len() / 2)), micros(times.last()));
        println!("{key:<20} {profile:<40} {:>9} {median:>9.3} {most:>9.3}", times.len());
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

fn indexing(definitions: &Definitions, examples: &[Value]) {
    println!("\n{:<20} {:>11} {:>9} {:>9}", "indexing", "parameters", "values", "µs");
    let types = definitions.types();
    for name in ["Condition", "Consent", "Observation", "Organization", "Patient", "ServiceRequest", "Task"] {
        let parameters = definitions.search_parameters(name).iter();
        let expressions: Vec<Expression> = parameters
            .filter_map(|parameter| Expression::parse(parameter.expression.as_deref()?).ok())
            .collect();
        let resolver = TypeOfReference(types);
        let environment = Environment { resolver: Some(&resolver), ..Environment::new(types, Moment(0)) };
        let example = examples.iter().find(|example| example["resourceType"] == name);
        let Some(node) = example.map(|example| Node::resource(types, example)) else { continue };
        let values = || -> usize {
            let found = expressions.iter().map(|expression| expression.evaluate(&node, &environment));
            found.map(|found| found.map_or(0, |items| items.len())).sum()
        };
        let start = Instant::now();
        for _ in 0..1000 {
            black_box(values());
        }
        let micros = start.elapsed().as_secs_f64() * 1e6 / 1000.0;
        println!("{name:<20} {:>11} {:>9} {micros:>9.3}", expressions.len(), values());
    }
}
