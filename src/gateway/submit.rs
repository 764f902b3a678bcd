//! The write path (design, "one way through"): validate → plan → audit → commit, for one transaction.
//!
//! Validation and search entries are made here, in the caller's task and so in parallel; the rest happens in the
//! committer, one group of transactions at a time.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::access::Principal;
use crate::config::Enforcement;
use crate::fhir::time::Instant;
use crate::fhir::{Id, Issue, IssueCode, Resource, Severity};
use crate::fhirpath;
use crate::search::Entries;
use crate::store::Key;
use crate::validator::Context;

use super::commit::{Job, Transaction};
use super::terminology_server::Patience;
use super::{Gateway, Refused, Space};

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Create under a new id.
    Post,
    /// Create or replace.
    Put,
    /// Delete.
    Delete,
}

impl Method {
    /// As HTTP and histories write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// What has to be there for a write to be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Whatever version, but one.
    Any,
    /// This one.
    Version(u64),
}

/// One write of a transaction. References to other resources of the transaction are resolved already.
#[derive(Debug)]
pub struct Write {
    /// What is done.
    pub method: Method,
    /// To which type.
    pub type_name: String,
    /// To which id; for a create, the one it is to have.
    pub id: Id,
    /// What the caller believes to be current (`If-Match`).
    pub if_match: Option<Expected>,
    /// As it is to be; nothing for a deletion.
    pub resource: Option<Resource>,
    /// Which entry of a Bundle asks for it.
    pub entry: Option<usize>,
}

impl Write {
    /// Issues about this write, placed in the Bundle it came in.
    pub(super) fn placed(&self, issues: Vec<Issue>) -> Vec<Issue> {
        let Some(entry) = self.entry else { return issues };
        let place = |issue: Issue| {
            let inside =
                issue.expression.as_deref().and_then(|path| path.split_once('.')).map(|(_, rest)| rest);
            let place = match inside {
                Some(inside) => format!("Bundle.entry[{entry}].resource.{inside}"),
                None => format!("Bundle.entry[{entry}].resource"),
            };
            issue.at(place)
        };
        issues.into_iter().map(place).collect()
    }
}

/// A transaction: all of it is carried out or none.
#[derive(Debug)]
pub struct Submission {
    /// Where.
    pub space: Arc<Space>,
    /// Who asks.
    pub principal: Principal,
    /// Id of the request, for the audit trail.
    pub request: String,
    /// What to do. No resource twice.
    pub writes: Vec<Write>,
}

/// What became of one write.
#[derive(Debug, Clone)]
pub struct Written {
    /// Which resource.
    pub key: Key,
    /// Its version; of a deletion, that of the deletion.
    pub version: u64,
    /// When; for a deletion of what was not there, nothing was written.
    pub seq: Option<Instant>,
    /// Whether it was not there before.
    pub created: bool,
    /// As stored.
    pub body: Option<Arc<str>>,
    /// What validation and the referral's rules had to say.
    pub issues: Vec<Issue>,
}

/// A write that is ready for the committer.
pub(super) struct Prepared {
    pub(super) write: Write,
    pub(super) issues: Vec<Issue>,
    pub(super) entries: Entries,
}

impl Gateway {
    /// Carries out a transaction. When this returns, the data is on disk; the answers stand in the order of the writes.
    pub async fn submit(&self, submission: Submission) -> Result<Vec<Written>, Refused> {
        let Submission { space, principal, request, writes } = submission;
        refuse_repetition(&writes)?;
        let mut prepared = Vec::with_capacity(writes.len());
        let mut patience = self.patience();
        for write in writes {
            let one = self.prepare(&space, write, &mut patience).await?;
            prepared.push(one);
            // A long Bundle leaves the thread to others between its entries.
            if prepared.len() % 64 == 0 {
                tokio::task::yield_now().await;
            }
        }
        let (reply, answer) = oneshot::channel();
        let job = Transaction { space, principal, request, writes: prepared, reply };
        self.inner.jobs.try_send(Job::Transaction(job)).map_err(|_| Refused::Busy)?;
        answer.await.map_err(|_| Refused::Store("the committer has stopped".into()))?
    }

    /// Validates a resource and finds what it is to be found by.
    async fn prepare(
        &self,
        space: &Space,
        write: Write,
        patience: &mut Patience,
    ) -> Result<Prepared, Refused> {
        let (mut issues, mut entries) = (Vec::new(), Entries::default());
        if let Some(resource) = &write.resource {
            if resource.type_name() != write.type_name {
                let text = format!(
                    "the resource calls itself another type than {}, to which it was sent",
                    write.type_name
                );
                let issue = Issue::error(IssueCode::Structure, text);
                return Err(Refused::Malformed(write.placed(vec![issue]).into()));
            }
            let validate = |terminology: Option<&dyn fhirpath::Terminology>| {
                let context = Context { terminology, ..Context::default() };
                self.inner.validator.validate_with(resource, &context)
            };
            issues = self.judge(validate, patience).await;
            if issues.iter().any(|issue| issue.severity == Severity::Fatal) {
                return Err(Refused::Malformed(write.placed(issues).into()));
            }
            if issues.iter().any(|issue| issue.is_error() && self.enforces(issue, &write.type_name)) {
                return Err(Refused::Invalid(write.placed(issues).into()));
            }
            entries = self.inner.extractor.entries(resource, &space.base);
        }
        Ok(Prepared { write, issues, entries })
    }

    /// Has something validated, where need be with the terminology server's help.
    pub(super) async fn judge(
        &self,
        validate: impl Fn(Option<&dyn fhirpath::Terminology>) -> Vec<Issue>,
        patience: &mut Patience,
    ) -> Vec<Issue> {
        match &self.inner.terminology_server {
            None => validate(None),
            Some(server) => server.judge(|terminology| validate(Some(terminology)), patience).await,
        }
    }

    fn enforces(&self, issue: &Issue, type_name: &str) -> bool {
        let enforcement = match &issue.rule {
            Some(rule) => self.inner.validation.enforcement(&rule.profile),
            None => self
                .inner
                .validation
                .enforcement(&format!("http://hl7.org/fhir/StructureDefinition/{type_name}")),
        };
        enforcement == Enforcement::Enforce
    }
}

/// A transaction that names a resource twice has no one meaning (R4 §3.1.0.11.2).
fn refuse_repetition(writes: &[Write]) -> Result<(), Refused> {
    let mut seen = HashSet::new();
    match writes.iter().find(|write| !seen.insert((write.type_name.as_str(), write.id.as_str()))) {
        None => Ok(()),
        Some(twice) => {
            let text = format!("{}/{} appears twice in one transaction", twice.type_name, twice.id);
            Err(Refused::malformed(IssueCode::Duplicate, text))
        }
    }
}
