//! Requests per second over HTTP: Task create, read, update and the poll of a community organisation, each in JSON and in
//! XML, with 1,000, 10,000 and 100,000 Tasks stored, and how often the disk can sync beside it.
//!
//!     cargo bench --bench http                          # SQLite, all sizes
//!     cargo bench --bench http -- --tasks 1000          # one size
//!     cargo bench --bench http -- --database-url postgres://…   (an empty database)
//!     cargo bench --bench http -- --login               # by a client that logs in and may see all
//!
//! Needs `wrk` on the PATH: 16 connections, one thread, on the same machine as the gateway.

mod gateway;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sdoh_gateway::definitions::{Definitions, TypeGraph};
use sdoh_gateway::xml;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use gateway::Gateway;
use gateway::login::Key;
use gateway::referrals::{order, task};

/// Seconds each figure is measured.
const SECONDS: u32 = 8;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1)).cloned()
    };
    if Command::new("wrk").arg("-v").output().is_err() {
        println!("skipped: wrk is not on the PATH");
        return;
    }
    let sizes: Vec<usize> = option("--tasks").map_or_else(
        || vec![1_000, 10_000, 100_000],
        |list| list.split(',').filter_map(|n| n.parse().ok()).collect(),
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!("disk: {:.0} syncs/s (8 KiB appended, fdatasync)", syncs_per_second(folder.path()));
    println!(
        "{:>8}  {:<8} {:<6} {:>10} {:>10} {:>10}",
        "tasks", "request", "format", "per second", "p50", "p99"
    );
    let key = arguments.iter().any(|argument| argument == "--login").then(Key::generate);
    let runtime = Runtime::new().expect("threads");
    let definitions = Definitions::embedded().expect("the embedded definitions");
    let formats = [Format::Json, Format::Xml(definitions.types())];
    for tasks in sizes {
        let url = option("--database-url")
            .unwrap_or_else(|| format!("sqlite://{}", folder.path().join(format!("{tasks}.db")).display()));
        let gateway = match &key {
            Some(key) => Gateway::start_with_login(&url, folder.path(), &key.registration()),
            None => Gateway::start(&url),
        };
        // Tokens are short-lived: each figure has its own.
        let token = || key.as_ref().map(|key| runtime.block_on(key.token(gateway.origin())));
        let loaded = load(&runtime, &gateway.base, token(), tasks);
        println!(
            "{tasks:>8}  {:<8} {:<6} {loaded:>10.0}   (resources/s, in transactions of 200)",
            "load", "json"
        );
        for (name, request) in requests(tasks) {
            for format in formats {
                let path = folder.path().join("script.lua");
                fs::write(&path, request.script(format, token())).expect("a script");
                let (rate, p50, p99) = wrk(&gateway.base, &path);
                println!("{tasks:>8}  {name:<8} {:<6} {rate:>10} {p50:>10} {p99:>10}", format.name());
            }
        }
        gateway.stop();
    }
}

/// Stores Tasks with their ServiceRequests; gives resources per second.
#[expect(clippy::disallowed_methods, reason = "a client of the gateway, on loopback")]
fn load(runtime: &Runtime, base: &str, token: Option<String>, tasks: usize) -> f64 {
    let client = reqwest::Client::new();
    let started = Instant::now();
    for first in (0..tasks).step_by(100) {
        let entries: Vec<Value> = (first..tasks.min(first + 100))
            .flat_map(|n| [order(n), task(n)])
            .map(|resource| {
                let url = format!(
                    "{}/{}",
                    resource["resourceType"].as_str().unwrap_or_default(),
                    resource["id"].as_str().unwrap_or_default()
                );
                json!({"resource": resource, "request": {"method": "PUT", "url": url}})
            })
            .collect();
        let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
        let request = client
            .post(base)
            .header("Content-Type", "application/fhir+json")
            .header("Prefer", "return=minimal");
        let request = match &token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = runtime.block_on(request.body(bundle.to_string()).send()).expect("an answer");
        assert!(response.status().is_success(), "loading was answered with {}", response.status());
    }
    (2 * tasks) as f64 / started.elapsed().as_secs_f64()
}

