//! Logins from outside: a gateway that wants them, the commands that register clients while it serves, and secrets that
//! nothing tells.

use std::fs;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::process::Output;

use http::Method;
use serde_json::json;
use tempfile::TempDir;

use super::commands::text;
use super::{Process, command, run};
use crate::harness::login::{JWT_BEARER, Key, jwks, post_form};
use crate::harness::{Answer, Client};

const OLD: &str = "b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xkIG9sZCE=";
const NEW: &str = "bmV3IG5ldyBuZXcgbmV3IG5ldyBuZXcgbmV3IG5ldyE=";

/// A folder with a configuration, a key for secrets, and a client's public keys.
struct Place {
    folder: TempDir,
    config: String,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::write(at("secrets.key"), format!("{OLD}\n")).unwrap();
        fs::write(at("database.url"), format!("sqlite://{}\n", at("gateway.db"))).unwrap();
        fs::write(at("jwks.json"), jwks(&[Key::usual()]).to_string()).unwrap();
        let text = format!(
            "listen = '127.0.0.1:0'\ndatabase-url-file = '{}'\n[secrets]\nkey-file = '{}'\n\
             [[client]]\nid = 'clinic'\norganization = 'Organization/clinic'\nscopes = 'system/*.cruds'\n\
             [client.jwks]\nkeys = []\n",
            at("database.url"),
            at("secrets.key")
        );
        let jwk: toml::Value = serde_json::from_value(Key::usual().jwk()).unwrap();
        let text = text.replace("keys = []", &format!("keys = [{}]", inline(&jwk)));
        let config = at("gateway.toml");
        fs::write(&config, text).unwrap();
        Place { folder, config }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command with the configuration.
    fn run(&self, arguments: &[&str]) -> Output {
        run(&[arguments, &["--config", &self.config]].concat())
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }
}

fn inline(jwk: &toml::Value) -> String {
    let pairs = jwk.as_table().unwrap().iter().map(|(name, value)| format!("{name} = {value}"));
    format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
}

/// Asks a process for a token.
async fn ask(process: &Process, client: &str) -> Answer {
    let origin = process.client.base.trim_end_matches("/fhir");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let claims = json!({"iss": client, "sub": client, "aud": format!("{origin}/auth/token"), "exp": now + 300,
        "jti": uuid::Uuid::new_v4().to_string()});
    let assertion = Key::usual().sign(&claims);
    let fields = [
        ("client_assertion", assertion.as_str()),
        ("client_assertion_type", JWT_BEARER),
        ("grant_type", "client_credentials"),
        ("scope", "system/*.cruds"),
    ];
    post_form(&process.client, &format!("{origin}/auth/token"), &fields).await
}

async fn login(process: &Process, client: &str) -> Client {
    let answer = ask(process, client).await.expect(200).json();
    process.client.with_token(answer["access_token"].as_str().unwrap())
}

