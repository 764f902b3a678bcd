//! A terminology server that the gateway asks: a real one on a socket, as good or bad as each test needs it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use crate::harness::{Answer, Server, issues, local, on_databases};
use sdoh_gateway::config::Config;

const SNOMED: &str = "http://snomed.info/sct";

/// How the server behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// It knows the codes that begin with 4.
    Good,
    /// It knows no SNOMED CT, and says no for that reason.
    Ignorant,
    /// It does not have the operation.
    Missing,
    Slow,
    Failing,
    /// A page for people.
    Html,
    /// More than anyone would read.
    Endless,
    /// An answer of the wrong shape.
    Lying,
    /// It sends elsewhere.
    Redirecting,
}

#[derive(Clone)]
struct Theirs {
    manner: Arc<Mutex<Manner>>,
    asked: Arc<AtomicUsize>,
    questions: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Theirs {
    fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// How often it has been asked since the last time somebody wanted to know.
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

async fn answer(State(theirs): State<Theirs>, uri: Uri, body: Bytes) -> Response {
    theirs.asked.fetch_add(1, Ordering::SeqCst);
    let manner = *theirs.manner.lock().unwrap();
    let question: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = question.to_string();
    theirs.questions.lock().unwrap().push((uri.path().to_owned(), question));
    let told = |result: Value| json!({"resourceType": "Parameters", "parameter": [{"name": "result", "valueBoolean": result}]});
    match manner {
        Manner::Good => told((text.contains(r#""code":"4"#)).into()).to_string().into_response(),
        Manner::Ignorant => {
            let mut answer = told(false.into());
            let why = json!({"name": "x-caused-by-unknown-system", "valueCanonical": SNOMED});
            answer["parameter"].as_array_mut().unwrap().push(why);
            answer.to_string().into_response()
        }
        Manner::Missing => StatusCode::NOT_FOUND.into_response(),
        Manner::Slow => {
            tokio::time::sleep(Duration::from_secs(20)).await;
            StatusCode::OK.into_response()
        }
        Manner::Failing => StatusCode::BAD_GATEWAY.into_response(),
        Manner::Html => "<html>welcome</html>".into_response(),
        Manner::Endless => format!("{{\"resourceType\":\"{}\"}}", "x".repeat(1 << 20)).into_response(),
        Manner::Lying => told("yes".into()).to_string().into_response(),
        Manner::Redirecting => Redirect::temporary("http://127.0.0.1:1/").into_response(),
    }
}

async fn serve() -> (Theirs, String) {
    let theirs = Theirs {
        manner: Arc::new(Mutex::new(Manner::Good)),
        asked: Arc::default(),
        questions: Arc::default(),
    };
    let app = Router::new().fallback(answer).with_state(theirs.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/r4", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await });
    (theirs, base)
}

/// A gateway that asks the server, on both databases.
fn with_server(configure: impl Fn(&mut Config), test: impl AsyncFn(&Server, &Theirs)) {
    on_databases(async |database| {
        let (theirs, base) = serve().await;
        let mut config = Config { terminology_server: Some(base), ..local(&database.url) };
        configure(&mut config);
        let server = Server::start(&config).await;
        test(&server, &theirs).await;
        server.stop().await;
    });
}

fn procedure(code: &str) -> Value {
    json!({
        "resourceType": "Procedure",
        "meta": {"profile": ["http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Procedure"]},
        "status": "completed",
        "category": {"coding": [
            {"system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes", "code": "food-insecurity"}
        ]},
        "code": {"coding": [{"system": SNOMED, "code": code}]},
        "subject": {"reference": "Patient/x"},
        "performedDateTime": "2026-11-24"
    })
}

/// What was found about the Procedure's code, and about the server.
async fn findings(server: &Server, written: &Answer) -> Vec<String> {
    let id = written.id();
    let outcome = server.get(&format!("Procedure/{id}/$issues")).await.expect(200).json();
    let about = |line: &&str| line.contains("terminology server") || line.contains("us-core-procedure-code");
    issues(&outcome).lines().filter(about).map(str::to_owned).collect()
}

/// Writes a Procedure with that code; what was found in one word each, and how long it took.
async fn write(server: &Server, code: &str) -> (String, Duration) {
    let started = Instant::now();
    let written = server.post("Procedure", &procedure(code)).await.expect(201);
    let took = started.elapsed();
    let words = findings(server, &written).await.into_iter().map(|line| {
        let severity = line.split(' ').next().unwrap().to_owned();
        if line.contains("gave no answer") { "silent".to_owned() } else { severity }
    });
    (words.collect::<Vec<_>>().join(" "), took)
}

#[test]
fn without_one_codes_are_not_checked() {
    crate::harness::on_both(async |server| {
        assert_eq!(write(server, "467771000124109").await.0, "information");
    });
}

#[test]
fn with_one_they_are() {
    with_server(
        |_| (),
        async |server, theirs| {
            assert_eq!(write(server, "467771000124109").await.0, "");
            assert!(theirs.asked() > 0);
            let questions = theirs.questions.lock().unwrap().clone();
            let named = |question: &Value, name: &str| {
                question["parameter"].as_array().unwrap().iter().find(|p| p["name"] == name).cloned()
            };
            // Of the value set, what is about SNOMED CT; of the Procedure, nothing but the code.
            let (path, question) =
                questions.iter().find(|(_, question)| named(question, "valueSet").is_some()).unwrap();
            assert_eq!(path, "/r4/ValueSet/$validate-code");
            let coding = json!({"system": SNOMED, "code": "467771000124109"});
            assert_eq!(named(question, "coding").unwrap()["valueCoding"], coding);
            let include = json!([{"system": SNOMED, "filter": [{"property": "concept", "op": "is-a", "value": "71388002"}]}]);
            assert_eq!(named(question, "valueSet").unwrap()["resource"]["compose"]["include"], include);
            // A value set that is not here goes by its name.
            let is_named = |(_, question): &(String, Value)| {
                named(question, "url")
                    .is_some_and(|url| url["valueUri"].as_str().unwrap().contains("cts.nlm.nih.gov"))
            };
            assert!(questions.iter().any(is_named), "{questions:?}");
            assert!(questions.iter().all(|(_, question)| !question.to_string().contains("Patient")));
            // What was answered is not asked again, until it has grown old.
            assert_eq!(write(server, "467771000124109").await.0, "");
            assert_eq!(theirs.asked(), 0);
            server.clock.advance(2 * 3600);
            assert_eq!(write(server, "467771000124109").await.0, "");
            assert!(theirs.asked() > 0);
            // A code that is not in the value set is an error of a required binding.
            assert_eq!(write(server, "9").await.0, "error");
        },
    );
}

#[test]
fn enforced_it_refuses() {
    with_server(
        |config| config.validation.default = sdoh_gateway::config::Enforcement::Enforce,
        async |server, _| {
            let refused = server.post("Procedure", &procedure("9")).await.expect(422);
            assert!(refused.issues().contains("Procedure.code"), "{}", refused.issues());
            assert!(!refused.text().contains("\"9\""));
            server.post("Procedure", &procedure("4")).await.expect(201);
        },
    );
}

#[test]
fn a_server_of_no_use_leaves_codes_unchecked() {
    with_server(
        |_| (),
        async |server, theirs| {
            for (code, (manner, expected)) in [
                (Manner::Ignorant, "information"),
                (Manner::Missing, "information"),
                (Manner::Redirecting, "information"),
                (Manner::Lying, "information"),
                (Manner::Failing, "information silent"),
                (Manner::Html, "information silent"),
                (Manner::Endless, "information silent"),
            ]
            .into_iter()
            .enumerate()
            {
                theirs.behave(manner);
                let (found, took) = write(server, &format!("5{code}")).await;
                assert_eq!(found, expected, "{manner:?}");
                assert!(took < Duration::from_secs(3), "{manner:?} {took:?}");
                // After some failures it is left alone; this lets it be asked again.
                server.clock.advance(31);
            }
        },
    );
}

#[test]
fn a_slow_server_holds_no_write_for_longer_than_configured() {
    with_server(
        |config| config.limits.terminology_milliseconds = 300,
        async |server, theirs| {
            theirs.behave(Manner::Slow);
            for code in ["51", "52", "53"] {
                let (found, took) = write(server, code).await;
                assert_eq!(found, "information silent");
                assert!(took >= Duration::from_millis(250) && took < Duration::from_secs(2), "{took:?}");
                // After some failures it is left alone; this lets it be asked again.
                server.clock.advance(31);
            }
            // A transaction has no more time for all its entries together.
            let entries: Vec<Value> = (60..75)
                .map(|code| json!({"resource": procedure(&code.to_string()), "request": {"method": "POST", "url": "Procedure"}}))
                .collect();
            let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
            let started = Instant::now();
            server.post("", &bundle).await.expect(200);
            assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
            // Failing time and again, it is left alone for a while, and no write waits.
            write(server, "80").await;
            theirs.asked();
            let (found, took) = write(server, "54").await;
            assert_eq!(found, "information silent");
            assert!(took < Duration::from_millis(250), "{took:?}");
            assert_eq!(theirs.asked(), 0);
            // And then has another chance.
            server.clock.advance(31);
            theirs.behave(Manner::Good);
            assert_eq!(write(server, "455").await.0, "");
        },
    );
}

#[test]
fn a_server_that_is_not_there() {
    on_databases(async |database| {
        let config =
            Config { terminology_server: Some("http://127.0.0.1:1/fhir".to_owned()), ..local(&database.url) };
        let server = Server::start(&config).await;
        let (found, took) = write(&server, "41").await;
        assert_eq!(found, "information silent");
        assert!(took < Duration::from_secs(3), "{took:?}");
        server.stop().await;
    });
}

#[test]
fn the_command_asks_it_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (theirs, base) = runtime.block_on(serve());
    for (code, server, exit) in [
        ("467771000124109", base.as_str(), 0),
        ("9", base.as_str(), 1),
        ("9", "http://127.0.0.1:1/r4", 0),
        ("9", "nowhere", 2),
    ] {
        let arguments = ["validate", "--format", "json", "--terminology-server", server, "-"];
        crate::validate::run(&arguments, &procedure(code).to_string()).expect(exit);
    }
    assert!(theirs.asked() > 1);
    crate::validate::run(&["validate", "-"], &procedure("9").to_string()).expect(0);
    assert_eq!(theirs.asked(), 0);
}
