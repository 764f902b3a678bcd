//! Validation without a write (`$validate`). What a resource refers to is fetched first; judging it then takes no I/O.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::access::{Principal, Viewer};
use crate::fhir::{Issue, Resource};
use crate::fhirpath;
use crate::search::Entries;
use crate::validator::Context;

use super::commit::Transaction;
use super::group::Group;
use super::submit::Prepared;
use super::{Gateway, Refused, Space, Write};

impl Gateway {
    /// What validation has to say about a resource that stands in a space, and what it refers to there. The resource has
    /// to meet these profiles besides those it claims.
    pub async fn validate(
        &self,
        viewer: &Viewer,
        space: &Space,
        resource: &Resource,
        profiles: &[&str],
    ) -> Result<Vec<Issue>, Refused> {
        let targets = self.targets(viewer, space, &[resource], HashMap::new()).await?;
        let now = Some(self.inner.clock.now());
        let validate = |terminology: Option<&dyn fhirpath::Terminology>| {
            let context =
                Context { profiles, resolver: Some(&targets), terminology, now, ..Context::default() };
            self.inner.validator.validate_with(resource, &context)
        };
        let mut issues = self.judge(validate, &mut self.patience()).await;
        issues.extend(targets.issues());
        Ok(issues)
    }

    /// Whether a profile is at hand and can be used.
    pub fn knows_profile(&self, canonical: &str) -> bool {
        matches!(self.inner.validator.profile(canonical), Some(Ok(_)))
    }

    /// What the store and the referral's rules would have to say to a write, were it submitted now: what has to hold of
    /// the current version, and whether the change may be made. Nothing is written.
    ///
    /// Errors only where it could not be tried.
    pub async fn rehearse(
        &self,
        space: &Arc<Space>,
        principal: &Principal,
        viewer: &Viewer,
        write: Write,
    ) -> Result<Vec<Issue>, Refused> {
        let (reply, _) = oneshot::channel();
        let job = Transaction {
            space: Arc::clone(space),
            principal: principal.clone(),
            viewer: viewer.clone(),
            origin: Default::default(),
            conditions: Vec::new(),
            writes: vec![Prepared {
                write,
                issues: Vec::new(),
                entries: Entries::default(),
                unseen: BTreeSet::new(),
            }],
            reply,
        };
        // Dropped at the end, and so it never happened.
        let mut transaction = self.inner.store.begin().await?;
        let mut group = Group::open(&self.inner, &mut transaction, &[&job]).await?;
        match group.add(&job).await? {
            Ok(written) => Ok(written.into_iter().flat_map(|written| written.issues).collect()),
            Err(
                Refused::Malformed(outcome)
                | Refused::Invalid(outcome)
                | Refused::Conflict(outcome)
                | Refused::Forbidden(outcome)
                | Refused::VersionConflict(outcome)
                | Refused::NotFound(outcome),
            ) => Ok(outcome.issues),
            Err(failed @ (Refused::Busy | Refused::Moved | Refused::Store(_))) => Err(failed),
        }
    }
}