#[test]
fn clients_are_registered_while_it_serves() {
    let place = Place::new();
    let process = Process::spawn(command(&["serve", "--config", &place.config]));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let keys = place.path().join("jwks.json").display().to_string();
    runtime.block_on(async {
        process.client.get("Task").await.expect(401);
        login(&process, "clinic").await.get("Task").await.expect(200);
        ask(&process, "pantry").await.expect(401);
        place.done(&[
            "client",
            "add",
            "pantry",
            "--name",
            "The pantry",
            "--organization",
            "Organization/pantry",
            "--scopes",
            "system/Task.cruds",
            "--pool",
            "*",
            "--jwks",
            &keys,
        ]);
        let pantry = login(&process, "pantry").await;
        pantry.get("Task").await.expect(200);
        pantry.get("Patient").await.expect(403);
        let listed = place.done(&["client", "list"]);
        assert_eq!(
            listed,
            "clinic  enabled  configuration  Organization/clinic  system/*.cruds  jwks:1\n\
             pantry  enabled  database  Organization/pantry  system/Task.cruds  jwks:1\n"
        );
        place.done(&["client", "disable", "pantry"]);
        pantry.get("Task").await.expect(401);
        ask(&process, "pantry").await.expect(401);
        place.done(&["client", "enable", "pantry"]);
        pantry.get("Task").await.expect(200);
        // Its keys are elsewhere from now on.
        place.done(&["client", "rotate", "pantry", "--jwks-url", "https://pantry.example/jwks.json"]);
        ask(&process, "pantry").await.expect(401);
        place.done(&["client", "rotate", "pantry", "--jwks", &keys]);
        login(&process, "pantry").await;
        // One of the configuration can be shut out, too.
        place.done(&["client", "disable", "clinic"]);
        ask(&process, "clinic").await.expect(401);
        assert!(place.done(&["client", "list"]).starts_with("clinic  disabled  configuration"));
        place.done(&["client", "enable", "clinic"]);
        login(&process, "clinic").await;
    });
    for (arguments, said) in [
        (
            vec!["client", "add", "pantry", "--organization", "Organization/x", "--scopes", "system/*.rs"],
            "already",
        ),
        (vec!["client", "add", "x", "--organization", "x", "--scopes", "system/*.rs"], "organization"),
        (
            vec!["client", "add", "x", "--organization", "Organization/x", "--scopes", "all"],
            "'all' is no scope",
        ),
        (
            vec![
                "client",
                "add",
                "x",
                "--organization",
                "Organization/x",
                "--scopes",
                "system/*.rs",
                "--jwks",
                "/nowhere",
            ],
            "/nowhere",
        ),
        (vec!["client", "add", "x y", "--organization", "Organization/x", "--scopes", "system/*.rs"], "id"),
        (vec!["client", "disable", "nobody"], "not registered"),
        (vec!["client", "rotate", "clinic", "--jwks-url", "https://x.example"], "configuration"),
        (vec!["client", "rotate", "pantry"], "--jwks"),
    ] {
        let output = place.run(&arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
    }
    assert_eq!(process.terminate(), 0);
}

#[test]
fn the_key_that_secrets_are_encrypted_under_is_changed() {
    let place = Place::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let serve = || Process::spawn(command(&["serve", "--config", &place.config]));
    let process = serve();
    let keep = runtime.block_on(login(&process, "clinic"));
    let keys = |lines: &[&str]| fs::write(place.path().join("secrets.key"), lines.join("\n")).unwrap();
    keys(&[NEW, OLD]);
    assert_eq!(place.done(&["secrets", "rotate"]), "2 secrets\n");
    keys(&[NEW]);
    // Who serves goes on; who starts anew takes the same tokens.
    runtime.block_on(async { keep.get("Task").await.expect(200) });
    assert_eq!(process.terminate(), 0);
    let process = serve();
    runtime.block_on(async {
        login(&process, "clinic").await.get("Task").await.expect(200);
    });
    assert_eq!(process.terminate(), 0);
    // Without the key nobody can log in, and it says so.
    keys(&[OLD]);
    let output = place.run(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("secrets.key-file") && !said.contains(OLD) && !said.contains(NEW), "{said}");
    for (lines, said) in [(vec![], "openssl rand"), (vec!["hush"], "openssl rand")] {
        keys(&lines);
        let output = place.run(&["serve"]);
        assert_eq!(output.status.code(), Some(1));
        let error = text(&output.stderr);
        assert!(error.contains(said) && !error.contains("hush"), "{error}");
    }
}

/// Nothing that a gateway writes has a secret in it, or a line that somebody else has made up.
#[test]
fn secrets_are_told_by_nothing() {
    let place = Place::new();
    let mut said = tempfile::tempfile().unwrap();
    let metrics = {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        format!("127.0.0.1:{port}")
    };
    let mut serve = command(&["serve", "--config", &place.config, "--metrics-listen", &metrics]);
    serve.env("RUST_LOG", "trace,sqlx=debug,hyper=debug").stderr(said.try_clone().unwrap());
    let process = Process::spawn_quietly(serve);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut secrets = vec![OLD.to_owned()];
    let mut seen = String::new();
    runtime.block_on(async {
        let answer = ask(&process, "clinic").await.expect(200).json();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        let clinic = process.client.with_token(&token);
        let patient = json!({"resourceType": "Patient", "id": "p", "name": [{"family": "Thistlewood"}]});
        clinic.store(&patient).await;
        clinic.get("Patient?family=Thistlewood").await.expect(200);
        clinic.get("Patient?family:odd=Thistlewood").await;
        // Lines of somebody else's making.
        let line = "%0d%0aINFO%20FORGED%0d%0a";
        let origin = process.client.base.trim_end_matches("/fhir").to_owned();
        for path in [
            format!("Patient/{line}"),
            line.to_string(),
            format!("Patient?{line}={line}"),
            format!("{origin}/s/{line}/fhir/Patient"),
        ] {
            seen += &clinic.get(&path).await.text();
        }
        let forged = format!("x\r\nINFO FORGED\r\n{}", "y".repeat(10));
        for fields in [
            vec![("grant_type", forged.as_str())],
            vec![
                ("grant_type", "client_credentials"),
                ("scope", &forged),
                ("client_assertion", &forged),
                ("client_assertion_type", &forged),
            ],
        ] {
            seen += &post_form(&process.client, &format!("{origin}/auth/token"), &fields).await.text();
        }
        let refused = ask(&process, "x\r\nINFO FORGED").await.expect(401);
        assert!(!refused.text().contains("FORGED"), "{}", refused.text());
        for header in [
            ("User-Agent", "a\tINFO FORGED"),
            ("X-Request-Id", "a%0d%0aINFO FORGED"),
            ("Authorization", "Bearer a\tb"),
        ] {
            let answer = process.client.send(Method::GET, "Task", &[header], None).await;
            assert!(
                answer.headers.values().all(|value| !value.to_str().unwrap_or_default().contains("FORGED"))
            );
        }
        seen += &Client::new(&format!("http://{metrics}")).get("metrics").await.text();
        secrets.push(token.rsplit('.').next().unwrap().to_owned());
    });
    assert_eq!(process.terminate(), 0);
    said.rewind().unwrap();
    let mut log = String::new();
    said.read_to_string(&mut log).unwrap();
    assert!(log.lines().count() > 10, "nothing is logged");
    for secret in &secrets {
        assert!(!seen.contains(secret), "an answer tells {secret:.20}");
    }
    for secret in secrets.iter().map(String::as_str).chain(["Thistlewood"]) {
        assert!(!log.contains(secret), "the log tells {secret:.20}: {}", line_of(&log, secret));
    }
    let forged = log.lines().find(|line| line.trim_start().starts_with("INFO FORGED"));
    assert_eq!(forged, None);
    assert!(!text(&run(&["serve", "--help"]).stdout).contains(OLD));
}

fn line_of<'t>(text: &'t str, part: &str) -> &'t str {
    text.lines().find(|line| line.contains(part)).unwrap_or_default()
}

#[test]
fn beyond_loopback_it_speaks_tls_or_is_told_not_to() {
    let place = Place::new();
    for (arguments, code, said) in [
        (vec!["serve", "--listen", "0.0.0.0:0"], 2, "tls"),
        (vec!["serve", "--tls-certificate", "/nowhere.pem", "--tls-key", "/nowhere.pem"], 1, "/nowhere.pem"),
        (vec!["serve", "--tls-certificate", "/nowhere.pem"], 2, "--tls-key"),
        (vec!["serve", "--open"], 2, "open"),
    ] {
        let output = place.run(&arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{arguments:?}: {}", text(&output.stderr));
    }
    let process =
        Process::spawn(command(&["serve", "--config", &place.config, "--listen", "0.0.0.0:0", "--insecure"]));
    assert!(process.ready.contains("http://0.0.0.0:"));
    assert_eq!(process.terminate(), 0);
}
