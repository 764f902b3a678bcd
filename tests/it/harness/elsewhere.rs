//! A server of somebody else's, on loopback: it says what the test has it say, and remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use http::{Response, Uri};
use tokio::net::TcpListener;

/// The server. It ends with the runtime of its test.
#[derive(Clone)]
pub struct Elsewhere {
    /// `http://127.0.0.1:port`
    pub origin: String,
    state: Arc<Mutex<Said>>,
}

/// Status, body and headers.
type Answer = (u16, String, Vec<(&'static str, String)>);

#[derive(Default)]
struct Said {
    answers: HashMap<String, Answer>,
    asked: Vec<Asked>,
}

/// What it was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub body: String,
}

impl Elsewhere {
    pub async fn start() -> Elsewhere {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let elsewhere = Elsewhere { origin, state: Arc::default() };
        let routes = Router::new().fallback(answer).with_state(elsewhere.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        elsewhere
    }

    /// Has it answer a path so from now on.
    pub fn say(&self, path: &str, status: u16, body: &str, headers: &[(&'static str, &str)]) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.state.lock().unwrap().answers.insert(path.to_owned(), (status, body.to_owned(), headers));
    }

    /// How often a path was asked for.
    pub fn count(&self, path: &str) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|asked| asked.path == path).count()
    }

    /// What it was last asked.
    pub fn last(&self) -> Asked {
        self.state.lock().unwrap().asked.last().unwrap().clone()
    }
}

async fn answer(State(elsewhere): State<Elsewhere>, uri: Uri, body: Bytes) -> Response<Body> {
    let mut said = elsewhere.state.lock().unwrap();
    let path = uri.path().to_owned();
    let answer = said.answers.get(&path).cloned();
    said.asked.push(Asked { path, body: String::from_utf8_lossy(&body).into_owned() });
    let (status, body, headers) = answer.unwrap_or((404, String::new(), Vec::new()));
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}
