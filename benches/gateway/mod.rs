//! What is measured, and what it is given: the gateway in a process of its own, and referrals.

pub mod referrals;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A gateway in a process of its own.
pub struct Gateway {
    process: Child,
    /// Its base.
    pub base: String,
}

/// A command of the gateway.
pub fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sdoh-gateway"))
}

impl Gateway {
    /// Starts one on a free port.
    pub fn start(database_url: &str) -> Gateway {
        let mut process = command()
            .args(["serve", "--open", "--listen", "127.0.0.1:0", "--database-url", database_url])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the gateway starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let base = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        Gateway { process, base }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Has it end in good order.
    pub fn stop(mut self) {
        let _ = Command::new("kill").arg(self.id().to_string()).status();
        let _ = self.process.wait();
    }
}
