//! What a referral may show, and to whom.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::access::reach::{FOREVER, party};
use crate::consent::{self, Content, Directive, Purpose, Referral};
use crate::fhir::time::Instant;
use crate::fhir::{Issue, IssueCode, Reference, Resource, json};
use crate::gateway::Space;
use crate::gateway::recipients::{Recipient, Recipients};
use crate::store::{Key, NewDisclosure, StoreError, TaskKey};

use super::Group;

/// What a Task may show, to whom.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) disclosures: Vec<NewDisclosure>,
    /// When it is to be found out anew, if ever.
    pub(super) due: BTreeMap<TaskKey, Option<Instant>>,
    /// Tasks that their owners may not see, and why.
    pub(super) withheld: Vec<(Key, Issue)>,
}

/// A Task with all that it may show.
struct Story {
    space: Arc<Space>,
    task: (Key, Resource),
    order: Option<Resource>,
    /// What the Task and its order reach, with who created it.
    reached: Vec<(Key, Option<String>)>,
    parties: Vec<(String, Instant)>,
}

impl Group<'_, '_> {
    pub(super) fn base_of(&self, key: &Key) -> Option<&str> {
        self.inner.spaces.values().find(|space| space.id == key.space).map(|space| &*space.base)
    }

    /// What these Tasks may show by the consents there are.
    pub(super) async fn find_out(
        &mut self,
        recipients: &Recipients,
        tasks: &[TaskKey],
    ) -> Result<Findings, StoreError> {
        let mut findings =
            Findings { due: tasks.iter().map(|task| (task.clone(), None)).collect(), ..Findings::default() };
        let stories = self.stories(recipients, tasks).await?;
        let patients: BTreeSet<&Key> = stories
            .iter()
            .flat_map(|story| story.reached.iter().map(|(key, _)| key))
            .filter(|key| &*key.type_name == "Patient")
            .collect();
        let patients: Vec<&Key> = patients.into_iter().collect();
        let mut consents: HashMap<Key, Vec<(Option<String>, Arc<Directive>)>> = HashMap::new();
        if let (Some(parameter), false) = (self.parameter("Consent", "patient"), patients.is_empty()) {
            for version in self.transaction.consents_about(parameter, &patients).await? {
                let body = version.body.as_deref().unwrap_or_default();
                let Some(consent) = json::parse(body.as_bytes()).ok().and_then(|v| Resource::new(v).ok())
                else {
                    continue;
                };
                let Some(base) = self.base_of(&version.key) else { continue };
                let directive = Directive::parse(&consent, base, &self.inner.sensitivities).map(Arc::new);
                let patient = patient_of(&consent, &version.key, base);
                if let (Some(directive), Some(patient)) = (directive, patient) {
                    consents.entry(patient).or_default().push((version.creator, directive));
                }
            }
        }
        for story in &stories {
            let about = story.reached.iter().filter_map(|(key, _)| consents.get(key)).flatten();
            let about: Vec<_> = about.collect();
            self.judge(recipients, story, &about, &mut findings).await?;
        }
        Ok(findings)
    }

    /// The Tasks that somebody is a recipient of, with all that they may show.
    async fn stories(
        &mut self,
        recipients: &Recipients,
        tasks: &[TaskKey],
    ) -> Result<Vec<Story>, StoreError> {
        let mut parties = self.transaction.parties(tasks).await?;
        let wanted: Vec<&TaskKey> = tasks
            .iter()
            .filter(|(space, task)| {
                let parties = parties.get(&(*space, task.clone()));
                parties.into_iter().flatten().any(|(name, _)| !recipients.named(*space, name).is_empty())
            })
            .collect();
        let keys: Vec<Key> = wanted.iter().map(|(space, task)| Key::new(*space, "Task", task)).collect();
        self.fetch(&keys).await?;
        let sources: Vec<&Key> = keys.iter().collect();
        let mut links = self.transaction.links(&sources).await?;
        let orders: Vec<Key> = links
            .iter()
            .filter(|(_, link)| &*link.target.type_name == "ServiceRequest")
            .map(|(_, link)| link.target.clone())
            .collect();
        let sources: Vec<&Key> = orders.iter().collect();
        let of_orders = self.transaction.links(&sources).await?;
        let targets: Vec<Key> = links.iter().chain(&of_orders).map(|(_, link)| link.target.clone()).collect();
        self.fetch(&targets).await?;
        let mut stories = Vec::with_capacity(keys.len());
        for key in keys {
            let Some(space) = self.inner.spaces.values().find(|space| space.id == key.space) else {
                continue;
            };
            let Some(task) = self.resource(&key) else { continue };
            let mut reached = BTreeSet::new();
            links.retain(|(space, link)| {
                let is_own = *space == key.space && link.source == *key.id;
                if is_own {
                    reached.insert(link.target.clone());
                }
                !is_own
            });
            let orders: Vec<Key> =
                reached.iter().filter(|key| &*key.type_name == "ServiceRequest").cloned().collect();
            for order in &orders {
                let of_order = of_orders
                    .iter()
                    .filter(|(space, link)| *space == order.space && link.source == *order.id);
                reached.extend(of_order.map(|(_, link)| link.target.clone()));
            }
            let focus = task.reference("focus").and_then(|text| Reference::parse(text).local(&space.base));
            let order = focus.filter(|(type_name, _)| *type_name == "ServiceRequest");
            let order = order.map(|(type_name, id)| Key::new(key.space, type_name, id));
            let order = order.filter(|order| orders.contains(order)).and_then(|order| self.resource(&order));
            let creator = |key: &Key| self.current.get(key)?.as_ref()?.creator.clone();
            let reached = reached
                .into_iter()
                .map(|key| {
                    let creator = creator(&key);
                    (key, creator)
                })
                .collect();
            stories.push(Story {
                space: Arc::clone(space),
                parties: parties.remove(&(key.space, key.id.to_string())).unwrap_or_default(),
                task: (key, task),
                order,
                reached,
            });
        }
        Ok(stories)
    }

