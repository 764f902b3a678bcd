//! An answer means it is on disk: a trace of system calls shows a sync between each write's request and its answer.

use std::fs;
use std::process::Command;

use sdoh_gateway::store::Kind;
use serde_json::json;

use super::{Process, command, unset};
use crate::harness::{Database, skipped};

/// What of a trace line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// The request of a write has come.
    Request,
    /// The disk has synced.
    Sync,
    /// A write is answered.
    Answer,
}

/// Reads a line of `strace -f`.
fn call(line: &str) -> Option<Call> {
    let is = |names: &[&str]| {
        names
            .iter()
            .any(|name| line.contains(&format!(" {name}(")) || line.contains(&format!("<... {name} resumed")))
    };
    if is(&["fdatasync", "fsync"]) {
        // Begun is not done.
        return line.contains("= 0").then_some(Call::Sync);
    }
    if line.contains("POST /fhir/Task") || line.contains("PUT /fhir/Task") {
        return Some(Call::Request);
    }
    (line.contains("HTTP/1.1 201") || line.contains("HTTP/1.1 200 OK")).then_some(Call::Answer)
}

const WRITES: usize = 40;

#[test]
fn a_sync_stands_before_each_acknowledgement() {
    let works = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        skipped("strace is not installed, or may not trace: the order of sync and answer was not looked at");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (answers, unsynced) = trace("power-cut").await;
        assert_eq!((answers, unsynced), (WRITES, 0), "answers, and those before their sync");
        // The look itself can fail: told to sync less, the gateway answers before.
        let (answers, unsynced) = trace("process-crash").await;
        assert_eq!(answers, WRITES);
        assert!(unsynced > WRITES / 2, "{unsynced} answers before their sync");
    });
}

/// Writes one after the other to a gateway that is traced. Gives the answers, and how many came before a sync.
async fn trace(durability: &str) -> (usize, usize) {
    let database = Database::fresh(Kind::Sqlite).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let plain = command(&["serve", "--open", "--listen", "127.0.0.1:0", "--database-url", &database.url]);
    let mut traced = Command::new("strace");
    unset(&mut traced);
    let calls = "trace=fsync,fdatasync,read,recvfrom,readv,write,writev,sendto,sendmsg";
    traced.args(["-f", "-s", "64", "-e", calls, "-o"]).arg(&trace);
    traced.arg(plain.get_program()).args(plain.get_args()).env("SDOH_GATEWAY_DURABILITY", durability);
    let process = Process::spawn(traced);
    let task = |n: usize| json!({"resourceType": "Task", "id": format!("t{n}"), "status": "draft", "intent": "order"});
    for n in 0..WRITES / 2 {
        process.client.post("Task", &task(n)).await.expect(201);
        process.client.put(&format!("Task/t{n}"), &task(n)).await.expect(201);
    }
    let tracer = process.child.id();
    let _ = Command::new("pkill").args(["-TERM", "-P", &tracer.to_string()]).status();
    drop(process);
    database.remove().await;
    let text = fs::read_to_string(&trace).unwrap();
    let (mut open, mut synced, mut answers, mut unsynced) = (false, false, 0, 0);
    for call in text.lines().filter_map(call) {
        match call {
            Call::Request => (open, synced) = (true, false),
            Call::Sync => synced = true,
            Call::Answer if open => {
                answers += 1;
                unsynced += usize::from(!synced);
                open = false;
            }
            Call::Answer => {}
        }
    }
    (answers, unsynced)
}
