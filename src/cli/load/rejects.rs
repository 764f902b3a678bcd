//! What was not taken, and why: shown, and written to a file from which it can be mended and loaded again.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::fhir::{Issue, IssueCode, OperationOutcome};

/// Shown one by one; of more, only the number.
const MOST_SHOWN: usize = 50;

/// A resource that was not taken.
pub(super) struct Refusal {
    /// `Type/id`, or where it was read.
    pub(super) what: String,
    /// The HTTP status; `None` when the server was not asked or did not answer.
    pub(super) status: Option<StatusCode>,
    /// The resource; a text when it is none.
    pub(super) resource: Result<Value, String>,
    /// What the server had to say.
    pub(super) outcome: Value,
}

impl Refusal {
    /// An outcome of one sentence, for what no server has judged.
    pub(super) fn outcome(why: &str) -> Value {
        OperationOutcome::from(Issue::error(IssueCode::Processing, why)).to_value()
    }

    /// The status and the first thing that is wrong.
    fn reason(&self) -> String {
        let mut issues = self.outcome["issue"].as_array().into_iter().flatten();
        let is_error = |issue: &&Value| matches!(issue["severity"].as_str(), Some("error" | "fatal"));
        let issue = issues.find(is_error).unwrap_or(&self.outcome["issue"][0]);
        let text = issue["diagnostics"].as_str().or(issue["details"]["text"].as_str()).unwrap_or_default();
        let status = self.status.map(|status| format!("{status}: ")).unwrap_or_default();
        match issue["expression"][0].as_str() {
            Some(place) => format!("{status}{place}: {text}"),
            None => format!("{status}{text}"),
        }
    }

    /// A line of the file: `{"status":…,"resource":{…},"outcome":{…}}`, with `text` where there is no resource.
    fn line(&self) -> Value {
        let mut line = Map::new();
        if let Some(status) = self.status {
            line.insert("status".to_owned(), status.as_u16().into());
        }
        match &self.resource {
            Ok(resource) => line.insert("resource".to_owned(), resource.clone()),
            Err(text) => line.insert("text".to_owned(), json!(text)),
        };
        line.insert("outcome".to_owned(), self.outcome.clone());
        Value::Object(line)
    }
}

/// All that was not taken.
#[derive(Default)]
pub(super) struct Rejects {
    /// How many.
    pub(super) count: u64,
    shown: Vec<String>,
    file: Option<(PathBuf, BufWriter<File>)>,
}

impl Rejects {
    /// Begins; the file is made new.
    pub(super) fn new(path: Option<&Path>) -> Result<Rejects, String> {
        let open = |path: &Path| match File::create(path) {
            Ok(file) => Ok((path.to_owned(), BufWriter::new(file))),
            Err(error) => Err(format!("{}: {error}", path.display())),
        };
        Ok(Rejects { file: path.map(open).transpose()?, ..Rejects::default() })
    }

    /// Adds one.
    pub(super) fn add(&mut self, refusal: &Refusal) -> Result<(), String> {
        self.count += 1;
        if self.shown.len() < MOST_SHOWN {
            self.shown.push(format!("{}: {}", refusal.what, refusal.reason()));
        }
        match &mut self.file {
            Some((path, file)) => {
                writeln!(file, "{}", refusal.line()).map_err(|error| format!("{}: {error}", path.display()))
            }
            None => Ok(()),
        }
    }

    /// Ends: the first of them, to be shown.
    pub(super) fn finish(mut self) -> Result<Vec<String>, String> {
        if let Some((path, file)) = &mut self.file {
            file.flush().map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(self.shown)
    }
}
