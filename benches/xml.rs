//! Megabytes per second of XML, read and written, with serde_json's own reading and writing of the same resources beside
//! it.
//!
//!     cargo bench --bench xml
//!
//! Over the pairs of `fixtures/xml`, the examples of SDOHCC, and a Bundle of 10,000 Tasks.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use sdoh_gateway::definitions::{Definitions, TypeGraph};
use sdoh_gateway::fhir::json;
use sdoh_gateway::xml;
use serde_json::Value;

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(2);

fn main() {
    let definitions = Definitions::embedded().expect("the embedded definitions");
    let types = definitions.types();
    println!(
        "{:<24} {:>6} {:>12} {:>12} {:>12} {:>12}",
        "MB/s", "KB", "from XML", "to XML", "from JSON", "to JSON"
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    measure("fixtures/xml", &files(&root.join("fixtures/xml")), types);
    let examples = root.join("../shared/fhir-packages/hl7.fhir.us.sdoh-clinicalcare-3.0.0.tgz");
    match fs::read(examples) {
        Ok(package) => measure("SDOHCC 3.0.0 examples", &packed(&package), types),
        Err(_) => println!("skipped: no ../shared"),
    }
    for tasks in [1, 100, 10_000] {
        measure(&format!("Bundle of {tasks}"), &[bundle(root, tasks)], types);
    }
}

fn files(folder: &Path) -> Vec<Value> {
    let files = fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| json::parse(&fs::read(path).expect("a file")).expect("JSON"))
        .collect()
}

fn packed(package: &[u8]) -> Vec<Value> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(package));
    let mut found = Vec::new();
    for entry in archive.entries().expect("a package") {
        let mut entry = entry.expect("a package");
        let path = entry.path().expect("a path").into_owned();
        if path.parent() == Some(Path::new("package/example")) {
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut text).expect("a file");
            let value = json::parse(&text).ok().filter(|value| value.get("resourceType").is_some());
            found.extend(value);
        }
    }
    found
}

fn bundle(root: &Path, tasks: usize) -> Value {
    let task = fs::read(root.join("fixtures/xml/task.json")).expect("the Task");
    let task = json::parse(&task).expect("JSON");
    let entry = |index| serde_json::json!({"fullUrl": format!("http://example.org/fhir/Task/{index}"), "resource": task});
    let entries: Vec<Value> = (0..tasks).map(entry).collect();
    serde_json::json!({"resourceType": "Bundle", "type": "collection", "entry": entries})
}

fn measure(name: &str, resources: &[Value], types: &TypeGraph) {
    let in_xml: Vec<String> =
        resources.iter().map(|value| xml::from_json(types, value).expect("FHIR")).collect();
    let in_json: Vec<String> = resources.iter().map(Value::to_string).collect();
    let xml_bytes = in_xml.iter().map(String::len).sum();
    let json_bytes = in_json.iter().map(String::len).sum();
    let from_xml = rate(xml_bytes, || {
        for text in &in_xml {
            black_box(xml::to_json(types, text.as_bytes()).expect("FHIR"));
        }
    });
    let to_xml = rate(xml_bytes, || {
        for value in resources {
            black_box(xml::from_json(types, value).expect("FHIR"));
        }
    });
    let from_json = rate(json_bytes, || {
        for text in &in_json {
            black_box(json::parse(text.as_bytes()).expect("FHIR"));
        }
    });
    let to_json = rate(json_bytes, || {
        for value in resources {
            black_box(value.to_string());
        }
    });
    let kilobytes = xml_bytes / 1000;
    println!("{name:<24} {kilobytes:>6} {from_xml:>12.0} {to_xml:>12.0} {from_json:>12.0} {to_json:>12.0}");
}

/// Megabytes per second of something that handles `bytes` each time.
fn rate(bytes: usize, mut work: impl FnMut()) -> f64 {
    work();
    let start = Instant::now();
    let mut times = 0;
    while start.elapsed() < TIME {
        work();
        times += 1;
    }
    (bytes * times) as f64 / start.elapsed().as_secs_f64() / 1e6
}
