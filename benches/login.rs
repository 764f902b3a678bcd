//! What it costs to know who calls: a token seen before, a token seen for the first time, a login.
//!
//!     cargo bench --bench login                                          # SQLite
//!     cargo bench --bench login -- --database-url postgres://…           (an empty database)

#[allow(dead_code, reason = "here nobody asks over HTTP")]
#[path = "gateway/login.rs"]
mod login;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sdoh_gateway::auth::Auth;
use sdoh_gateway::config::{Config, Limits, Secrets};
use sdoh_gateway::definitions::Definitions;
use sdoh_gateway::fhir::time::SystemClock;
use sdoh_gateway::gateway::Gateway;

use login::Key;

/// How often each is done.
const TOKENS: u32 = 500;
const REQUESTS: u32 = 20_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let url = arguments.iter().position(|argument| argument == "--database-url");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = url
        .and_then(|at| arguments.get(at + 1).cloned())
        .unwrap_or_else(|| format!("sqlite://{}", folder.path().join("gateway.db").display()));
    tokio::runtime::Runtime::new().expect("threads").block_on(measure(&url));
}

async fn measure(database_url: &str) {
    let key = Key::generate();
    let config = Config {
        database_url: database_url.into(),
        secrets: Secrets { key: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into(), ..Secrets::default() },
        clients: vec![key.registration()],
        limits: Limits { requests_per_second: u32::MAX, burst: u32::MAX, ..Limits::default() },
        ..Config::default()
    };
    let definitions = Arc::new(Definitions::embedded().expect("the embedded definitions"));
    let origin = "http://localhost";
    let gateway = Gateway::open(&config, origin, definitions, Arc::new(SystemClock), |_, _| ()).await;
    let gateway = gateway.expect("a gateway");
    let auth = Auth::open(&gateway, &config).await.expect("its logins");
    let Auth::Required(logins) = &auth else { return };
    let forms: Vec<_> = (0..TOKENS).map(|_| key.form(origin)).collect();
    let started = Instant::now();
    let mut tokens = Vec::new();
    for form in &forms {
        let answer = logins.grant(form).await.expect("a token");
        tokens.push(answer["access_token"].as_str().expect("a token").to_owned());
    }
    tell("login: assertion verified, jti kept, token signed", started.elapsed() / TOKENS);
    let started = Instant::now();
    for token in &tokens {
        black_box(auth.principal(Some(token), None).await.expect("a client"));
    }
    tell("request with a token seen for the first time", started.elapsed() / TOKENS);
    let token = tokens.first().expect("a token");
    let started = Instant::now();
    for _ in 0..REQUESTS {
        black_box(auth.principal(Some(token), None).await.expect("a client"));
    }
    tell("request with a token seen before, one at a time", started.elapsed() / REQUESTS);
    const AT_ONCE: u32 = 16;
    let started = Instant::now();
    let work = (0..AT_ONCE).map(|_| {
        let (auth, token) = (auth.clone(), token.clone());
        tokio::spawn(async move {
            for _ in 0..REQUESTS / AT_ONCE {
                black_box(auth.principal(Some(&token), None).await.expect("a client"));
            }
        })
    });
    join_all(work).await;
    tell("request with a token seen before, 16 at once", started.elapsed() / REQUESTS);
    let store = gateway.store();
    let started = Instant::now();
    for _ in 0..REQUESTS {
        black_box(store.clients_version().await.expect("a number"));
    }
    tell("of that: asking the database whether clients have changed", started.elapsed() / REQUESTS);
}

fn tell(what: &str, time: Duration) {
    println!("{:>9.1} µs  {what}", time.as_secs_f64() * 1e6);
}
