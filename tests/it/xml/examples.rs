//! JSON to XML to JSON over what is published: equal as values, numbers digit by digit.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use sdoh_gateway::xml;
use serde_json::Value;

use super::{there_and_back, types};
use crate::harness::{examples, shared};

fn check(package: &str, folder: &str) {
    let Some(examples) = examples(package, folder) else { return };
    let changed = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for part in examples.chunks(examples.len().div_ceil(workers).max(1)) {
            scope.spawn(|| {
                for example in part.iter().filter(|example| !is_same(example)) {
                    println!("{package}: {}/{} is not the same", example["resourceType"], example["id"]);
                    changed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    println!("{package}: {} resources there and back", examples.len());
    assert_eq!(changed.into_inner(), 0, "{package}");
}

fn is_same(value: &Value) -> bool {
    match there_and_back(value) {
        Ok(found) if found == *value => true,
        Ok(_) => false,
        Err(error) => {
            println!("{error}");
            false
        }
    }
}

#[test]
fn r4() {
    check("hl7.fhir.r4.examples-4.0.1", "package");
}

#[test]
fn sdohcc() {
    for version in ["2.2.0", "3.0.0"] {
        for folder in ["package", "package/example"] {
            check(&format!("hl7.fhir.us.sdoh-clinicalcare-{version}"), folder);
        }
    }
}

#[test]
fn us_core() {
    for version in ["3.1.1", "6.1.0", "7.0.0"] {
        for folder in ["package", "package/example"] {
            check(&format!("hl7.fhir.us.core-{version}"), folder);
        }
    }
}

#[test]
fn sdc() {
    for folder in ["package", "package/example"] {
        check("hl7.fhir.uv.sdc-3.0.0", folder);
    }
}

/// Resources that others wrote in XML: those of the FHIRPath Patch cases and of the validator's.
#[test]
fn written_by_others() {
    let (Some(patch), Some(validator)) =
        (shared("oracles/patch/fhir-patch-tests.xml"), shared("oracles/validator/cases"))
    else {
        return;
    };
    let cases = fs::read_to_string(patch).unwrap();
    let mut texts = Vec::new();
    for name in ["input", "diff", "output"] {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        texts.extend(
            cases.split(&open).skip(1).filter_map(|part| Some(part.split_once(&close)?.0.to_owned())),
        );
    }
    let files = fs::read_dir(validator).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "xml"));
    texts.extend(files.map(|path| fs::read_to_string(path).unwrap()));
    for text in &texts {
        let value =
            xml::to_json(types(), text.trim_start().as_bytes()).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert!(is_same(&value), "{text}");
    }
    println!("{} resources read", texts.len());
    assert!(texts.len() > 100);
}
