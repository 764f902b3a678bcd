//! Validation without a write (`$validate`). What a resource refers to is fetched first; judging it then takes no I/O.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use tokio::sync::oneshot;

use crate::access::Principal;
use crate::fhir::{Issue, Reference, Resource, json};
use crate::fhirpath::{self, Link, Resolution};
use crate::search::{Entries, Handling, SearchRequest};
use crate::store::Key;
use crate::validator::{Context, Resolver};

use super::commit::Transaction;
use super::group::Group;
use super::submit::Prepared;
use super::{Gateway, Refused, Space, Write};

/// How many resources a resource may refer to that are fetched; the targets of further references are not looked at.
const MOST_TARGETS: usize = 1000;
/// How many Questionnaires are fetched.
const MOST_FORMS: usize = 20;

impl Gateway {
    /// What validation has to say about a resource that stands in a space, and what it refers to there. The resource has
    /// to meet these profiles besides those it claims.
    pub async fn validate(
        &self,
        space: &Space,
        resource: &Resource,
        profiles: &[&str],
    ) -> Result<Vec<Issue>, Refused> {
        let targets = self.targets(space, resource).await?;
        let now = Some(self.inner.clock.now());
        let validate = |terminology: Option<&dyn fhirpath::Terminology>| {
            let context =
                Context { profiles, resolver: Some(&targets), terminology, now, ..Context::default() };
            self.inner.validator.validate_with(resource, &context)
        };
        Ok(self.judge(validate, &mut self.patience()).await)
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
        space: &std::sync::Arc<Space>,
        principal: &Principal,
        write: Write,
    ) -> Result<Vec<Issue>, Refused> {
        let (reply, _) = oneshot::channel();
        let job = Transaction {
            space: std::sync::Arc::clone(space),
            principal: principal.clone(),
            request: String::new(),
            writes: vec![Prepared { write, issues: Vec::new(), entries: Entries::default() }],
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
            Err(failed @ (Refused::Busy | Refused::Store(_))) => Err(failed),
        }
    }

    /// Fetches what a resource refers to in its space.
    async fn targets(&self, space: &Space, resource: &Resource) -> Result<Targets, Refused> {
        let mut found = BTreeSet::new();
        local_references(resource.as_value(), &space.base, &mut found);
        let keys: Vec<Key> =
            found.into_iter().map(|(type_name, id)| Key::new(space.id, type_name, id)).collect();
        let versions = self.inner.store.read_all(&keys).await?;
        let resources = versions.into_iter().filter_map(|version| {
            let value = json::parse(version.body?.as_bytes()).ok()?;
            Some(((version.key.type_name.to_string(), version.key.id.to_string()), value))
        });
        let mut targets =
            Targets { base: space.base.clone(), resources: resources.collect(), forms: HashMap::new() };
        let mut canonicals = BTreeSet::new();
        questionnaires(resource.as_value(), &mut canonicals);
        for canonical in canonicals.into_iter().take(MOST_FORMS) {
            if let Some(form) = self.questionnaire(space, canonical).await? {
                targets.forms.insert(canonical.to_owned(), form);
            }
        }
        Ok(targets)
    }

    /// The Questionnaire of that canonical in a space; the one last written, where several are.
    async fn questionnaire(&self, space: &Space, canonical: &str) -> Result<Option<Value>, Refused> {
        let (url, version) = canonical.split_once('|').unzip();
        let ask = |name: &str, value: &str| (name.to_owned(), escape(value));
        let mut parameters = vec![ask("url", url.unwrap_or(canonical))];
        parameters.extend(version.map(|version| ask("version", version)));
        parameters
            .extend([("_sort", "-_lastUpdated"), ("_count", "1")].map(|(n, v)| (n.to_owned(), v.to_owned())));
        let (definitions, registry) = (self.definitions(), self.registry());
        let search = SearchRequest::parse(
            definitions,
            registry,
            &space.base,
            "Questionnaire",
            &parameters,
            Handling::Strict,
        );
        let Ok(search) = search else { return Ok(None) };
        let found = self.search(space, &search).await?.matches.pop().and_then(|version| version.body);
        Ok(found.and_then(|body| json::parse(body.as_bytes()).ok()))
    }
}

/// A text as it stands in a search value (R4 §3.1.1.4.0.1).
fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|c| matches!(c, '\\' | ',' | '|' | '$').then_some('\\').into_iter().chain([c]))
        .collect()
}

/// The forms that responses anywhere in a resource say they answer.
fn questionnaires<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(map) => {
            let type_name = map.get("resourceType").and_then(Value::as_str);
            let form = map.get("questionnaire").and_then(Value::as_str);
            found.extend(form.filter(|_| type_name == Some("QuestionnaireResponse")));
            map.values().for_each(|value| questionnaires(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| questionnaires(value, found)),
        _ => {}
    }
}

/// The resources of a space that a resource refers to.
struct Targets {
    base: String,
    /// By type and id.
    resources: HashMap<(String, String), Value>,
    /// Questionnaires, by canonical.
    forms: HashMap<String, Value>,
}

impl Resolver for Targets {
    fn resolve<'s>(&'s self, link: Link<'_>) -> Resolution<'s> {
        if let Some(form) = link.literal.and_then(|literal| self.forms.get(literal)) {
            return Resolution::Resource(form);
        }
        let local = link.literal.and_then(|literal| Reference::parse(literal).local(&self.base));
        let found =
            local.and_then(|(type_name, id)| self.resources.get(&(type_name.to_owned(), id.to_owned())));
        found.map_or(Resolution::Unknown, Resolution::Resource)
    }
}

/// Type and id of what is referred to on this server, anywhere in a resource.
fn local_references<'v>(value: &'v Value, base: &str, found: &mut BTreeSet<(&'v str, &'v str)>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(literal)) = map.get("reference")
                && let Some(target) = Reference::parse(literal).local(base)
                && found.len() < MOST_TARGETS
            {
                found.insert(target);
            }
            map.values().for_each(|value| local_references(value, base, found));
        }
        Value::Array(items) => items.iter().for_each(|value| local_references(value, base, found)),
        _ => {}
    }
}
