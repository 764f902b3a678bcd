//! Requests per second over HTTP: Task create, read, update and the poll of a community organisation, with 1,000, 10,000
//! and 100,000 Tasks stored, and how often the disk can sync beside it.
//!
//!     cargo bench --bench http                          # SQLite, all sizes
//!     cargo bench --bench http -- --tasks 1000          # one size
//!     cargo bench --bench http -- --database-url postgres://…   (an empty database)
//!
//! Needs `wrk` on the PATH: 16 connections, one thread, on the same machine as the gateway.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Seconds each figure is measured.
const SECONDS: u32 = 8;
/// Tasks of the organisation that polls; where fewer are stored, all are its own.
const POLLED: usize = 10_000;

const TASK_PROFILE: &str =
    "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement";

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
    println!("{:>8}  {:<8} {:>10} {:>10} {:>10}", "tasks", "request", "per second", "p50", "p99");
    for tasks in sizes {
        let url = option("--database-url")
            .unwrap_or_else(|| format!("sqlite://{}", folder.path().join(format!("{tasks}.db")).display()));
        let mut gateway = Gateway::start(&url);
        let loaded = gateway.load(tasks);
        println!("{tasks:>8}  {:<8} {loaded:>10.0}   (resources/s, in transactions of 200)", "load");
        for (name, script) in scripts(tasks) {
            let path = folder.path().join(format!("{name}.lua"));
            fs::write(&path, script).expect("a script");
            let (rate, p50, p99) = wrk(&gateway.base, &path);
            println!("{tasks:>8}  {name:<8} {rate:>10} {p50:>10} {p99:>10}");
        }
        gateway.stop();
    }
}

/// A gateway in a process of its own.
struct Gateway {
    process: Child,
    base: String,
}

impl Gateway {
    fn start(database_url: &str) -> Gateway {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sdoh-gateway"))
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

    /// Stores Tasks with their ServiceRequests; gives resources per second.
    fn load(&mut self, tasks: usize) -> f64 {
        let runtime = tokio::runtime::Runtime::new().expect("threads");
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
                .post(&self.base)
                .header("Content-Type", "application/fhir+json")
                .header("Prefer", "return=minimal");
            let response = runtime.block_on(request.body(bundle.to_string()).send()).expect("an answer");
            assert!(response.status().is_success(), "loading was answered with {}", response.status());
        }
        (2 * tasks) as f64 / started.elapsed().as_secs_f64()
    }

    fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn owner(n: usize) -> String {
    if n < POLLED { "Organization/polled".into() } else { format!("Organization/other-{}", n % 500) }
}

fn task(n: usize) -> Value {
    json!({
        "resourceType": "Task", "id": format!("t{n}"), "meta": {"profile": [TASK_PROFILE]},
        "status": "requested", "intent": "order", "priority": "routine",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill", "display": "Fulfill the focal request"}]},
        "focus": {"reference": format!("ServiceRequest/s{n}")},
        "for": {"reference": format!("Patient/p{}", n % 1000), "display": "Rosa Example"},
        "authoredOn": "2026-11-01T10:00:00Z",
        "requester": {"reference": format!("PractitionerRole/r{}", n % 50)},
        "owner": {"reference": owner(n)},
        "note": [{"text": "The door at the back is open until six; a short call beforehand helps, since the phone is shared."}],
    })
}

fn order(n: usize) -> Value {
    json!({
        "resourceType": "ServiceRequest", "id": format!("s{n}"),
        "meta": {"profile": ["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-ServiceRequest"]},
        "status": "active", "intent": "order", "priority": "routine",
        "category": [
            {"coding": [{"system": "http://snomed.info/sct", "code": "410606002"}]},
            {"coding": [{"system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes", "code": "food-insecurity"}]},
        ],
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "467771000124109"}]},
        "subject": {"reference": format!("Patient/p{}", n % 1000)},
        "authoredOn": "2026-11-01",
    })
}

/// One wrk script for each kind of request.
fn scripts(tasks: usize) -> [(&'static str, String); 4] {
    let ids = tasks - 1;
    let get = |path: &str| format!("request = function() return wrk.format('GET', {path}) end\n");
    let write = |method: &str, path: &str, body: Value| {
        let body = body.to_string();
        let (before, after) = body.split_once("NUMBER").unwrap_or((&body, ""));
        format!(
            "wrk.headers['Content-Type'] = 'application/fhir+json'\n\
             request = function()\n  local n = math.random(0, {ids})\n  \
             return wrk.format('{method}', {path}, nil, [==[{before}]==] .. n .. [==[{after}]==])\nend\n"
        )
    };
    let mut created = task(0);
    created["focus"]["reference"] = "ServiceRequest/sNUMBER".into();
    created["owner"]["reference"] = "Organization/new".into();
    let mut updated = task(0);
    updated["id"] = "tNUMBER".into();
    [
        ("read", get(&format!("'/fhir/Task/t' .. math.random(0, {ids})"))),
        (
            "poll",
            get("'/fhir/Task?owner=Organization/polled&_sort=-_lastUpdated&_include=Task:focus&_count=20'"),
        ),
        ("update", write("PUT", "'/fhir/Task/t' .. n", updated)),
        ("create", write("POST", "'/fhir/Task'", created)),
    ]
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
