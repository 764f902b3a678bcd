//! What a referral says about disclosure: which Consents it names, who its parties are, what belongs to it.

use serde_json::Value;

use crate::fhir::Resource;
use crate::referral::Target;

use super::address::Address;
use super::contact::may_contact_subject;
use super::json::{items, text};

/// A referral, a Task and the order it is for, as far as consent asks for it.
#[derive(Debug, Clone)]
pub struct Referral {
    consents: Vec<Address>,
    parties: Vec<Address>,
    itself: [Address; 2],
    names: Vec<Address>,
    may_contact: bool,
    own_base: Box<str>,
}

impl Referral {
    /// Reads a referral. `None` when the Task is not about this order (`focus`), one of them has no id, or was entered
    /// in error.
    pub fn of(task: &Resource, order: &Resource, own_base: &str) -> Option<Referral> {
        let focus = Target::of(task, "focus", own_base)?;
        let order_itself = Target { base: None, type_name: "ServiceRequest", id: order.id()? };
        let is_error = |resource: &Resource| resource.text("status") == Some("entered-in-error");
        if focus != order_itself || order.type_name() != "ServiceRequest" || is_error(task) || is_error(order)
        {
            return None;
        }
        let task_itself = Target { base: None, type_name: task.type_name(), id: task.id()? };
        let references = |resource: &Resource, elements: &[&str]| -> Vec<Address> {
            let elements = elements.iter().flat_map(|element| items(resource.as_value(), element));
            elements.filter_map(|reference| Address::read(reference, own_base)).collect()
        };
        // Who asks is to learn what came of it.
        let mut parties = references(task, &["owner", "requester"]);
        parties.extend(references(order, &["performer"]));
        let mut names = references(task, TASK_NAMES);
        names.extend(references(order, ORDER_NAMES));
        names.extend(goals(order).filter_map(|goal| Address::read(goal, own_base)));
        names.extend(exchanged(task).filter_map(|value| Address::read(value, own_base)));
        let consents =
            named_consents(task, order).filter_map(|reference| Address::parse(reference, own_base));
        Some(Referral {
            consents: consents.filter(|address| address.type_name() == "Consent").collect(),
            parties,
            itself: [Address::of(task_itself), Address::of(order_itself)],
            names,
            may_contact: may_contact_subject(order),
            own_base: own_base.into(),
        })
    }

    /// Adds the evidence of a reason of the referral: what a Condition rests on (`evidence.detail`), what an Observation
    /// comes from or is made of (`derivedFrom`, `hasMember`). Does nothing for what the referral does not name.
    pub fn with_evidence_of(mut self, reason: &Resource) -> Referral {
        let target = reason.id().map(|id| Target { base: None, type_name: reason.type_name(), id });
        if !target.is_some_and(|target| self.reaches(target)) {
            return self;
        }
        let reason = reason.as_value();
        let evidence = items(reason, "evidence").iter().flat_map(|evidence| items(evidence, "detail"));
        let parts = items(reason, "derivedFrom").iter().chain(items(reason, "hasMember"));
        let own_base = &*self.own_base;
        let found: Vec<Address> =
            evidence.chain(parts).filter_map(|reference| Address::read(reference, own_base)).collect();
        self.names.extend(found);
        self
    }

    /// The references of the Consents that it names, as `Type/id`.
    pub fn consents(&self) -> impl Iterator<Item = &str> {
        self.consents.iter().map(Address::as_str)
    }

    /// Whether the person may be contacted.
    pub fn may_contact_subject(&self) -> bool {
        self.may_contact
    }

    pub(super) fn names_consent(&self, consent: &Address) -> bool {
        self.consents.contains(consent)
    }

    pub(super) fn parties(&self) -> &[Address] {
        &self.parties
    }

    /// Whether this is its Task or its order.
    pub(super) fn is(&self, address: &Address) -> bool {
        self.itself.contains(address)
    }

    /// Whether something belongs to the referral: its Task, its order, and what these name.
    pub(super) fn reaches(&self, target: Target) -> bool {
        self.itself.iter().chain(&self.names).any(|address| address.is(target))
    }
}

/// What a Task names, besides its inputs and outputs.
const TASK_NAMES: &[&str] = &["focus", "for", "requester", "owner", "reasonReference", "location"];
/// What an order names, besides its goals.
const ORDER_NAMES: &[&str] = &[
    "subject",
    "requester",
    "performer",
    "reasonReference",
    "supportingInfo",
    "insurance",
    "locationReference",
];

/// What a Task takes in and puts out.
fn exchanged(task: &Resource) -> impl Iterator<Item = &Value> {
    let task = task.as_value();
    items(task, "input").iter().chain(items(task, "output")).filter_map(|item| item.get("valueReference"))
}

