//! Resources from files, one after the other: no more of a file is in memory than a line.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::fhir::{Resource, json};

use super::entry::Entry;

/// Longest document in bytes.
const LONGEST: u64 = 64 << 20;

/// A file of resources.
#[derive(Debug, Clone)]
pub(super) struct Source {
    path: PathBuf,
    /// Whether what is no resource is passed over, as the `package.json` of a FHIR package.
    is_lenient: bool,
}

/// A resource or what should have been one, from its place.
pub(super) struct Document {
    /// `FILE` or `FILE:LINE`.
    pub(super) place: String,
    /// The resource.
    pub(super) entry: Result<Entry, Flaw>,
}

/// A text that is no resource.
pub(super) struct Flaw {
    /// As it is written.
    pub(super) text: String,
    /// Why it is none.
    pub(super) why: String,
}

/// These files, and those in these directories in the order of their paths.
pub(super) fn list(paths: &[PathBuf]) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for path in paths {
        let failed = |error| format!("{}: {error}", path.display());
        if path.is_dir() {
            let mut files = Vec::new();
            collect(path, &mut files).map_err(failed)?;
            files.sort();
            sources.extend(files.into_iter().map(|path| Source { path, is_lenient: true }));
        } else {
            fs::metadata(path).map_err(failed)?;
            sources.push(Source { path: path.clone(), is_lenient: false });
        }
    }
    Ok(sources)
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

impl Source {
    /// Its documents. A file that cannot be read on ends with an error.
    pub(super) fn documents(&self) -> Result<Documents, String> {
        let is_lines = self.path.extension().is_some_and(|extension| extension == "ndjson");
        let file = File::open(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))?;
        Ok(Documents { source: self.clone(), file: BufReader::new(file), is_lines, line: 0, is_over: false })
    }
}

/// The documents of a file.
pub(super) struct Documents {
    source: Source,
    file: BufReader<File>,
    is_lines: bool,
    line: usize,
    is_over: bool,
}

impl Documents {
    /// The next piece of text; none at the end.
    fn piece(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut bytes = Vec::new();
        let mut part = (&mut self.file).take(LONGEST + 1);
        let read = match self.is_lines {
            true => part.read_until(b'\n', &mut bytes),
            false => part.read_to_end(&mut bytes),
        };
        self.line += 1;
        match read {
            Err(error) => Err(format!("{}: {error}", self.place())),
            Ok(read) if read as u64 > LONGEST => {
                Err(format!("{}: longer than {LONGEST} bytes", self.place()))
            }
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(bytes)),
        }
    }

    fn place(&self) -> String {
        match self.is_lines {
            true => format!("{}:{}", self.source.path.display(), self.line),
            false => self.source.path.display().to_string(),
        }
    }

    fn document(&self, bytes: &[u8]) -> Option<Document> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
        if bytes.is_empty() && self.is_lines {
            return None;
        }
        let text = || String::from_utf8_lossy(bytes).into_owned();
        let flaw = |why: String| Flaw { text: text(), why };
        let entry = match json::parse(bytes).map(Resource::new) {
            Ok(Err(_)) if self.source.is_lenient && !self.is_lines => return None,
            Ok(Ok(resource)) => Ok(Entry::new(&resource, text())),
            Ok(Err(error)) => Err(flaw(error.to_string())),
            Err(error) => Err(flaw(error.to_string())),
        };
        Some(Document { place: self.place(), entry })
    }
}

impl Iterator for Documents {
    type Item = Result<Document, String>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            let piece = self.piece();
            self.is_over = !self.is_lines || !matches!(piece, Ok(Some(_)));
            match piece {
                Err(error) => return Some(Err(error)),
                Ok(None) => {}
                Ok(Some(bytes)) => {
                    if let Some(document) = self.document(&bytes) {
                        return Some(Ok(document));
                    }
                }
            }
        }
        None
    }
}