    async fn judge(
        &mut self,
        recipients: &Recipients,
        story: &Story,
        consents: &[&(Option<String>, Arc<Directive>)],
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let Story { space, task: (key, task), order, reached, parties } = story;
        let employers = self.employers(space, task).await?;
        let owner = party(task, "owner", &space.base, |name| employers.get(name).map(String::as_str));
        let referral = order.as_ref().and_then(|order| Referral::of(task, order, &space.base));
        let mut by_recipient: BTreeMap<&str, (&Recipient, Instant)> = BTreeMap::new();
        for (name, until) in parties {
            for recipient in recipients.named(space.id, name) {
                let known = by_recipient.entry(&recipient.name).or_insert((recipient, *until));
                known.1 = known.1.max(*until);
            }
        }
        let creator = self.creator(key);
        // Who may say what the patient consents to: who holds the record, and who asks. Not who is to receive.
        let said_by: BTreeSet<Option<&str>> = reached
            .iter()
            .filter(|(key, _)| matches!(&*key.type_name, "Patient" | "ServiceRequest"))
            .map(|(_, creator)| creator.as_deref())
            .chain([None, creator.as_deref()])
            .collect();
        let mut due: Option<Instant> = None;
        let mut at_last = |at: Instant| {
            if at < FOREVER {
                due = Some(due.map_or(at, |due| due.min(at)));
            }
        };
        for (recipient, until) in by_recipient.values() {
            let Some(to) = consent::Recipient::new(&recipient.name, &space.base, recipient.coverage) else {
                continue;
            };
            let mut to = recipient.names.iter().fold(to, |to, name| to.known_as(name, &space.base));
            for element in ["owner", "requester"] {
                let acts_for =
                    party(task, element, &space.base, |name| employers.get(name).map(String::as_str));
                if let (Some(text), true) =
                    (task.reference(element), acts_for.is_some_and(|name| recipient.names.contains(&name)))
                {
                    to = to.known_as(text, &space.base);
                }
            }
            let counting: Vec<&Directive> = consents
                .iter()
                .filter(|(by, _)| by.as_deref() != Some(&*recipient.name) && said_by.contains(&by.as_deref()))
                .map(|(_, directive)| &**directive)
                .collect();
            at_last(*until);
            let itself = (key.clone(), creator.clone());
            for (target, creator) in std::iter::once(&itself).chain(reached) {
                if creator.as_deref() == Some(&*recipient.name) {
                    continue;
                }
                let Some(resource) = self.resource(target) else { continue };
                let mut content = Content::of(&resource, &space.base, &self.inner.sensitivities);
                if resource.type_name() == "Binary"
                    && let Some(patient) = task.reference("for")
                {
                    content = content.about(patient);
                }
                if let Some(creator) = creator {
                    content = content.held_by(creator);
                }
                if let Some(referral) = &referral {
                    content = content.with(referral);
                }
                let is_task = target == key;
                match consent::permit(self.now, &counting, &to, Purpose::COORDINATION_OF_CARE, &content) {
                    Ok(disclosure) => {
                        let turns = disclosure.until().unwrap_or(FOREVER);
                        at_last(turns);
                        findings.disclosures.push(NewDisclosure {
                            resource: target.clone(),
                            name: recipient.name.clone(),
                            task: key.id.to_string(),
                            until: if is_task { turns } else { turns.min(*until) },
                        });
                    }
                    Err(denial) => {
                        denial.until().into_iter().for_each(&mut at_last);
                        if is_task && owner.as_ref().is_some_and(|owner| recipient.names.contains(owner)) {
                            let issue = Issue::warning(IssueCode::BusinessRule, denial.explain());
                            findings.withheld.push((key.clone(), issue.at("Task.owner")));
                        }
                    }
                }
            }
        }
        findings.due.insert((key.space, key.id.to_string()), due);
        Ok(())
    }

    fn creator(&self, key: &Key) -> Option<String> {
        self.current.get(key)?.as_ref()?.creator.clone()
    }
}

/// The Patient that a Consent is about, where it is in the same space.
pub(super) fn patient_of(consent: &Resource, key: &Key, base: &str) -> Option<Key> {
    let (type_name, id) = Reference::parse(consent.reference("patient")?).local(base)?;
    Some(Key::new(key.space, type_name, id))
}
