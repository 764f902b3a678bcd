//! Ways in to the validator: the command `validate`, the operation `$validate`, the command `fhirpath`.

mod expressions;
mod formats;
mod input;
mod operation;

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::root;

/// How a command ended.
pub struct Ran {
    asked: String,
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the command in `fixtures/validate`, so that files have short names.
pub fn run(arguments: &[&str], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sdoh-gateway"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SDOH_GATEWAY_")) {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(root().join("fixtures/validate"));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut standard_input = child.stdin.take().unwrap();
    let input = input.to_owned().into_bytes();
    // A command that does not read its input closes it.
    let writing = std::thread::spawn(move || drop(standard_input.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        asked: format!("{arguments:?}"),
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

impl Ran {
    /// Fails the test when it ended otherwise.
    #[track_caller]
    pub fn expect(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{}\n{}{}", self.asked, self.out, self.err);
        self
    }

    /// Fails the test when standard error does not speak of this.
    #[track_caller]
    pub fn says(self, text: &str) -> Ran {
        assert!(self.err.contains(text), "{} does not say '{text}':\n{}", self.asked, self.err);
        self
    }

    /// Standard output, a JSON value a line.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}")))
            .collect()
    }
}
