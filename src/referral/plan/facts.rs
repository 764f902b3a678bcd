//! What has to be known about a transaction's surroundings before it can be planned.

use std::collections::{BTreeSet, HashMap};

use crate::fhir::Resource;
use crate::referral::Target;
use crate::referral::author::has_organization;
use crate::referral::order::{OrderStatus, open_order_of};

use super::{Change, ChangeKind};

/// What to fetch for a transaction; all as stored now, without its changes. Mostly empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactsNeeded {
    /// Ids of ServiceRequests.
    pub orders: BTreeSet<String>,
    /// Ids of ServiceRequests whose Tasks (`Task?focus=ServiceRequest/{id}`) are wanted.
    pub tasks: BTreeSet<String>,
    /// PractitionerRoles and HealthcareServices, as `Type/id`, whose organisation is wanted: see
    /// [`organization_of`](crate::referral::author::organization_of).
    pub organizations: BTreeSet<String>,
    /// Ids of Tasks of which it is wanted for whom they were created.
    pub creators: BTreeSet<String>,
}

impl FactsNeeded {
    /// Whether nothing has to be fetched.
    pub fn is_empty(&self) -> bool {
        self == &FactsNeeded::default()
    }
}

/// What was fetched, by the keys of [`FactsNeeded`]. What does not exist is left out.
#[derive(Debug, Default)]
pub struct Facts {
    /// ServiceRequests by id.
    pub orders: HashMap<String, Resource>,
    /// The Tasks of a ServiceRequest, by its id.
    pub tasks: HashMap<String, Vec<Resource>>,
    /// Reference of the Organization behind a PractitionerRole or HealthcareService, by `Type/id`.
    pub organizations: HashMap<String, String>,
    /// Reference of the Organization a Task was created for, by the Task's id.
    pub creators: HashMap<String, String>,
}

impl Facts {
    /// The reference of the Organization behind a party.
    pub(super) fn organization_of(&self, party: Target) -> Option<&str> {
        if !has_organization(party.type_name) {
            return None;
        }
        self.organizations.get(&party.to_string()).map(String::as_str)
    }
}

/// Tells what [`plan`](super::plan) needs to know for these changes. Only Tasks that are created for an order or end, and
/// orders that end, need anything while the caller is unknown; with a known caller every Task changed needs its parties.
pub fn facts_needed(changes: &[Change], caller: Option<&str>, own_base: &str) -> FactsNeeded {
    let mut needed = FactsNeeded::default();
    for change in changes {
        match change.type_name() {
            "Task" => {
                if caller.is_some() {
                    parties(change, own_base, &mut needed);
                }
                if let Some(order) = order_left(change, own_base) {
                    needed.orders.insert(order.to_owned());
                    needed.tasks.insert(order.to_owned());
                }
                if let Some(order) = order_joined(change, own_base) {
                    needed.orders.insert(order.to_owned());
                }
            }
            "ServiceRequest" if ends_work(change) => {
                needed.tasks.insert(change.id.to_owned());
            }
            _ => {}
        }
    }
    // What the transaction writes itself is known.
    for change in changes.iter().filter(|change| change.type_name() == "ServiceRequest") {
        needed.orders.remove(change.id);
    }
    needed
}

fn parties(change: &Change, own_base: &str, needed: &mut FactsNeeded) {
    let Some(before) = change.before() else { return };
    for element in ["requester", "owner"] {
        if let Some(party) = Target::of(before, element, own_base)
            && party.base.is_none()
            && has_organization(party.type_name)
        {
            needed.organizations.insert(party.to_string());
        }
    }
    needed.creators.insert(change.id.to_owned());
}

/// The order for which a Task was open and, by this change, no longer is: it ends, goes, or turns to something else.
pub(super) fn order_left<'a>(change: &Change<'a>, own_base: &str) -> Option<&'a str> {
    let order = open_order_of(change.before()?, own_base)?;
    let still = change.after().and_then(|after| open_order_of(after, own_base));
    (still != Some(order)).then_some(order)
}

/// The order for which a Task is open by this change and was not before.
pub(super) fn order_joined<'a>(change: &Change<'a>, own_base: &str) -> Option<&'a str> {
    let order = open_order_of(change.after()?, own_base)?;
    let already = change.before().and_then(|before| open_order_of(before, own_base));
    (already != Some(order)).then_some(order)
}

/// Whether an order is revoked by this change, arrives revoked, or is deleted.
pub(super) fn ends_work(change: &Change) -> bool {
    match change.kind {
        ChangeKind::Delete { .. } => true,
        ChangeKind::Create { after } => OrderStatus::of(after) == Some(OrderStatus::Revoked),
        ChangeKind::Update { before, after } => {
            OrderStatus::of(after) == Some(OrderStatus::Revoked)
                && OrderStatus::of(before) != Some(OrderStatus::Revoked)
        }
    }
}
