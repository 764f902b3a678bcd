//! The facts and packages beside the project, which are not part of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use sdoh_gateway::fhir::json;
use serde_json::Value;

use super::skipped;

/// The root of the crate.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A path in `../shared`; `None`, said aloud, when it is not there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let whole = root().join("../shared").join(path);
    if whole.exists() {
        return Some(whole);
    }
    skipped(&format!("../shared/{path} is not there"));
    None
}

/// The resources of a package in its folder `folder` (`package` or `package/example`), by file name.
pub fn examples(package: &str, folder: &str) -> Option<Vec<Value>> {
    let path = shared(&format!("fhir-packages/{package}.tgz"))?;
    let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(path).unwrap()));
    let mut files = BTreeMap::new();
    for file in archive.entries().unwrap() {
        let mut file = file.unwrap();
        let path = file.path().unwrap().into_owned();
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        if !is_json || path.parent() != Some(Path::new(folder)) {
            continue;
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
        let value = json::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // package.json and the index are no resources.
        if value.get("resourceType").is_some() {
            files.insert(path, value);
        }
    }
    Some(files.into_values().collect())
}

/// The 58 resources that recorded clients expect to find.
pub fn seed() -> Option<Vec<Value>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(shared("spec/seed")?).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    Some(paths.iter().map(|path| json::parse(&fs::read(path).unwrap()).unwrap()).collect())
}

/// The rows of a table in `../shared/spec`, without its head.
pub fn spec_rows(file: &str) -> Option<Vec<Vec<String>>> {
    let text = fs::read_to_string(shared(&format!("spec/{file}"))?).unwrap();
    Some(text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}
