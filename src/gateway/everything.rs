//! A Patient's record (R4 OperationDefinition Patient-everything), in pages.
//!
//! To it belong the Patient and what is in the compartment, oldest version first, so that what changes while a client reads
//! comes later, not never; and with each page what its resources refer to of types outside the compartment.

mod links;

use std::collections::BTreeSet;

use crate::access::Viewer;
use crate::fhir::time::{Instant, Period};
use crate::fhir::{Issue, IssueCode, json};
use crate::search::{Condition, Criteria, LARGEST_COUNT, Prefix, Values, clinically_within};
use crate::store::{Cursor, Isolation, Key, Page, Snapshot, StoreError, Version};

use super::search::{MOST_INCLUDED, cursor, held};
use super::{Gateway, Refused, SearchAnswer, Space};
use links::Links;

/// What of a Patient's record is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRequest {
    /// Logical id of the Patient.
    pub patient: String,
    /// Only these types; empty for all.
    pub types: Vec<String>,
    /// The types that anything is told of; `None` for all.
    pub readable: Option<Vec<String>>,
    /// Only what changed after this, with all that it refers to.
    pub since: Option<Instant>,
    /// Only care that did not end before this.
    pub start: Option<Instant>,
    /// Only care that did not begin after this.
    pub end: Option<Instant>,
    /// Resources of a page, those that they refer to not counted.
    pub count: usize,
    /// Where the page begins: the cursor of a `next` link.
    pub after: Option<String>,
}

impl Gateway {
    /// One page of a Patient's record, as far as the viewer may see it; empty where there is no such Patient.
    ///
    /// Where types outside the compartment are asked for, the resources that refer to them are read to find them: such a
    /// page may hold less than it was to.
    pub async fn record(
        &self,
        viewer: &Viewer,
        space: &Space,
        request: &RecordRequest,
    ) -> Result<SearchAnswer, Refused> {
        let after = cursor(request.after.as_deref())?;
        let mut snapshot = self.inner.store.snapshot(viewer, Isolation::Snapshot).await?;
        let as_of = snapshot.latest().await?;
        let count = request.count.min(LARGEST_COUNT);
        let looks_around = request.types.iter().any(|name| self.is_around(name)) && count > 0;
        let criteria = self.record_criteria(request, looks_around);
        let criteria = held(&mut snapshot, space, &criteria).await?;
        let page = Page { space: space.id, criteria: &criteria, sort: &[], after: after.as_ref(), count };
        if count == 0 {
            let total = Some(snapshot.count(&page).await?);
            return Ok(SearchAnswer { total, as_of, ..SearchAnswer::default() });
        }
        let found = snapshot.search(&page).await?;
        let mut issues = Vec::new();
        let included = match request.types.is_empty() || looks_around {
            true => self.around(&mut snapshot, space, request, &found.versions, &mut issues).await?,
            false => Vec::new(),
        };
        let mut matches = found.versions;
        matches.retain(|version| request.wants(&version.key.type_name));
        let is_whole = after.is_none() && found.next.is_none();
        let total = is_whole.then_some(matches.len() as u64);
        let next = found.next.as_ref().map(Cursor::to_text);
        Ok(SearchAnswer { matches, included, total, next, as_of, issues })
    }

    /// What finds the Patient and the compartment: the types asked for, or all, to look around from there.
    fn record_criteria(&self, request: &RecordRequest, looks_around: bool) -> Vec<Criteria> {
        let mut criteria = self.inner.record.criteria(&request.patient);
        criteria.retain(|Criteria { type_name, .. }| {
            request.may_tell(type_name) && (looks_around || request.wants(type_name))
        });
        for Criteria { type_name, conditions } in &mut criteria {
            if let Some(since) = request.since {
                conditions
                    .push(Condition::LastUpdated(vec![(Prefix::Gt, Period { low: since, high: since })]));
            }
            conditions.extend(clinically_within(self.registry(), type_name, request.start, request.end));
        }
        criteria
    }

    /// Whether a type is outside the compartment: its resources belong to a record where they are referred to.
    fn is_around(&self, type_name: &str) -> bool {
        self.inner.record.parameters(type_name).is_none()
    }

    /// What resources refer to of types outside the compartment.
    async fn around(
        &self,
        snapshot: &mut Snapshot<'_>,
        space: &Space,
        request: &RecordRequest,
        from: &[Version],
        issues: &mut Vec<Issue>,
    ) -> Result<Vec<Version>, StoreError> {
        let is_wanted = |type_name: &str| self.is_around(type_name) && request.wants(type_name);
        let mut links = Links::new(self.definitions().types(), &space.base);
        for version in from {
            if let Some(resource) = version.body.as_deref().and_then(|body| json::parse(body.as_bytes()).ok())
            {
                links.follow(&resource);
            }
        }
        let wanted = links.resources.iter().filter(|(type_name, _)| is_wanted(type_name));
        let mut keys: Vec<Key> = wanted.map(|(type_name, id)| Key::new(space.id, type_name, id)).collect();
        if keys.len() > MOST_INCLUDED {
            keys.truncate(MOST_INCLUDED);
            let text = format!("more than {MOST_INCLUDED} resources are referred to; the rest is left out");
            issues.push(Issue::warning(IssueCode::TooCostly, text));
        }
        let mut around = snapshot.read_all(&keys).await?;
        around.extend(self.defined(snapshot, space, &links.canonicals, is_wanted).await?);
        around.retain(|version| version.body.is_some());
        around.sort_by_key(|version| version.seq);
        around.dedup_by_key(|version| version.seq);
        Ok(around)
    }

    /// The resources that canonicals name, such as Questionnaires: of several with one URL that of the version asked for,
    /// else the one last written.
    async fn defined(
        &self,
        snapshot: &mut Snapshot<'_>,
        space: &Space,
        canonicals: &BTreeSet<String>,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Version>, StoreError> {
        if canonicals.is_empty() {
            return Ok(Vec::new());
        }
        let types = self.definitions().types();
        let names = types.resources().map(|id| types[id].name.as_str()).filter(|name| is_wanted(name));
        let urls: Vec<String> = links::urls(canonicals).into_iter().take(links::MOST_URLS).collect();
        let criteria = names.filter_map(|name| {
            let parameter = self.registry().find(name, "url")?;
            let is = Condition::Value { parameter, negated: false, values: Values::Uri(urls.clone()) };
            Some(Criteria { type_name: name.to_owned(), conditions: vec![is] })
        });
        let criteria: Vec<Criteria> = criteria.collect();
        let criteria = held(snapshot, space, &criteria).await?;
        let page =
            Page { space: space.id, criteria: &criteria, sort: &[], after: None, count: MOST_INCLUDED };
        Ok(links::named(canonicals, snapshot.search(&page).await?.versions))
    }
}

impl RecordRequest {
    fn wants(&self, type_name: &str) -> bool {
        self.may_tell(type_name)
            && (self.types.is_empty() || self.types.iter().any(|wanted| wanted == type_name))
    }

    fn may_tell(&self, type_name: &str) -> bool {
        self.readable.as_ref().is_none_or(|types| types.iter().any(|readable| readable == type_name))
    }
}