/// What requests and answers are written in.
#[derive(Clone, Copy)]
enum Format<'t> {
    Json,
    Xml(&'t TypeGraph),
}

impl Format<'_> {
    fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Xml(_) => "xml",
        }
    }

    fn write(self, resource: &Value) -> String {
        match self {
            Format::Json => resource.to_string(),
            Format::Xml(types) => xml::from_json(types, resource).expect("a resource"),
        }
    }
}

/// A kind of request, of which each is about a random Task: `NUMBER` stands for its number.
struct Request {
    method: &'static str,
    path: &'static str,
    body: Option<Value>,
    tasks: usize,
}

fn requests(tasks: usize) -> [(&'static str, Request); 4] {
    const POLL: &str =
        "/fhir/Task?owner=Organization/polled&_sort=-_lastUpdated&_include=Task:focus&_count=20";
    let mut created = task(0);
    created["focus"]["reference"] = "ServiceRequest/sNUMBER".into();
    created["owner"]["reference"] = "Organization/new".into();
    let mut updated = task(0);
    updated["id"] = "tNUMBER".into();
    let get = |path| Request { method: "GET", path, body: None, tasks };
    let write = |method, path, body| Request { method, path, body: Some(body), tasks };
    [
        ("read", get("/fhir/Task/tNUMBER")),
        ("poll", get(POLL)),
        ("update", write("PUT", "/fhir/Task/tNUMBER", updated)),
        ("create", write("POST", "/fhir/Task", created)),
    ]
}

impl Request {
    /// For wrk.
    fn script(&self, format: Format<'_>, token: Option<String>) -> String {
        let login = token.map(|token| format!("wrk.headers['Authorization'] = 'Bearer {token}'\n"));
        let login = login.unwrap_or_default();
        let quoted = |text: &str| format!("[==[{}]==]", text.replace("NUMBER", "]==] .. n .. [==["));
        let mime = format!("application/fhir+{}", format.name());
        let (content_type, body) = match &self.body {
            Some(body) => {
                let header = format!("wrk.headers['Content-Type'] = '{mime}'\n");
                (header, quoted(&format.write(body)))
            }
            None => (String::new(), "nil".to_owned()),
        };
        format!(
            "wrk.headers['Accept'] = '{mime}'\n{login}{content_type}request = function()\n  \
             local n = math.random(0, {})\n  return wrk.format('{}', {}, nil, {body})\nend\n",
            self.tasks - 1,
            self.method,
            quoted(self.path),
        )
    }
}

/// Rate, p50 and p99 as wrk tells them.
fn wrk(base: &str, script: &Path) -> (String, String, String) {
    let root = base.trim_end_matches("/fhir");
    let output = Command::new("wrk")
        .args(["-t1", "-c16", &format!("-d{SECONDS}s"), "--latency", "-s"])
        .arg(script)
        .arg(root)
        .output()
        .expect("wrk runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let after = |label: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(label)).unwrap_or_default();
        line.rsplit(' ').next().unwrap_or_default().to_owned()
    };
    let refused = text.lines().find(|line| line.contains("Non-2xx")).map(str::trim).unwrap_or_default();
    (format!("{}{refused}", after("Requests/sec")), after("50%"), after("99%"))
}

fn syncs_per_second(folder: &Path) -> f64 {
    let mut file = File::create(folder.join("syncs")).expect("a file");
    let (started, mut syncs) = (Instant::now(), 0);
    while started.elapsed() < Duration::from_secs(2) {
        file.write_all(&[0; 8192]).and_then(|()| file.sync_data()).expect("a sync");
        syncs += 1;
    }
    f64::from(syncs) / started.elapsed().as_secs_f64()
}
