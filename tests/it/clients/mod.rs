//! Clients of other people carry a referral from the first search to the last (`spec/04` §4.1–4.4): the clinic looks
//! around and refers, the pantry polls, accepts, works and completes, the clinic sees it; a second one is cancelled.
//! Each script prints a line a step and ends at the first wrong answer.
//!
//! | Client | Speaks | Looked for |
//! |---|---|---|
//! | `fhirpy` 2.3 (PyPI) | JSON | with the Python that `SDOH_GATEWAY_TEST_PYTHON` names, else with `python3` |
//! | `fhir-kit-client` 2.0 (npm; Node 20) | JSON | in the folder that `SDOH_GATEWAY_TEST_NODE_MODULES` names |
//! | HAPI FHIR 8.4 (Maven: `hapi-fhir-client`, `hapi-fhir-structures-r4`; JDK 17) | XML | on the class path `SDOH_GATEWAY_TEST_HAPI_CLASSPATH`: `'lib/*'` |
//!
//! What is not there is skipped, which the gate lets pass; what a variable names has to be there.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::{env, fs};

use crate::harness::{Server, not_installed, on_both, root};

#[test]
fn fhirpy() {
    let named = env::var_os("SDOH_GATEWAY_TEST_PYTHON");
    let python = named.clone().unwrap_or_else(|| "python3".into());
    let has_it = Command::new(&python).args(["-c", "import fhirpy"]).output();
    if named.is_none() && !has_it.is_ok_and(|output| output.status.success()) {
        return not_installed("fhirpy, a client in Python (tests/it/clients says where it is looked for)");
    }
    carries_a_referral(|| {
        let mut command = Command::new(&python);
        command.arg(script("fhirpy_client.py"));
        command
    });
}

#[test]
fn fhir_kit_client() {
    let Some(modules) = env::var_os("SDOH_GATEWAY_TEST_NODE_MODULES") else {
        return not_installed("fhir-kit-client, a client in JavaScript: SDOH_GATEWAY_TEST_NODE_MODULES");
    };
    // Modules are looked for beside the script only.
    let folder = tempfile::tempdir().unwrap();
    let beside = folder.path().join("fhir_kit_client.mjs");
    fs::copy(script("fhir_kit_client.mjs"), &beside).unwrap();
    symlink(fs::canonicalize(modules).unwrap(), folder.path().join("node_modules")).unwrap();
    carries_a_referral(|| {
        let mut command = Command::new("node");
        command.arg(&beside);
        command
    });
}

#[test]
fn hapi() {
    let Some(class_path) = env::var_os("SDOH_GATEWAY_TEST_HAPI_CLASSPATH") else {
        return not_installed("HAPI's client, in Java, in XML: SDOH_GATEWAY_TEST_HAPI_CLASSPATH");
    };
    carries_a_referral(|| {
        let mut command = Command::new("java");
        command.arg("-cp").arg(&class_path).arg(script("HapiClient.java"));
        command
    });
}

fn script(name: &str) -> PathBuf {
    root().join("tests/it/clients").join(name)
}

/// Runs a client's script against a gateway, and looks at what it left there.
fn carries_a_referral(client: impl Fn() -> Command) {
    on_both(async |server| {
        let mut command = client();
        command.arg(&server.base).env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        let ended = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        let Output { status, stdout, stderr } = ended.unwrap();
        let (said, errors) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        eprint!("{said}");
        assert!(status.success(), "{said}\n{errors}");
        let lives = [
            ("Task", ["completed in-progress accepted requested", "cancelled requested"]),
            ("ServiceRequest", ["completed active", "revoked active"]),
        ];
        for (type_name, expected) in lives {
            let found = server.search(&format!("{type_name}?_sort=_lastUpdated")).await;
            let mut lives = Vec::new();
            for place in &found.matches {
                lives.push(life(server, place).await);
            }
            assert_eq!(lives, expected, "{type_name}");
        }
    });
}

/// The states of a resource, newest first.
async fn life(server: &Server, place: &str) -> String {
    let history = server.read(&format!("{place}/_history")).await;
    let entries = history["entry"].as_array().unwrap().iter();
    let states: Vec<&str> =
        entries.map(|entry| entry["resource"]["status"].as_str().unwrap_or("-")).collect();
    states.join(" ")
}
