//! SARIF 2.1.0 (OASIS): one log, written as the results come.

use std::collections::BTreeSet;
use std::io::{self, Write};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use crate::fhir::{Issue, Severity};

use super::report::{Judged, Report};

/// What cannot stand in the path of a URI (RFC 3986 §3.3). A colon could be taken for a scheme's.
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A rule that results are about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    name: String,
    /// None for what every resource is asked for.
    profile: Option<String>,
}

/// Something that could not be read.
pub(super) struct Failure {
    pub(super) file: String,
    pub(super) reason: String,
}

impl Rule {
    /// The rule an issue is about.
    pub(super) fn of(issue: &Issue) -> Rule {
        match &issue.rule {
            Some(rule) => Rule { name: rule.name.clone(), profile: Some(rule.profile.clone()) },
            None => Rule { name: issue.code.code().to_owned(), profile: None },
        }
    }

    fn id(&self) -> String {
        match &self.profile {
            Some(profile) => format!("{}@{profile}", self.name),
            None => self.name.clone(),
        }
    }

    fn to_value(&self) -> Value {
        let text = match &self.profile {
            Some(profile) => format!("Rule {} of {profile}", self.name),
            None => format!("What every resource has to be: {}", self.name),
        };
        let mut rule = json!({"id": self.id(), "name": self.name, "shortDescription": {"text": text}});
        let page = self.profile.as_deref().and_then(|profile| profile.split('|').next());
        if let Some(page) = page.filter(|page| page.starts_with("http")) {
            rule["helpUri"] = page.into();
        }
        rule
    }
}

/// One result (§3.27).
pub(super) fn result(judged: &Judged<'_>, issue: &Issue) -> String {
    let level = match issue.severity {
        Severity::Fatal | Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "note",
    };
    let mut physical = json!({"artifactLocation": artifact(judged.file)});
    if let Some((line, column)) = judged.position(issue) {
        physical["region"] = json!({"startLine": line, "startColumn": column});
    }
    let mut location = json!({"physicalLocation": physical});
    if let Some(expression) = &issue.expression {
        let mut logical = json!({"fullyQualifiedName": expression, "kind": "element"});
        if let Some(resource) = judged.resource {
            logical["decoratedName"] = resource.into();
        }
        location["logicalLocations"] = json!([logical]);
    }
    let result = json!({
        "ruleId": Rule::of(issue).id(),
        "level": level,
        "message": {"text": issue.message},
        "locations": [location],
    });
    result.to_string()
}

/// The place of a file (§3.4): relative as it was named, or `file:`.
fn artifact(file: &str) -> Value {
    let path = file.replace('\\', "/");
    let encoded = utf8_percent_encode(&path, NOT_IN_PATH);
    match path.starts_with('/') {
        _ if file == "-" => json!({"uri": "stdin", "description": {"text": "standard input"}}),
        true => json!({"uri": format!("file://{encoded}")}),
        false => json!({"uri": encoded.to_string()}),
    }
}

/// A log with one run, as far as it is written.
#[derive(Default)]
pub(super) struct Log {
    rules: BTreeSet<Rule>,
    failures: Vec<Failure>,
    is_begun: bool,
}

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

impl Log {
    /// Writes a report's results. Rules and failures come at the end.
    pub(super) fn write(&mut self, out: &mut impl Write, mut report: Report) -> io::Result<()> {
        self.rules.append(&mut report.rules);
        self.failures.extend(report.failure);
        for part in &report.parts {
            self.begin(out)?;
            out.write_all(part.as_bytes())?;
        }
        Ok(())
    }

    /// What stands before a result.
    fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        match std::mem::replace(&mut self.is_begun, true) {
            true => out.write_all(b",\n"),
            false => {
                let kind = "\"columnKind\":\"unicodeCodePoints\"";
                writeln!(
                    out,
                    "{{\"$schema\":\"{SCHEMA}\",\"version\":\"2.1.0\",\"runs\":[{{{kind},\"results\":["
                )
            }
        }
    }

    /// Writes what comes last.
    pub(super) fn finish(mut self, out: &mut impl Write, is_complete: bool) -> io::Result<()> {
        if !self.is_begun {
            self.begin(out)?;
        }
        let rules: Vec<Value> = self.rules.iter().map(Rule::to_value).collect();
        let tool = json!({"driver": {
            "name": "sdoh-gateway",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        }});
        let failures: Vec<Value> = self
            .failures
            .iter()
            .map(|Failure { file, reason }| {
                json!({
                    "level": "error",
                    "message": {"text": format!("{file}: {reason}")},
                    "locations": [{"physicalLocation": {"artifactLocation": artifact(file)}}],
                })
            })
            .collect();
        let invocation = json!({"executionSuccessful": is_complete, "toolExecutionNotifications": failures});
        writeln!(out, "\n],\"tool\":{tool},\"invocations\":[{invocation}]}}]}}")
    }
}
