//! Who is to receive.

use std::sync::Arc;

use crate::access::Coverage;

use super::address::Address;

/// The organisation that information is to go to.
#[derive(Debug, Clone)]
pub struct Recipient {
    name: Arc<str>,
    addresses: Vec<Address>,
    coverage: Coverage,
}

impl Recipient {
    /// A recipient by its reference, as seen from the server whose base is `own_base`. `None` when that is no address of
    /// a resource.
    pub fn new(reference: &str, own_base: &str, coverage: Coverage) -> Option<Recipient> {
        let address = Address::parse(reference, own_base)?;
        Some(Recipient { name: address.as_str().into(), addresses: vec![address], coverage })
    }

    /// Adds a reference that stands for the recipient too: its record at a partner, its PractitionerRoles and
    /// HealthcareServices, Groups and CareTeams that it is known to be in. What is no address is passed over.
    pub fn known_as(mut self, reference: &str, own_base: &str) -> Recipient {
        self.addresses.extend(Address::parse(reference, own_base));
        self
    }

    /// Its reference.
    pub fn reference(&self) -> &str {
        &self.name
    }

    /// What HIPAA makes of it.
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn is(&self, address: &Address) -> bool {
        self.addresses.contains(address)
    }
}
