//! The command `sdoh-gateway` as a process: what it prints, how it ends, and what is left when it is killed.

mod bulk;
mod commands;
mod crash;
mod login;
mod syncs;

use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::process::{Child, Command, Output, Stdio};

use crate::harness::{AUDIT_KEY, Client};

/// The command, with no setting from outside but the key for the audit record: a key of its own would be made beside the
/// database, which for PostgreSQL is here.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sdoh-gateway"));
    unset(&mut command);
    command.env("SDOH_GATEWAY_AUDIT__SIGNING_KEY", AUDIT_KEY);
    command.args(arguments);
    command
}

/// Takes the gateway's settings from a command's environment.
fn unset(command: &mut Command) {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SDOH_GATEWAY_")) {
        command.env_remove(name);
    }
}

/// Runs the command to its end.
pub fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// A gateway in a process of its own, killed when the test is over.
pub struct Process {
    child: Child,
    pub client: Client,
    /// What it said when it was ready.
    ready: String,
}

impl Process {
    /// Starts `serve` on a free port and waits until it is ready.
    pub fn serve(database_url: &str) -> Process {
        let arguments = ["serve", "--open", "--listen", "127.0.0.1:0", "--database-url", database_url];
        Process::spawn(command(&arguments))
    }

    pub fn spawn(mut command: Command) -> Process {
        let mut said = tempfile::tempfile().unwrap();
        let stderr = said.try_clone().unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let base = ready.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        if !base.starts_with("http://") {
            let mut errors = String::new();
            said.rewind().unwrap();
            said.read_to_string(&mut errors).unwrap();
            panic!("the gateway did not get ready: {ready:?} {:?}\n{errors}", child.wait());
        }
        Process { child, client: Client::new(&base), ready }
    }

    /// The same where what it says on standard error goes somewhere already.
    fn spawn_quietly(mut command: Command) -> Process {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let base = ready.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        assert!(base.starts_with("http://"), "the gateway did not get ready: {ready:?}");
        Process { child, client: Client::new(&base), ready }
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `kill`, and how it ended.
    pub fn terminate(mut self) -> i32 {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already, as a rule.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
