//! Resources from files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fhir::{Resource, json};

/// All resources in these files and directories, in the order of their paths. What is no resource is an error, but for
/// JSON in a directory that has no `resourceType`, such as the `package.json` of a FHIR package.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Resource>, String> {
    let mut resources = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut files = Vec::new();
            collect(path, &mut files).map_err(|error| format!("{}: {error}", path.display()))?;
            files.sort();
            for file in files {
                read_file(&file, true, &mut resources)?;
            }
        } else {
            read_file(path, false, &mut resources)?;
        }
    }
    Ok(resources)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            collect(&path, files)?;
        } else if matches!(extension, Some("json" | "ndjson")) {
            files.push(path);
        }
    }
    Ok(())
}

fn read_file(path: &Path, lenient: bool, resources: &mut Vec<Resource>) -> Result<(), String> {
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let is_lines = path.extension().is_some_and(|extension| extension == "ndjson");
    let documents: Vec<&[u8]> = match is_lines {
        true => text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).collect(),
        false => vec![text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text)],
    };
    for (index, document) in documents.into_iter().enumerate() {
        let place = || {
            if is_lines { format!("{}:{}", path.display(), index + 1) } else { path.display().to_string() }
        };
        let value = json::parse(document).map_err(|error| format!("{}: {error}", place()))?;
        match Resource::new(value) {
            Ok(resource) => resources.push(resource),
            Err(_) if lenient && !is_lines => {}
            Err(error) => return Err(format!("{}: {error}", place())),
        }
    }
    Ok(())
}
