//! By whom a Task may be changed (SDOHCC 3.0.0, interaction documentation of Task update): its author may change
//! everything; its owner status, statusReason and output; nobody else anything.
//!
//! And who of the two sets which status (the IG's state diagram).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fhir::Resource;

use super::Status::{
    Accepted, Cancelled, Completed, Draft, EnteredInError, Failed, InProgress, OnHold, Ready, Received,
    Rejected, Requested,
};
use super::{Machine, Status, Target};

/// What the caller is to one Task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// It asked for what the Task asks for.
    Author,
    /// It is to do it.
    Owner,
    /// Both at once: it gave the Task to itself.
    Both,
    /// It has no part in the Task.
    Neither,
    /// Nobody knows who calls (open mode), or the gateway itself does: no rule applies.
    Unknown,
}

/// Who may give a Task a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setter {
    /// Who asked: `Task.requester`.
    Requester,
    /// Who does it: `Task.owner`.
    Owner,
    /// Each of them.
    Either,
}

/// Elements which a partner's policy lets owners change besides status, statusReason and output, say `note`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extras(BTreeSet<String>);

impl<S: Into<String>> FromIterator<S> for Extras {
    fn from_iter<I: IntoIterator<Item = S>>(elements: I) -> Self {
        Extras(elements.into_iter().map(Into::into).collect())
    }
}

/// What the caller is to a Task, as the Task was before the write.
///
/// `caller` is the reference of the Organization (or Patient) the caller acts for, `None` when the caller is not known.
/// `organization_of` tells for whom a PractitionerRole or HealthcareService works, see [`organization_of`]; what it
/// does not know belongs to nobody. `creator` is the Organization that created the Task, when that is on record: who
/// created it is its author too, which matters where somebody posts for another, or no requester is named.
pub fn actor<'f>(
    task: &Resource,
    caller: Option<&str>,
    creator: Option<&str>,
    own_base: &str,
    organization_of: impl Fn(Target) -> Option<&'f str>,
) -> Actor {
    let Some(caller) = caller else { return Actor::Unknown };
    let Some(caller) = Target::parse(caller, own_base) else { return Actor::Neither };
    let is_caller = |reference: &str| Target::parse(reference, own_base) == Some(caller);
    let speaks_for = |element: &str| {
        let Some(party) = Target::of(task, element, own_base) else { return false };
        party == caller || organization_of(party).is_some_and(is_caller)
    };
    match (speaks_for("requester") || creator.is_some_and(is_caller), speaks_for("owner")) {
        (true, true) => Actor::Both,
        (true, false) => Actor::Author,
        (false, true) => Actor::Owner,
        (false, false) => Actor::Neither,
    }
}

/// The reference of the organisation behind a party: a PractitionerRole's employer, a HealthcareService's provider.
pub fn organization_of(party: &Resource) -> Option<&str> {
    match party.type_name() {
        "PractitionerRole" => party.reference("organization"),
        "HealthcareService" => party.reference("providedBy"),
        _ => None,
    }
}

/// Whether [`organization_of`] could tell who is behind a resource of this type.
pub fn has_organization(type_name: &str) -> bool {
    matches!(type_name, "PractitionerRole" | "HealthcareService")
}

/// The top-level elements an owner changed and may not, in the order of the resource before, then of the one after.
///
/// `id` and `meta` are the server's and are passed over, but for security labels: an owner does not take those away. `_status` belongs to `status`: an element and its extensions are one.
pub fn beyond_owner<'a>(before: &'a Resource, after: &'a Resource, extras: &Extras) -> Vec<&'a str> {
    let mut beyond = Vec::new();
    let (Value::Object(old), Value::Object(new)) = (before.as_value(), after.as_value()) else {
        return beyond;
    };
    let labels = |task: &Value| task["meta"]["security"].as_array().cloned().unwrap_or_default();
    let kept = labels(after.as_value());
    if labels(before.as_value()).iter().any(|label| !kept.contains(label)) {
        beyond.push("meta");
    }
    let changed = old.iter().filter(|(key, value)| new.get(*key) != Some(value)).map(|(key, _)| key);
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in changed.chain(added) {
        let element = key.strip_prefix('_').unwrap_or(key);
        let allowed = matches!(element, "status" | "statusReason" | "output" | "id" | "meta")
            || extras.0.contains(element)
            || beyond.contains(&element);
        if !allowed {
            beyond.push(element);
        }
    }
    beyond
}

