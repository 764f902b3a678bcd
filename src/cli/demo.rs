//! `demo`.

use clap::Args;

use crate::demo;

use super::{Failure, serve};

/// Options of `demo`.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Go on serving when the story is over, until Ctrl-C.
    #[arg(long)]
    keep: bool,
}

impl Demo {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let stop = serve::stop_signal()?;
        demo::run(self.keep, stop).await.map_err(Failure::other)
    }
}
