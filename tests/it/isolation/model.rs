//! Who may see what, said once more and differently: over what the test itself has written, resource by resource.

use std::collections::BTreeMap;

/// Space, type, id.
pub type Place = (String, String, String);

/// A party by its name in the test.
pub type Name = &'static str;

/// How long an owner keeps the patient's data after a Task's end: 30 days, in seconds.
const GRACE: i64 = 30 * 86_400;

/// What the test knows of a resource.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub creator: Option<Name>,
    /// What a Task or order shows to those who take part.
    pub shows: Vec<Place>,
    pub task: Option<TaskFacts>,
    pub deleted: bool,
    /// Labelled so that it needs a permission of its own, which nobody here has given.
    pub sensitive: bool,
    /// Of a Consent: whether it is in force.
    pub active: bool,
}

/// What it knows of a Task.
#[derive(Debug, Clone, Default)]
pub struct TaskFacts {
    pub requester: Option<Name>,
    pub owner: Option<Name>,
    /// Open to whoever is in the pool of this kind of performer.
    pub offered: Option<&'static str>,
    /// When it ended, in seconds.
    pub ended: Option<i64>,
    /// The Consent that its order names.
    pub consent: Option<Place>,
}

/// All that was written.
#[derive(Debug, Default)]
pub struct Model {
    pub known: BTreeMap<Place, Known>,
    pub now: i64,
}

/// Parties that HIPAA does not cover.
pub const NON_COVERED: [Name; 2] = ["r3", "r4"];

/// Types that are nobody's in particular.
pub const DIRECTORY: [&str; 6] =
    ["Organization", "Practitioner", "PractitionerRole", "HealthcareService", "Location", "Questionnaire"];

impl Model {
    /// Whether a party may see a resource; `pools` are the kinds of performer whose open Tasks it is offered.
    pub fn may_see(&self, who: Name, pools: &[&str], place: &Place) -> bool {
        let Some(resource) = self.known.get(place) else { return false };
        if DIRECTORY.contains(&place.1.as_str()) || resource.creator == Some(who) {
            return true;
        }
        if resource.sensitive {
            return false;
        }
        if let Some(task) = &resource.task {
            return takes_part(who, pools, task) && self.consents(who, task);
        }
        self.known.iter().filter(|(at, known)| at.0 == place.0 && !known.deleted).any(|(_, known)| {
            let Some(task) = &known.task else { return false };
            takes_part(who, pools, task)
                && self.consents(who, task)
                && (task.requester == Some(who) || task.ended.is_none_or(|ended| self.now < ended + GRACE))
                && (known.shows.contains(place)
                    || known.shows.iter().filter(|shown| shown.1 == "ServiceRequest").any(|order| {
                        self.known
                            .get(order)
                            .is_some_and(|order| !order.deleted && order.shows.contains(place))
                    }))
        })
    }

    /// Whether the patient lets a party have what the referral is about.
    fn consents(&self, who: Name, task: &TaskFacts) -> bool {
        let consent = task.consent.as_ref().and_then(|place| self.known.get(place));
        !NON_COVERED.contains(&who) || consent.is_some_and(|consent| consent.active && !consent.deleted)
    }

    /// Everything of a type in a space that a party may see and that is there.
    pub fn visible<'m>(
        &'m self,
        who: Name,
        pools: &'m [&'m str],
        space: &'m str,
        type_name: &'m str,
    ) -> impl Iterator<Item = &'m Place> {
        self.known
            .iter()
            .filter(move |(place, known)| place.0 == space && place.1 == type_name && !known.deleted)
            .map(|(place, _)| place)
            .filter(move |place| self.may_see(who, pools, place))
    }
}

fn takes_part(who: Name, pools: &[&str], task: &TaskFacts) -> bool {
    task.requester == Some(who)
        || task.owner == Some(who)
        || (task.owner.is_none()
            && task.ended.is_none()
            && task.offered.is_some_and(|kind| pools.contains(&kind)))
}
