//! What is to be looked at, and how it is read: a file at once, lines a few at a time.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::document::{self, MAX_BYTES};

/// How many bytes of lines are handed over at once.
const LINES_BYTES: usize = 256 << 10;

/// All that is to be looked at, in order.
pub(super) struct Input {
    sources: Vec<Source>,
    /// As far as known.
    pub(super) bytes: u64,
}

struct Source {
    name: Arc<str>,
    place: Place,
}

enum Place {
    Standard,
    /// A file with one resource.
    File(PathBuf),
    /// A file with a resource a line.
    Lines(PathBuf),
    /// Nothing to be read.
    Bad(String),
}

/// What one worker looks at.
pub(super) struct Piece {
    pub(super) file: Arc<str>,
    pub(super) content: Content,
    /// Whether it is the first of its file.
    pub(super) is_first: bool,
}

/// What a piece holds.
pub(super) enum Content {
    /// One resource, not read yet.
    File(PathBuf),
    /// One resource.
    Document(Vec<u8>),
    /// A resource a line; the number of the first line, from 1.
    Lines(Vec<u8>, usize),
    /// What could not be read, and why.
    Failed(String),
}

/// What a source holds, piece by piece.
type Contents = Box<dyn Iterator<Item = Content> + Send>;

impl Input {
    /// The files in these files and directories, in the order of their paths. What is not there stands among them.
    pub(super) fn plan(paths: &[PathBuf]) -> Input {
        let mut input = Input { sources: Vec::new(), bytes: 0 };
        for path in paths {
            if path.as_os_str() == "-" {
                input.sources.push(Source { name: "-".into(), place: Place::Standard });
                continue;
            }
            match fs::metadata(path) {
                Err(error) => input.bad(path, error.to_string()),
                Ok(about) if about.is_dir() => input.directory(path),
                Ok(about) => input.file(path.clone(), about.len()),
            }
        }
        input
    }

    fn bad(&mut self, path: &Path, reason: String) {
        self.sources.push(Source { name: name(path), place: Place::Bad(reason) });
    }

    fn file(&mut self, path: PathBuf, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        let name = name(&path);
        let place = if is_lines(&path) { Place::Lines(path) } else { Place::File(path) };
        self.sources.push(Source { name, place });
    }

    /// The FHIR files in a directory and those below it: not what begins with a dot, not the `package.json` of a package.
    fn directory(&mut self, folder: &Path) {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            match list(&folder, &mut folders, &mut found) {
                Ok(()) => {}
                Err(error) => self.bad(&folder, error.to_string()),
            }
        }
        if found.is_empty() {
            self.bad(folder, "no .json, .xml or .ndjson files in it".to_owned());
        }
        found.sort();
        for path in found {
            let bytes = fs::metadata(&path).map_or(0, |about| about.len());
            self.file(path, bytes);
        }
    }

    /// Whether somebody may want to know how far it is.
    pub(super) fn is_long(&self) -> bool {
        self.sources.len() > 1 || self.bytes > 1 << 20
    }

    /// Reads it, piece by piece.
    pub(super) fn pieces(self) -> impl Iterator<Item = Piece> {
        self.sources.into_iter().flat_map(|Source { name, place }| {
            let contents: Contents = match place {
                Place::Bad(reason) => Box::new(std::iter::once(Content::Failed(reason))),
                Place::File(path) => Box::new(std::iter::once(Content::File(path))),
                Place::Lines(path) => match File::open(&path) {
                    Ok(file) => Box::new(Lines::new(Vec::new(), BufReader::new(file))),
                    Err(error) => Box::new(std::iter::once(Content::Failed(error.to_string()))),
                },
                Place::Standard => standard(),
            };
            contents.enumerate().map(move |(index, content)| Piece {
                file: Arc::clone(&name),
                content,
                is_first: index == 0,
            })
        })
    }
}

fn name(path: &Path) -> Arc<str> {
    path.to_string_lossy().into()
}

fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(OsStr::to_str)
}

