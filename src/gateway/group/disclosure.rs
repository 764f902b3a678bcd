//! What a referral may show, and to whom.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::access::reach::{FOREVER, party};
use crate::audit::{Actor, Entity, Event, Kind, Origin, Outcome};
use crate::consent::{self, ConsentKey, Content, Directive, Purpose, Referral};
use crate::fhir::time::Instant;
use crate::fhir::{Issue, IssueCode, Reference, Resource, json};
use crate::gateway::recipients::{Recipient, Recipients};
use crate::store::{Key, NewDisclosure, StoreError, TaskKey};

use super::Group;
use super::story::{Shown, Story};

/// What a Task may show, to whom.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) disclosures: Vec<NewDisclosure>,
    /// When it is to be found out anew, if ever.
    pub(super) due: BTreeMap<TaskKey, Option<Instant>>,
    /// Tasks that their owners may not see, and why.
    pub(super) withheld: Vec<(Key, Issue)>,
    /// Whether recipients may see Tasks, for the record.
    pub(super) decisions: Vec<(TaskKey, Event)>,
}

/// A Consent, and who has put it here.
struct Said {
    by: Option<String>,
    directive: Directive,
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
            .flat_map(|story| story.shown.iter().map(|shown| &shown.key))
            .filter(|key| &*key.type_name == "Patient")
            .collect();
        let patients: Vec<&Key> = patients.into_iter().collect();
        let mut consents: HashMap<Key, Vec<Said>> = HashMap::new();
        if let (Some(parameter), false) = (self.parameter("Consent", "patient"), patients.is_empty()) {
            for version in self.transaction.consents_about(parameter, &patients).await? {
                let body = version.body.as_deref().unwrap_or_default();
                let Some(consent) = json::parse(body.as_bytes()).ok().and_then(|v| Resource::new(v).ok())
                else {
                    continue;
                };
                let Some(base) = self.base_of(&version.key) else { continue };
                let directive = Directive::parse(&consent, base, &self.inner.sensitivities);
                let patient = patient_of(&consent, &version.key, base);
                if let (Some(directive), Some(patient)) = (directive, patient) {
                    consents.entry(patient).or_default().push(Said { by: version.creator, directive });
                }
            }
        }
        for story in &stories {
            let about: Vec<&Said> =
                story.shown.iter().filter_map(|shown| consents.get(&shown.key)).flatten().collect();
            self.judge(recipients, story, &about, &mut findings).await?;
        }
        Ok(findings)
    }

    async fn judge(
        &mut self,
        recipients: &Recipients,
        story: &Story,
        consents: &[&Said],
        findings: &mut Findings,
    ) -> Result<(), StoreError> {
        let Story { space, key, task, order, shown, parties } = story;
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
        // Who may say what the patient consents to: who holds the record, and who asks. Not who is to receive.
        let said_by: BTreeSet<Option<&str>> = shown
            .iter()
            .filter(|shown| matches!(&*shown.key.type_name, "Patient" | "ServiceRequest" | "Task"))
            .map(|shown| shown.creator.as_deref())
            .chain([None])
            .collect();
        let subject = || order.as_ref().and_then(|order| order.reference("subject"));
        let patient = task.reference("for").or_else(subject);
        let now = self.now;
        let mut due: Option<Instant> = None;
        let mut at_last = |at: Instant| {
            if now < at && at < FOREVER {
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
                .filter(|said| {
                    let by = said.by.as_deref();
                    by != Some(&*recipient.name) && said_by.contains(&by)
                })
                .map(|said| &said.directive)
                .collect();
            at_last(*until);
            for Shown { key: target, creator, resource } in shown {
                if creator.as_deref() == Some(&*recipient.name) {
                    continue;
                }
                let mut content = Content::of(resource, &space.base, &self.inner.sensitivities);
                // Of these the referral tells whose they are.
                if (resource.type_name() == "Binary" || target == key && task.reference("for").is_none())
                    && let Some(patient) = patient
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
                match consent::permit(now, &counting, &to, Purpose::COORDINATION_OF_CARE, &content) {
                    Ok(disclosure) => {
                        let turns = disclosure.until().unwrap_or(FOREVER);
                        at_last(turns);
                        let until = if is_task { turns } else { turns.min(*until) };
                        if is_task {
                            let (consent, reason) = (disclosure.consent(), disclosure.explain());
                            let decision = decision(story, patient, &recipient.name, consent, reason);
                            let event = Event { at: now, ..decision };
                            findings.decisions.push(((key.space, key.id.to_string()), event));
                        }
                        if until > now {
                            findings.disclosures.push(NewDisclosure {
                                resource: target.clone(),
                                name: recipient.name.clone(),
                                task: key.id.to_string(),
                                until,
                            });
                        }
                    }
                    Err(denial) => {
                        denial.until().into_iter().for_each(&mut at_last);
                        if is_task && owner.as_ref().is_some_and(|owner| recipient.names.contains(owner)) {
                            let (consent, reason) = (denial.consent(), denial.explain());
                            let decision = decision(story, patient, &recipient.name, consent, reason);
                            let event = Event { at: now, outcome: Outcome::Refused, ..decision };
                            findings.decisions.push(((key.space, key.id.to_string()), event));
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
}

/// That it was decided whether a recipient may see a Task.
fn decision(
    story: &Story,
    patient: Option<&str>,
    recipient: &str,
    consent: Option<&ConsentKey>,
    reason: String,
) -> Event {
    let version_of = |ConsentKey { reference, version }: &ConsentKey| match version {
        Some(version) => format!("{reference}/_history/{version}"),
        None => reference.clone(),
    };
    let patient = patient.and_then(|text| Reference::parse(text).local(&story.space.base));
    let patients = patient.filter(|(type_name, _)| *type_name == "Patient").map(|(_, id)| id.to_owned());
    let task = Entity { patients: patients.into_iter().collect(), ..Entity::named("Task", &story.key.id) };
    Event {
        space: story.space.name.clone(),
        entities: vec![task],
        recipient: Some(recipient.to_owned()),
        consent: consent.map(version_of),
        purpose: Some(Purpose::COORDINATION_OF_CARE.to_string()),
        reason,
        ..Event::new(Instant(0), Kind::Decision, Actor::Gateway, Origin::default())
    }
}

/// The Patient that a Consent is about, where it is in the same space.
pub(super) fn patient_of(consent: &Resource, key: &Key, base: &str) -> Option<Key> {
    let (type_name, id) = Reference::parse(consent.reference("patient")?).local(base)?;
    Some(Key::new(key.space, type_name, id))
}
