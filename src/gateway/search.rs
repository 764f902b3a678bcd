//! Answering a search: the page that matches, and what goes with it.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::access::Viewer;
use crate::definitions::SearchKind;
use crate::fhir::time::Instant;
use crate::fhir::{Issue, IssueCode};
use crate::search::{
    Criteria, DEFAULT_COUNT, Include, IncludeTarget, ParameterKey, SearchRequest, Summary, Total,
};
use crate::store::{Cursor, Isolation, Key, Page, Snapshot, SortKey, StoreError, Version};

use super::{Gateway, Refused, Space};

/// How many rounds `:iterate` goes, at most.
const MOST_ROUNDS: usize = 5;
/// How many resources may be included, at most.
pub(super) const MOST_INCLUDED: usize = 10_000;

/// What a search found.
#[derive(Default)]
pub struct SearchAnswer {
    /// In the order asked for.
    pub matches: Vec<Version>,
    /// What goes with them, each once.
    pub included: Vec<Version>,
    /// How many match in all, where that is known.
    pub total: Option<u64>,
    /// Where the next page begins, for a `next` link.
    pub next: Option<String>,
    /// The moment the answer stands for: a search for what changed after it misses nothing.
    pub as_of: Option<Instant>,
    /// Remarks.
    pub issues: Vec<Issue>,
}

impl Gateway {
    /// Carries out a search.
    pub async fn search(
        &self,
        viewer: &Viewer,
        space: &Space,
        request: &SearchRequest,
    ) -> Result<SearchAnswer, Refused> {
        let store = &self.inner.store;
        let sort: Vec<SortKey> =
            request.sort.iter().map(|sort| SortKey::new(&self.inner.registry, sort)).collect();
        let after = cursor(request.after.as_deref())?;
        let count = match request.summary {
            Summary::Count => 0,
            _ => request.count.unwrap_or(DEFAULT_COUNT),
        };
        // Before the search: what is committed meanwhile is newer, and will be found by the next poll.
        let isolation = match request.includes.is_empty() && request.total != Total::Accurate {
            true => Isolation::Statement,
            false => Isolation::Snapshot,
        };
        let mut snapshot = store.snapshot(viewer, isolation).await?;
        let as_of = snapshot.latest().await?;
        let criteria = held(&mut snapshot, space, &request.criteria).await?;
        let page = Page { space: space.id, criteria: &criteria, sort: &sort, after: after.as_ref(), count };
        let found = if count == 0 { Default::default() } else { snapshot.search(&page).await? };
        let whole = count > 0 && after.is_none() && found.next.is_none();
        let counted = count == 0 || request.total == Total::Accurate;
        let total = match (whole, counted) {
            _ if request.total == Total::None && count > 0 => None,
            (true, _) => Some(found.versions.len() as u64),
            (false, true) => Some(snapshot.count(&page).await?),
            (false, false) => None,
        };
        let mut issues = request.issues.clone();
        let included =
            self.include(&mut snapshot, space, &found.versions, &request.includes, &mut issues).await?;
        let next = found.next.as_ref().map(Cursor::to_text);
        Ok(SearchAnswer { matches: found.versions, included, total, next, as_of, issues })
    }

    async fn include(
        &self,
        snapshot: &mut Snapshot<'_>,
        space: &Space,
        matches: &[Version],
        includes: &[Include],
        issues: &mut Vec<Issue>,
    ) -> Result<Vec<Version>, StoreError> {
        let mut included: Vec<Version> = Vec::new();
        if includes.is_empty() || matches.is_empty() {
            return Ok(included);
        }
        let mut known: HashSet<Key> = matches.iter().map(|version| version.key.clone()).collect();
        let mut fresh = 0;
        for round in 0..MOST_ROUNDS {
            let mut found = Vec::new();
            for include in includes.iter().filter(|include| round == 0 || include.iterate) {
                let from: Vec<&Version> = match round {
                    0 => matches.iter().collect(),
                    _ => included[fresh..].iter().collect(),
                };
                found.extend(self.follow(snapshot, space, include, from).await?);
            }
            fresh = included.len();
            included.extend(found.into_iter().filter(|version| known.insert(version.key.clone())));
            if included.len() > MOST_INCLUDED {
                included.truncate(MOST_INCLUDED);
                let text =
                    format!("more than {MOST_INCLUDED} resources were to be included; the rest is left out");
                issues.push(Issue::warning(IssueCode::TooCostly, text));
                break;
            }
            if fresh == included.len() {
                break;
            }
        }
        Ok(included)
    }

    async fn follow(
        &self,
        snapshot: &mut Snapshot<'_>,
        space: &Space,
        include: &Include,
        mut from: Vec<&Version>,
    ) -> Result<Vec<Version>, StoreError> {
        if include.reverse {
            let parameters = match include.target {
                IncludeTarget::Parameter(key) => vec![key],
                IncludeTarget::All => self.references(include.source.as_deref()),
            };
            if let Some(type_name) = &include.target_type {
                from.retain(|version| *version.key.type_name == **type_name);
            }
            return match from.is_empty() {
                true => Ok(Vec::new()),
                false => snapshot.sources(space.id, &from, &parameters).await,
            };
        }
        if let Some(source) = &include.source {
            from.retain(|version| *version.key.type_name == **source);
        }
        if from.is_empty() {
            return Ok(Vec::new());
        }
        let target_type = include.target_type.as_deref();
        match include.target {
            IncludeTarget::All => snapshot.targets(space.id, &from, None, target_type).await,
            IncludeTarget::Parameter(key) => {
                snapshot.targets(space.id, &from, Some(&[key]), target_type).await
            }
        }
    }

    /// All reference parameters, of one type or of every.
    fn references(&self, type_name: Option<&str>) -> Vec<ParameterKey> {
        let registry = &self.inner.registry;
        match type_name {
            Some(type_name) => registry
                .of_type(type_name)
                .filter(|key| registry[*key].kind == SearchKind::Reference)
                .collect(),
            None => registry.all().filter(|key| registry[*key].kind == SearchKind::Reference).collect(),
        }
    }
}

/// The place a `next` link names.
pub(super) fn cursor(after: Option<&str>) -> Result<Option<Cursor>, Refused> {
    let parse = |text| {
        let wrong = "_after is not from a 'next' link of this server";
        Cursor::parse(text).ok_or_else(|| Refused::malformed(IssueCode::Value, wrong))
    };
    after.map(parse).transpose()
}

/// Of several types those of which there is something.
pub(super) async fn held<'r>(
    snapshot: &mut Snapshot<'_>,
    space: &Space,
    criteria: &'r [Criteria],
) -> Result<Cow<'r, [Criteria]>, StoreError> {
    if criteria.len() < 2 {
        return Ok(Cow::Borrowed(criteria));
    }
    let types = snapshot.types(space.id).await?;
    Ok(criteria.iter().filter(|criteria| types.contains(&criteria.type_name)).cloned().collect())
}
