//! The command `sdoh-gateway`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sdoh_gateway::cli::main()
}
