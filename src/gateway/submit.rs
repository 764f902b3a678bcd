//! The write path (design, "one way through"): validate → plan → audit → commit, for one transaction.
//!
//! Validation and search entries are made here, in the caller's task and so in parallel; the rest happens in the
//! committer, one group of transactions at a time.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::access::reach::{Identity, reach};
use crate::access::{Principal, Viewer};
use crate::audit::{EventId, Origin};
use crate::config::Enforcement;
use crate::fhir::time::Instant;
use crate::fhir::{Id, Issue, IssueCode, Resource, Severity};
use crate::fhirpath;
use crate::search::Entries;
use crate::store::Key;
use crate::validator::Context;

use super::commit::{Job, Transaction};
use super::condition::Condition;
use super::targets::Targets;
use super::terminology_server::Patience;
use super::{Gateway, Refused, Space};

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Create under a new id.
    Post,
    /// Create or replace.
    Put,
    /// Replace by what a patch made of it.
    Patch,
    /// Delete.
    Delete,
}

impl Method {
    /// As HTTP and histories write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// What has to be there for a write to be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Whatever version, but one.
    Any,
    /// None: it is not there, and perhaps never was.
    Nothing,
    /// This one.
    Version(u64),
    /// The one that was looked at: where it is another now, the write is made anew ([`Refused::Moved`]).
    Unchanged(u64),
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
    /// What the caller may see: what is hidden from it cannot be written to or built upon.
    pub viewer: Viewer,
    /// Where the request came from, for the record.
    pub origin: Origin,
    /// What has to be found still for it to be carried out.
    pub conditions: Vec<Condition>,
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
    /// Of what a Task or order reaches, what its author cannot see.
    pub(super) unseen: BTreeSet<Identity>,
}

impl Gateway {
    /// Carries out a transaction. When this returns, the data is on disk; the answers stand in the order of the writes.
    pub async fn submit(&self, submission: Submission) -> Result<Vec<Written>, Refused> {
        let Submission { space, principal, viewer, origin, conditions, writes } = submission;
        refuse_repetition(&writes)?;
        refuse_own_record(&writes)?;
        let writes = self.prepare(&viewer, &space, writes).await?;
        let (reply, answer) = oneshot::channel();
        let job = Transaction { space, principal, viewer, origin, conditions, writes, reply };
        self.inner.jobs.try_send(Job::Transaction(job)).map_err(|_| Refused::Busy)?;
        answer.await.map_err(|_| Refused::Store("the committer has stopped".into()))?
    }

    /// Validates resources, with what they refer to at hand, and finds what they are to be found by.
    async fn prepare(
        &self,
        viewer: &Viewer,
        space: &Space,
        writes: Vec<Write>,
    ) -> Result<Vec<Prepared>, Refused> {
        let referring: Vec<&Resource> = writes.iter().filter_map(|write| write.resource.as_ref()).collect();
        let mut beside = HashMap::new();
        // One by itself is referred to by nobody.
        if writes.len() > 1 {
            for write in &writes {
                if let Some(resource) = &write.resource {
                    let identity = (write.type_name.clone(), write.id.to_string());
                    beside.insert(identity, Cow::Borrowed(resource.as_value()));
                }
            }
        }
        let targets = self.targets(viewer, space, &referring, beside).await?;
        let mut patience = self.patience();
        let mut findings = Vec::with_capacity(writes.len());
        for write in &writes {
            findings.push(match &write.resource {
                Some(resource) => {
                    let issues = self.check(write, resource, &targets, &mut patience).await?;
                    let mut unseen = reach(resource, &space.base);
                    unseen.retain(|target| !targets.sees(target));
                    (issues, self.inner.extractor.entries(resource, &space.base), unseen)
                }
                None => (Vec::new(), Entries::default(), BTreeSet::new()),
            });
            // A long Bundle leaves the thread to others between its entries.
            if findings.len() % 64 == 0 {
                tokio::task::yield_now().await;
            }
        }
        drop(targets);
        let writes = writes.into_iter().zip(findings);
        Ok(writes
            .map(|(write, (issues, entries, unseen))| Prepared { write, issues, entries, unseen })
            .collect())
    }

    /// What validation has to say about a write that it does not refuse.
    async fn check(
        &self,
        write: &Write,
        resource: &Resource,
        targets: &Targets<'_>,
        patience: &mut Patience,
    ) -> Result<Vec<Issue>, Refused> {
        if resource.type_name() != write.type_name {
            let text = format!(
                "the resource calls itself another type than {}, to which it was sent",
                write.type_name
            );
            let issue = Issue::error(IssueCode::Structure, text);
            return Err(Refused::Malformed(write.placed(vec![issue]).into()));
        }
        let now = Some(self.inner.clock.now());
        let validate = |terminology: Option<&dyn fhirpath::Terminology>| {
            let context = Context { resolver: Some(targets), terminology, now, ..Context::default() };
            self.inner.validator.validate_with(resource, &context)
        };
        let issues = self.judge(validate, patience).await;
        if issues.iter().any(|issue| issue.severity == Severity::Fatal) {
            return Err(Refused::Malformed(write.placed(issues).into()));
        }
        if issues.iter().any(|issue| issue.is_error() && self.enforces(issue, &write.type_name)) {
            return Err(Refused::Invalid(write.placed(issues).into()));
        }
        Ok(issues)
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

/// The gateway's own AuditEvents are nobody's to write.
fn refuse_own_record(writes: &[Write]) -> Result<(), Refused> {
    let is_own =
        |write: &Write| write.type_name == "AuditEvent" && EventId::parse(write.id.as_str()).is_some();
    match writes.iter().any(is_own) {
        false => Ok(()),
        true => {
            let text = "this AuditEvent is of the gateway's own record, which cannot be changed";
            Err(Refused::Forbidden(Issue::error(IssueCode::Forbidden, text).into()))
        }
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
