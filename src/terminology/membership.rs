//! In, not in, or not to be told.

/// Whether a code is in a value set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It is.
    Member,
    /// It is not.
    NotMember,
    /// The value set, or a code system it needs, is not at hand.
    Unknown,
}

impl Membership {
    /// Member of this and of the other.
    pub(super) fn and(self, other: impl FnOnce() -> Membership) -> Membership {
        match self {
            Membership::Member => other(),
            Membership::NotMember => Membership::NotMember,
            Membership::Unknown => match other() {
                Membership::NotMember => Membership::NotMember,
                _ => Membership::Unknown,
            },
        }
    }

    /// Member of what this is not.
    pub(super) fn not(self) -> Membership {
        match self {
            Membership::Member => Membership::NotMember,
            Membership::NotMember => Membership::Member,
            Membership::Unknown => Membership::Unknown,
        }
    }
}

impl From<bool> for Membership {
    fn from(is_member: bool) -> Membership {
        if is_member { Membership::Member } else { Membership::NotMember }
    }
}
