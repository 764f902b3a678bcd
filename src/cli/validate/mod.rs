//! `validate`: files against their types and profiles.

mod human;
mod input;
mod json;
mod judge;
mod outcome;
mod parallel;
mod report;
mod sarif;
mod summary;

use std::io::{self, IsTerminal as _, Write as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};
use tokio::runtime::Handle;

use crate::config::Limits;
use crate::definitions::Definitions;
use crate::fhir::Severity;
use crate::fhir::time::{Clock as _, SystemClock};
use crate::gateway::terminology_server::{Patience, TerminologyServer};
use crate::terminology::Terminology;
use crate::validator::Validator;

use super::{FAILED, Failure, MISCONFIGURED, progress};
use input::Input;
use judge::{Help, Judge};
use report::{Report, Shape};
use summary::Summary;

/// Options of `validate`.
///
/// Exit codes: 0 everything is valid; 1 something is invalid, be it for not being FHIR at all; 2 something could not be
/// looked at: a file that cannot be read, a package that is none, a profile nobody knows.
#[derive(Debug, Args)]
#[command(after_long_help = AFTER)]
pub(super) struct Validate {
    /// Files (.json, .xml, or .ndjson with a resource a line), directories of them, or - for standard input.
    #[arg(required = true, value_name = "FILE|DIR|-")]
    from: Vec<PathBuf>,
    /// Canonical of a profile that every resource must meet, besides those it claims; may be given several times.
    #[arg(long = "profile", value_name = "URL")]
    profiles: Vec<String>,
    /// A FHIR package (.tgz or directory) to load beside the embedded ones; may be given several times.
    #[arg(long, value_name = "PACKAGE")]
    ig: Vec<PathBuf>,
    /// FHIR base of a server to ask about codes that no package at hand tells of (SNOMED CT, LOINC …). It hears of codes,
    /// systems and value sets only.
    #[arg(long, value_name = "URL")]
    terminology_server: Option<String>,
    /// How findings are written to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The least severe findings to write [default: warning for human, else information]
    #[arg(long, value_enum)]
    severity: Option<Least>,
    /// How many resources are looked at at once [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

const AFTER: &str = "\
Formats:
  human    file:line:column, what is wrong, the line it is in, and the rule of the profile that says so
  json     a line for each resource: {\"file\",\"resource\",\"valid\",\"issues\":[{\"severity\",\"code\",\"expression\",
           \"line\",\"column\",\"profile\",\"rule\",\"message\"}]}
  sarif    one SARIF 2.1.0 log, for code scanning
  outcome  an OperationOutcome for each resource, one a line (NDJSON)

Exit codes:
  0  everything is valid
  1  something is invalid, be it for not being FHIR at all
  2  something could not be looked at: an unreadable file, a package that is none, a profile nobody knows

Examples:
  sdoh-gateway validate task.json
  sdoh-gateway validate --profile http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient patients.ndjson
  curl -s $FHIR/Task/1 | sdoh-gateway validate -";

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Human,
    /// A JSON object a line.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// An OperationOutcome a line.
    Outcome,
}

/// The least severity that is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Least {
    /// Everything.
    Information,
    /// Warnings and errors.
    Warning,
    /// Errors.
    Error,
}

impl Validate {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let started = Instant::now();
        let definitions = Arc::new(Definitions::with_packages(&self.ig).map_err(Failure::cannot_run)?);
        for error in definitions.snapshot_errors() {
            eprintln!("no snapshot could be generated: {error}");
        }
        let terminology = Arc::new(Terminology::new(Arc::clone(&definitions)));
        let validator = Validator::with_terminology(Arc::clone(&definitions), Arc::clone(&terminology));
        let profiles: Vec<&str> = self.profiles.iter().map(String::as_str).collect();
        for profile in &profiles {
            is_usable(&definitions, &validator, profile)?;
        }
        let input = Input::plan(&self.from);
        let server = self.terminology_server.as_ref().map(|base| {
            TerminologyServer::new(base, terminology, Arc::new(SystemClock)).map_err(Failure::cannot_run)
        });
        let server = server.transpose()?;
        let help = server.as_ref().map(|server| Help {
            server,
            runtime: Handle::current(),
            patience: Patience::of_milliseconds(Limits::default().terminology_milliseconds),
        });
        let judge = Judge::new(&definitions, &validator, &profiles, SystemClock.now(), help);
        let shape = self.shape();
        let jobs =
            self.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let bar = progress::bytes(input.bytes, input.is_long());
        let mut summary = Summary::default();
        let mut out = shape.writer(io::BufWriter::new(io::stdout().lock()));
        let work = |piece| Report::of(&judge, &shape, piece);
        let done = parallel::in_order(jobs, input.pieces(), work, |report| {
            bar.inc(report.bytes);
            summary.add(&report);
            match report.is_silent() {
                true => Ok(()),
                false => bar.suspend(|| out.write(report)),
            }
        });
        bar.finish_and_clear();
        let done = done.and_then(|()| out.finish(summary.is_complete())).and_then(|mut inner| inner.flush());
        match done {
            // Whoever read has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                return Ok(ExitCode::from(MISCONFIGURED));
            }
            done => done.map_err(|error| Failure::CannotRun(format!("standard output: {error}")))?,
        }
        eprintln!("{}", summary.text(started.elapsed()));
        Ok(match (summary.is_complete(), summary.invalid) {
            (false, _) => ExitCode::from(MISCONFIGURED),
            (true, 0) => ExitCode::SUCCESS,
            (true, _) => ExitCode::from(FAILED),
        })
    }

    fn shape(&self) -> Shape {
        let least = match self.severity {
            Some(Least::Information) => Severity::Information,
            Some(Least::Warning) => Severity::Warning,
            Some(Least::Error) => Severity::Error,
            None if self.format == Format::Human => Severity::Warning,
            None => Severity::Information,
        };
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_coloured = io::stdout().is_terminal() && !is_refused;
        Shape { format: self.format, least, is_coloured }
    }
}

/// That a profile named on the command line is there and can be used.
fn is_usable(definitions: &Definitions, validator: &Validator, profile: &str) -> Result<(), Failure> {
    match validator.profile(profile) {
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(Failure::CannotRun(format!("--profile {profile}: cannot be used: {error}"))),
        None => {
            let short = profile.rsplit('/').next().unwrap_or(profile);
            let name = short.split('|').next().unwrap_or(short);
            let alike: Vec<String> = definitions
                .structures()
                .filter(|known| {
                    known.url.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(name))
                })
                .map(|known| format!("\n  {}", known.canonical()))
                .collect();
            let hint = match alike.is_empty() {
                true => "load its package with --ig".to_owned(),
                false => format!("did you mean{}", alike.concat()),
            };
            Err(Failure::CannotRun(format!("--profile {profile}: no definition has that URL; {hint}")))
        }
    }
}
