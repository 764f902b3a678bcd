//! What a worker hands back: texts ready to be written, and counts.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::cli::document;
use crate::cli::excerpt::{Text, harmless};
use crate::fhir::{Issue, Severity};

use super::input::{self, Content, Piece};
use super::judge::{Judge, Verdict};
use super::{Format, human, json, outcome, sarif};

/// How findings are written.
pub(super) struct Shape {
    pub(super) format: Format,
    pub(super) least: Severity,
    pub(super) is_coloured: bool,
}

/// What is said of one piece.
#[derive(Default)]
pub(super) struct Report {
    /// One for each resource or, in SARIF, for each result.
    pub(super) parts: Vec<String>,
    /// The rules SARIF is to tell of.
    pub(super) rules: BTreeSet<sarif::Rule>,
    pub(super) tally: Tally,
    /// Why something could not be read.
    pub(super) failure: Option<sarif::Failure>,
    /// How much was read.
    pub(super) bytes: u64,
}

/// Counts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) files: u64,
    pub(super) valid: u64,
    pub(super) invalid: u64,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    pub(super) remarks: u64,
}

/// A resource that has been judged, with all a format may tell of it.
pub(super) struct Judged<'j> {
    pub(super) file: &'j str,
    pub(super) resource: Option<&'j str>,
    pub(super) is_valid: bool,
    pub(super) issues: &'j [&'j Issue],
    pub(super) text: Text<'j>,
    /// The line of the file the text begins in, from 1.
    pub(super) first_line: usize,
}

impl Judged<'_> {
    /// Line and column of an issue in the file.
    pub(super) fn position(&self, issue: &Issue) -> Option<(usize, usize)> {
        issue.position.map(|(line, column)| (line + self.first_line - 1, column))
    }
}

impl Report {
    /// Looks at a piece.
    pub(super) fn of(judge: &Judge<'_>, shape: &Shape, piece: Piece) -> Report {
        let mut report = Report::default();
        report.tally.files = u64::from(piece.is_first);
        match piece.content {
            Content::Failed(reason) => report.fail(&piece.file, reason),
            Content::File(path) => match input::read(&path) {
                Ok(text) => report.document(judge, shape, &piece.file, &text, 1),
                Err(reason) => report.fail(&piece.file, reason),
            },
            Content::Document(text) => report.document(judge, shape, &piece.file, &text, 1),
            Content::Lines(text, first) => {
                let lines = text.split(|byte| *byte == b'\n').enumerate();
                for (index, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
                    report.document(judge, shape, &piece.file, line, first + index);
                }
                report.bytes = text.len() as u64;
            }
        }
        report
    }

    fn fail(&mut self, file: &str, reason: String) {
        self.tally.files = 0;
        self.failure = Some(sarif::Failure { file: file.to_owned(), reason });
    }

    fn document(&mut self, judge: &Judge<'_>, shape: &Shape, file: &str, text: &[u8], first_line: usize) {
        let text = document::without_mark(text);
        self.bytes += text.len() as u64;
        let verdict = judge.judge(text);
        self.tally.add(&verdict);
        let issues: Vec<&Issue> =
            verdict.issues.iter().filter(|issue| issue.severity >= shape.least).collect();
        let judged = Judged {
            file,
            resource: verdict.resource.as_deref(),
            is_valid: verdict.is_valid(),
            issues: &issues,
            text: Text::new(text),
            first_line,
        };
        match shape.format {
            Format::Human if issues.is_empty() => {}
            Format::Human => self.parts.push(human::write(&judged, shape.is_coloured)),
            Format::Json => self.parts.push(json::write(&judged)),
            Format::Outcome => self.parts.push(outcome::write(&judged)),
            Format::Sarif => {
                for issue in &issues {
                    self.parts.push(sarif::result(&judged, issue));
                    self.rules.insert(sarif::Rule::of(issue));
                }
            }
        }
    }

    /// Whether there is nothing to write.
    pub(super) fn is_silent(&self) -> bool {
        self.parts.is_empty() && self.failure.is_none()
    }
}

impl Tally {
    fn add(&mut self, verdict: &Verdict) {
        match verdict.is_valid() {
            true => self.valid += 1,
            false => self.invalid += 1,
        }
        for issue in &verdict.issues {
            match issue.severity {
                Severity::Fatal | Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Information => self.remarks += 1,
            }
        }
    }
}

impl Shape {
    /// What writes reports to standard output.
    pub(super) fn writer<W: Write>(&self, out: W) -> Writer<W> {
        Writer { out, sarif: (self.format == Format::Sarif).then(sarif::Log::default) }
    }
}

/// Writes reports one after the other.
pub(super) struct Writer<W> {
    out: W,
    sarif: Option<sarif::Log>,
}

impl<W: Write> Writer<W> {
    /// Writes a report; what could not be read is told on standard error.
    pub(super) fn write(&mut self, report: Report) -> io::Result<()> {
        if let Some(sarif::Failure { file, reason }) = &report.failure {
            eprintln!("sdoh-gateway: {}: {reason}", harmless(file));
        }
        match &mut self.sarif {
            Some(log) => log.write(&mut self.out, report),
            None => {
                report.parts.iter().try_for_each(|part| self.out.write_all(part.as_bytes()))?;
                // Whoever watches wants to see it now.
                self.out.flush()
            }
        }
    }

    /// Writes what comes last.
    pub(super) fn finish(mut self, is_complete: bool) -> io::Result<W> {
        if let Some(log) = self.sarif.take() {
            log.finish(&mut self.out, is_complete)?;
        }
        Ok(self.out)
    }
}
