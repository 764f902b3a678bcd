//! Ring 9: the command line.

mod audit;
mod client;
mod demo;
mod document;
mod excerpt;
mod fhirpath;
mod ig;
mod load;
mod maintenance;
mod progress;
mod secrets;
mod serve;
mod validate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::serve::ServeError;
use crate::telemetry::{self, LogFormat};

/// Exit code when a command was understood but could not be carried out, or found something invalid.
const FAILED: u8 = 1;
/// Exit code when the configuration is wrong, or something cannot be looked at; the same as for a wrong command line.
const MISCONFIGURED: u8 = 2;

/// The gateway through which clinics, HIEs, platforms and community organisations exchange social-care referrals.
///
/// Try it:            sdoh-gateway demo
/// Run it:            sdoh-gateway serve --open --database-url sqlite://gateway.db
/// Fill it:           sdoh-gateway load examples/ --to http://127.0.0.1:8080/fhir
/// Check files:       sdoh-gateway validate task.json
///
/// Settings come from a TOML file (--config), environment variables over it (SDOH_GATEWAY_LISTEN=…,
/// SDOH_GATEWAY_VALIDATION__DEFAULT=enforce), and options over both.
#[derive(Debug, Parser)]
#[command(name = "sdoh-gateway", version, verbatim_doc_comment)]
struct Cli {
    /// How logs are written to standard error. What is logged is chosen by RUST_LOG.
    #[arg(long, global = true, value_enum, default_value_t)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a referral between a clinic and a food pantry, and print every request and answer.
    Demo(demo::Demo),
    /// Serve FHIR until told to stop (SIGTERM or Ctrl-C), then finish what is under way.
    Serve(serve::Serve),
    /// Put resources into a FHIR server, those that others refer to first.
    Load(load::Load),
    /// Validate FHIR resources, JSON or XML, against their types and profiles.
    Validate(validate::Validate),
    /// Evaluate a FHIRPath expression on a resource.
    Fhirpath(fhirpath::Fhirpath),
    /// Implementation guides: FHIR packages.
    #[command(subcommand)]
    Ig(ig::Ig),
    /// Clients that may log in.
    #[command(subcommand)]
    Client(client::Client),
    /// What the gateway keeps encrypted.
    #[command(subcommand)]
    Secrets(secrets::Secrets),
    /// The record of who did what.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Make the search entries of all resources anew.
    Reindex(maintenance::Reindex),
    /// Write all there is to one file, while the gateway runs.
    Backup(maintenance::Backup),
    /// Fill a new database from a backup, of SQLite or PostgreSQL alike.
    Restore(maintenance::Restore),
}

/// Options that all commands on a database have.
#[derive(Debug, Clone, Default, Args)]
struct Settings {
    /// TOML file with settings.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE [default: sqlite://gateway.db]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// A FHIR package (.tgz or directory) to load beside the embedded ones; may be given several times.
    #[arg(long, value_name = "PACKAGE")]
    ig: Vec<PathBuf>,
}

impl Settings {
    /// File, environment and these options, in rising order.
    fn load(&self) -> Result<Config, ConfigError> {
        let mut config = Config::load(self.config.as_deref(), std::env::vars())?;
        if let Some(url) = &self.database_url {
            config.database_url = url.as_str().into();
        }
        config.ig.extend(self.ig.iter().cloned());
        Ok(config)
    }
}

/// Why a command failed, in words for a person.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The configuration.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// Serving.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Something is not there, or not usable, without which nothing can be said.
    #[error("{0}")]
    CannotRun(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    fn other(error: impl std::fmt::Display) -> Failure {
        Failure::Other(error.to_string())
    }

    fn cannot_run(error: impl std::fmt::Display) -> Failure {
        Failure::CannotRun(error.to_string())
    }
}

/// Reads the command line and carries it out. Exit codes: 0 done, 1 failed or found something
/// invalid, 2 wrong usage or configuration.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::start_logs(cli.log_format);
    // The one TLS provider; only a second installation fails.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sdoh-gateway: no threads to run on: {error}");
            return ExitCode::from(FAILED);
        }
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Demo(command) => command.run().await,
            Command::Serve(command) => command.run().await,
            Command::Load(command) => command.run().await,
            Command::Audit(command) => return command.run().await,
            Command::Validate(command) => return command.run(),
            Command::Fhirpath(command) => return command.run(),
            Command::Ig(command) => command.run(),
            Command::Client(command) => command.run().await,
            Command::Secrets(command) => command.run().await,
            Command::Reindex(command) => command.run().await,
            Command::Backup(command) => command.run().await,
            Command::Restore(command) => command.run().await,
        }
        .map(|()| ExitCode::SUCCESS)
    });
    match done {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("sdoh-gateway: {failure}");
            let misconfigured = matches!(
                failure,
                Failure::Config(_) | Failure::Serve(ServeError::Config(_)) | Failure::CannotRun(_)
            );
            ExitCode::from(if misconfigured { MISCONFIGURED } else { FAILED })
        }
    }
}
