//! What is measured, and what it is given: the gateway in a process of its own, and referrals.

#[allow(dead_code, reason = "not every benchmark logs in")]
pub mod login;
pub mod referrals;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sdoh_gateway::access::Registration;
use sdoh_gateway::config::{Config, Limits};

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
        let mut command = command();
        command.args(["serve", "--open", "--listen", "127.0.0.1:0", "--database-url", database_url]);
        Gateway::spawn(command)
    }

    /// Starts one that wants a login of this client.
    #[allow(dead_code, reason = "not every benchmark logs in")]
    pub fn start_with_login(database_url: &str, folder: &Path, client: &Registration) -> Gateway {
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            clients: vec![client.clone()],
            limits: Limits { requests_per_second: u32::MAX, burst: u32::MAX, ..Limits::default() },
            ..Config::default()
        };
        let path = folder.join("gateway.toml");
        std::fs::write(&path, toml::to_string(&config).expect("TOML")).expect("a file");
        let mut command = command();
        command
            .args(["serve", "--database-url", database_url, "--config"])
            .arg(path)
            .env("SDOH_GATEWAY_SECRETS__KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        Gateway::spawn(command)
    }

    fn spawn(mut command: Command) -> Gateway {
        let mut process =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the gateway starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let base = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        Gateway { process, base }
    }

    /// Where it is, without `/fhir`.
    #[allow(dead_code, reason = "not every benchmark logs in")]
    pub fn origin(&self) -> &str {
        self.base.trim_end_matches("/fhir")
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
