//! A terminology server of somebody else's, asked about codes that local definitions do not tell of (SNOMED CT, LOINC …).
//!
//! Validation does no I/O. So a resource is validated first with what is known; what it asked in vain is then put to the
//! server, all at once and within the time a write may spend on it; and with the answers it is validated again. Answers
//! are kept for a while. A server that is slow, down or talks nonsense leaves things as they are without it: not checked.
//!
//! What the server hears of is codes, systems and value sets; nothing else of a resource.

mod answers;
mod client;
mod question;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, timeout};

use crate::fhir::time::Clock;
use crate::fhir::{Issue, IssueCode, Severity};
use crate::fhirpath;
use crate::terminology::Terminology;

use answers::Answers;
use client::{Client, Reply};
use question::{Question, Recorder};

/// How long one question may take.
const ONE_REQUEST: Duration = Duration::from_secs(1);
/// How many questions are asked at the same time.
const AT_ONCE: usize = 8;
/// How many questions one resource may raise; the rest stays unanswered.
const MOST_QUESTIONS: usize = 200;
/// How often answers may raise new questions.
const MAX_ROUNDS: usize = 3;
/// After how many failures in a row the server is left alone for a while …
const FAILURES: u32 = 3;
/// … and for how long, in microseconds.
const PAUSE: i64 = 30_000_000;

/// A terminology server, with what it has answered. To be shared.
pub struct TerminologyServer {
    client: Client,
    /// For what is known here already.
    local: Arc<Terminology>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: Answers,
    failures: u32,
    /// Until when the server is left alone, in the clock's microseconds.
    paused_until: i64,
}

/// How much time may still be spent on waiting for the server.
#[derive(Debug, Clone, Copy)]
pub struct Patience(Duration);

impl Patience {
    /// So many milliseconds in all.
    pub fn of_milliseconds(milliseconds: u64) -> Patience {
        Patience(Duration::from_millis(milliseconds))
    }
}

/// Why a server cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("terminology-server: {0}")]
pub struct TerminologyServerError(String);

impl TerminologyServer {
    /// A server by its FHIR base URL.
    pub fn new(
        base: &str,
        local: Arc<Terminology>,
        clock: Arc<dyn Clock>,
    ) -> Result<TerminologyServer, TerminologyServerError> {
        if !(base.starts_with("http://") || base.starts_with("https://")) {
            return Err(TerminologyServerError(format!("'{base}' does not begin with http:// or https://")));
        }
        let client = Client::new(base).map_err(|error| TerminologyServerError(error.to_string()))?;
        Ok(TerminologyServer { client, local, clock, state: Mutex::default() })
    }

    /// Has something validated with the server's help. `validate` is called with somebody who knows the answers so far,
    /// at least once and a few times at most; the issues are those of the last call, and a note on what the server did
    /// not answer.
    pub async fn judge(
        &self,
        validate: impl Fn(&dyn fhirpath::Terminology) -> Vec<Issue>,
        patience: &mut Patience,
    ) -> Vec<Issue> {
        let mut given_up: HashSet<Question> = HashSet::new();
        for _ in 0..MAX_ROUNDS {
            let (issues, questions) = self.try_out(&validate);
            let mut fresh: Vec<Question> =
                questions.into_iter().filter(|question| !given_up.contains(question)).collect();
            if fresh.is_empty() {
                return noted(issues, given_up.len());
            }
            let left_out = fresh.split_off(fresh.len().min(MOST_QUESTIONS));
            given_up.extend(left_out);
            let count = fresh.len();
            let failed = self.ask(fresh, patience).await;
            let has_news = failed.len() < count;
            given_up.extend(failed);
            if !has_news {
                return noted(issues, given_up.len());
            }
        }
        noted(self.try_out(&validate).0, given_up.len())
    }

    /// Validates with what has been answered; the issues, and what was asked in vain.
    fn try_out(
        &self,
        validate: impl Fn(&dyn fhirpath::Terminology) -> Vec<Issue>,
    ) -> (Vec<Issue>, Vec<Question>) {
        let now = self.clock.now();
        let known = |question: &Question| self.lock().answers.get(question, now);
        let recorder = Recorder::new(&known);
        let issues = validate(&recorder);
        (issues, recorder.into_questions())
    }

    /// Puts questions to the server and keeps the answers; gives back those without one.
    async fn ask(&self, questions: Vec<Question>, patience: &mut Patience) -> Vec<Question> {
        if self.is_paused() || patience.0.is_zero() {
            return questions;
        }
        let started = Instant::now();
        let until = started + patience.0;
        let work = questions.into_iter().map(|question| async move {
            let left = until.saturating_duration_since(Instant::now()).min(ONE_REQUEST);
            // Others may have failed while this one waited for its turn.
            let reply = match left.is_zero() || self.is_paused() {
                true => None,
                false => Some(timeout(left, self.client.ask(&question, &self.local)).await),
            };
            (question, reply)
        });
        let replies: Vec<_> = stream::iter(work).buffer_unordered(AT_ONCE).collect().await;
        patience.0 = patience.0.saturating_sub(started.elapsed());
        let mut failed = Vec::new();
        for (question, reply) in replies {
            match reply {
                Some(Ok(Reply::Answer(answer))) => self.keep(question, answer),
                Some(Ok(Reply::Failed) | Err(_)) => {
                    self.note_failure();
                    failed.push(question);
                }
                None => failed.push(question),
            }
        }
        failed
    }

    fn keep(&self, question: Question, answer: Option<bool>) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.failures = 0;
        state.answers.insert(question, answer, now);
        metrics::counter!("sdoh_gateway_terminology_questions", "outcome" => "answered").increment(1);
    }

    fn note_failure(&self) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.failures += 1;
        if state.failures >= FAILURES {
            state.failures = 0;
            state.paused_until = now.0.saturating_add(PAUSE);
            tracing::warn!(
                "the terminology server fails: it is left alone for a while, and codes stay unchecked"
            );
        }
        metrics::counter!("sdoh_gateway_terminology_questions", "outcome" => "failed").increment(1);
    }

    fn is_paused(&self) -> bool {
        self.clock.now().0 < self.lock().paused_until
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The issues, and that so many codes could not be asked about.
fn noted(mut issues: Vec<Issue>, unanswered: usize) -> Vec<Issue> {
    if unanswered > 0 {
        let codes = if unanswered == 1 { "one code" } else { "some codes" };
        let text =
            format!("not checked: the terminology server gave no answer on {codes} in the time there was");
        issues.push(Issue::new(Severity::Information, IssueCode::Timeout, text));
    }
    issues
}