fn is_lines(path: &Path) -> bool {
    matches!(extension(path), Some("ndjson" | "jsonl"))
}

fn list(folder: &Path, folders: &mut Vec<PathBuf>, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') || name == "package.json" {
            continue;
        }
        // Links to directories are not followed: they may lead in circles.
        if entry.file_type()?.is_dir() {
            folders.push(path);
        } else if matches!(extension(&path), Some("json" | "xml" | "ndjson" | "jsonl")) && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

/// A whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    document::read(file)
}

/// Standard input: lines, when the first is a whole JSON object, else one resource.
fn standard() -> Contents {
    let mut input = BufReader::new(io::stdin());
    let mut start = Vec::new();
    let first = loop {
        let before = start.len();
        match (&mut input).take(MAX_BYTES).read_until(b'\n', &mut start) {
            Err(error) => return Box::new(std::iter::once(Content::Failed(error.to_string()))),
            Ok(0) => break before,
            Ok(_) if start[before..].trim_ascii().is_empty() && start.len() < LINES_BYTES => {}
            Ok(_) => break before,
        }
    };
    if is_object(start.get(first..).unwrap_or_default().trim_ascii()) {
        return Box::new(Lines::new(start, input));
    }
    let content = match document::read(io::Cursor::new(start).chain(input)) {
        Ok(text) => Content::Document(text),
        Err(reason) => Content::Failed(reason),
    };
    Box::new(std::iter::once(content))
}

/// Whether a line looks like a JSON object from its first brace to its last.
fn is_object(line: &[u8]) -> bool {
    let line = document::without_mark(line);
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => match depth.checked_sub(1) {
                Some(0) => return at + 1 == line.len() && *byte == b'}' && line.starts_with(b"{"),
                Some(less) => depth = less,
                None => return false,
            },
            _ => {}
        }
    }
    false
}

/// The lines of a file, many at a time.
struct Lines<R> {
    /// Read already.
    start: Vec<u8>,
    rest: R,
    /// The number of the next line, from 1.
    next: usize,
    is_over: bool,
}

impl<R: BufRead> Lines<R> {
    fn new(start: Vec<u8>, rest: R) -> Lines<R> {
        Lines { start, rest, next: 1, is_over: false }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Content;

    fn next(&mut self) -> Option<Content> {
        let mut text = std::mem::take(&mut self.start);
        while !self.is_over && text.len() < LINES_BYTES {
            let before = text.len();
            match (&mut self.rest).take(MAX_BYTES + 1).read_until(b'\n', &mut text) {
                Ok(0) => self.is_over = true,
                Ok(_) if (text.len() - before) as u64 > MAX_BYTES => {
                    self.is_over = true;
                    return Some(Content::Failed(format!("a line is longer than {MAX_BYTES} bytes")));
                }
                Ok(_) => {}
                Err(error) => {
                    self.is_over = true;
                    return Some(Content::Failed(error.to_string()));
                }
            }
        }
        if text.is_empty() {
            return None;
        }
        let first = self.next;
        self.next += text.iter().filter(|byte| **byte == b'\n').count();
        Some(Content::Lines(text, first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects() {
        for (line, expected) in [
            ("{}", true),
            (r#"{"a":[{"b":"}"}]}"#, true),
            (r#"{"a":"\"}"}"#, true),
            ("{", false),
            ("{\"a\":", false),
            ("{}{}", false),
            ("[]", false),
            ("]", false),
            ("<a/>", false),
            ("", false),
        ] {
            assert_eq!(is_object(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn lines() {
        let text = "a\n\nb".to_owned() + &"c".repeat(LINES_BYTES) + "\nd\n";
        let pieces: Vec<(usize, usize)> = Lines::new(b"x\n".to_vec(), text.as_bytes())
            .map(|content| match content {
                Content::Lines(text, first) => (text.len(), first),
                _ => (0, 0),
            })
            .collect();
        assert_eq!(pieces, [(2 + 3 + 1 + LINES_BYTES + 1, 1), (2, 5)]);
    }
}
