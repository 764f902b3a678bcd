//! Which pages of the record can have what a search asks for.

use crate::access::Viewer;
use crate::audit::{Event, Subject, patients_of, subject_of};
use crate::fhir::time::{Instant, Period};
use crate::search::{Condition, Prefix, ReferenceTest, Values};
use crate::store::{AuditFilter, HistoryFilter, HistoryScope, Key, StoreError};

use super::super::{Gateway, Space};

/// How long after an event its page may be written, in microseconds: an hour, for the times when the database did not
/// take it.
const LATEST: i64 = 3_600_000_000;
/// Versions of a resource that are looked at for whom it concerns.
const MOST_VERSIONS: usize = 1000;

/// What pages are looked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Narrowed {
    subjects: Option<Vec<Subject>>,
    from: Option<Instant>,
    to: Option<Instant>,
    /// Ids of the Patients of whom an event has to tell of one.
    patients: Option<Vec<String>>,
}

impl Narrowed {
    /// By the conditions of a search.
    pub(super) async fn by(
        gateway: &Gateway,
        space: &Space,
        conditions: &[Condition],
    ) -> Result<Narrowed, StoreError> {
        let mut narrowed = Narrowed::default();
        for condition in conditions {
            let Condition::Value { parameter, negated: false, values } = condition else { continue };
            let code = gateway.registry()[*parameter].code.clone();
            match (&*code, values) {
                ("patient", Values::Reference(tests)) => narrowed.by_patients(space, tests),
                ("entity", Values::Reference(tests)) => narrowed.by_entities(gateway, space, tests).await?,
                ("date", Values::Date(tests)) => narrowed.by_date(tests),
                _ => {}
            }
        }
        Ok(narrowed)
    }

    pub(super) fn filter(&self) -> AuditFilter<'_> {
        AuditFilter { subjects: self.subjects.as_deref(), from: self.from, to: self.to }
    }

    /// Whether an event of such a page may be meant.
    pub(super) fn concerns(&self, event: &Event) -> bool {
        let Some(patients) = &self.patients else { return true };
        event.all_patients().iter().any(|patient| patients.iter().any(|id| id == patient))
    }

    fn by_patients(&mut self, space: &Space, tests: &[ReferenceTest]) {
        let ids: Vec<String> = tests.iter().map(|test| test.id.clone()).collect();
        self.subjects = Some(ids.iter().map(|id| subject_of(&space.name, "Patient", id)).collect());
        self.patients = Some(ids);
    }

    /// By resources. What concerns Patients is found by them.
    async fn by_entities(
        &mut self,
        gateway: &Gateway,
        space: &Space,
        tests: &[ReferenceTest],
    ) -> Result<(), StoreError> {
        let mut subjects = Vec::new();
        for test in tests {
            // Of an id alone nobody knows the type.
            let Some(type_name) = &test.type_name else { return Ok(()) };
            subjects.push(subject_of(&space.name, type_name, &test.id));
            let key = Key::new(space.id, type_name, &test.id);
            let (scope, all) = (HistoryScope::Instance(key), HistoryFilter::default());
            let versions =
                gateway.store().history(&Viewer::Everything, &scope, all, None, MOST_VERSIONS).await?;
            for version in versions {
                let body = version.body.as_deref().unwrap_or_default();
                let patients = patients_of(body, &space.base);
                subjects.extend(patients.iter().map(|id| subject_of(&space.name, "Patient", id)));
            }
        }
        subjects.sort_unstable();
        subjects.dedup();
        if self.subjects.is_none() {
            self.subjects = Some(subjects);
        }
        Ok(())
    }

    fn by_date(&mut self, tests: &[(Prefix, Period)]) {
        // Of several dates any will do, and that is no range.
        let [(prefix, Period { low, high })] = tests else { return };
        let (from, to) = match prefix {
            Prefix::Eq | Prefix::Ap => (Some(*low), Some(*high)),
            Prefix::Gt | Prefix::Sa => (Some(*high), None),
            Prefix::Ge => (Some(*low), None),
            Prefix::Lt | Prefix::Eb => (None, Some(*low)),
            Prefix::Le => (None, Some(*high)),
            Prefix::Ne => (None, None),
        };
        self.from = self.from.max(from);
        let to = to.map(|to| Instant(to.0.saturating_add(LATEST)));
        self.to = [self.to, to].into_iter().flatten().min();
    }
}