impl Setter {
    /// Who sets a status, by the IG; `None` where it says nothing.
    ///
    /// `received` is outside the referral's value set: in the field the requester's server writes it after handing the
    /// Task over, and R4 gives it to the owner, so either may.
    pub fn of(machine: Machine, status: Status) -> Option<Setter> {
        match (machine, status) {
            (Machine::Free, _) => None,
            (_, Cancelled) => Some(Setter::Either),
            (Machine::Referral, Received) => Some(Setter::Either),
            (Machine::Referral, Draft | Requested) => Some(Setter::Requester),
            (Machine::Patient, Ready) => Some(Setter::Requester),
            (_, EnteredInError) => Some(Setter::Requester),
            (Machine::Referral, Ready | Accepted | Rejected) => Some(Setter::Owner),
            (_, InProgress | OnHold | Failed | Completed) => Some(Setter::Owner),
            (Machine::Patient, Draft | Requested | Received | Accepted | Rejected) => None,
        }
    }

    /// Whether this is for the actor to set. Always so for one of whom nothing is known.
    pub fn admits(self, actor: Actor) -> bool {
        match (self, actor) {
            (_, Actor::Unknown | Actor::Both) | (Setter::Either, Actor::Author | Actor::Owner) => true,
            (Setter::Requester, actor) => actor == Actor::Author,
            (Setter::Owner, actor) => actor == Actor::Owner,
            (Setter::Either, Actor::Neither) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "http://gw.example/fhir";

    fn task(requester: &str, owner: &str) -> Resource {
        let mut task = json!({"resourceType": "Task"});
        for (element, reference) in [("requester", requester), ("owner", owner)] {
            if !reference.is_empty() {
                task[element] = json!({ "reference": reference });
            }
        }
        Resource::new(task).unwrap()
    }

    #[test]
    fn actors() {
        use Actor::*;
        let staff = |party: Target| match party.to_string().as_str() {
            "PractitionerRole/dr" => Some("Organization/clinic"),
            "HealthcareService/food" => Some("http://gw.example/fhir/Organization/pantry"),
            _ => None,
        };
        let (clinic, pantry) = ("Organization/clinic", "Organization/pantry");
        for (requester, owner, caller, creator, expected) in [
            (clinic, pantry, None, None, Unknown),
            (clinic, pantry, Some(clinic), None, Author),
            (clinic, pantry, Some(pantry), None, Owner),
            (clinic, pantry, Some("Organization/else"), None, Neither),
            (clinic, clinic, Some(clinic), None, Both),
            ("PractitionerRole/dr", pantry, Some(clinic), None, Author),
            ("PractitionerRole/gone", pantry, Some(clinic), None, Neither),
            ("Practitioner/dr", pantry, Some(clinic), None, Neither),
            (clinic, "HealthcareService/food", Some(pantry), None, Owner),
            (clinic, "", Some(pantry), None, Neither),
            ("", pantry, Some(pantry), None, Owner),
            ("", "", Some(clinic), None, Neither),
            ("", pantry, Some(clinic), Some(clinic), Author),
            ("Organization/else", pantry, Some(clinic), Some(clinic), Author),
            (clinic, pantry, Some(pantry), Some(pantry), Both),
            ("http://gw.example/fhir/Organization/clinic", pantry, Some(clinic), None, Author),
            ("http://ehr.example/fhir/Organization/clinic", pantry, Some(clinic), None, Neither),
            (clinic, pantry, Some("http://gw.example/fhir/Organization/clinic"), None, Author),
            (clinic, "Patient/p", Some("Patient/p"), None, Owner),
            (clinic, "Patient/clinic", Some("Patient/pantry"), None, Neither),
            ("#contained", pantry, Some(clinic), None, Neither),
            (clinic, pantry, Some("nobody"), None, Neither),
        ] {
            let got = actor(&task(requester, owner), caller, creator, OWN, staff);
            assert_eq!(got, expected, "{requester} asks {owner}; {caller:?} calls, {creator:?} created");
        }
    }

    #[test]
    fn organizations() {
        for (party, expected) in [
            (
                json!({"resourceType": "PractitionerRole", "organization": {"reference": "Organization/1"}}),
                Some("Organization/1"),
            ),
            (
                json!({"resourceType": "HealthcareService", "providedBy": {"reference": "Organization/2"}}),
                Some("Organization/2"),
            ),
            (json!({"resourceType": "PractitionerRole"}), None),
            (
                json!({"resourceType": "Patient", "managingOrganization": {"reference": "Organization/3"}}),
                None,
            ),
        ] {
            let party = Resource::new(party).unwrap();
            assert_eq!(organization_of(&party), expected);
        }
    }

    #[test]
    fn owners_elements() {
        let before = json!({
            "resourceType": "Task", "id": "t", "meta": {"versionId": "1"}, "status": "requested",
            "code": {"coding": [{"code": "a"}]}, "focus": {"reference": "ServiceRequest/1"}, "note": [{"text": "n"}],
        });
        let extras: Extras = ["note"].into_iter().collect();
        for (change, strict, with_note) in [
            (json!({}), vec![], vec![]),
            (json!({"status": "accepted", "meta": {"versionId": "7"}}), vec![], vec![]),
            (json!({"_status": {"id": "x"}, "statusReason": {"text": "r"}, "output": [1]}), vec![], vec![]),
            (json!({"focus": {"reference": "ServiceRequest/2"}}), vec!["focus"], vec!["focus"]),
            (json!({"focus": null, "code": null}), vec!["code", "focus"], vec!["code", "focus"]),
            (json!({"note": [], "for": {"reference": "Patient/2"}}), vec!["note", "for"], vec!["for"]),
            (
                json!({"description": "d", "_description": {"id": "x"}}),
                vec!["description"],
                vec!["description"],
            ),
            (json!({"businessStatus": {"text": "b"}}), vec!["businessStatus"], vec!["businessStatus"]),
            (json!({"id": null}), vec![], vec![]),
        ] {
            let mut after = before.clone();
            for (key, value) in change.as_object().unwrap() {
                if value.is_null() {
                    after.as_object_mut().unwrap().shift_remove(key);
                } else {
                    after[key] = value.clone();
                }
            }
            let (before, after) =
                (Resource::new(before.clone()).unwrap(), Resource::new(after.clone()).unwrap());
            assert_eq!(beyond_owner(&before, &after, &Extras::default()), strict, "{change}");
            assert_eq!(beyond_owner(&before, &after, &extras), with_note, "{change}");
        }
    }

    #[test]
    fn order_of_properties_is_no_change() {
        let before = json!({"resourceType": "Task", "id": "t", "code": {"text": "x", "id": "1"}});
        let after = json!({"code": {"id": "1", "text": "x"}, "id": "t", "resourceType": "Task"});
        let (before, after) = (Resource::new(before).unwrap(), Resource::new(after).unwrap());
        assert!(beyond_owner(&before, &after, &Extras::default()).is_empty());
    }

    /// Rows of spec §3.3 "Set by" and §11 "Who", one per machine: requester, owner, either.
    #[test]
    fn setters() {
        for (machine, requester, owner, either) in [
            (
                Machine::Referral,
                "draft requested entered-in-error",
                "accepted rejected in-progress on-hold failed completed ready",
                "cancelled received",
            ),
            (Machine::Patient, "ready entered-in-error", "in-progress on-hold failed completed", "cancelled"),
            (Machine::Free, "", "", ""),
        ] {
            for status in Status::ALL {
                let is_in = |codes: &str| codes.split(' ').any(|code| code == status.code());
                let expected = match (is_in(requester), is_in(owner), is_in(either)) {
                    (true, ..) => Some(Setter::Requester),
                    (_, true, _) => Some(Setter::Owner),
                    (.., true) => Some(Setter::Either),
                    _ => None,
                };
                assert_eq!(Setter::of(machine, status), expected, "{machine:?} {status}");
            }
        }
    }

    #[test]
    fn admission() {
        use Actor::*;
        for (setter, admitted) in [
            (Setter::Requester, [true, false, true, false, true]),
            (Setter::Owner, [false, true, true, false, true]),
            (Setter::Either, [true, true, true, false, true]),
        ] {
            for (actor, expected) in [Author, Owner, Both, Neither, Unknown].into_iter().zip(admitted) {
                assert_eq!(setter.admits(actor), expected, "{setter:?} {actor:?}");
            }
        }
    }
}
