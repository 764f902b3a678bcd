//! `load`.
use super::Failure;
#[derive(Debug, clap::Args)]
pub(super) struct Load {}
impl Load {
    pub(super) async fn run(self) -> Result<(), Failure> {
        Ok(())
    }
}
