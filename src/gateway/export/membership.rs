//! Which resources belong to the Patients of an export.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fhir::{Reference, Resource, json};
use crate::search::ParameterKey;
use crate::store::{Among, Candidate, Key, StoreError};

use super::super::{Gateway, Space};
use super::{Export, ExportLevel};

/// Who and what belongs to an export, for one type.
pub(super) enum Membership {
    /// All.
    All,
    /// Nothing.
    Nothing,
    /// Resources of these ids: the Patients themselves.
    Ids(BTreeSet<String>),
    /// What refers to a Patient by one of these parameters, to one of these where they are named.
    Referring(Vec<ParameterKey>, Option<BTreeSet<String>>),
}

impl Membership {
    /// Of a type in an export.
    pub(super) async fn of(
        gateway: &Gateway,
        space: &Space,
        export: &Export,
        type_name: &str,
    ) -> Result<Membership, StoreError> {
        let patients = match &export.request.level {
            ExportLevel::System => return Ok(Membership::All),
            ExportLevel::Patient => None,
            ExportLevel::Group(id) => {
                let key = Key::new(space.id, "Group", id);
                let group = gateway.store().read_at(&export.viewer, &key, export.as_of).await?;
                Some(group.and_then(|group| group.body).map_or_else(BTreeSet::new, |g| members(&g, space)))
            }
        };
        let named = &export.request.patients;
        let patients = match patients {
            _ if named.is_empty() => patients,
            None => Some(named.iter().cloned().collect()),
            Some(members) => Some(named.iter().filter(|id| members.contains(*id)).cloned().collect()),
        };
        if patients.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(Membership::Nothing);
        }
        Ok(match (type_name, gateway.inner.compartment.parameters(type_name), patients) {
            ("Patient", _, None) => Membership::All,
            ("Patient", _, Some(ids)) => Membership::Ids(ids),
            (_, Some(parameters), patients) => Membership::Referring(parameters.to_vec(), patients),
            (_, None, _) => Membership::Nothing,
        })
    }

    /// What the store is asked for; `None` when nothing.
    pub(super) fn among(&self) -> Option<Among<'_>> {
        match self {
            Membership::All => Some(Among::All),
            Membership::Nothing => None,
            Membership::Ids(ids) => Some(Among::Ids(ids)),
            Membership::Referring(parameters, ids) => Some(Among::Referring(parameters, ids.as_ref())),
        }
    }

    /// Whether a candidate belongs.
    pub(super) fn has(&self, gateway: &Gateway, space: &Space, candidate: &Candidate) -> bool {
        match self {
            _ if candidate.is_certain => true,
            Membership::All => true,
            Membership::Nothing => false,
            Membership::Ids(ids) => ids.contains(&candidate.id),
            Membership::Referring(parameters, ids) => {
                let Some(resource) =
                    json::parse(candidate.body.as_bytes()).ok().and_then(|value| Resource::new(value).ok())
                else {
                    return false;
                };
                let entries = gateway.entries(space.id, &resource);
                entries.references.iter().any(|entry| {
                    let target = &entry.value;
                    parameters.contains(&entry.parameter)
                        && target.type_name == "Patient"
                        && target.base.is_empty()
                        && ids.as_ref().is_none_or(|ids| ids.contains(&target.id))
                })
            }
        }
    }
}

/// The ids of the Patients who are members of a Group, those who have left it not.
fn members(group: &str, space: &Space) -> BTreeSet<String> {
    let group = json::parse(group.as_bytes()).unwrap_or_default();
    let members = group["member"].as_array().into_iter().flatten();
    members
        .filter(|member| member["inactive"] != Value::Bool(true))
        .filter_map(|member| Reference::parse(member["entity"]["reference"].as_str()?).local(&space.base))
        .filter(|(type_name, _)| *type_name == "Patient")
        .map(|(_, id)| id.to_owned())
        .collect()
}
