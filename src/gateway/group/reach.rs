//! What a write changes in who takes part in referrals, and in what these reach.

use std::collections::{BTreeSet, HashMap};

use crate::access::reach::{Identity, Parties, has_reach, parties, reach};
use crate::fhir::{Reference, Resource};
use crate::gateway::Space;
use crate::referral::author::{has_organization, organization_of};
use crate::store::{Key, NewLinks, NewParties, StoreError};

use super::super::submit::Method;
use super::{Draft, Group};

/// How long an owner keeps what a Task reaches after the Task's end, in microseconds.
const GRACE: i64 = 30 * 24 * 60 * 60 * 1_000_000;

/// What a Task says of who takes part in it.
fn roles(task: &Resource) -> [Option<&serde_json::Value>; 4] {
    ["requester", "owner", "status", "performerType"].map(|element| task.as_value().get(element))
}

impl Group<'_, '_> {
    /// Notes what a draft, not yet part of the group, changes; `before` is the Task or order as it was.
    pub(super) async fn note_reach(
        &mut self,
        space: &Space,
        draft: &Draft,
        before: Option<&Resource>,
    ) -> Result<(), StoreError> {
        if has_reach(&draft.key.type_name) {
            self.note_links(space, draft, before);
        }
        if &*draft.key.type_name == "Task" && before.map(roles) != draft.resource.as_ref().map(roles) {
            let parties = match &draft.resource {
                Some(task) => self.parties_of(space, task).await?,
                None => Parties::new(),
            };
            self.batch.parties.push(NewParties { space: space.id, task: draft.key.id.to_string(), parties });
        }
        if has_organization(&draft.key.type_name) && draft.method != Method::Post {
            self.note_employer(space, draft).await?;
        }
        Ok(())
    }

    fn note_links(&mut self, space: &Space, draft: &Draft, before: Option<&Resource>) {
        let of = |resource: Option<&Resource>| -> BTreeSet<Identity> {
            resource.map(|resource| reach(resource, &space.base)).unwrap_or_default()
        };
        let (old, new) = (of(before), of(draft.resource.as_ref()));
        let removed: Vec<Identity> = old.difference(&new).cloned().collect();
        let author = || draft.author.clone().unwrap_or_default();
        let link = |target: &Identity| (target.clone(), draft.unseen.contains(target).then(author));
        let added: Vec<_> = new.difference(&old).map(link).collect();
        if !(removed.is_empty() && added.is_empty()) {
            self.batch.links.push(NewLinks { source: draft.key.clone(), removed, added });
        }
    }

    /// Who takes part in a Task.
    pub(super) async fn parties_of(&mut self, space: &Space, task: &Resource) -> Result<Parties, StoreError> {
        let employers = self.employers(space, task).await?;
        let employer = |name: &str| employers.get(name).map(String::as_str);
        Ok(parties(task, &space.base, self.now, GRACE, employer))
    }

    /// For which Organization those work that a Task names as roles or services, by `Type/id`.
    pub(super) async fn employers(
        &mut self,
        space: &Space,
        task: &Resource,
    ) -> Result<HashMap<String, String>, StoreError> {
        let mut employed = Vec::new();
        for element in ["requester", "owner"] {
            let local = task.reference(element).and_then(|text| Reference::parse(text).local(&space.base));
            let role = local.filter(|(type_name, _)| has_organization(type_name));
            employed.extend(role.map(|(type_name, id)| Key::new(space.id, type_name, id)));
        }
        self.fetch(&employed).await?;
        let employers = employed.iter().filter_map(|key| {
            let role = self.resource(key)?;
            let (type_name, id) = Reference::parse(organization_of(&role)?).local(&space.base)?;
            Some((format!("{}/{}", key.type_name, key.id), format!("{type_name}/{id}")))
        });
        Ok(employers.collect())
    }

    /// Where a role or service comes to work for somebody else, so do the Tasks that name it.
    async fn note_employer(&mut self, space: &Space, draft: &Draft) -> Result<(), StoreError> {
        let before = self.resource(&draft.key);
        let employer = |role: Option<&Resource>| role.and_then(organization_of).map(str::to_owned);
        if employer(before.as_ref()) == employer(draft.resource.as_ref()) {
            return Ok(());
        }
        self.employers_changed.push((space.id, draft.key.clone()));
        Ok(())
    }

    /// Tells anew who takes part in the Tasks that name roles or services with another employer.
    pub(super) async fn settle_employers(&mut self, space: &Space) -> Result<(), StoreError> {
        for (_, role) in std::mem::take(&mut self.employers_changed) {
            self.flush().await?;
            let mut tasks = Vec::new();
            for parameter in ["requester", "owner"] {
                let Some(parameter) = self.parameter("Task", parameter) else { continue };
                tasks.extend(self.transaction.referring(parameter, &role).await?);
            }
            for version in tasks {
                let key = version.key.clone();
                if !self.current.contains_key(&key) {
                    self.know(version);
                }
                if let Some(task) = self.resource(&key) {
                    let parties = self.parties_of(space, &task).await?;
                    self.batch.parties.push(NewParties {
                        space: space.id,
                        task: key.id.to_string(),
                        parties,
                    });
                }
            }
        }
        Ok(())
    }
}