/// The goals of an order, which it names in an extension.
fn goals(order: &Resource) -> impl Iterator<Item = &Value> {
    const PERTAINS_TO_GOAL: &str = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal";
    let extensions = items(order.as_value(), "extension").iter();
    extensions
        .filter(|extension| text(extension, "url") == Some(PERTAINS_TO_GOAL))
        .filter_map(|extension| extension.get("valueReference"))
}

/// The literal references, as written, that may be to Consents: the order's `supportingInfo` (SDOHCC 3.0.0) and the
/// Task's inputs.
fn named_consents<'a>(task: &'a Resource, order: &'a Resource) -> impl Iterator<Item = &'a str> {
    let inputs = items(task.as_value(), "input").iter().filter_map(|input| input.get("valueReference"));
    items(order.as_value(), "supportingInfo")
        .iter()
        .chain(inputs)
        .filter_map(|reference| text(reference, "reference"))
}

/// The Consents that a referral names, as `Consent/id` (with the base when it is another server's): to be fetched before
/// [`permit`](super::permit).
pub fn named_by(task: &Resource, order: &Resource, own_base: &str) -> Vec<String> {
    named_consents(task, order)
        .filter_map(|reference| Target::parse(reference, own_base))
        .filter(|target| target.type_name == "Consent")
        .map(|target| target.to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "http://gw.example/fhir";

    fn task() -> Value {
        json!({
            "resourceType": "Task", "id": "t", "status": "requested", "focus": {"reference": "ServiceRequest/o"},
            "for": {"reference": "Patient/p"}, "requester": {"reference": "Organization/clinic"},
            "owner": {"reference": "Organization/pantry"}, "partOf": [{"reference": "Task/other"}],
            "input": [
                {"valueReference": {"reference": "Consent/c2/_history/3"}}, {"valueString": "Consent/no"},
                {"valueReference": {"reference": "DocumentReference/d"}},
            ],
            "output": [{"valueReference": {"reference": "Procedure/done"}}],
        })
    }

    fn order() -> Value {
        json!({
            "resourceType": "ServiceRequest", "id": "o", "status": "active", "subject": {"reference": "Patient/p"},
            "performer": [{"reference": "HealthcareService/food"}], "basedOn": [{"reference": "CarePlan/else"}],
            "reasonReference": [{"reference": "Condition/hunger"}],
            "supportingInfo": [
                {"reference": "http://gw.example/fhir/Consent/c1"}, {"reference": "http://ehr.example/fhir/Consent/9"},
                {"reference": "#contained"}, {"display": "signed"}, {"reference": "Observation/s"},
            ],
        })
    }

    #[test]
    fn consents() {
        let (task, order) = (Resource::new(task()).unwrap(), Resource::new(order()).unwrap());
        let expected = ["Consent/c1", "http://ehr.example/fhir/Consent/9", "Consent/c2"];
        assert_eq!(named_by(&task, &order, OWN), expected);
        let referral = Referral::of(&task, &order, OWN).unwrap();
        assert_eq!(referral.consents().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn belongings() {
        let (task, order) = (Resource::new(task()).unwrap(), Resource::new(order()).unwrap());
        let condition = |id| {
            let detail = json!([{"detail": [{"reference": "Observation/proof"}]}]);
            Resource::new(json!({"resourceType": "Condition", "id": id, "evidence": detail})).unwrap()
        };
        let referral = Referral::of(&task, &order, OWN).unwrap();
        let unrelated = referral.clone().with_evidence_of(&condition("unrelated"));
        let supported = referral.with_evidence_of(&condition("hunger"));
        for (reference, expected) in [
            ("Task/t", true),
            ("ServiceRequest/o", true),
            ("Patient/p", true),
            ("Organization/clinic", true),
            ("HealthcareService/food", true),
            ("Condition/hunger", true),
            ("Consent/c1", true),
            ("Observation/s", true),
            ("DocumentReference/d", true),
            ("Procedure/done", true),
            ("Task/other", false),
            ("CarePlan/else", false),
            ("http://ehr.example/fhir/Patient/p", false),
        ] {
            let target = Target::parse(reference, OWN).unwrap();
            assert_eq!(supported.reaches(target), expected, "{reference}");
        }
        let proof = Target::parse("Observation/proof", OWN).unwrap();
        assert_eq!((unrelated.reaches(proof), supported.reaches(proof)), (false, true));
    }

    #[test]
    fn no_referral() {
        for (at, value) in [
            ("focus", json!({"reference": "ServiceRequest/other"})),
            ("focus", json!({"reference": "http://ehr.example/fhir/ServiceRequest/o"})),
            ("focus", json!(null)),
            ("status", json!("entered-in-error")),
            ("id", json!(null)),
        ] {
            let mut task = task();
            task[at] = value.clone();
            let (task, order) = (Resource::new(task).unwrap(), Resource::new(order()).unwrap());
            assert!(Referral::of(&task, &order, OWN).is_none(), "{at} {value}");
        }
    }
}
