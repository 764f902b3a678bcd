//! The status of a Consent (R4 value set consent-state-codes).

/// `Consent.status`. Only what is active is followed; what was replaced or withdrawn is inactive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// In preparation.
    Draft,
    /// Not agreed to yet.
    Proposed,
    /// To be followed.
    Active,
    /// Declined by one of the parties.
    Rejected,
    /// Ended or replaced.
    Inactive,
    /// Should never have been.
    EnteredInError,
    /// Absent, or no code of R4.
    Unknown,
}

impl Status {
    /// Reads a code.
    pub fn parse(code: &str) -> Status {
        match code {
            "draft" => Status::Draft,
            "proposed" => Status::Proposed,
            "active" => Status::Active,
            "rejected" => Status::Rejected,
            "inactive" => Status::Inactive,
            "entered-in-error" => Status::EnteredInError,
            _ => Status::Unknown,
        }
    }

    /// The code FHIR uses.
    pub fn code(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Proposed => "proposed",
            Status::Active => "active",
            Status::Rejected => "rejected",
            Status::Inactive => "inactive",
            Status::EnteredInError => "entered-in-error",
            Status::Unknown => "unknown",
        }
    }
}
