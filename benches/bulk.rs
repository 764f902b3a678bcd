//! Resources per second in bulk, and the memory they take: `load` of NDJSON files through the command line, then exports
//! of all and of what is about Patients, of 10,000 and of 100,000 resources.
//!
//!     cargo bench --bench bulk                             # SQLite, both sizes
//!     cargo bench --bench bulk -- --resources 50000        # one size
//!     cargo bench --bench bulk -- --resources 50000 --database-url postgres://…   (an empty database)
//!
//! `load` is timed from the start of its process to its end, which includes reading the files through once beforehand; an
//! export from the kick-off to the last byte of the last file. Memory is that of the gateway's process, started anew before
//! each row: the most it had of its own, looked at every few milliseconds, and the most with the files it maps, of which
//! SQLite's database is one. Only Linux tells of it.

mod gateway;

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use gateway::Gateway;
use gateway::referrals::{PATIENTS, order, task};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1)).cloned()
    };
    let sizes: Vec<usize> = option("--resources").map_or_else(
        || vec![10_000, 100_000],
        |list| list.split(',').filter_map(|n| n.parse().ok()).collect(),
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!(
        "{:>9}  {:<16} {:>11} {:>7} {:>8} {:>12}",
        "resources", "what", "resources/s", "MB/s", "own MB", "with files"
    );
    for size in sizes {
        let files = folder.path().join(size.to_string());
        write_files(&files, size);
        let url = option("--database-url")
            .unwrap_or_else(|| format!("sqlite://{}", folder.path().join(format!("{size}.db")).display()));
        row(size, "load", &url, |base| load(base, &files));
        row(size, "$export", &url, |base| export(base, "$export"));
        row(size, "Patient/$export", &url, |base| export(base, "Patient/$export"));
    }
}

/// What was moved.
#[derive(Default)]
struct Amount {
    resources: usize,
    bytes: usize,
    note: String,
}

/// Measures something done with a gateway, and prints it.
fn row(size: usize, what: &str, database_url: &str, work: impl FnOnce(&str) -> Amount) {
    let gateway = Gateway::start(database_url);
    let watch = Watch::new(gateway.id());
    let started = Instant::now();
    let Amount { resources, bytes, note } = work(&gateway.base);
    let seconds = started.elapsed().as_secs_f64();
    let mapped = memory(gateway.id(), "VmHWM").unwrap_or_default();
    let own = watch.end();
    gateway.stop();
    println!(
        "{size:>9}  {what:<16} {:>11.0} {:>7.1} {:>8.1} {:>12.1}{note}",
        resources as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        own as f64 / 1e3,
        mapped as f64 / 1e3
    );
}

/// Patients, and as many orders as Tasks, in a file for each type.
fn write_files(folder: &Path, size: usize) {
    fs::create_dir(folder).expect("a folder");
    let patients = PATIENTS.min(size / 10);
    let orders = (size - patients) / 2;
    let write = |name: &str, count: usize, make: fn(usize) -> Value| {
        let mut file = BufWriter::new(File::create(folder.join(name)).expect("a file"));
        for n in 0..count {
            writeln!(file, "{}", make(n)).expect("a line");
        }
        file.flush().expect("a file");
    };
    write("Patient.ndjson", patients, patient);
    write("ServiceRequest.ndjson", orders, order);
    write("Task.ndjson", size - patients - orders, task);
}

fn patient(n: usize) -> Value {
    json!({
        "resourceType": "Patient", "id": format!("p{n}"), "active": true,
        "name": [{"use": "official", "family": "Example", "given": ["Rosa"]}],
        "gender": "female", "birthDate": "1984-05-17",
        "address": [{"line": [format!("{n} Harbour Road")], "city": "Springfield", "state": "OH", "postalCode": "45501"}],
    })
}

fn load(base: &str, files: &Path) -> Amount {
    let mut command = gateway::command();
    command.arg("load").arg(files).args(["--to", base]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let process = command.spawn().expect("load runs");
    let watch = Watch::new(process.id());
    let output = process.wait_with_output().expect("its output");
    let note = format!("   (load itself: {:.1} MB)", watch.end() as f64 / 1e3);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let resources = said.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or_default();
    if !said.ends_with(" 0 refused\n") {
        println!("{said}{}", String::from_utf8_lossy(&output.stderr));
    }
    let sizes = fs::read_dir(files).expect("the folder").flatten().filter_map(|file| file.metadata().ok());
    Amount { resources, bytes: sizes.map(|size| size.len() as usize).sum(), note }
}

/// As a client does it by the asynchronous pattern: kick-off, status until it is done, file by file.
#[expect(clippy::disallowed_methods, reason = "a client of the gateway, on loopback")]
fn export(base: &str, path: &str) -> Amount {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let client = reqwest::Client::new();
    runtime.block_on(async {
        let request = client.get(format!("{base}/{path}")).header("Prefer", "respond-async");
        let accepted = request.send().await.expect("an answer");
        let status = accepted.headers()["content-location"].to_str().expect("an address").to_owned();
        let manifest: Value = loop {
            let answer = client.get(&status).send().await.expect("an answer");
            match answer.status().as_u16() {
                202 => tokio::time::sleep(Duration::from_millis(20)).await,
                _ => break answer.json().await.expect("a manifest"),
            }
        };
        let mut amount = Amount::default();
        for file in manifest["output"].as_array().into_iter().flatten() {
            let url = file["url"].as_str().expect("an address");
            let mut answer = client.get(url).send().await.expect("an answer");
            while let Some(chunk) = answer.chunk().await.expect("a chunk") {
                amount.bytes += chunk.len();
                amount.resources += chunk.iter().filter(|byte| **byte == b'\n').count();
            }
        }
        amount
    })
}

/// Looks at the memory of a process all the time.
struct Watch {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Watch {
    fn new(process: u32) -> Watch {
        let is_over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut most = 0;
            while !until.load(Ordering::Relaxed) {
                most = most.max(memory(process, "RssAnon").unwrap_or_default());
                thread::sleep(Duration::from_millis(5));
            }
            most
        });
        Watch { is_over, thread }
    }

    /// The most it had, in kilobytes.
    fn end(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

/// A line of what Linux tells of a process's memory, in kilobytes: `RssAnon`, what is its own; `VmHWM`, the most it ever
/// had with the files it maps.
fn memory(process: u32, line: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let rest = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))?;
    rest.trim().strip_suffix(" kB")?.parse().ok()
}
