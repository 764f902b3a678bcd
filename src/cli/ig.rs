//! `ig`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::definitions::compile;

use super::Failure;

/// What can be done with implementation guides.
#[derive(Debug, Subcommand)]
pub(super) enum Ig {
    /// Compile FHIR packages to the compact form without prose that the gateway works with.
    Compile(Compile),
}

/// Options of `ig compile`.
#[derive(Debug, Args)]
pub(super) struct Compile {
    /// FHIR packages, .tgz or directory; those that others depend on among them.
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<PathBuf>,
    /// Directory to write to. What earlier runs left there is replaced.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Ig {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Ig::Compile(Compile { packages, out }) = self;
        let summary = compile::compile(&packages, &out).map_err(Failure::other)?;
        for error in &summary.snapshot_errors {
            eprintln!("no snapshot could be generated: {error}");
        }
        println!(
            "{} files, {} bytes, from {} packages",
            summary.files,
            summary.bytes,
            summary.packages.len()
        );
        Ok(())
    }
}
